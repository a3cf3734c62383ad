"""From a message to a draft of an entry, and from an entry's content back. Pure."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Final, assert_never, cast

from cordguard.audit.entry import Draft, Kind, NotCanonicalError, canonical
from cordguard.contract import lenient, topics
from cordguard.contract.alarms import Transition, is_same_change
from cordguard.contract.case import Case, Mark
from cordguard.contract.commands import Command
from cordguard.contract.health import Rejected
from cordguard.contract.summary import SessionSummary
from cordguard.contract.units import Level, Micros, Text, WireModel

AUDITED: Final = (topics.CASE, topics.MARK, topics.COMMAND, topics.TRANSITION, topics.SUMMARY)
"""The topics that the ledger keeps."""

KEPT_OF_UNREADABLE_BYTES: Final = 4 * 1024
"""How much of an unreadable message is kept; its key is the hash of all of it."""

_TOPIC_MAX_CHARACTERS: Final = 1_024
_REASON_MAX_CHARACTERS: Final = 300

Fact = Case | Mark | Command | Transition | SessionSummary
"""What an audited message says."""


class ServiceNote(WireModel):
    """Content of ``opened``: the service that keeps the ledger started, and did not write before."""

    at_us: Micros
    instance: Level
    version: Text


def read(site: str, topic: str, payload: bytes, *, received_us: int) -> Draft | None:
    """The draft for a message; None if it is the canary's, which has no place in a record."""
    parsed = topics.parse(topic)
    if parsed is None or parsed.topic not in AUDITED:
        return None if _is_canary(topic) else unreadable(site, topic, payload, _UNKNOWN_TOPIC, received_us=received_us)
    fact = lenient.read(parsed.topic.payload, payload)
    if isinstance(fact, lenient.Unreadable):
        return unreadable(site, topic, payload, fact.reason, received_us=received_us)
    try:
        content = canonical(payload)
    except NotCanonicalError as error:
        return unreadable(site, topic, payload, str(error), received_us=received_us)
    return draft_of(cast("Fact", fact), site=parsed.site, room=parsed.room or "", content=content)


def draft_of(fact: Fact, *, site: str, room: str, content: bytes) -> Draft:
    """The draft of a fact: its identity, whose it is and when it happened, by its own word."""
    kind, key, at_us, session, procedure = _identity(fact)
    return Draft(
        site=site, room=room, procedure=procedure, session=session, kind=kind, key=key, at_us=at_us, content=content
    )


def conflict_of(draft: Draft) -> Draft:
    """The draft for a message whose identity is taken by another content: it is kept beside it."""
    digest = hashlib.sha256(draft.content).hexdigest()
    return Draft(
        site=draft.site,
        room=draft.room,
        procedure=draft.procedure,
        session=draft.session,
        kind="conflict",
        key=f"{draft.kind}:{draft.key}:{digest}",
        at_us=draft.at_us,
        content=draft.content,
    )


def says_the_same(draft: Draft, kept: bytes) -> bool:
    """Whether a draft repeats the content that stands under its identity.

    An unreadable message's key is the hash of all of it: same key, same message. A transition may come from two engines
    that watch side by side.
    """
    if draft.kind == "unreadable" or kept == draft.content:
        return True
    return draft.kind == "transition" and is_same_change(json.loads(kept), json.loads(draft.content))


def unreadable(site: str, topic: str, payload: bytes, reason: str, *, received_us: int) -> Draft:
    """The draft for a message that cannot be read: its beginning, and why."""
    rejected = Rejected(
        topic=topic[:_TOPIC_MAX_CHARACTERS],
        received_us=received_us,
        reason=reason[:_REASON_MAX_CHARACTERS],
        count=1,
        bytes_base64=base64.b64encode(payload[:KEPT_OF_UNREADABLE_BYTES]).decode(),
    )
    return Draft(
        site=site,
        room=topics.room_of(topic) or "",
        kind="unreadable",
        key=hashlib.sha256(topic.encode("utf-8", "surrogatepass") + b"\n" + payload).hexdigest(),
        at_us=received_us,
        content=canonical(rejected.to_wire()),
    )


def opened(note: ServiceNote, *, site: str, number: int) -> Draft:
    """The draft that says that the service started; ``number`` tells one start from the next."""
    key = f"{note.instance}:{number}"
    return Draft(site=site, room="", kind="opened", key=key, at_us=note.at_us, content=canonical(note.to_wire()))


def fact_of(draft: Draft) -> Fact | lenient.Unreadable | None:
    """What an entry of an audited message, or a conflict, says; None for the other kinds."""
    kind = draft.key.partition(":")[0] if draft.kind == "conflict" else draft.kind
    topic = next((topic for topic in AUDITED if topic.name == kind), None)
    return None if topic is None else cast("Fact | lenient.Unreadable", lenient.read(topic.payload, draft.content))


_UNKNOWN_TOPIC: Final = "topic: a level is malformed or reserved; levels are lower-case letters, digits and hyphens"


def _is_canary(topic: str) -> bool:
    parsed = topics.parse(topic)
    return parsed is not None and parsed.room == topics.CANARY_ROOM


def _identity(fact: Fact) -> tuple[Kind, str, int, str | None, str | None]:
    """Kind, key, at_us, session and procedure."""
    match fact:
        case Case():
            at_us = fact.opened_us if fact.closed_us is None else fact.closed_us
            return "case", f"{fact.session}#{fact.revision}", at_us, fact.session, fact.procedure
        case Mark():
            return "mark", fact.mark_id, fact.at_us, None, None
        case Command():
            return "command", fact.command_id, fact.at_us, None, None
        case Transition():
            return "transition", f"{fact.alarm_id}#{fact.step}", fact.event_us, fact.session, None
        case SessionSummary():
            at_us = fact.released_us or fact.closed_us or fact.opened_us
            return "summary", f"{fact.session}#{fact.revision}", at_us, fact.session, fact.procedure
        case _:
            assert_never(fact)
