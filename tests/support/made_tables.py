"""Tables that are made anew between two marks of a page that people wrote."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

Makers = Mapping[str, Callable[[], Iterator[str]]]
"""Who makes each table, by its name on the page."""

_TABLE: Final = re.compile(r"(<!-- made: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def row(*cells: str) -> str:
    """One line of a table."""
    return f"| {' | '.join(cells)} |"


def head(*cells: str) -> Iterator[str]:
    """The two lines that a table begins with."""
    yield row(*cells)
    yield "|---" * len(cells) + "|"


def filled(text: str, makers: Makers) -> str:
    """The page with every table made anew.

    Raises:
        KeyError: it asks for a table that nobody makes.
    """
    return _TABLE.sub(lambda found: "\n".join([found[1].rstrip(), *makers[found[2]](), found[3]]), text)


def tables_in(text: str) -> set[str]:
    """The names of the tables that a page has a place for."""
    return {found[2] for found in _TABLE.finditer(text)}
