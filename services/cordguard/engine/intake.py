"""What comes off the bus: recognised, read, and handed to whoever judges it; what cannot be read is a dead letter."""

from __future__ import annotations

import base64
from typing import Final

from cordguard.contract.capture import CapturedInput
from cordguard.contract.case import Case, Mark
from cordguard.contract.commands import AnnunciatorBeat, Command
from cordguard.contract.health import Rejected
from cordguard.contract.lenient import (
    Unreadable,
    read,
    read_generator,
    read_status,
    read_temperature,
)
from cordguard.contract.topics import (
    ANNUNCIATOR,
    CASE,
    COMMAND,
    GENERATOR,
    MARK,
    REJECTED,
    STATUS,
    TEMPERATURE,
    ParsedTopic,
    parse,
)
from cordguard.engine import admission
from cordguard.engine.alarms import Step
from cordguard.engine.cases import restart_doses, take_case
from cordguard.engine.commands import first_time, take_command
from cordguard.engine.rules.oversight import take_beat
from cordguard.engine.state import RoomState
from cordguard.engine.telemetry import take_generator, take_status, take_temperature

REJECTED_PER_SECOND: Final = 10
"""Dead letters published per source; the rest is counted."""
REJECTED_KEPT_BYTES: Final = 4 * 1024
_FROM_DEVICES: Final = frozenset({GENERATOR.name, TEMPERATURE.name, STATUS.name})
_NO_SOURCE: Final = "-"
"""Stands for the sender of topics without a source."""
_US_PER_S: Final = 1_000_000


def take_message(step: Step, entry: CapturedInput, monitor: str) -> None:
    """Take in a message from the bus; one dead letter if nothing in it can be used."""
    parsed = parse(entry.topic)
    if parsed is None:
        reject(step, entry, None, "topic: not one of the contract's, or a malformed level")
        return
    if parsed.topic.name in _FROM_DEVICES:
        reason = _take_device(step, entry, parsed, monitor)
    else:
        reason = _take_people(step, entry, parsed, monitor)
    if reason is not None:
        reject(step, entry, parsed, reason)


def _take_device(step: Step, entry: CapturedInput, parsed: ParsedTopic, monitor: str) -> str | None:
    name = parsed.source or ""
    if not admission.admits_source(step.state, name):
        return admission.TOO_MANY_SOURCES
    if parsed.topic is TEMPERATURE:
        return _take_temperature(step, entry, name, monitor)
    if parsed.topic is GENERATOR:
        return _take_generator(step, entry, name, monitor)
    return _take_status(step, entry, name)


def _take_temperature(step: Step, entry: CapturedInput, name: str, monitor: str) -> str | None:
    frame = read_temperature(entry.payload, size=entry.size)
    if isinstance(frame, Unreadable):
        return frame.reason
    admitted = admission.admitted_readings(step.state, name, frame)
    take_temperature(step, step.state.source(name), admitted, monitor)
    if frame.complaints:
        step.state.count("repaired_frames")
    return None if admitted is frame else admission.TOO_MANY_SENSORS


def _take_generator(step: Step, entry: CapturedInput, name: str, monitor: str) -> str | None:
    frame = read_generator(entry.payload, size=entry.size)
    if isinstance(frame, Unreadable):
        return frame.reason
    take_generator(step, step.state.source(name), frame, monitor)
    if frame.complaints:
        step.state.count("repaired_frames")
    return None


def _take_status(step: Step, entry: CapturedInput, name: str) -> str | None:
    status = read_status(entry.payload, size=entry.size)
    if isinstance(status, Unreadable):
        return status.reason
    parts = (status, *filter(None, (status.device,)), *status.sensors)
    step.state.count("unknown_keys", sum(part.unknown_keys for part in parts))
    admitted = admission.admitted_status(step.state, name, status)
    take_status(step, step.state.source(name), admitted, retained=entry.retained)
    return None if admitted == status else admission.TOO_MANY_SENSORS


def _take_people(step: Step, entry: CapturedInput, parsed: ParsedTopic, monitor: str) -> str | None:
    model = parsed.topic.payload
    if parsed.topic not in (CASE, MARK, COMMAND, ANNUNCIATOR):
        return None  # ours, or of no concern to the engine
    message = read(model, entry.payload, size=entry.size)
    match message:
        case Unreadable():
            return message.reason
        case Case():
            return take_case(step, message, monitor)
        case Mark():
            _take_mark(step, message)
        case Command():
            take_command(step, message)
        case AnnunciatorBeat():
            take_beat(step, message)
    return None


def _take_mark(step: Step, mark: Mark) -> None:
    state = step.state
    if not first_time(state, f"mark {mark.mark_id}", step.received_us):
        return
    state.count("unknown_keys", mark.unknown_keys)
    if state.fold is not None:
        state.fold.add_mark(mark)
    if mark.mark == "sensor-moved":
        restart_doses(step, mark.at_us)
    elif mark.mark == "cement-injected" and state.watch is not None:
        # Brokers resend out of order: the last cement counts, not the last message.
        state.watch.cement_event_us = max(mark.at_us, state.watch.cement_event_us or 0)


def _within_budget(state: RoomState, sender: str, second: int) -> bool:
    """Whether a sender may have one more dead letter in this second; made-up names share one budget."""
    for stale in [name for name, budget in state.rejected.items() if budget[0] != second]:
        del state.rejected[stale]
    if sender not in state.rejected and len(state.rejected) >= admission.SOURCES_MAX:
        sender = _NO_SOURCE
    budget = state.rejected.setdefault(sender, [second, 0])
    budget[1] += 1
    return budget[1] <= REJECTED_PER_SECOND


def reject(step: Step, entry: CapturedInput, parsed: ParsedTopic | None, reason: str) -> None:
    """Publish a dead letter, at most 10 a second per source; the rest is counted."""
    state = step.state
    state.count("rejected")
    sender = parsed.source if parsed is not None and parsed.source else _NO_SOURCE
    if not _within_budget(state, sender, step.received_us // _US_PER_S):
        state.count("rejected_unpublished")
        return
    kept = base64.b64encode(entry.payload[:REJECTED_KEPT_BYTES]).decode()
    message = Rejected(
        topic=entry.topic[:1_024], received_us=step.received_us, reason=reason[:500], count=1, bytes_base64=kept
    )
    step.emit(REJECTED, message)
