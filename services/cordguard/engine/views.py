"""What a room looks like now: present alarms and vitals. Views change nothing and are no input."""

from __future__ import annotations

from typing import Final

from cordguard.contract.alarms import PresentAlarm, PresentAlarms
from cordguard.contract.vitals import Forecast, GeneratorVitals, Latency, Limits, SensorVitals, Vitals
from cordguard.engine.levels import rank
from cordguard.engine.rules.catalogue import RULES
from cordguard.engine.rules.definition import Onset
from cordguard.engine.rules.neural import predicted_peak_c, slope_in_use
from cordguard.engine.rules.silence import is_hushed
from cordguard.engine.state import Alarm, RoomState, Sensor

UNKNOWN_AFTER_US: Final = 3_000_000
"""A value older than this is not shown as a value (H5)."""
_US_PER_MS: Final = 1_000
_SOONEST: Final[tuple[Onset, ...]] = ("immediate", "prompt", "delayed")


def present_alarms(state: RoomState, as_of_us: int) -> PresentAlarms:
    """Every alarm that is present, most urgent first."""
    ordered = sorted(state.alarms.values(), key=_urgency)
    return PresentAlarms(
        as_of_us=as_of_us,
        audio="on" if state.paused_until_us is None else "paused",
        paused_until_us=state.paused_until_us,
        present=tuple(_present(alarm) for alarm in ordered),
    )


def _urgency(alarm: Alarm) -> tuple[int, bool, bool, int, int, str]:
    """Priority first, then what holds before what is latched, the patient before the equipment, what harms sooner."""
    levels = RULES[alarm.rule].levels
    soonest = min((_SOONEST.index(level.onset) for level in levels if level.priority == alarm.priority), default=0)
    technical = alarm.kind == "technical"
    return (-rank(alarm.priority), alarm.flags.latched, technical, soonest, alarm.onset_us, alarm.alarm_id)


def _present(alarm: Alarm) -> PresentAlarm:
    rule = RULES[alarm.rule]
    return PresentAlarm(
        alarm_id=alarm.alarm_id,
        rule=alarm.rule,
        name=rule.name,
        sensor=alarm.sensor,
        kind=alarm.kind,
        priority=alarm.priority,
        condition=alarm.flags.condition,
        latched=alarm.flags.latched,
        acknowledged=alarm.flags.acknowledged,
        since_us=alarm.onset_us,
        value=alarm.value,
        limit=alarm.limit,
        message=alarm.message,
        guidance=rule.guidance,
    )


def vitals(state: RoomState, as_of_us: int) -> Vitals:
    """Every sensor and the generator, as the rules see them."""
    latency = state.latency_ms
    return Vitals(
        as_of_us=as_of_us,
        session=state.session,
        case_pending=state.watch is not None and state.watch.pending is not None,
        rf_on=state.rf_on,
        profile=state.profile,
        policy=state.policy.hash,
        sensors=tuple(_sensor(state, state.sensors[key], as_of_us) for key in sorted(state.sensors)),
        generator=_generator(state, as_of_us),
        latency_ms=Latency(p50=latency.p50, p99=latency.p99) if latency is not None else None,
    )


def _sensor(state: RoomState, sensor: Sensor, as_of_us: int) -> SensorVitals:
    age_us = None if sensor.heard_us is None else max(as_of_us - sensor.heard_us, 0) + sensor.late_by_us
    silent = "R14" in sensor.ladders or is_hushed(state, sensor)
    known = age_us is not None and age_us < UNKNOWN_AFTER_US and not silent
    temperature_c = sensor.temperature_c if known else None
    slope = sensor.slope.slope_c_per_s() if temperature_c is not None else None
    neural = sensor.role == "neural"
    limits = state.limits_for(sensor)
    return SensorVitals(
        sensor=sensor.key,
        role=sensor.role,
        temperature_c=temperature_c,
        fault=sensor.fault,
        age_ms=None if age_us is None else age_us // _US_PER_MS,
        slope_c_per_s=slope,
        cem43_min=sensor.dose.cem43_min,
        dose_estimated=sensor.dose.estimated,
        limits=Limits(warn_c=limits.warn_c, stop_c=limits.stop_c, cem43_min=limits.dose_high_cem43_min)
        if neural
        else None,
        forecast=_forecast(state, sensor, temperature_c) if neural and temperature_c is not None else None,
    )


def _forecast(state: RoomState, sensor: Sensor, temperature_c: float) -> Forecast | None:
    slope = slope_in_use(state, sensor, sensor.event_us)
    if slope is None:
        return None
    limits = state.limits_for(sensor)
    to_go_c = limits.stop_c - temperature_c
    limit_in_s = 0.0 if to_go_c <= 0 else (to_go_c / slope if slope > 0 else None)
    return Forecast(
        limit_in_s=limit_in_s, peak_if_stopped_c=max(predicted_peak_c(temperature_c, slope, limits), temperature_c)
    )


def _generator(state: RoomState, as_of_us: int) -> GeneratorVitals | None:
    heard = [
        (source.streams["generator"].newest_received_us, source)
        for source in state.sources.values()
        if source.generator is not None and "generator" in source.streams
    ]
    if not heard:
        return None
    heard_us, source = max(heard, key=lambda entry: entry[0])
    generator = source.generator
    known = generator is not None and as_of_us - heard_us < UNKNOWN_AFTER_US
    return GeneratorVitals(
        power_w=generator.power_w if known and generator is not None else None,
        impedance_ohm=generator.impedance_ohm if known and generator is not None else None,
        energy_j=state.fold.delivery.energy_j if state.fold is not None else 0.0,
    )
