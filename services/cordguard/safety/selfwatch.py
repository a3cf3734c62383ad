"""What safety measures of itself: how late its loop is, how long its alarms take, how much disk is free and taken."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from cordguard.engine.room import RoomEngine
from cordguard.runtime.clock import Clock
from cordguard.runtime.lag import LoopLag
from cordguard.safety.budget import Budget
from cordguard.safety.files import Disk
from cordguard.safety.latency import Latency


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found since the last self-check; None: not measured."""

    latency_ms: dict[str, float] | None
    loop_lag_ms: float
    disk_free_percent: float | None
    journal_used_percent: float | None
    """Of the journals' budget."""

    def news_for(self, engine: RoomEngine) -> dict[str, object]:
        """The fields of ``SelfCheck`` that this room's journal must have: there is one in it only if there is news."""
        news: dict[str, object] = {"latency_ms": self.latency_ms} if self.latency_ms is not None else {}
        if engine.is_news_of_monitor(self.loop_lag_ms, self.disk_free_percent, self.journal_used_percent):
            news |= {
                "loop_lag_ms": self.loop_lag_ms,
                "disk_free_percent": self.disk_free_percent,
                "journal_used_percent": self.journal_used_percent,
            }
        return news


class SelfWatch:
    """Measures all the time, by a clock that also runs in simulated runs."""

    def __init__(self, clock: Clock, folder: Path, disk: Disk, budget_gib: float) -> None:
        """``folder`` lies on the disk that is looked at, and its journals may take ``budget_gib`` of it."""
        self.clock = clock
        self.lag = LoopLag()
        self.latency = Latency()
        self._folder = folder
        self._free = disk.free
        self.budget = Budget(folder, budget_gib, disk.used)

    def turn(self, timeout_s: float) -> None:
        """A turn of the loop begins, which may wait so long."""
        self.lag.turn(self.clock.now_us(), timeout_s)

    def waited(self) -> None:
        """The turn has waited on purpose until now."""
        self.lag.waited(self.clock.now_us())

    def handed_over(self, began_us: int) -> None:
        """What came at ``began_us`` (by ``clock``) changed an alarm, and the broker has been given the change."""
        self.latency.add(self.clock.now_us() - began_us)

    def take(self) -> Measured:
        """What was found since the last call."""
        self.budget.look(self.clock.now_us())
        return Measured(self.latency.take(), self.lag.take_ms(), self._free(self._folder), self.budget.used_percent)

    def detail(self) -> dict[str, JsonValue]:
        """What health tells beside the lag."""
        detail: dict[str, JsonValue] = {}
        if (latency_ms := self.latency.percentiles_ms()) is not None:
            detail["latency_ms"] = dict(latency_ms)
        if (used_percent := self.budget.used_percent) is not None:
            detail["journal_used_percent"] = round(used_percent, 1)
        if (told := self.budget.told) is not None:
            detail["journal_budget"] = told
        return detail
