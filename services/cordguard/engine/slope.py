"""Least-squares slope over a sliding window, exact: whole numbers in, one division at the end.

Sums are kept as integers (microseconds, micro-degrees), so that nothing drifts over hours and a restored window goes on
bit for bit.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

MIN_SAMPLES: Final = 8
"""Fewer samples than this give no slope."""
_MICRO: Final = 1_000_000


@dataclass(slots=True)
class SlopeWindow:
    """The samples of the last ``length_us`` of a source's time, and their sums."""

    length_us: int
    samples: deque[tuple[int, int]] = field(default_factory=deque)
    """(time since ``origin_us`` in microseconds, temperature in micro-degrees)."""
    origin_us: int = 0
    sum_t: int = 0
    sum_v: int = 0
    sum_tt: int = 0
    sum_tv: int = 0

    def add(self, at_us: int, temperature_c: float) -> None:
        """Take in the newest sample and let go of those that left the window."""
        samples = self.samples
        if not samples:
            self.origin_us = at_us
        t = at_us - self.origin_us
        v = round(temperature_c * _MICRO)
        samples.append((t, v))
        more_t, more_v, more_tt, more_tv = t, v, t * t, t * v
        oldest = t - self.length_us
        while samples[0][0] < oldest:
            t, v = samples.popleft()
            more_t -= t
            more_v -= v
            more_tt -= t * t
            more_tv -= t * v
        self.sum_t += more_t
        self.sum_v += more_v
        self.sum_tt += more_tt
        self.sum_tv += more_tv

    def clear(self) -> None:
        """Forget everything: the source's clock began anew."""
        self.samples.clear()
        self.sum_t = self.sum_v = self.sum_tt = self.sum_tv = 0

    @property
    def span_us(self) -> int:
        """Time between the oldest and the newest sample held."""
        return self.samples[-1][0] - self.samples[0][0] if self.samples else 0

    @property
    def held_us(self) -> int:
        """Time since the first sample after ``clear``, whether it is still held or not."""
        return self.samples[-1][0] if self.samples else 0

    def slope_c_per_s(self) -> float | None:
        """Slope in degrees Celsius per second; None with fewer than 8 samples or no time between them."""
        n = len(self.samples)
        if n < MIN_SAMPLES:
            return None
        spread = n * self.sum_tt - self.sum_t * self.sum_t
        return (n * self.sum_tv - self.sum_t * self.sum_v) / spread if spread else None

    def max_c(self) -> float | None:
        """Highest temperature in the window; None if it is empty."""
        return max(v for _, v in self.samples) / _MICRO if self.samples else None
