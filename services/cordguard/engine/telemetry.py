"""What devices stream: put in order, on one time axis, used whatever is wrong with it, and judged."""

from __future__ import annotations

from typing import Final

from cordguard.contract.lenient import GeneratorFrame, SensorSample, TemperatureFrame
from cordguard.contract.telemetry import Status
from cordguard.engine.ablation import PAUSE_US, GeneratorSample
from cordguard.engine.alarms import Step
from cordguard.engine.cases import apply_pending, may_release, release
from cordguard.engine.moment import Moment
from cordguard.engine.rules import impedance, neural, room, silence
from cordguard.engine.rules import sensor as sensor_rules
from cordguard.engine.rules import source as source_rules
from cordguard.engine.session import UnassignedSample
from cordguard.engine.state import Generator, RoomState, Sensor, Source
from cordguard.engine.streams import QUICK_US, Order
from cordguard.engine.tally import TemperatureSample

UNASSIGNED_US: Final = 10 * 60_000_000
"""How long samples wait for a case that was opened before them."""


def take_temperature(step: Step, source: Source, frame: TemperatureFrame, monitor: str) -> None:
    """Take in a temperature frame."""
    moment = _place(step, source, "temperature", frame)
    if moment is None:
        return
    (_take_late if moment.late else _take_newest)(step, source, moment, frame.samples)
    silence.judge_stream_returned(step, source, "temperature", moment)
    room.judge_guarded(step, moment.event_us)
    _finish(step, moment, monitor)


def take_generator(step: Step, source: Source, frame: GeneratorFrame, monitor: str) -> None:
    """Take in a generator frame. A late one changes nothing: RF is what the newest says."""
    moment = _place(step, source, "generator", frame)
    if moment is None or moment.late:
        return
    generator = source.generator
    if generator is None:
        generator = source.generator = Generator()
    _restart_baseline(generator, frame, moment)
    step_us = moment.generator_step_us(generator)
    generator.rf_on = frame.rf_on
    generator.power_w, generator.impedance_ohm = frame.power_w, frame.impedance_ohm
    generator.event_us = moment.event_us
    impedance.judge_impedance(step, source, generator, moment.at_us, moment.event_us)
    generator.newest_at_us, generator.heard_us, generator.stepped = moment.at_us, moment.received_us, False
    silence.judge_stream_returned(step, source, "generator", moment)
    if frame.rf_on != step.state.rf_on:
        _follow_rf(step, moment.event_us)
    sample = GeneratorSample(
        moment.record_us,
        source.name,
        frame.rf_on,
        frame.power_w,
        frame.impedance_ohm,
        frame.temperature_set_c,
        moment.stamp,
        step_us,
    )
    _fold(step.state, moment, sample)
    room.judge_bound(step, moment.event_us, backlog=moment.backlog)
    room.judge_guarded(step, moment.event_us)
    _finish(step, moment, monitor)


def take_status(step: Step, source: Source, status: Status, *, retained: bool) -> None:
    """Take in a sign of life, or the word that a source goes."""
    state = step.state
    source.state = status.state
    if status.device is not None:
        source.device = status.device
    watched = is_watched(state)
    if status.state == "online":
        if not retained or not source.heard_us:
            source.heard_us = step.received_us
    else:
        _take_leave(step, source, watched=watched)
    for entry in status.sensors:  # after the farewell: what ends with the source shall not change its priority before
        _apply_status_role(step, f"{source.name}/{entry.sensor}", entry.role)
    if watched or status.state == "online":
        room.judge_guarded(step, max(state.newest_event_us, 1))


def _take_leave(step: Step, source: Source, *, watched: bool) -> None:
    for stream in source.streams.values():
        stream.restart_expected = True
    if watched:
        source_rules.raise_offline(step, source, source.event_us or step.received_us, "says that it is offline")
    else:
        end_conditions(step, source)


def is_watched(state: RoomState) -> bool:
    """Whether silence matters even from a source that took its leave."""
    return state.watch is not None or state.rf_on


def end_conditions(step: Step, source: Source) -> None:
    """A source that said goodbye while nobody is watched ends its own conditions."""
    event_us = max(source.event_us, 1)
    source_rules.end_offline(step, source, event_us, "went offline after the watch was over")
    source_rules.end_all(step, source, event_us)
    for key, sensor in step.state.sensors.items():
        if key.startswith(source.name + "/"):
            sensor_rules.end_all(step, sensor, event_us)
            neural.end_all(step, sensor, event_us)
    impedance.end(step, source, event_us)


def _apply_status_role(step: Step, key: str, role: str) -> None:
    sensor = step.state.sensor(key)
    if sensor.status_role == role:
        return
    was = sensor.role
    sensor.status_role = role  # type: ignore[assignment]  # the contract's Role
    if sensor.role == was:
        return
    sensor_rules.follow_role(step, sensor, sensor.event_us)
    if was == "neural":
        neural.forget(step, sensor, sensor.event_us)


def _place(step: Step, source: Source, kind: str, frame: TemperatureFrame | GeneratorFrame) -> Moment | None:
    """Find out where a frame stands; None if it is a repeat."""
    state, received_us, at_us = step.state, step.received_us, frame.at_us
    stream, clock = source.stream(kind), source.clock
    if frame.unknown_keys:
        state.count("unknown_keys", frame.unknown_keys)
    order: Order = "newest"
    faults, period_us = 0, stream.period_us
    if not stream.take_next(frame.seq, at_us, received_us, clock.fixed_us or 0):
        order = stream.classify(frame.seq, at_us, received_us, offset_us=clock.fixed_us or 0)
        if order == "repeat":
            state.count("repeats")
            return None
        if order == "new-epoch":
            _begin_epoch(state, source, kind, at_us)
        faults = stream.accept(frame.seq, at_us, received_us, order)
    # A stream that is quick by now must not be waited for as long as when it was slow.
    step.plain = period_us <= QUICK_US or stream.period_us >= period_us
    if order != "late":
        source_rules.judge_clock(step, source, received_us, at_us)
    event_us = at_us if clock.fixed_us is None else clock.event_us(at_us)
    moment = Moment(order, at_us, event_us, received_us)
    source_rules.judge_sequence(step, source, stream, faults, event_us)
    if frame.session is not None:
        moment.stamp = frame.session
        moment.counts = source_rules.judge_stamp(step, source, frame.session, event_us)
    if moment.late:
        state.count("late")
    else:
        _hear(step, source, moment)
    return moment


def _begin_epoch(state: RoomState, source: Source, kind: str, at_us: int) -> None:
    state.count("epochs")
    source.clock.restart()
    source_rules.restart_windows(source, at_us)
    if "R40" in state.ladders:
        state.ladders["R40"].forget_pending()
    if kind == "temperature":
        for key, sensor in state.sensors.items():
            if key.startswith(source.name + "/"):
                sensor.stepped = sensor.dose.newest_at_us is not None
                sensor.recent.clear()
                sensor.late.clear()
                for window in (sensor.slope, sensor.early_slope, sensor.calm):
                    window.clear()
                for ladder in sensor.ladders.values():
                    ladder.forget_pending()
    elif source.generator is not None:
        source.generator.newest_at_us, source.generator.stepped = None, True


def _hear(step: Step, source: Source, moment: Moment) -> None:
    state = step.state
    source.heard_us, source.event_us = moment.received_us, moment.event_us
    if moment.record_us > state.newest_event_us:
        state.newest_event_us = moment.record_us
    if moment.backlog:
        return
    if "R17" in source.ladders and source.state != "offline":
        source_rules.end_offline(step, source, moment.event_us, "is back")
    if state.blind_until_live:
        room.end_blind(step)


def _take_newest(step: Step, source: Source, moment: Moment, samples: tuple[SensorSample, ...]) -> None:
    """Take in the samples of a frame that came in order."""
    state, at_us, event_us, received_us = step.state, moment.at_us, moment.event_us, moment.received_us
    late_by_us = received_us - event_us if moment.backlog else 0
    for sample in samples:
        temperature_c = sample.temperature_c
        sensor = state.sensor(f"{source.name}/{sample.sensor}")
        step_us = moment.step_us(sensor)
        _fold_temperature(state, moment, sensor, temperature_c, step_us)
        sensor.heard_us, sensor.event_us, sensor.late_by_us = received_us, event_us, late_by_us
        sensor.temperature_c, sensor.fault = temperature_c, sample.fault
        if temperature_c is not None:
            sensor.dose.add(at_us, temperature_c, step_us, sensor.stepped)
            sensor.measured_us, sensor.stepped = received_us, False
            sensor.slope.add(at_us, temperature_c)
        sensor_rules.judge_reading(step, sensor, at_us, event_us)
        if temperature_c is not None and sensor.role == "neural":
            sensor.early_slope.add(at_us, temperature_c)
            if state.watch is not None and state.watch.case.state == "closed":
                sensor.calm.add(at_us, temperature_c)
            limits = state.limits_for(sensor, backlog=moment.backlog)
            neural.judge_newest(step, sensor, at_us, event_us, temperature_c, limits)


def _take_late(step: Step, source: Source, moment: Moment, samples: tuple[SensorSample, ...]) -> None:
    """Take in the samples of a frame that is older than the newest: they can raise, and do nothing else."""
    state = step.state
    for sample in samples:
        temperature_c = sample.temperature_c
        sensor = state.sensor(f"{source.name}/{sample.sensor}")
        _fold_temperature(state, moment, sensor, temperature_c, None)
        if temperature_c is not None and sensor.role == "neural":
            limits = state.limits_for(sensor, backlog=moment.backlog)
            neural.judge_late(step, sensor, moment.at_us, moment.event_us, temperature_c, limits)


def _restart_baseline(generator: Generator, frame: GeneratorFrame, moment: Moment) -> None:
    """RF after a long pause is another ablation, with an impedance baseline of its own."""
    if not frame.rf_on:
        generator.off_at_us = moment.at_us if generator.off_at_us is None else generator.off_at_us
        return
    if generator.off_at_us is not None and moment.at_us - generator.off_at_us > PAUSE_US:
        generator.baseline.clear()
        generator.baseline_ohm, generator.baseline_power_us = None, 0
    generator.off_at_us = None


def _follow_rf(step: Step, event_us: int) -> None:
    """RF of the room: on if any generator's newest word says so; a silent one keeps its last state."""
    state = step.state
    rf_on = any(source.generator is not None and source.generator.rf_on for source in state.sources.values())
    if rf_on == state.rf_on:
        return
    state.rf_on, step.plain = rf_on, False
    if rf_on:
        paused = state.rf_off_event_us is not None and event_us - state.rf_off_event_us <= PAUSE_US
        state.rf_run_event_us = state.rf_run_event_us if paused else event_us
        state.rf_on_event_us, state.rf_on_received_us, state.rf_off_event_us = event_us, step.received_us, None
    else:
        state.rf_off_event_us = event_us
        apply_pending(step)
    rerank(step, event_us)


def rerank(step: Step, event_us: int) -> None:
    """Losing a sensor or a source weighs more while RF is on."""
    for sensor in step.state.sensors.values():
        if "R08" in sensor.ladders:
            sensor_rules.settle_fault(step, sensor, event_us)
        if "R14" in sensor.ladders and not step.state.rf_on:
            sensor_rules.relax_silence(step, sensor, event_us)
    for source in step.state.sources.values():
        if "R17" in source.ladders:
            source_rules.settle_offline(step, source, event_us, "nothing comes from it")


def _fold_temperature(
    state: RoomState, moment: Moment, sensor: Sensor, temperature_c: float | None, step_us: int | None
) -> None:
    """Count a reading for its session, or keep it for a case that may still come."""
    fold = state.fold
    if fold is not None and temperature_c is not None and moment.counts and not moment.late:
        fold.add_reading(sensor.key, (moment.record_us, temperature_c, step_us or 0, sensor.stepped))
        return
    key, stepped = sensor.key, sensor.stepped
    sample = TemperatureSample(moment.record_us, key, temperature_c, moment.late, step_us, stepped, moment.stamp)
    _fold(state, moment, sample)


def _fold(state: RoomState, moment: Moment, sample: UnassignedSample) -> None:
    """Count a sample for its session, or keep it for a case that may still come."""
    if not moment.counts:
        state.count("samples_of_other_sessions")
    elif state.fold is not None:
        state.fold.add(sample)
    else:
        waiting = state.unassigned
        waiting.append(sample)
        while waiting[0].event_us < moment.record_us - UNASSIGNED_US:
            waiting.popleft()


def _finish(step: Step, moment: Moment, monitor: str) -> None:
    if may_release(step.state, moment.record_us):
        release(step, moment.record_us, monitor)
        for source in step.state.sources.values():
            if source.state == "offline":
                end_conditions(step, source)
