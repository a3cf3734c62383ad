"""RF delivery of a session, cut into ablations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from cordguard.engine.tally import Tally

PAUSE_US: Final = 30_000_000
"""RF that pauses for less than this is one ablation (pulsed generators pause for about 15 s)."""
MARK_TOLERANCE_US: Final = 5_000_000
"""A mark this near to what the generator shows speaks of the same moment."""
MAX_STEP_US: Final = 2_000_000
_US_PER_S: Final = 1_000_000


@dataclass(slots=True)
class GeneratorSample:
    """A generator's reading, on the common time axis."""

    event_us: int
    source: str
    rf_on: bool
    power_w: float | None
    impedance_ohm: float | None = None
    temperature_set_c: float | None = None
    stamp: str | None = None
    """The session that the source says it serves, if it says one."""
    step_us: int | None = None
    """Interval to the source's reading before: event times may be corrected between the two."""


@dataclass(slots=True)
class Ablation:
    """One ablation so far."""

    started_us: int
    ended_us: int | None = None
    """Set by a mark, or by RF that stayed off."""
    newest_rf_us: int = 0
    rf_on_us: int = 0
    energy_j: float = 0.0
    max_power_w: float | None = None
    temperature_set_c: float | None = None
    impedance_start_ohm: float | None = None
    impedance_min_ohm: float | None = None
    impedance_max_ohm: float | None = None
    tallies: dict[str, Tally] = field(default_factory=dict)

    def add_rf(self, sample: GeneratorSample) -> None:
        """Take in a generator's reading with RF on."""
        self.newest_rf_us = sample.event_us
        if sample.power_w is not None:
            self.max_power_w = max(sample.power_w, self.max_power_w or 0.0)
        if sample.temperature_set_c is not None:
            self.temperature_set_c = sample.temperature_set_c
        if sample.impedance_ohm is not None:
            self._add_impedance(sample.impedance_ohm)

    def _add_impedance(self, impedance_ohm: float) -> None:
        if self.impedance_start_ohm is None:
            self.impedance_start_ohm = self.impedance_min_ohm = self.impedance_max_ohm = impedance_ohm
            return
        self.impedance_min_ohm = min(impedance_ohm, self.impedance_min_ohm or impedance_ohm)
        self.impedance_max_ohm = max(impedance_ohm, self.impedance_max_ohm or impedance_ohm)


@dataclass(slots=True)
class Delivery:
    """All RF of a session."""

    ablations: list[Ablation] = field(default_factory=list)
    newest: dict[str, GeneratorSample] = field(default_factory=dict)
    """Source to its newest reading."""
    rf_on_us: int = 0
    energy_j: float = 0.0

    @property
    def current(self) -> Ablation | None:
        """The ablation that began last."""
        return self.ablations[-1] if self.ablations else None

    def add(self, sample: GeneratorSample) -> None:
        """Take in an in-order reading of the generator."""
        before = self.newest.get(sample.source)
        if before is not None:
            self._follow_times(before, sample)
        if before is not None and before.rf_on:
            self._deliver(before, sample)
        if sample.rf_on:
            self._ablation_at(sample.event_us).add_rf(sample)
        self.newest[sample.source] = sample

    @property
    def running(self) -> bool:
        """Whether RF was on in the newest reading of any generator."""
        return any(sample.rf_on for sample in self.newest.values())

    def mark_started(self, event_us: int) -> None:
        """A person says that an ablation begins."""
        current = self.current
        if current is None or (
            abs(event_us - current.started_us) > MARK_TOLERANCE_US and event_us > current.newest_rf_us
        ):
            self._begin(event_us)

    def mark_ended(self, event_us: int) -> None:
        """A person says that the ablation is over."""
        if self.current is not None and self.current.ended_us is None:
            self.current.ended_us = event_us

    def _follow_times(self, before: GeneratorSample, after: GeneratorSample) -> None:
        """The source's times were corrected between two readings: pauses count from where the first lies now."""
        moved_us = after.event_us - before.event_us - (after.step_us or 0)
        if moved_us and self.current is not None and self.current.newest_rf_us:
            self.current.newest_rf_us = max(self.current.newest_rf_us + moved_us, 0)

    def _deliver(self, before: GeneratorSample, after: GeneratorSample) -> None:
        """Count the interval between two readings, the first of which had RF on."""
        step_us = after.step_us or 0
        first_w, second_w = before.power_w or 0.0, after.power_w or 0.0
        mean_w = max(first_w, second_w) if step_us > MAX_STEP_US else (first_w + second_w) / 2
        energy_j = mean_w * step_us / _US_PER_S
        self.rf_on_us += step_us
        self.energy_j += energy_j
        current = self.current
        if current is not None:
            current.rf_on_us += step_us
            current.energy_j += energy_j

    def _ablation_at(self, event_us: int) -> Ablation:
        current = self.current
        if current is None:
            return self._begin(event_us)
        marked_over = current.ended_us is not None and event_us - current.ended_us > MARK_TOLERANCE_US
        paused = current.newest_rf_us and event_us - current.newest_rf_us > PAUSE_US
        return self._begin(event_us) if marked_over or paused else current

    def _begin(self, event_us: int) -> Ablation:
        if self.current is not None and self.current.ended_us is None and self.current.newest_rf_us:
            self.current.ended_us = self.current.newest_rf_us
        self.ablations.append(Ablation(event_us))
        return self.ablations[-1]
