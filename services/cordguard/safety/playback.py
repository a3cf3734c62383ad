"""From a capture back to an engine: the one way in which journals are recovered and recordings are replayed."""

from __future__ import annotations

import io
import json
import logging
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from cordguard.contract.capture import CapturedInput, CaptureError, TornTail, decode_line, split_torn_tail
from cordguard.engine import local
from cordguard.engine.alarms import Emission
from cordguard.engine.policy import Policy, PolicyRefused, parse_policy
from cordguard.engine.room import CaptureSoFar, RoomEngine
from cordguard.safety.journal import RunningHash

MONITOR: Final = f"cordguard {metadata.version('cordguard')}"
"""The software that a summary names."""

log = logging.getLogger(__name__)


def shipped_policy_text() -> str:
    """The policy that comes with the software."""
    return resources.files("cordguard.engine").joinpath("policy.toml").read_text(encoding="utf-8")


def policy_of(text: str, name: str) -> Policy:
    """The policy of a text.

    Raises:
        CaptureError: it is none; ``name`` says which.
    """
    policy = parse_policy(text)
    if isinstance(policy, PolicyRefused):
        msg = f"{name}: the policy cannot be used ({policy.reason})"
        raise CaptureError(msg)
    return policy


def begin_engine(first: CapturedInput | None, site: str, room: str, policy: Policy) -> RoomEngine:
    """The engine that line one of a capture asks for; an empty one under ``policy`` if it asks for none.

    Raises:
        CaptureError: line one holds a state or a policy that this version cannot read.
    """
    try:
        if first is not None and first.topic == local.CONTINUED:
            continued = local.Continued.model_validate_json(first.payload)
            if continued.state_version != local.STATE_VERSION:
                msg = f"line 1: state of version {continued.state_version}; this one reads {local.STATE_VERSION}"
                raise CaptureError(msg)
            return RoomEngine.restore(continued.state, monitor=MONITOR)
        if first is not None and first.topic == local.STARTED:
            started = local.Started.model_validate_json(first.payload)
            return RoomEngine(site, room, policy_of(started.policy_text, "line 1"), monitor=MONITOR)
    except ValidationError as error:
        msg = f"line 1: cannot be read ({error.errors(include_url=False)[0]['msg']})"
        raise CaptureError(msg) from None
    return RoomEngine(site, room, policy, monitor=MONITOR)


def first_line(engine: RoomEngine, policy_text: str, received_us: int) -> CapturedInput:
    """Line one of a journal file that goes on from this engine."""
    continued = {"state_version": local.STATE_VERSION, "policy_text": policy_text, "state": engine.snapshot()}
    # Keys stay in the order in which they came: what is forgotten first, and said first, hangs on it.
    payload = json.dumps(continued, separators=(",", ":"), ensure_ascii=False).encode()
    return CapturedInput(received_us, local.CONTINUED, payload)


def started_line(policy_text: str, ended: str, received_us: int) -> CapturedInput:
    """The input that says that safety started, and how the last run ended."""
    started = {"version": metadata.version("cordguard"), "policy_text": policy_text, "ended": ended}
    return CapturedInput(
        received_us, local.STARTED, json.dumps(started, separators=(",", ":"), ensure_ascii=False).encode()
    )


@dataclass(frozen=True, slots=True)
class Begun:
    """An engine that has read the beginning of a file already."""

    engine: RoomEngine
    running: RunningHash


@dataclass(slots=True)
class Played:
    """A journal file that was played back."""

    engine: RoomEngine
    running: RunningHash
    torn: TornTail | None
    damaged: str | None
    """The first line that could not be read, if any; nothing behind it counts."""


def play_room(content: bytes, site: str, room: str, policy: Policy, begun: Begun | None = None) -> Played:
    """Play back a room's journal file, as far as its lines are whole; from where ``begun`` stands, if given.

    Raises:
        CaptureError: line one holds a state or a policy that this version cannot read.
    """
    whole, torn = split_torn_tail(content)
    running = begun.running if begun is not None else RunningHash()
    engine = begun.engine if begun is not None else None
    damaged: str | None = None
    for number, line in enumerate(io.BytesIO(whole[running.size_bytes :]), start=running.lines + 1):
        try:
            entry = decode_line(line, where=f"line {number}")
        except CaptureError as error:
            damaged = str(error)
            break
        running.add(line, entry.received_us)
        if engine is None:
            engine = begin_engine(entry, site, room, policy)
        for _ in feed(engine, entry, running):
            pass
    return Played(engine or RoomEngine(site, room, policy, monitor=MONITOR), running, torn, damaged)


def feed(engine: RoomEngine, entry: CapturedInput, running: RunningHash) -> list[Emission]:
    """Feed one captured line; line one of a continued file was taken in when the engine was made."""
    return advance(engine, entry, running.reference) if entry.topic != local.CONTINUED else []


def advance(engine: RoomEngine, entry: CapturedInput, capture: CaptureSoFar) -> list[Emission]:
    """Feed one input, live or recorded. A bug of ours costs this one input and a dead letter, never the watch.

    The input is written down before it counts: a bug that ended the process would end it again at every restart.
    """
    try:
        return engine.feed(entry, capture)
    except Exception as error:
        log.exception("a bug in the engine: input on %.200s was lost", entry.topic)
        return engine.report_fault(entry, type(error).__name__)


def newest_readable(paths: list[Path]) -> Path | None:
    """The newest journal file whose line one is whole: it alone says where the file begins."""
    return next((path for path in reversed(paths) if _begins_well(path)), None)


def _begins_well(path: Path) -> bool:
    with path.open("rb") as file:
        line = file.readline()
    try:
        decode_line(line)
    except CaptureError:
        return False
    return line.endswith(b"\n")
