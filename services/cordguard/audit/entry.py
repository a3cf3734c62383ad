"""One entry of the ledger and its hash. Pure: bytes in, bytes out.

``hash`` is the lower-case hex SHA-256 of ``header``, one line feed and ``content``. The header is the canonical JSON of
a list: the word ``cordguard-ledger-1``, then number, recorded_us, at_us, site, room, procedure, session, kind, key and
previous_hash, in this order, null for what is not there. Canonical JSON never holds a line feed, so the first one of
the hashed bytes always ends the header. The first entry's previous_hash is 64 zeros.

Canonical JSON: UTF-8, keys sorted by code point, no spaces, nothing escaped that JSON lets stand, no NaN or infinity.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

FORMAT: Final = "cordguard-ledger-1"
"""First word of every hashed header: names this encoding."""

GENESIS: Final = "0" * 64
"""What the first entry has as previous_hash."""

Kind = Literal["case", "mark", "command", "transition", "summary", "conflict", "unreadable", "opened"]
KINDS: Final[frozenset[str]] = frozenset(get_args(Kind))
"""Five kinds of message; ``conflict``, a message that contradicts an entry of the same identity; ``unreadable``, one
that could not be read; ``opened``, a start of the service that keeps the ledger."""


class NotCanonicalError(ValueError):
    """JSON that has no canonical form: a number beyond any float, a string that is no Unicode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is to be entered; it has no place in the chain yet. A function of the message alone, not of its arrival."""

    site: str
    room: str
    """Empty if the room could not be told, and for the service's own entries."""
    procedure: str | None = None
    """As the message itself says."""
    session: str | None = None
    """As the message itself says. Marks and commands say none: ``record`` tells whose they are."""
    kind: Kind
    key: str
    """Tells two entries of one site, room and kind apart; a message that comes again has the same."""
    at_us: int
    """When it happened, by its own word."""
    content: bytes
    """The message as canonical JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Draft):
    """A draft in its place in the chain."""

    number: int
    """1 for the first, without gaps."""
    recorded_us: int
    """When it was entered, by the clock of the run; 0 if a simulated clock had not spoken yet."""
    previous_hash: str
    hash: str


def seal(draft: Draft, *, number: int, recorded_us: int, previous_hash: str) -> Entry:
    """Put a draft in its place."""
    unsealed = Entry(
        site=draft.site,
        room=draft.room,
        procedure=draft.procedure,
        session=draft.session,
        kind=draft.kind,
        key=draft.key,
        at_us=draft.at_us,
        content=draft.content,
        number=number,
        recorded_us=recorded_us,
        previous_hash=previous_hash,
        hash="",
    )
    return replace(unsealed, hash=hash_of(unsealed))


def hash_of(entry: Entry) -> str:
    """The hash that an entry with these fields must carry."""
    return hashlib.sha256(header(entry) + b"\n" + entry.content).hexdigest()


def header(entry: Entry) -> bytes:
    """All fields but content and hash, as the module's docstring lays down."""
    fields = [
        FORMAT,
        entry.number,
        entry.recorded_us,
        entry.at_us,
        entry.site,
        entry.room,
        entry.procedure,
        entry.session,
        entry.kind,
        entry.key,
        entry.previous_hash,
    ]
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    # A ledger that somebody spoilt may hold text that is no UTF-8: it is read, and hashed, byte for byte.
    return text.encode("utf-8", "surrogateescape")


def canonical(payload: bytes) -> bytes:
    """A JSON message in its canonical form.

    Raises:
        NotCanonicalError: it is no JSON, or has no canonical form.
    """
    try:
        parsed = json.loads(payload)
        text = json.dumps(parsed, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False)
        return text.encode()
    except (ValueError, RecursionError) as error:
        msg = f"message: no canonical JSON ({error})"
        raise NotCanonicalError(msg) from None
