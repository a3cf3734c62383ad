"""How the load is judged: R18."""

from __future__ import annotations

import statistics
from typing import Final

from cordguard.contract.units import Priority
from cordguard.engine.alarms import Finding, Step, settle
from cordguard.engine.rules.tissue import IMPEDANCE_RISE
from cordguard.engine.state import Generator, Source

BASELINE_US: Final = 10_000_000
IMPEDANCE_PERSIST_US: Final = 3_000_000
IMPEDANCE_MEDIUM_FACTOR: Final = 1.3
IMPEDANCE_MEDIUM_RISE_OHM: Final = 20.0
IMPEDANCE_HIGH_FACTOR: Final = 2.0
IMPEDANCE_CLEARS_FACTOR: Final = 1.15
IMPEDANCE_CLEARS_RISE_OHM: Final = 15.0
"""Keeps the clearing below the raising limit where 20 Ω is less than 15 % of the baseline."""


def judge_impedance(step: Step, source: Source, generator: Generator, at_us: int, event_us: int) -> None:
    """R18: impedance against its baseline, the median of the first 10 s at power."""
    impedance_ohm, ladder = generator.impedance_ohm, source.ladder("R18")
    if generator.rf_on and impedance_ohm is not None:
        _measure_baseline(generator, at_us, impedance_ohm)
    baseline_ohm = generator.baseline_ohm
    judged = baseline_ohm is not None and impedance_ohm is not None and generator.rf_on
    if not judged and ladder.idle:
        return
    medium_ohm, high_ohm, clear_ohm = _impedance_limits(baseline_ohm or 0.0)
    value_ohm = impedance_ohm or 0.0
    if value_ohm < medium_ohm and ladder.idle:
        return
    before = ladder.standing
    limit_of: dict[Priority, float] = {"medium": medium_ohm, "high": high_ohm}
    for priority, limit_ohm in limit_of.items():
        ladder.at(priority).judge(
            met=judged and value_ohm >= limit_ohm,
            over=not generator.rf_on or (judged and value_ohm < clear_ohm),
            at_us=at_us,
            event_us=event_us,
            persist_us=IMPEDANCE_PERSIST_US,
        )
    standing = ladder.standing
    if standing != before:
        limit_ohm = limit_of[standing or "medium"]
        says = f"risen to {value_ohm:.0f} Ω from {baseline_ohm or 0.0:.0f} Ω" if standing else "no longer high"
        settle(
            step,
            Finding(
                IMPEDANCE_RISE,
                source.name,
                standing,
                ladder.onset_event_us if standing else event_us,
                event_us,
                f"{source.name}: impedance {says}",
                impedance_ohm,
                limit_ohm,
                {"baseline_ohm": baseline_ohm},
            ),
        )


def end(step: Step, source: Source, event_us: int) -> None:
    """The source said goodbye: its condition is over."""
    if source.ladders.pop("R18", None) is not None:
        settle(step, Finding(IMPEDANCE_RISE, source.name, None, event_us, event_us, f"{source.name}: is offline"))


def _impedance_limits(baseline_ohm: float) -> tuple[float, float, float]:
    medium_ohm = min(IMPEDANCE_MEDIUM_FACTOR * baseline_ohm, baseline_ohm + IMPEDANCE_MEDIUM_RISE_OHM)
    clear_ohm = min(IMPEDANCE_CLEARS_FACTOR * baseline_ohm, baseline_ohm + IMPEDANCE_CLEARS_RISE_OHM)
    return medium_ohm, IMPEDANCE_HIGH_FACTOR * baseline_ohm, clear_ohm


def _measure_baseline(generator: Generator, at_us: int, impedance_ohm: float) -> None:
    if generator.baseline_ohm is not None:
        return
    if generator.newest_at_us is not None and generator.baseline:
        generator.baseline_power_us += max(at_us - generator.newest_at_us, 0)
    generator.baseline.append(impedance_ohm)
    if generator.baseline_power_us >= BASELINE_US:
        generator.baseline_ohm = statistics.median(generator.baseline)
        generator.baseline.clear()
