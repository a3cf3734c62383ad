"""Input received to transition handed to the broker: measured all the time."""

from __future__ import annotations

from collections import deque
from typing import Final

KEPT: Final = 1_000
"""Latencies that count: of the last so many inputs that changed an alarm."""
_NS_PER_MS: Final = 1_000_000


class Latency:
    """The newest latencies."""

    def __init__(self) -> None:
        """Nothing measured yet."""
        self._newest_ns: deque[int] = deque(maxlen=KEPT)
        self.fresh = False
        """Whether something was measured since ``take``."""

    def add(self, latency_ns: int) -> None:
        """Take in one."""
        self._newest_ns.append(latency_ns)
        self.fresh = True

    def percentiles_ms(self) -> dict[str, float] | None:
        """p50 and p99 in milliseconds; None before the first measurement."""
        if not self._newest_ns:
            return None
        ordered = sorted(self._newest_ns)
        return {
            name: ordered[int(share * (len(ordered) - 1))] / _NS_PER_MS for name, share in (("p50", 0.5), ("p99", 0.99))
        }

    def take(self) -> dict[str, float] | None:
        """The percentiles, if something was measured since the last call; then measuring begins anew."""
        if not self.fresh:
            return None
        percentiles = self.percentiles_ms()
        self._newest_ns.clear()
        self.fresh = False
        return percentiles
