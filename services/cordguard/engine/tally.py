"""What one sensor saw over a span: the arithmetic under every summary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final

from cordguard.contract.case import CaseSensor
from cordguard.contract.summary import SensorSummary
from cordguard.contract.units import Role
from cordguard.engine.dose import MAX_STEP_US, Dose, Reading, time_above_us

LOWEST_C: Final = 42.0
HIGHEST_C: Final = 45.0
"""The lowest and the highest temperature that time is counted above."""
_US_PER_S: Final = 1_000_000


@dataclass(slots=True)
class TemperatureSample:
    """A reading of one sensor, on the common time axis."""

    event_us: int
    sensor: str
    temperature_c: float | None
    late: bool = False
    """Late samples count for the maximum, never for dose or time."""
    step_us: int | None = None
    """Interval to the sensor's temperature before: event times may be corrected between the two."""
    step_estimated: bool = False
    """Whether our clock had to tell it, since the source's was set."""
    stamp: str | None = None
    """The session that the source says it serves, if it says one."""


_temperature: Final = itemgetter(1)


@dataclass(slots=True)
class Tally:
    """One sensor over one span."""

    samples: int = 0
    faults: int = 0
    max_c: float | None = None
    max_event_us: int = 0
    max_after_cement_c: float | None = None
    above_42_us: float = 0.0
    above_43_us: float = 0.0
    above_45_us: float = 0.0
    covered_us: int = 0
    dose: Dose = field(default_factory=Dose)

    def note(self, event_us: int, temperature_c: float | None) -> None:
        """Count a reading that is faulty, or late."""
        if temperature_c is None:
            self.faults += 1
            return
        self.samples += 1
        self._note_maximum(event_us, temperature_c)

    def follow(self, course: Sequence[Reading]) -> None:
        """Take in what the sensor measured, in order."""
        self.samples += len(course)
        self._note_maximum(*max(course, key=_temperature)[:2])
        before_c = self.dose.newest_c if self.dose.newest_at_us is not None else None
        for _, after_c, step_us, _ in course:
            if before_c is not None:
                if step_us <= MAX_STEP_US:
                    self.covered_us += step_us
                if after_c >= LOWEST_C or before_c >= LOWEST_C:
                    self._take_heat(step_us, before_c, after_c)
            before_c = after_c
        self.dose.follow(course)

    def _note_maximum(self, event_us: int, temperature_c: float) -> None:
        if self.max_c is None or temperature_c > self.max_c:
            self.max_c, self.max_event_us = temperature_c, event_us

    def _take_heat(self, step_us: int, before_c: float, after_c: float) -> None:
        if before_c >= HIGHEST_C and after_c >= HIGHEST_C:
            self.above_42_us += step_us
            self.above_43_us += step_us
            self.above_45_us += step_us
            return
        self.above_42_us += time_above_us(step_us, before_c, after_c, LOWEST_C)
        self.above_43_us += time_above_us(step_us, before_c, after_c, 43.0)
        self.above_45_us += time_above_us(step_us, before_c, after_c, HIGHEST_C)


def tally_of(tallies: dict[str, Tally], sensor: str) -> Tally:
    """A sensor's tally, made when first asked for."""
    tally = tallies.get(sensor)
    if tally is None:
        tally = tallies[sensor] = Tally()
    return tally


def summarise_sensor(sensor: str, tally: Tally, role: Role, listed: CaseSensor | None, span_us: int) -> SensorSummary:
    """The tally in the words of the contract; ``span_us`` is the time it could have covered."""
    completeness = min(100.0, 100.0 * tally.covered_us / span_us) if span_us > 0 else 0.0
    return SensorSummary(
        sensor=sensor,
        role=role,
        structure=listed.structure if listed else None,
        distance_mm=listed.distance_mm if listed else None,
        samples=tally.samples,
        faults=tally.faults,
        completeness_percent=round(completeness, 3),
        max_temperature_c=tally.max_c,
        max_at_us=tally.max_event_us if tally.max_c is not None else None,
        max_after_cement_c=tally.max_after_cement_c,
        time_above_42_s=tally.above_42_us / _US_PER_S,
        time_above_43_s=tally.above_43_us / _US_PER_S,
        time_above_45_s=tally.above_45_us / _US_PER_S,
        cem43_min=tally.dose.cem43_min,
        dose_estimated=tally.dose.estimated,
    )
