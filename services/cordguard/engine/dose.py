"""Thermal dose: cumulative equivalent minutes at 43 degrees Celsius (CEM43; Sapareto and Dewey 1984)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

REFERENCE_C: Final = 43.0
NO_DOSE_BELOW_C: Final = 39.0
MAX_STEP_US: Final = 2_000_000
"""A longer gap is bridged by the hotter of its two ends and marked as estimated."""
_US_PER_MIN: Final = 60_000_000


def dose_rate(temperature_c: float) -> float:
    """Equivalent minutes per minute: R^(43 - T) with R = 0.5 from 43 degrees, 0.25 below, nothing below 39."""
    if temperature_c < NO_DOSE_BELOW_C:
        return 0.0
    base = 0.5 if temperature_c >= REFERENCE_C else 0.25
    return float(base ** (REFERENCE_C - temperature_c))


def time_above_us(step_us: int, before_c: float, after_c: float, limit_c: float) -> float:
    """How much of a step the temperature stood at or above a limit, taken as a straight line between its ends."""
    if step_us > MAX_STEP_US:
        return float(step_us) if max(before_c, after_c) >= limit_c else 0.0
    low_c, high_c = min(before_c, after_c), max(before_c, after_c)
    if high_c < limit_c:
        return 0.0
    if low_c >= limit_c:
        return float(step_us)
    return step_us * (high_c - limit_c) / (high_c - low_c)


@dataclass(slots=True)
class Dose:
    """Dose of one sensor so far. Times are the source's; they must not run back."""

    cem43_min: float = 0.0
    estimated: bool = False
    """Whether a gap was bridged, or an interval was taken from another clock."""
    newest_at_us: int | None = None
    newest_c: float = 0.0

    def add(
        self, at_us: int, temperature_c: float, *, step_us: int | None = None, step_estimated: bool = False
    ) -> None:
        """Take in the next temperature; ``step_us`` is the interval where the two times do not tell it."""
        rate = dose_rate(temperature_c)
        if self.newest_at_us is not None:
            before = dose_rate(self.newest_c)
            interval_us = at_us - self.newest_at_us if step_us is None else step_us
            self.estimated |= step_estimated or interval_us > MAX_STEP_US
            mean = max(before, rate) if interval_us > MAX_STEP_US else (before + rate) / 2
            self.cem43_min += mean * interval_us / _US_PER_MIN
        self.newest_at_us = at_us
        self.newest_c = temperature_c
