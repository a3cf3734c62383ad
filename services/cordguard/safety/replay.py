"""``cordguard replay``: a capture in, transitions or summaries out; no broker, no clock, as fast as it can."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cordguard.contract.alarms import Transition
from cordguard.contract.capture import (
    LOCAL_PREFIX,
    CapturedInput,
    CaptureError,
    TornTail,
    decode_line,
    read_bytes,
    split_torn_tail,
)
from cordguard.contract.summary import SessionSummary
from cordguard.contract.topics import CANARY_ROOM, room_of, site_of
from cordguard.engine import local
from cordguard.engine.policy import Policy
from cordguard.engine.room import RoomEngine
from cordguard.safety.journal import RunningHash
from cordguard.safety.playback import begin_engine, feed, policy_of, shipped_policy_text

NOWHERE: Final = "site"
"""Site and room of a capture that holds local inputs alone."""


class Replay:
    """A capture being played: one engine for each room in it."""

    def __init__(self, policy: Policy | None = None) -> None:
        """``policy`` replaces the one that the capture names, for what-if questions."""
        self._given = policy
        self._policy = policy or policy_of(shipped_policy_text(), "the shipped policy")
        self._engines: dict[tuple[str, str], RoomEngine] = {}
        self._running = RunningHash()
        self._first: CapturedInput | None = None
        self._early: list[CapturedInput] = []
        """Our own inputs from before the first message: they count for the room that it tells."""
        self.summaries: dict[str, SessionSummary] = {}
        """Session to its newest summary."""
        self.torn: TornTail | None = None
        """An incomplete last line that was left out."""

    def feed(self, line: bytes, number: int) -> Iterator[Transition]:
        """Take in one line.

        Raises:
            CaptureError: it is no capture line.
        """
        entry = decode_line(line, where=f"line {number}")
        self._running.add(line, entry.received_us)
        for engine, concerned in self._addressed(entry, number):
            for emission in feed(engine, concerned, self._running):
                if isinstance(emission.message, Transition):
                    yield emission.message
                elif isinstance(emission.message, SessionSummary):
                    self.summaries[emission.message.session] = emission.message

    def finish(self) -> None:
        """Summarise what was still under watch when the capture ended."""
        for engine in self._engines.values():
            summary = engine.summary_so_far()
            if summary is not None:
                self.summaries[summary.session] = summary.model_copy(update={"capture": self._running.reference()})

    def _addressed(self, entry: CapturedInput, number: int) -> list[tuple[RoomEngine, CapturedInput]]:
        """Which engines take in which inputs because of this one."""
        if entry.topic.startswith(LOCAL_PREFIX):
            if number == 1:
                self._begin(entry)
            if self._given is not None and entry.topic in (local.STARTED, local.POLICY):
                return []
            if not self._engines:
                self._early.append(entry)
            return [(engine, entry) for engine in self._engines.values()]
        room, site = room_of(entry.topic), site_of(entry.topic)
        if room is None or site is None or room == CANARY_ROOM:
            return []
        engine = self._engines.get((site, room))
        if engine is not None:
            return [(engine, entry)]
        engine = self._engines[site, room] = begin_engine(self._first, site, room, self._policy)
        return [(engine, concerned) for concerned in (*self._early, entry)]

    def _begin(self, entry: CapturedInput) -> None:
        """Line one: a whole engine state, or the policy of a room that begins empty."""
        if entry.topic == local.CONTINUED:
            engine = begin_engine(entry, NOWHERE, NOWHERE, self._policy)
            if self._given is not None:
                engine.replace_policy(self._given)
            self._engines[engine.place] = engine
        elif entry.topic == local.STARTED and self._given is None:
            self._first = entry


def replay_file(path: Path, policy_path: Path | None = None) -> tuple[Replay, Iterator[Transition]]:
    """Play a capture file; the transitions come as the iterator is read, the summaries stand in the replay after.

    Raises:
        CaptureError: the file or the policy cannot be read; says which line and what was expected.
    """
    policy = None
    if policy_path is not None:
        try:
            policy = policy_of(policy_path.read_text(encoding="utf-8"), str(policy_path))
        except (OSError, UnicodeDecodeError) as error:
            msg = f"{policy_path}: cannot be read ({error})"
            raise CaptureError(msg) from None
    replay = Replay(policy)
    return replay, _play(replay, path)


def _play(replay: Replay, path: Path) -> Iterator[Transition]:
    whole, replay.torn = split_torn_tail(content := read_bytes(path))
    if replay.torn is not None and _is_line(content[replay.torn.offset :]):
        whole, replay.torn = content + b"\n", None
    for number, line in enumerate(io.BytesIO(whole), start=1):
        if line.strip():
            try:
                yield from replay.feed(line, number)
            except CaptureError as error:
                msg = f"{path}, {error}"
                raise CaptureError(msg) from None
    replay.finish()


def _is_line(tail: bytes) -> bool:
    """Whether a last line is whole but for its line feed: an editor's doing, not a crash's."""
    try:
        decode_line(tail)
    except CaptureError:
        return False
    return True
