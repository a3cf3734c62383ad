"""R14 for a source's streams: its generator, or many of its sensors at once, which are one alarm and not twenty."""

from __future__ import annotations

from typing import Final

from cordguard.engine.alarms import Evidence, Finding, Step, settle
from cordguard.engine.moment import Moment
from cordguard.engine.rules.sensor import GOOD_SAMPLES
from cordguard.engine.rules.system import STALE
from cordguard.engine.state import RoomState, Sensor, Source

MANY: Final = 4
"""So many sensors that fall silent together are told as one, by their source; fewer are told one by one."""


def fell_silent_with_many(state: RoomState, source: Source, sensor: Sensor) -> bool:
    """Whether it is the whole device that measures no more, and many sensors are gone with this one."""
    stream = source.streams.get("temperature")
    if stream is None or sensor.heard_us is None:
        return False
    goes_on = stream.newest_received_us > sensor.heard_us + stream.patience_us // 2
    return not goes_on and len(_untold(state, source)) >= MANY


def raise_stream_silence(step: Step, source: Source, kind: str, event_us: int, limit_s: float) -> None:
    """Nothing came on a stream for too long; another of the source that is about to be missed too is told with it."""
    source.silent[kind] = 0
    for other in ("generator", "temperature"):
        if other not in source.silent and _is_silent_too(step, source, other):
            source.silent[other] = 0
    source.ladder("R14").at("medium").force(event_us)
    sensors = sorted(sensor.key for sensor in _untold(step.state, source)) if source.hushed else []
    who = " and ".join(["generator"] * ("generator" in source.silent) + [f"{len(sensors)} sensors"] * bool(sensors))
    rf = "; RF counts as it was last said" if "generator" in source.silent else ""
    message = f"{source.name}: {who} silent for more than {limit_s:g} s{rf}"
    evidence: Evidence | None = {"sensors": [*sensors]} if sensors else None
    settle(step, Finding(STALE, source.name, "medium", event_us, event_us, message, limit=limit_s, evidence=evidence))


def judge_stream_returned(step: Step, source: Source, kind: str, moment: Moment) -> None:
    """A sample came on a stream; five in order end its silence, and the source's R14 if no other is silent."""
    if kind not in source.silent or moment.late:
        return
    source.silent[kind] += 1
    if source.silent[kind] < GOOD_SAMPLES:
        return
    del source.silent[kind]
    step.plain = False
    if kind == "temperature":
        source.back_us = step.received_us  # sensors that did not come back are missed one by one from here
    event_us, message = moment.event_us, f"{source.name}: delivers again"
    if not source.silent and source.ladders.pop("R14", None) is not None:
        settle(step, Finding(STALE, source.name, None, event_us, event_us, message))


def yield_streams(step: Step, source: Source, event_us: int) -> None:
    """The source is lost as a whole, and R17 says so."""
    source.silent.clear()
    if source.ladders.pop("R14", None) is not None:
        message = f"{source.name}: still silent, with its whole source (R17)"
        settle(step, Finding(STALE, source.name, None, event_us, event_us, message))


def is_hushed(state: RoomState, sensor: Sensor) -> bool:
    """Whether its silence is told by its source's R14."""
    source = state.sources.get(sensor.key.partition("/")[0])
    return source is not None and source.hushed


def _is_silent_too(step: Step, source: Source, kind: str) -> bool:
    """Whether a stream has said nothing for half of the time that it is allowed, and its source would tell of it."""
    stream = source.streams.get(kind)
    if stream is None or step.received_us - stream.newest_received_us < stream.patience_us // 2:
        return False
    return kind == "generator" or len(_untold(step.state, source)) >= MANY


def _untold(state: RoomState, source: Source) -> list[Sensor]:
    """Its sensors that were heard and whose silence is not told already."""
    prefix = source.name + "/"
    return [
        sensor
        for key, sensor in state.sensors.items()
        if key.startswith(prefix) and sensor.heard_us is not None and "R14" not in sensor.ladders
    ]
