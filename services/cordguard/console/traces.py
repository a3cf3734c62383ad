"""The recent past of one measured quantity: at most 10 points a second for 10 minutes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

BUCKET_US: Final = 100_000
"""Of all points within one such span the highest is kept: no peak gets lost."""

LENGTH: Final = 6_000
"""Points kept: 10 minutes at 10 Hz."""

FOREIGN_CLOCK_US: Final = 2_000_000
"""A source whose clock is further off than this is drawn at the time its samples came."""

Point = tuple[int, float | None]
"""Time in microseconds, and the value; None where a fault stands in its place: lines break there."""


def place_us(at_us: int, clock_us: int) -> int:
    """Where on the time axis a sample belongs: at its own time, unless its source's clock is plainly wrong."""
    return at_us if abs(at_us - clock_us) <= FOREIGN_CLOCK_US else clock_us


@dataclass(slots=True)
class Trace:
    """Points in order of time, and those that were not fetched yet."""

    points: deque[Point] = field(default_factory=lambda: deque(maxlen=LENGTH))
    _fresh: list[Point] = field(default_factory=list)
    _open: Point | None = None
    """The bucket that may still get a higher point."""

    def add(self, at_us: int, value: float | None) -> None:
        """Take a sample in; one that is not newer than the last is passed over."""
        newest = self._open or (self.points[-1] if self.points else None)
        if newest is not None and at_us <= newest[0]:
            return
        if self._open is not None and self._open[0] // BUCKET_US == at_us // BUCKET_US:
            self._open = (at_us, _higher(self._open[1], value))
            return
        self._close()
        self._open = (at_us, value)

    def take_fresh(self, clock_us: int) -> list[Point]:
        """The points that were completed since the last call; a bucket is complete when its time is over."""
        if self._open is not None and self._open[0] // BUCKET_US < clock_us // BUCKET_US:
            self._close()
        fresh, self._fresh = self._fresh, []
        return fresh

    def _close(self) -> None:
        if self._open is not None:
            self.points.append(self._open)
            self._fresh.append(self._open)
            self._open = None


def _higher(one: float | None, other: float | None) -> float | None:
    known = [value for value in (one, other) if value is not None]
    return max(known) if known else None
