"""What a signal says, computed in the slowest and plainest way from all of its samples: for the reference model alone.

Written from the sentences of the rule library; shares no code with the engine. Times are microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

S = 1_000_000
Samples = Sequence[tuple[int, float]]
"""(time, value), oldest first."""


@dataclass(frozen=True)
class Limits:
    """Limits of one profile."""

    stop_c: float
    warn_c: float
    high_c: float
    medium_c: float
    tau_s: float
    low_cem: float
    medium_cem: float
    high_cem: float


PROFILES = {
    "standard": Limits(45.0, 42.0, 45.0, 43.5, 60.0, 2.0, 5.0, 10.0),
    "near": Limits(45.0, 42.0, 45.0, 43.5, 80.0, 1.0, 2.5, 5.0),
    "breached": Limits(43.0, 41.0, 43.0, 41.5, 80.0, 0.6, 1.5, 3.0),
    "unknown": Limits(43.0, 41.0, 43.0, 41.5, 80.0, 0.6, 1.5, 3.0),
}
"""As the architecture's table has them; each is at least as strict as the one before it."""
STRICTER = tuple(PROFILES)


def rate(temperature_c: float) -> float:
    """Equivalent minutes at 43 °C per minute."""
    if temperature_c < 39.0:
        return 0.0
    return float((0.5 if temperature_c >= 43.0 else 0.25) ** (43.0 - temperature_c))


def dose(samples: Samples, from_us: int) -> tuple[float, bool]:
    """CEM43 by direct sum over the intervals that begin at ``from_us`` or later, and whether any was estimated."""
    total, estimated = 0.0, False
    for (before_us, before_c), (after_us, after_c) in pairwise(samples):
        if before_us < from_us:
            continue
        gap = after_us - before_us > 2 * S
        mean = max(rate(before_c), rate(after_c)) if gap else (rate(before_c) + rate(after_c)) / 2
        total += mean * (after_us - before_us) / (60 * S)
        estimated |= gap
    return total, estimated


def within(samples: Samples, span_us: int) -> Samples:
    """The samples of the last so many microseconds."""
    return [sample for sample in samples if sample[0] >= samples[-1][0] - span_us]


def slope(samples: Samples) -> float | None:
    """Least squares, in °C/s, in whole micro-degrees; None with fewer than 8 samples."""
    n = len(samples)
    if n < 8:
        return None
    times = [at_us for at_us, _ in samples]
    values = [round(value * S) for _, value in samples]
    off_t = [n * time - sum(times) for time in times]
    off_v = [n * value - sum(values) for value in values]
    spread = sum(t * t for t in off_t)
    return sum(t * v for t, v in zip(off_t, off_v, strict=True)) / spread if spread else None


def slope_in_use(samples: Samples, rf_run_us: int | None) -> float | None:
    """Over 10 s, or over 5 s in the first 30 s of RF if samples come at 4 Hz or faster."""
    early = within(samples, 5 * S)
    if rf_run_us is not None and samples[-1][0] - rf_run_us < 30 * S:
        fast = len(early) > 1 and 4 * (early[-1][0] - early[0][0]) <= (len(early) - 1) * S
        if fast and slope(early) is not None:
            return slope(early)
    return slope(within(samples, 10 * S))


def holds(judgements: Iterable[tuple[int, bool, bool]], persist_us: int) -> bool:
    """Whether a condition counts after all (time, met, over): met unbroken for the persistence, not over since."""
    active, since_us = False, None
    for at_us, met, over in judgements:
        if active:
            active = not over
        elif not met:
            since_us = None
        else:
            since_us = at_us if since_us is None else since_us
            if at_us - since_us >= persist_us:
                active, since_us = True, None
    return active


def two_of_three(samples: Samples, limit_c: float) -> bool:
    """Two of the last three samples at or above a limit within 1 s, or all three."""
    hot = [at_us for at_us, value in samples[-3:] if value >= limit_c]
    return len(hot) == 3 or any(later - first <= S for first, later in pairwise(hot))


def stop_holds(samples: Samples, limits_c: Sequence[float], first: int) -> bool:
    """R01 after all samples, each with the limit that held at its time; judged from sample number ``first`` on."""
    active = False
    for number in range(first, len(samples)):
        limit_c = limits_c[number]
        if active:
            active = samples[number][1] > limit_c - 2.0
        else:
            active = two_of_three(samples[max(number - 2, 0) : number + 1], limit_c)
    return active


def in_range_again(faulty: Sequence[tuple[int, bool]]) -> list[tuple[int, bool, bool]]:
    """Judgements of R08: met by a fault, over with five good readings in a row; a good one in between says nothing."""
    judgements, good = [], 0
    for at_us, is_faulty in faulty:
        good = 0 if is_faulty else good + 1
        if is_faulty or good >= 5:
            judgements.append((at_us, is_faulty, good >= 5))
    return judgements


def impedance_levels(samples: Sequence[tuple[int, bool, float]], first: int) -> tuple[bool, bool]:
    """R18 MEDIUM and HIGH after all (time, RF on, ohm) of a generator; pauses above 30 s begin another baseline.

    Readings before number ``first`` make a baseline and are judged no more.
    """
    base: list[float] = []
    judgements: dict[bool, list[tuple[int, bool, bool]]] = {False: [], True: []}
    median: float | None = None
    power_us, before_us, off_us = 0, 0, None
    for at_us, on, ohm in samples:
        if not on:
            off_us = at_us if off_us is None else off_us
        elif off_us is not None and at_us - off_us > 30 * S:
            base, median, power_us, off_us = [], None, 0, None
        else:
            off_us = None
        if on and median is None:
            power_us += at_us - before_us if base else 0
            base.append(ohm)
            if power_us >= 10 * S:
                ordered, middle = sorted(base), len(base) // 2
                median = ordered[middle] if len(base) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
        before_us = at_us
        known = on and median is not None
        for high in (False, True):
            limit = (2.0 * median if high else min(1.3 * median, median + 20.0)) if median is not None else 0.0
            clears = min(1.15 * median, median + 15.0) if median is not None else 0.0
            judgements[high].append((at_us, known and ohm >= limit, not on or (known and ohm < clears)))
    return holds(judgements[False][first:], 3 * S), holds(judgements[True][first:], 3 * S)
