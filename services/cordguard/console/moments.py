"""Two times at once: the run's clock, and our own, which also runs when the run's stands still."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from cordguard.runtime.clock import MICROS_PER_S

MICROS_PER_MS: Final = 1_000

STALE_MS: Final = 1_000
"""From this age a number is shown in grey."""

UNKNOWN_MS: Final = 3_000
"""From this age a number is not shown any more: ``---``."""

Freshness = Literal["fresh", "stale", "unknown"]


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment by both clocks, in microseconds."""

    clock_us: int
    """The run's clock: UTC, or the simulated time; 0 if a simulated clock has not spoken yet."""
    server_us: int
    """The console's own clock: UTC at its start, monotonic since."""

    def age_ms(self, now: Moment) -> int:
        """How old this moment is, by whichever clock says more: a dead simulation must not keep its numbers young."""
        elapsed_us = max(now.clock_us - self.clock_us, now.server_us - self.server_us, 0)
        return elapsed_us // MICROS_PER_MS


def freshness(age_ms: int | None) -> Freshness:
    """How a number of this age may be shown; None: it never came."""
    if age_ms is None or age_ms > UNKNOWN_MS:
        return "unknown"
    return "stale" if age_ms > STALE_MS else "fresh"


def seconds(micros: int) -> float:
    """Microseconds as seconds."""
    return micros / MICROS_PER_S
