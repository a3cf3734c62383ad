"""What safety measures of itself: how late its loop is, how long its alarms take, how much of its disk is free."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from cordguard.engine.room import RoomEngine
from cordguard.runtime.clock import Clock
from cordguard.runtime.lag import LoopLag
from cordguard.safety.files import FreePercent
from cordguard.safety.latency import Latency


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found since the last self-check; None: not measured."""

    latency_ms: dict[str, float] | None
    loop_lag_ms: float
    disk_free_percent: float | None

    def news_for(self, engine: RoomEngine) -> dict[str, object]:
        """The fields of ``SelfCheck`` that this room's journal must have: there is one in it only if there is news."""
        news: dict[str, object] = {"latency_ms": self.latency_ms} if self.latency_ms is not None else {}
        if engine.is_news_of_monitor(self.loop_lag_ms, self.disk_free_percent):
            news |= {"loop_lag_ms": self.loop_lag_ms, "disk_free_percent": self.disk_free_percent}
        return news


class SelfWatch:
    """Measures all the time, by a clock that also runs in simulated runs."""

    def __init__(self, clock: Clock, folder: Path, free: FreePercent) -> None:
        """``folder`` lies on the disk that is looked at."""
        self.clock = clock
        self.lag = LoopLag()
        self.latency = Latency()
        self._folder = folder
        self._free = free

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
        return Measured(self.latency.take(), self.lag.take_ms(), self._free(self._folder))

    def detail(self) -> dict[str, JsonValue]:
        """What health tells beside the lag."""
        latency_ms = self.latency.percentiles_ms()
        return {"latency_ms": dict(latency_ms)} if latency_ms is not None else {}
