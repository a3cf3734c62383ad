"""Thermal dose: cumulative equivalent minutes at 43 degrees Celsius (CEM43; Sapareto and Dewey 1984)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

REFERENCE_C: Final = 43.0
NO_DOSE_BELOW_C: Final = 39.0
MAX_STEP_US: Final = 2_000_000
"""A longer gap is bridged by the hotter of its two ends and marked as estimated."""
_US_PER_MIN: Final = 60_000_000

Reading = tuple[int, float, int, bool]
"""A temperature that came in order: when, degrees, interval to the one before, whether another clock told that."""


@lru_cache(maxsize=16_384)  # devices tell the same hundredths of a degree again and again
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
        self,
        at_us: int,
        temperature_c: float,
        step_us: int | None = None,
        step_estimated: bool = False,  # noqa: FBT001, FBT002 - by position, since it is called for every sample
    ) -> None:
        """Take in the next temperature; ``step_us`` is the interval where the two times do not tell it."""
        if step_us is None:
            step_us = at_us - (self.newest_at_us or 0)
        cool = temperature_c < NO_DOSE_BELOW_C and self.newest_c < NO_DOSE_BELOW_C
        if cool and step_us <= MAX_STEP_US and not step_estimated:
            # What follow would do, for most samples of most days.
            self.newest_at_us, self.newest_c = at_us, temperature_c
            return
        self.follow(((at_us, temperature_c, step_us, step_estimated),))

    def follow(self, course: Iterable[Reading]) -> None:
        """Take in the next temperatures."""
        newest_at_us, before_c = self.newest_at_us, self.newest_c
        for at_us, after_c, step_us, estimated in course:
            if newest_at_us is not None:
                gap = step_us > MAX_STEP_US
                if gap or estimated:
                    self.estimated = True
                if after_c >= NO_DOSE_BELOW_C or before_c >= NO_DOSE_BELOW_C:
                    before, after = dose_rate(before_c), dose_rate(after_c)
                    mean = max(before, after) if gap else (before + after) / 2
                    self.cem43_min += mean * step_us / _US_PER_MIN
            newest_at_us, before_c = at_us, after_c
        self.newest_at_us, self.newest_c = newest_at_us, before_c
