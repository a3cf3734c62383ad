"""What is used of a device's frame, and the short way to it: a well-formed frame is validated straight into this.

The constraints are those of ``telemetry``. Whatever is not plainly well-formed gives None here, and is for ``lenient``
to read: an ill value, an unknown key, a sensor named twice, power with the word that RF is off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, NoReturn

from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, with_config

from cordguard.contract.units import (
    PAYLOAD_MAX_BYTES,
    CurrentA,
    Fault,
    FlowMlMin,
    Identifier,
    ImpedanceOhm,
    Level,
    Micros,
    PowerW,
    Sequence,
    TemperatureC,
    VoltageV,
)

RF_ON_POWER_W: Final = 0.5
"""Above this delivered power RF is on, whatever the generator says."""


def _refuse(_: object) -> NoReturn:
    msg = "not a key of the contract"
    raise ValueError(msg)


_WELL_FORMED: Final = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
_OURS: Final = BeforeValidator(_refuse)
"""Marks what we find out about a frame: a key of that name in a message is one that the contract does not know."""


@with_config(_WELL_FORMED)
@dataclass(frozen=True, slots=True)
class SensorSample:
    """One sensor at one moment: a temperature, or a fault."""

    sensor: Level
    temperature_c: TemperatureC | None = None
    fault: Fault | None = None
    cold_junction_c: TemperatureC | None = None


@with_config(_WELL_FORMED)
@dataclass(frozen=True, slots=True)
class TemperatureFrame:
    """What could be read of a TemperatureReading."""

    seq: Sequence
    at_us: Micros
    samples: Annotated[tuple[SensorSample, ...], Field(min_length=1, validation_alias="readings")]
    session: Identifier | None = None
    unknown_keys: Annotated[int, _OURS] = 0
    complaints: Annotated[tuple[str, ...], _OURS] = ()
    """What was wrong in a frame that was used all the same."""


@with_config(_WELL_FORMED)
@dataclass(frozen=True, slots=True)
class GeneratorFrame:
    """What could be read of a GeneratorReading."""

    seq: Sequence
    at_us: Micros
    rf_on: bool
    """RF is on by word (rf_on) or by deed (power above 0.5 W)."""
    power_w: PowerW | None
    """None: it was said, but it was no power."""
    session: Identifier | None = None
    impedance_ohm: ImpedanceOhm | None = None
    power_set_w: PowerW | None = None
    voltage_v: VoltageV | None = None
    current_a: CurrentA | None = None
    temperature_set_c: TemperatureC | None = None
    pump_flow_ml_min: FlowMlMin | None = None
    pad_impedance_ohm: ImpedanceOhm | None = None
    unknown_keys: Annotated[int, _OURS] = 0
    complaints: Annotated[tuple[str, ...], _OURS] = ()


_temperature: Final = TypeAdapter(TemperatureFrame).validator
_generator: Final = TypeAdapter(GeneratorFrame).validator


def well_formed_temperature(payload: bytes) -> TemperatureFrame | None:
    """A temperature frame in which every sensor is named once, with either a temperature or a fault; else None."""
    if len(payload) > PAYLOAD_MAX_BYTES:
        return None
    try:
        frame: TemperatureFrame = _temperature.validate_json(payload)
    except ValidationError:
        return None
    names = set()
    for sample in frame.samples:
        if (sample.temperature_c is None) == (sample.fault is None):
            return None
        names.add(sample.sensor)
    return frame if len(names) == len(frame.samples) else None


def well_formed_generator(payload: bytes) -> GeneratorFrame | None:
    """A generator frame whose word and power say the same of RF; else None."""
    if len(payload) > PAYLOAD_MAX_BYTES:
        return None
    try:
        frame: GeneratorFrame = _generator.validate_json(payload)
    except ValidationError:
        return None
    power_w = frame.power_w
    return frame if power_w is not None and (frame.rf_on or power_w <= RF_ON_POWER_W) else None
