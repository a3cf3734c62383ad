"""Where shells take the time from. The engine never does: there time is an argument."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

MICROS_PER_S = 1_000_000


class Clock(Protocol):
    """Says what time it is in this run."""

    def now_us(self) -> int:
        """Microseconds since 1970-01-01 UTC; never runs back."""


class WallClock:
    """Monotonic time anchored to UTC at start: a step of the system clock does not reach us before the next start."""

    def __init__(
        self,
        *,
        not_below_us: int = 0,
        utc_ns: Callable[[], int] = time.time_ns,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Anchor now; ``not_below_us`` is a time we have already written down, which must not come again."""
        self._monotonic_ns = monotonic_ns
        self._anchor_us = max(utc_ns() // 1_000, not_below_us) - monotonic_ns() // 1_000

    def now_us(self) -> int:
        """Now, by the anchored monotonic clock."""
        return self._anchor_us + self._monotonic_ns() // 1_000


class SimulatedClock:
    """The clock of a simulated run: stands still until told."""

    def __init__(self, start_us: int = 0) -> None:
        """Start at ``start_us``; 0 means that the run's clock has not spoken yet."""
        self._now_us = start_us

    def now_us(self) -> int:
        """The newest time told."""
        return self._now_us

    def advance_to(self, at_us: int) -> None:
        """Take over the run's time; an older time is ignored."""
        self._now_us = max(self._now_us, at_us)
