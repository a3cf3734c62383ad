"""Is an entry what it must be? Pure over rows: no file, no database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from cordguard.audit.entry import KINDS, Draft, Entry, NotCanonicalError, canonical, hash_of
from cordguard.audit.intake import ServiceNote, conflict_of, draft_of, fact_of
from cordguard.audit.reader import Head
from cordguard.contract import lenient
from cordguard.contract.health import Rejected

COLUMNS: Final[dict[str, tuple[type, ...]]] = {
    "number": (int,),
    "recorded_us": (int,),
    "at_us": (int,),
    "site": (str,),
    "room": (str,),
    "procedure": (str, type(None)),
    "session": (str, type(None)),
    "kind": (str,),
    "key": (str,),
    "content": (bytes,),
    "previous_hash": (str,),
    "hash": (str,),
}
"""The columns of a row, in this order, and what each may hold."""


def entry_of(row: Sequence[object]) -> Entry | str:
    """The entry of a row, or what is wrong with its columns."""
    for (name, types), value in zip(COLUMNS.items(), row, strict=True):
        if type(value) not in types:
            wanted = " or ".join(kind.__name__ for kind in types)
            return f"column {name} holds {type(value).__name__}, not {wanted}: somebody else wrote it"
    values: dict[str, Any] = dict(zip(COLUMNS, row, strict=True))
    return Entry(**values)


def problem_of(entry: Entry, before: Head) -> str | None:
    """What is wrong with an entry that stands after ``before``; None if nothing is."""
    if entry.number != before.count + 1:
        return f"it follows entry {before.count}: what stood between was removed, or its number was changed"
    if entry.previous_hash != before.hash:
        return "its previous_hash is not the hash of the entry before it: entries were changed, swapped or removed"
    if entry.hash != hash_of(entry):
        return "its hash is not the hash of what it holds: it was changed after it was entered"
    return _problem_of_content(entry)


def _problem_of_content(entry: Entry) -> str | None:
    """The hash is right; now whether the content is, and says what the columns say."""
    if entry.kind not in KINDS:
        return f"its kind {entry.kind!r} is none that this version knows"
    try:
        if canonical(entry.content) != entry.content:
            return "its content is not in canonical form"
    except NotCanonicalError as error:
        return f"its content is no JSON: {error}"
    expected = _restate(entry)
    if isinstance(expected, lenient.Unreadable):
        return f"its content is no {entry.kind}: {expected.reason}"
    for name in ("kind", "key", "at_us", "session", "procedure"):
        if getattr(expected, name) != getattr(entry, name):
            return f"its column {name} says {getattr(entry, name)!r}, its content {getattr(expected, name)!r}"
    return None


def _restate(entry: Entry) -> Draft | lenient.Unreadable:
    """The draft that an entry's content asks for."""
    if entry.kind == "unreadable":
        rejected = lenient.read(Rejected, entry.content)
        return rejected if isinstance(rejected, lenient.Unreadable) else replace(entry, at_us=rejected.received_us)
    if entry.kind == "opened":
        note = lenient.read(ServiceNote, entry.content)
        return note if isinstance(note, lenient.Unreadable) else replace(entry, at_us=note.at_us)
    fact = fact_of(entry)
    if fact is None or isinstance(fact, lenient.Unreadable):
        return fact or lenient.Unreadable("its key names no kind of message")
    draft = draft_of(fact, site=entry.site, room=entry.room, content=entry.content)
    return conflict_of(draft) if entry.kind == "conflict" else draft
