"""How much a room takes on. Whoever makes up names must not fill it: silence is judged for every sensor it knows.

What the case lists always has a place, so that rubbish which came first cannot keep it out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from cordguard.contract.lenient import TemperatureFrame
from cordguard.contract.telemetry import Status
from cordguard.engine.state import RoomState

SOURCES_MAX: Final = 32
SENSORS_MAX: Final = 128
TOO_MANY_SOURCES: Final = f"source: this room has {SOURCES_MAX} already, and the case lists no sensor of this one"
TOO_MANY_SENSORS: Final = f"sensor: this room has {SENSORS_MAX} already; those that it does not know are not used"


def admits_source(state: RoomState, name: str) -> bool:
    """Whether a source is known, listed by the case, or one that there is a place for."""
    if name in state.sources or len(state.sources) < SOURCES_MAX:
        return True
    return state.watch is not None and any(entry.sensor.startswith(f"{name}/") for entry in state.watch.case.sensors)


def admitted_readings(state: RoomState, name: str, frame: TemperatureFrame) -> TemperatureFrame:
    """The frame without readings of sensors that there is no place for."""
    if len(state.sensors) + len(frame.samples) <= SENSORS_MAX:
        return frame
    admitted = _admitted(state, name, [sample.sensor for sample in frame.samples])
    samples = tuple(sample for sample in frame.samples if sample.sensor in admitted)
    return frame if len(samples) == len(frame.samples) else replace(frame, samples=samples)


def admitted_status(state: RoomState, name: str, status: Status) -> Status:
    """The status without sensors that there is no place for."""
    admitted = _admitted(state, name, [entry.sensor for entry in status.sensors])
    return status.model_copy(update={"sensors": tuple(entry for entry in status.sensors if entry.sensor in admitted)})


def _admitted(state: RoomState, name: str, sensors: list[str]) -> set[str]:
    known = {sensor for sensor in sensors if f"{name}/{sensor}" in state.sensors}
    new = [sensor for sensor in dict.fromkeys(sensors) if sensor not in known]
    return known | set(new[: max(SENSORS_MAX - len(state.sensors), 0)])
