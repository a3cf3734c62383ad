"""Input received to transition handed to the broker: measured all the time."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from typing import Final

from cordguard.runtime.percentile import nearest_rank

KEPT: Final = 1_000
"""Latencies that count: of the last so many inputs that changed an alarm."""
_US_PER_MS: Final = 1_000


class Latency:
    """The newest latencies."""

    def __init__(self) -> None:
        """Nothing measured yet."""
        self._newest_us: deque[int] = deque(maxlen=KEPT)
        self._fresh = 0
        """How many of them, at the end, no self-check has told yet."""

    def add(self, latency_us: int) -> None:
        """Take in one."""
        self._newest_us.append(latency_us)
        self._fresh += 1

    def percentiles_ms(self) -> dict[str, float] | None:
        """p50 and p99 of all that are kept, in milliseconds; None before the first measurement."""
        return _percentiles_ms(self._newest_us)

    def take(self) -> dict[str, float] | None:
        """p50 and p99 of what was measured since the last call; None if nothing was.

        Not of all that are kept: among 1,000 quick ones a slow one would not show, and for long after it nothing else.
        """
        fresh, self._fresh = min(self._fresh, KEPT), 0
        return _percentiles_ms(list(self._newest_us)[-fresh:]) if fresh else None


def _percentiles_ms(latencies_us: Collection[int]) -> dict[str, float] | None:
    ordered = sorted(latencies_us)
    if not ordered:
        return None
    return {name: nearest_rank(ordered, percent) / _US_PER_MS for name, percent in (("p50", 50), ("p99", 99))}
