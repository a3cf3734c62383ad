"""The table of ``docs/explanations/brokers.md`` that follows from the topic table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cordguard.bus.permissions import PARTIES
from cordguard.contract.topics import TABLE
from support.made_tables import Makers, head, row


def parties() -> Iterator[str]:
    """Table: what each party publishes and hears, by the names of the topic table."""
    yield from head("party", "publishes", "hears")
    for party in PARTIES:
        published = ", ".join(topic.name for topic in TABLE if party in topic.publishers)
        heard = ", ".join(topic.name for topic in TABLE if party in topic.subscribers)
        yield row(party, published or "nothing", heard or "nothing")


FIGURES: Final[Makers] = {"parties": parties}
"""Every table by its name on the page."""
