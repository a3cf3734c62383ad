"""The session fold: the one computation behind every summary, live, replayed or recomputed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from cordguard.contract.alarms import RuleId, Transition
from cordguard.contract.case import Case, Mark
from cordguard.contract.summary import (
    AblationSummary,
    AlarmCounts,
    AlarmSummary,
    DeviceSummary,
    MarkSummary,
    SensorSummary,
    SessionSummary,
)
from cordguard.contract.units import PolicyHash, Priority, ProfileName, Role
from cordguard.engine.ablation import Ablation, Delivery, GeneratorSample
from cordguard.engine.dose import Reading
from cordguard.engine.levels import RISING, rank
from cordguard.engine.tally import Tally, TemperatureSample, summarise_sensor, tally_of

UnassignedSample = TemperatureSample | GeneratorSample
"""A sample that came before its case."""

ALARMS_MAX: Final = 2_000
"""Alarms that a summary lists: about 450 kB of the 1 MiB that every reader takes."""
MARKS_MAX: Final = 1_000
TALLIED_AT_ONCE: Final = 64
_US_PER_S: Final = 1_000_000


@dataclass(slots=True)
class SessionFold:
    """A session so far."""

    session: str
    opened_us: int
    revision: int = 0
    """Of the last summary that was made."""
    newest_event_us: int = 0
    tallies: dict[str, Tally] = field(default_factory=dict)
    delivery: Delivery = field(default_factory=Delivery)
    alarms: dict[str, AlarmSummary] = field(default_factory=dict)
    left_out: dict[Priority, int] = field(default_factory=dict)
    """Alarms that are counted and not listed any more, by priority."""
    marks: list[MarkSummary] = field(default_factory=list)
    audio_pauses: int = 0
    blind_us: int = 0
    cement_us: int | None = None
    """When cement was first injected, as far as a mark says so."""
    waiting: dict[str, list[Reading]] = field(default_factory=dict)
    """Sensor to its newest readings, which no tally has yet."""
    waiting_in: int = 0
    """How many ablations had begun when they came."""

    def add(self, sample: UnassignedSample) -> None:
        """Take in one sample of this session; one from before its opening is passed over."""
        if sample.event_us < self.opened_us:
            return
        self.newest_event_us = max(self.newest_event_us, sample.event_us)
        if isinstance(sample, GeneratorSample):
            self.delivery.add(sample)
        elif sample.late or sample.temperature_c is None:
            if sample.late:
                self.settle()  # of equal maxima the first counts
            for tally in self._tallies_of(sample.sensor, len(self.delivery.ablations)):
                tally.note(sample.event_us, sample.temperature_c)
            if sample.temperature_c is not None:
                self._note_cement(sample.sensor, sample.event_us, sample.temperature_c)
        else:
            step_us = sample.step_us or 0
            self.add_reading(sample.sensor, (sample.event_us, sample.temperature_c, step_us, sample.step_estimated))

    def add_reading(self, sensor: str, reading: Reading) -> None:
        """Take in a temperature that came in order.

        It waits, and is tallied with others: tallies are read at the end of a session, and samples come all the time.
        """
        event_us, _, _, _ = reading
        if event_us < self.opened_us:
            return
        if event_us > self.newest_event_us:
            self.newest_event_us = event_us
        if self.waiting_in != len(self.delivery.ablations):
            self.settle()
        course = self.waiting.get(sensor)
        if course is None:
            course = self.waiting[sensor] = []
        course.append(reading)
        if len(course) >= TALLIED_AT_ONCE:
            self.settle()

    def settle(self) -> None:
        """Tally what waits: for the session, and for the ablation that had begun last when it came."""
        waiting = dict(self.waiting)
        self.waiting.clear()
        for sensor, course in waiting.items():
            for tally in self._tallies_of(sensor, self.waiting_in):
                tally.follow(course)
            if self.cement_us is not None:
                for event_us, temperature_c, _, _ in course:
                    self._note_cement(sensor, event_us, temperature_c)
        self.waiting_in = len(self.delivery.ablations)

    def _tallies_of(self, sensor: str, begun: int) -> Iterator[Tally]:
        """A sensor's tallies while so many ablations have begun: the newest takes in what comes while and after."""
        yield tally_of(self.tallies, sensor)
        if begun:
            yield tally_of(self.delivery.ablations[begun - 1].tallies, sensor)

    def _note_cement(self, sensor: str, event_us: int, temperature_c: float) -> None:
        """Cement heats as it sets: what a sensor saw since it was injected."""
        if self.cement_us is not None and event_us >= self.cement_us:
            tally = tally_of(self.tallies, sensor)
            tally.max_after_cement_c = max(temperature_c, tally.max_after_cement_c or temperature_c)

    def add_mark(self, mark: Mark) -> None:
        """Take in a mark."""
        if len(self.marks) < MARKS_MAX:
            self.marks.append(MarkSummary(mark=mark.mark, at_us=mark.at_us))
        if mark.mark == "ablation-started":
            self.delivery.mark_started(mark.at_us)
        elif mark.mark == "ablation-ended":
            self.delivery.mark_ended(mark.at_us)
        elif mark.mark == "cement-injected":
            self.settle()  # what came before the word of it stays as it was
            self.cement_us = min(mark.at_us, self.cement_us or mark.at_us)

    def add_transition(self, transition: Transition) -> None:
        """Take in an alarm's change, if the alarm began in this session."""
        if transition.change == "paused":
            self.audio_pauses += 1
        if transition.session != self.session or transition.priority == "info":
            return
        known = self.alarms.get(transition.alarm_id)
        if known is not None or transition.change == "raised":
            self.alarms[transition.alarm_id] = _alarm_after(known, transition)
        if len(self.alarms) > ALARMS_MAX:
            self._leave_out()

    def _leave_out(self) -> None:
        """Let go of the oldest alarm that is not HIGH: a summary must stay readable however long a plug is loose."""
        oldest = next((key for key, alarm in self.alarms.items() if alarm.priority != "high"), next(iter(self.alarms)))
        priority = self.alarms.pop(oldest).priority
        self.left_out[priority] = self.left_out.get(priority, 0) + 1


def _alarm_after(known: AlarmSummary | None, transition: Transition) -> AlarmSummary:
    if known is None:
        return AlarmSummary(
            alarm_id=transition.alarm_id,
            rule=transition.rule,
            name=transition.name,
            sensor=transition.sensor,
            kind=transition.kind,
            priority=transition.priority,
            raised_us=transition.event_us,
            times_raised=1,
        )
    update: dict[str, object] = {"priority": max(known.priority, transition.priority, key=rank)}
    if transition.change == "raised":
        update |= {"times_raised": known.times_raised + 1, "ended_us": None}
    elif transition.change == "ended":
        update["ended_us"] = transition.event_us
    elif transition.change == "acknowledged" and known.acknowledged_after_s is None:
        update["acknowledged_after_s"] = max(transition.event_us - known.raised_us, 0) / _US_PER_S
    return known.model_copy(update=update)


@dataclass(frozen=True, slots=True)
class SummaryContext:
    """What a summary states beside the fold itself."""

    case: Case
    profile: ProfileName
    policy: PolicyHash
    monitor: str
    roles: dict[str, Role]
    final: bool
    released_us: int | None = None
    devices: tuple[DeviceSummary, ...] = ()


def summarise(fold: SessionFold, context: SummaryContext) -> SessionSummary:
    """The fold in the words of the contract. The revision is the fold's; count it up before."""
    fold.settle()
    case = context.case
    return SessionSummary(
        session=fold.session,
        revision=fold.revision,
        final=context.final,
        procedure=case.procedure,
        actor=case.actor,
        opened_us=fold.opened_us,
        closed_us=case.closed_us,
        released_us=context.released_us,
        level=case.level,
        electrode=case.electrode,
        lesion=case.lesion,
        posterior_wall=case.posterior_wall,
        profile=context.profile,
        policy=context.policy,
        monitor=context.monitor,
        devices=context.devices,
        rf_on_s=fold.delivery.rf_on_us / _US_PER_S,
        energy_j=fold.delivery.energy_j,
        sensors=_sensors(fold.tallies, context, fold.newest_event_us - fold.opened_us),
        ablations=tuple(_ablation(number, fold, context) for number in range(1, len(fold.delivery.ablations) + 1)),
        alarm_counts=_counts(fold),
        alarms=tuple(sorted(fold.alarms.values(), key=lambda alarm: (alarm.raised_us, alarm.alarm_id))),
        alarms_left_out=sum(fold.left_out.values()),
        marks=tuple(fold.marks),
        audio_pauses=fold.audio_pauses,
        monitor_blind_s=fold.blind_us / _US_PER_S,
        thermometry=_thermometry(fold, context),
    )


def _counts(fold: SessionFold) -> AlarmCounts:
    listed = [alarm.priority for alarm in fold.alarms.values()]
    counts = {priority: listed.count(priority) + fold.left_out.get(priority, 0) for priority in RISING}
    return AlarmCounts(high=counts["high"], medium=counts["medium"], low=counts["low"])


def _thermometry(fold: SessionFold, context: SummaryContext) -> Literal["neural", "none"]:
    seen = (sensor for sensor, tally in fold.tallies.items() if tally.samples)
    return "neural" if any(context.roles.get(sensor, "neural") == "neural" for sensor in seen) else "none"


def _sensors(tallies: dict[str, Tally], context: SummaryContext, span_us: int) -> tuple[SensorSummary, ...]:
    listed = {sensor.sensor: sensor for sensor in context.case.sensors}
    return tuple(
        summarise_sensor(key, tallies.get(key, Tally()), context.roles.get(key, "neural"), listed.get(key), span_us)
        for key in sorted({*tallies, *listed})
    )


def _high_at(fold: SessionFold, at_us: int) -> tuple[RuleId, ...]:
    """Rules of the HIGH alarms that held at a moment."""
    held = (
        alarm.rule
        for alarm in fold.alarms.values()
        if alarm.priority == "high" and alarm.raised_us <= at_us and (alarm.ended_us is None or alarm.ended_us > at_us)
    )
    return tuple(sorted(set(held)))


def _ablation(number: int, fold: SessionFold, context: SummaryContext) -> AblationSummary:
    ablations = fold.delivery.ablations
    ablation: Ablation = ablations[number - 1]
    until_us = ablations[number].started_us if number < len(ablations) else fold.newest_event_us
    running = number == len(ablations) and fold.delivery.running and ablation.ended_us is None
    rf_on_s = ablation.rf_on_us / _US_PER_S
    return AblationSummary(
        index=number,
        started_us=ablation.started_us,
        ended_us=None if running else ablation.ended_us or ablation.newest_rf_us or None,
        rf_on_s=rf_on_s,
        energy_j=ablation.energy_j,
        mean_power_w=ablation.energy_j / rf_on_s if rf_on_s else None,
        max_power_w=ablation.max_power_w,
        temperature_set_c=ablation.temperature_set_c,
        impedance_start_ohm=ablation.impedance_start_ohm,
        impedance_min_ohm=ablation.impedance_min_ohm,
        impedance_max_ohm=ablation.impedance_max_ohm,
        high_at_end=() if running else _high_at(fold, ablation.newest_rf_us),
        sensors=_sensors(ablation.tallies, context, until_us - ablation.started_us),
    )
