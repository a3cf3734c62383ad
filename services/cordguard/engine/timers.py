"""What happens because nothing happened: silence, reminders, the end of a pause. Driven by received time alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from cordguard.contract.units import Priority
from cordguard.engine.alarms import Step, end_pause, publish_change
from cordguard.engine.cases import may_release, release
from cordguard.engine.lifecycle import advance
from cordguard.engine.rules import oversight, room, silence
from cordguard.engine.rules import sensor as sensor_rules
from cordguard.engine.rules import source as source_rules
from cordguard.engine.rules.catalogue import RULES
from cordguard.engine.state import RoomState, Sensor, Source
from cordguard.engine.streams import STALE_US
from cordguard.engine.telemetry import end_conditions, is_watched

STALE_NEURAL_US: Final = 2_000_000
OFFLINE_US: Final = 3_000_000
IDLE_RELEASE_US: Final = 180_000_000
"""A closed case whose devices are all silent, RF off, is released after this time."""
_US_PER_S: Final = 1_000_000


class Deadline(NamedTuple):
    """Something that will be due, unless something comes first. Sorts by time, then by name."""

    due_us: int
    what: str
    subject: str = ""


def deadlines(state: RoomState) -> Iterator[Deadline]:
    """Everything that may become due."""
    yield from _silences(state)
    reminder_us = int(state.policy.alarm_system.reminder_s * _US_PER_S)
    for key, alarm in state.alarms.items():
        if alarm.priority == "high" and not alarm.flags.acknowledged:
            yield Deadline(alarm.reminded_us + reminder_us, "reminder", key)
    for entry in oversight.due(state):
        yield Deadline(*entry)
    if state.paused_until_us is not None:
        yield Deadline(state.paused_until_us, "pause")
    unmeasured_us = room.latency_unmeasured_us(state)
    if unmeasured_us is not None:
        yield Deadline(unmeasured_us, "latency")
    if state.blind_until_live:
        yield Deadline(state.blind_deadline_us, "blind")
    if state.watch is not None and state.watch.case.state == "closed" and not state.rf_on:
        heard_us = max((source.heard_us for source in state.sources.values()), default=0)
        yield Deadline(max(heard_us, state.silence_from_us) + IDLE_RELEASE_US, "release")


def fire(step: Step, deadline: Deadline, monitor: str) -> None:
    """Do what is due; ``step.received_us`` is the deadline's own time, however late the shell was."""
    state = step.state
    match deadline.what:
        case "stale" | "stale-neural":
            _fire_silence(step, state.sensors[deadline.subject], deadline.what)
        case "stale-generator":
            source = state.sources[deadline.subject]
            limit_us = _limit_us(source, "generator")
            event_us = source.event_us + limit_us
            silence.raise_stream_silence(step, source, "generator", event_us, limit_us / _US_PER_S)
        case "offline":
            source = state.sources[deadline.subject]
            event_us = (source.event_us or source.heard_us) + OFFLINE_US
            source_rules.raise_offline(step, source, event_us, f"nothing came for {OFFLINE_US // _US_PER_S} s")
        case "reminder":
            _remind(step, deadline.subject)
        case "pause":
            end_pause(step, "The pause of the sound is over")
        case "blind":
            room.end_blind(step)
        case "latency":
            room.end_latency(step)
        case "release":
            _release_idle(step, monitor)
        case what:
            oversight.fire_due(step, what, deadline.subject)
    room.judge_guarded(step, max(state.newest_event_us, 1))
    oversight.oversee(step)


def _silences(state: RoomState) -> Iterator[Deadline]:
    watched = is_watched(state)
    for source in state.sources.values():
        if source.state == "offline" and not watched:
            continue
        offline = "R17" in source.ladders
        heard_us = max(source.heard_us, state.silence_from_us)
        if not offline and source.heard_us:
            yield Deadline(heard_us + OFFLINE_US, "offline", source.name)
        stream = source.streams.get("generator")
        if stream is not None and not offline and "generator" not in source.silent:
            heard_us = max(stream.newest_received_us, state.silence_from_us, source.back_us)
            yield Deadline(heard_us + _limit_us(source, "generator"), "stale-generator", source.name)
    for sensor in state.sensors.values():
        source_of = state.sources.get(sensor.key.partition("/")[0])
        yield from _sensor_silences(state, sensor, source_of, watched=watched)


def _sensor_silences(state: RoomState, sensor: Sensor, source: Source | None, *, watched: bool) -> Iterator[Deadline]:
    offline = source is not None and (source.state == "offline" or "R17" in source.ladders)
    ladder = sensor.ladders.get("R14")
    standing = ladder.standing if ladder is not None else None
    if standing == "high" or (offline and (standing is None or not watched)):
        return
    neural_at_risk = sensor.role == "neural" and state.rf_on
    if sensor.heard_us is None:
        # Expected by the case, never heard of: silence counts from the start of RF.
        if neural_at_risk and sensor.case_role is not None:
            since_us = max(state.rf_on_received_us, state.silence_from_us)
            yield Deadline(since_us + STALE_NEURAL_US, "stale-neural", sensor.key)
        return
    # A source that is back brings its sensors one after the other.
    heard_us = max(sensor.heard_us, state.silence_from_us, source.back_us if source is not None else 0)
    if standing is None and source is not None and not source.hushed:
        yield Deadline(heard_us + _limit_us(source, "temperature"), "stale", sensor.key)
    if neural_at_risk:
        yield Deadline(max(heard_us + STALE_NEURAL_US, state.rf_on_received_us), "stale-neural", sensor.key)


def _limit_us(source: Source, kind: str) -> int:
    """How much silence a source's stream is allowed, known or not."""
    stream = source.streams.get(kind)
    return stream.patience_us if stream is not None else STALE_US


def _fire_silence(step: Step, sensor: Sensor, what: str) -> None:
    state = step.state
    priority: Priority = "high" if what == "stale-neural" else "medium"
    source = state.sources.get(sensor.key.partition("/")[0])
    limit_us = STALE_NEURAL_US if priority == "high" or source is None else _limit_us(source, "temperature")
    since_us = sensor.event_us if sensor.heard_us is not None else (state.rf_on_event_us or step.received_us)
    if what == "stale" and source is not None and silence.fell_silent_with_many(state, source, sensor):
        silence.raise_stream_silence(step, source, "temperature", since_us + limit_us, limit_us / _US_PER_S)
        return
    sensor_rules.raise_silence(step, sensor, priority, since_us + limit_us, limit_us / _US_PER_S)


def _remind(step: Step, key: str) -> None:
    alarm = step.state.alarms[key]
    rule = RULES[alarm.rule]
    _, change = advance(alarm.flags, "reminder", latching=rule.latching)
    alarm.reminded_us = step.received_us
    if change is not None:
        publish_change(step, alarm, change, rule.name, step.received_us)


def _release_idle(step: Step, monitor: str) -> None:
    """Nothing was heard for so long that no live sensor can object; cement still holds the watch."""
    state = step.state
    heard_us = max((source.heard_us for source in state.sources.values()), default=0)
    # Nothing says what time it is but the time since the last word: cement sets in a silent room too.
    event_us = max(state.newest_event_us + step.received_us - heard_us, 1) if heard_us else step.received_us
    if may_release(state, event_us):
        release(step, event_us, monitor)
        for source in state.sources.values():
            if source.state == "offline":
                end_conditions(step, source)
        return
    # Try again after the same time: the deadline must move on.
    state.silence_from_us = step.received_us
