"""Safety killed again and again while a canal heats and cools, beside an engine that nobody interrupts."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from cordguard.contract.alarms import Transition
from cordguard.engine.room import RoomEngine
from cordguard.safety.journal import journal_files
from cordguard.safety.replay import replay_file
from support.journals import POLICY
from support.kill_verdict import Evidence, Name, is_all_said
from support.processes import Marked
from support.safety_process import ROOM, World

TICKS: Final = 195
TICKS_TO_WIND_UP: Final = 150
LOOK_EVERY: Final = 5
"""Ticks from one look at all that was said to the next: it takes longer than a tick lasts if several rooms do it."""
RF: Final = range(20, 115)
CATCH_UP: Final = 10
"""Ticks that a restarted safety has at least. It is killed again when it has caught up: what was on its way to a killed
process comes again out of order, by design."""


def canal_c(tick: int) -> float:
    """37 °C, up to 47 °C in 5 s, 2 s there, and down again: straight lines, so that one sample more or less is none."""
    if tick < 40:
        return 37.0
    if tick < 90:
        return 37.0 + 0.2 * (tick - 40)
    return max(47.0 - 0.25 * max(tick - 110, 0), 37.0)


@dataclass
class Victim:
    """One room, and when its safety is to be killed: at or after these ticks, for so many ticks each."""

    world: World
    kills: Sequence[int]
    down: Sequence[int]
    killed: int = 0
    safety: Marked | None = field(default=None)
    recovered_s: list[float] = field(default_factory=list)
    """From each start after a kill until it was ready, the journal found again; to a tenth of a second."""
    _turns_at: int = 0
    """When it starts again, or when it last did."""
    _started_s: float | None = None
    """By the monotonic clock, while it is not known to be ready."""

    def begin(self) -> None:
        """Start safety and open a case."""
        self.safety = self.world.run_safety()
        self.world.open_case()

    def turn(self, tick: int) -> None:
        """One tenth of a second."""
        self._look_whether_ready()
        if self.safety is None and tick >= self._turns_at:
            self._start()
            self._turns_at = tick
        elif self._is_due(tick):
            self.kill()
            self._turns_at = tick + self.down[self.killed]
            self.killed += 1
        self.world.tick(canal_c(tick), rf_on=tick in RF)

    def _start(self) -> None:
        self.safety, self._started_s = self.world.run_safety(wait=False), time.monotonic()

    def _look_whether_ready(self) -> None:
        if self.safety is None or self._started_s is None or self.safety.process.stdout is None:
            return
        if select.select([self.safety.process.stdout], [], [], 0.0)[0]:
            self.recovered_s.append(time.monotonic() - self._started_s)
            self._started_s = None

    def kill(self) -> None:
        """SIGKILL, now."""
        assert self.safety is not None
        self._started_s = None
        os.kill(self.safety.pid, signal.SIGKILL)
        self.safety.process.wait()
        self.safety = None

    def _is_due(self, tick: int) -> bool:
        if self.safety is None or self.killed == len(self.kills) or tick < self.kills[self.killed]:
            return False
        return tick >= self._turns_at + CATCH_UP * (self.killed > 0) and self.world.all_kept()

    def wind_up(self, tick: int) -> bool:
        """One more tenth of a second, cool and without RF; once all is judged it is killed for good, and True."""
        if self.safety is None:
            self._start()
        self.world.tick(37.0, rf_on=False)
        self._look_whether_ready()
        if tick % LOOK_EVERY == 0 and self._all_is_judged():
            self.kill()
            return True
        return False

    def _all_is_judged(self) -> bool:
        return self.world.all_kept() and is_all_said(self.world.transitions(), self.wanted())

    def wanted(self) -> list[Transition]:
        """What an engine in this process says to the same inputs."""
        engine = RoomEngine(self.world.site, ROOM, POLICY)
        emissions = [emission for entry in self.world.sent for emission in engine.feed(entry)]
        return [emission.message for emission in emissions if isinstance(emission.message, Transition)]

    def evidence(self) -> Evidence:
        """All that is known at the end. The newest second of what was said may still be on its way."""
        world = self.world
        sent = [entry.payload for entry in world.sent[:-25]]
        return Evidence(sent, world.journal(), world.recorder.payloads, self.wanted(), self._replayed(), self.killed)

    def _replayed(self) -> dict[Name, Transition]:
        files = journal_files(self.world.data_dir / "journal" / ROOM)
        return {(each.alarm_id, each.step): each for path in files for each in replay_file(path)[1]}


def live_through(victims: Sequence[Victim]) -> None:
    """All rooms side by side, in real time, to their end; 20 s and what it takes to catch up.

    Raises:
        AssertionError: something that is due was not said.
    """
    for victim in victims:
        victim.begin()
    for tick in range(TICKS):
        for victim in victims:
            victim.turn(tick)
    left = list(victims)
    for tick in range(TICKS_TO_WIND_UP):
        left = [victim for victim in left if not victim.wind_up(tick)]
        if not left:
            return
    msg = f"{len(left)} of {len(victims)} rooms still wait for something after {TICKS_TO_WIND_UP} ticks"
    raise AssertionError(msg)


def random_kills(chance: Random) -> tuple[list[int], list[int]]:
    """Four kills anywhere in the heating and cooling, each for up to 3 s."""
    kills = [chance.randrange(first, first + 30) for first in (15, 55, 100, 145)]
    return kills, [chance.randint(1, 30) for _ in kills]
