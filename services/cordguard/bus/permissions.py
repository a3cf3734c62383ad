"""Who may publish and subscribe to what, worked out from the topic table; as MQTT filters and as NATS subjects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, get_args

from cordguard.bus.filters import covers
from cordguard.contract.topics import RESERVED_ROOMS, TABLE, Party, Topic, whole_site

PARTIES: Final[tuple[Party, ...]] = get_args(Party)
"""Everyone who has an account at the broker."""


@dataclass(frozen=True, slots=True)
class Permissions:
    """What one party may do, as MQTT filters."""

    publish: tuple[str, ...]
    publish_never: tuple[str, ...]
    """Exceptions: a room's topics do not belong to a party when the room's name is a reserved one."""
    subscribe: tuple[str, ...]


def permissions_of(party: Party, site: str = "+") -> Permissions:
    """A party's permissions at a site; ``+`` for all sites."""
    published = [topic for topic in TABLE if party in topic.publishers]
    publish = tuple(_own_filter(topic, party, site) for topic in published)
    reserved = (
        topic.filter(site, room=room)
        for topic in published
        if "{room}" in topic.template
        for room in sorted(RESERVED_ROOMS)
    )
    # Safety's transitions of the canary room have a row of their own in the table.
    never = tuple(exception for exception in reserved if exception not in publish)
    subscribe = tuple(topic.filter(site) for topic in TABLE if party in topic.subscribers)
    return Permissions(publish, never, subscribe + _whole_site(party, site))


def may_publish(party: Party, topic: str, site: str = "+") -> bool:
    """Whether a party may publish to a concrete topic."""
    allowed = permissions_of(party, site)
    return any(covers(wide, topic) for wide in allowed.publish) and not any(
        covers(wide, topic) for wide in allowed.publish_never
    )


def may_subscribe(party: Party, topic_filter: str, site: str = "+") -> bool:
    """Whether a party may subscribe to a filter."""
    return any(covers(wide, topic_filter) for wide in permissions_of(party, site).subscribe)


def nats_subjects(topic_filter: str) -> tuple[str, ...]:
    """An MQTT filter as NATS knows it; a filter that ends in ``#`` also means the level before, which is one more.

    Raises:
        ValueError: a level has a character that means something else to NATS.
    """
    levels = topic_filter.split("/")
    if any(set(level) & set(".*> \t") or not level for level in levels):
        msg = f"filter {topic_filter!r} has a level that NATS would read differently"
        raise ValueError(msg)
    subject = ".".join({"+": "*", "#": ">"}.get(level, level) for level in levels)
    return (subject, subject.removesuffix(".>")) if levels[-1] == "#" else (subject,)


def _own_filter(topic: Topic, party: Party, site: str) -> str:
    """The topics of a row that are the party's own: a service speaks of its own health only."""
    return topic.filter(site, service=party) if "{service}" in topic.template else topic.filter(site)


def _whole_site(party: Party, site: str) -> tuple[str, ...]:
    """In a simulated run safety takes clock and telemetry through one subscription, so that neither overtakes."""
    return (whole_site(site),) if party == "safety" else ()
