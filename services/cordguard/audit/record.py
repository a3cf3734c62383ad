"""What belongs together: which session a mark, a command or anything else without a session is part of. Pure.

Marks and commands do not name their session, and they may reach the ledger before the case that they belong to. So the
ledger stores what each message says, and whose it is is read from the whole: the order of arrival cannot change it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from cordguard.audit.entry import Entry
from cordguard.audit.intake import fact_of
from cordguard.contract.alarms import Transition
from cordguard.contract.case import Case
from cordguard.contract.summary import SessionSummary


@dataclass(frozen=True, slots=True)
class Span:
    """The time that belongs to one session in one room."""

    session: str
    from_us: int
    to_us: int | None
    """First moment that is not part of it: release of the watch, or the next case; None while it lasts."""


def spans(entries: Iterable[Entry]) -> tuple[Span, ...]:
    """The spans of a room's sessions, oldest first, from its cases and summaries.

    A session lasts from its opening to the release of its watch, not to the closing of its record: cement comes late.
    """
    opened: dict[str, int] = {}
    released: dict[str, int] = {}
    for entry in sorted(entries, key=_revision):
        match fact_of(entry):
            case Case() as case:
                opened[case.session] = case.opened_us
            case SessionSummary() as summary:
                opened.setdefault(summary.session, summary.opened_us)
                if summary.released_us is not None:
                    released[summary.session] = summary.released_us
            case _:
                pass
    starts = sorted((from_us, session) for session, from_us in opened.items())
    following = [start for _, (start, _) in pairwise(starts)]
    return tuple(
        Span(session, from_us, _earlier(released.get(session), next_us))
        for (from_us, session), next_us in zip(starts, [*following, None], strict=False)
    )


def span_of(session: str, of_room: Iterable[Span]) -> Span | None:
    """The span of one session."""
    return next((span for span in of_room if span.session == session), None)


def summaries(entries: Iterable[Entry]) -> tuple[SessionSummary, ...]:
    """The summaries among some entries."""
    return tuple(fact for entry in entries if isinstance(fact := fact_of(entry), SessionSummary))


def answered_commands(entries: Iterable[Entry]) -> frozenset[str]:
    """The commands that some of these transitions answer: they belong where their answer does."""
    facts = (fact_of(entry) for entry in entries if entry.kind == "transition")
    return frozenset(fact.command_id for fact in facts if isinstance(fact, Transition) and fact.command_id is not None)


def _revision(entry: Entry) -> tuple[int, int]:
    """Cases before summaries, low revisions before high ones, whatever the order of arrival."""
    _, _, revision = entry.key.rpartition("#")
    return (0 if entry.kind == "case" else 1, int(revision))


def _earlier(one_us: int | None, other_us: int | None) -> int | None:
    known = [moment for moment in (one_us, other_us) if moment is not None]
    return min(known, default=None)
