"""Messages for the ledger's tests: one procedure room, one session, everything that is said in it."""

from __future__ import annotations

import json

from pydantic import JsonValue

from cordguard.contract import topics

SITE = "site"
ROOM = "room-1"
OPENED_US = 1_790_000_000_000_000
ALARM_ID = "0123456789abcdef0123456789abcdef"
POLICY = "sha256:" + "a" * 64

Sent = tuple[str, bytes]
"""Topic and payload."""


def case(
    session: str = "s-1", revision: int = 0, *, opened_us: int = OPENED_US, room: str = ROOM, **more: JsonValue
) -> Sent:
    """A case; open unless told otherwise."""
    fields: dict[str, JsonValue] = {
        "session": session,
        "revision": revision,
        "state": "open",
        "opened_us": opened_us,
        "procedure": "p-1",
    }
    return _sent(topics.CASE, fields | more, room)


def mark(mark_id: str = "m-1", *, at_us: int = OPENED_US + 1, room: str = ROOM, **more: JsonValue) -> Sent:
    """A cement mark."""
    fields: dict[str, JsonValue] = {"mark_id": mark_id, "at_us": at_us, "mark": "cement-injected"}
    return _sent(topics.MARK, fields | more, room)


def command(command_id: str = "c-1", *, at_us: int = OPENED_US + 2, room: str = ROOM, **more: JsonValue) -> Sent:
    """An acknowledgement."""
    fields: dict[str, JsonValue] = {
        "command_id": command_id,
        "at_us": at_us,
        "expires_us": at_us + 1,
        "alarm_id": ALARM_ID,
        "action": "acknowledge",
        "actor": "anna",
        "role": "clinician",
    }
    return _sent(topics.COMMAND, fields | more, room)


def transition(step: int = 1, *, session: str | None = "s-1", room: str = ROOM, **more: JsonValue) -> Sent:
    """One change of one alarm."""
    fields: dict[str, JsonValue] = {
        "alarm_id": ALARM_ID,
        "step": step,
        "session": session,
        "rule": "R01",
        "name": "neural_stop",
        "kind": "physiological",
        "priority": "high",
        "change": "raised",
        "condition": True,
        "latched": False,
        "acknowledged": False,
        "event_us": OPENED_US + 3,
        "received_us": OPENED_US + 3,
        "message": "Canal at 45.1 °C: stop RF",
        "policy": POLICY,
        "late": False,
    }
    if session is None:
        del fields["session"]
    return _sent(topics.TRANSITION, fields | more, room)


def summary(session: str = "s-1", revision: int = 1, *, opened_us: int = OPENED_US, **more: JsonValue) -> Sent:
    """A summary; final from revision 2 on."""
    fields: dict[str, JsonValue] = {
        "session": session,
        "revision": revision,
        "final": revision > 1,
        "procedure": "p-1",
        "opened_us": opened_us,
        "profile": "near",
        "policy": POLICY,
        "monitor": "cordguard 0.1.0",
        "rf_on_s": 61.5,
        "energy_j": 600.0,
        "sensors": [],
        "ablations": [],
        "alarm_counts": {"high": 1, "medium": 0, "low": 0},
        "alarms": [],
        "marks": [],
        "audio_pauses": 0,
        "monitor_blind_s": 0.0,
        "thermometry": "neural",
    }
    return _sent(topics.SUMMARY, fields | more, ROOM)


def whole_session() -> list[Sent]:
    """Everything that one session puts into the ledger, in the order in which it happens."""
    return [
        case(),
        mark(),
        transition(1),
        command(),
        transition(2, change="acknowledged", acknowledged=True, command_id="c-1"),
        case(revision=1, state="closed", closed_us=OPENED_US + 10),
        summary(revision=1),
        mark("m-2", at_us=OPENED_US + 11, mark="sensor-moved"),
        summary(revision=2, released_us=OPENED_US + 20),
    ]


def _sent(topic: topics.Topic, fields: dict[str, JsonValue], room: str) -> Sent:
    return topic.at(SITE, room=room), json.dumps(fields).encode()
