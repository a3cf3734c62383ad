"""Reading what devices really send: bad input costs one reading or one dead letter, and never sight.

A well-formed frame is read the short way (``frames``). Only one that is not is read as the contract has it, and only
one that fails that too is taken apart, and what is good in it is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pydantic import ValidationError
from pydantic_core import from_json

from cordguard.contract.frames import (
    RF_ON_POWER_W,
    GeneratorFrame,
    SensorSample,
    TemperatureFrame,
    well_formed_generator,
    well_formed_temperature,
)
from cordguard.contract.telemetry import GeneratorReading, SensorReading, Status, StatusSensor, TemperatureReading
from cordguard.contract.units import PAYLOAD_MAX_BYTES, WireModel

__all__ = [
    "RF_ON_POWER_W",
    "GeneratorFrame",
    "SensorSample",
    "TemperatureFrame",
    "Unreadable",
    "describe",
    "read",
    "read_generator",
    "read_status",
    "read_temperature",
]

ModelT = TypeVar("ModelT", bound=WireModel)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message that carries nothing usable."""

    reason: str
    """What was expected and what was found, in one sentence."""


def read(model: type[ModelT], payload: bytes, *, size: int | None = None) -> ModelT | Unreadable:
    """A message as ``model``, whole or not at all."""
    if oversized := _oversized(payload, size, model.max_bytes):
        return oversized
    try:
        return model.model_validate_json(payload, strict=True)
    except ValidationError as error:
        return Unreadable(describe(error))


def read_temperature(payload: bytes, *, size: int | None = None) -> TemperatureFrame | Unreadable:
    """A temperature frame; an ill reading becomes ``fault: "invalid"`` and its neighbours count."""
    well_formed = well_formed_temperature(payload) if size is None else None
    if well_formed is not None:
        return well_formed
    frame = read(TemperatureReading, payload, size=size)
    if isinstance(frame, Unreadable):
        return frame if _oversized(payload, size) else _repair_temperature(payload, frame)
    samples = tuple(_sample(reading) for reading in frame.readings)
    unknown = frame.unknown_keys + sum(reading.unknown_keys for reading in frame.readings)
    unique, complaints = _hottest_of_repeated(samples)
    return TemperatureFrame(frame.seq, frame.at_us, unique, frame.session, unknown, complaints)


def read_generator(payload: bytes, *, size: int | None = None) -> GeneratorFrame | Unreadable:
    """A generator frame; an ill optional value is left out, and rf_on or power_w alone still tells whether RF is on."""
    well_formed = well_formed_generator(payload) if size is None else None
    if well_formed is not None:
        return well_formed
    frame = read(GeneratorReading, payload, size=size)
    if isinstance(frame, Unreadable):
        return frame if _oversized(payload, size) else _repair_generator(payload, frame)
    return _generator_frame(frame)


def read_status(payload: bytes, *, size: int | None = None) -> Status | Unreadable:
    """A sign of life; an ill device description or sensor entry is left out."""
    status = read(Status, payload, size=size)
    if not isinstance(status, Unreadable) or _oversized(payload, size):
        return status
    fields = _object(payload)
    if fields is None:
        return status
    entries = fields.pop("sensors", ())
    fields.pop("device", None)
    sensors = tuple(entry for entry in entries if _valid(StatusSensor, entry)) if isinstance(entries, list) else ()
    try:
        return Status.model_validate({**fields, "sensors": sensors}, strict=True)
    except ValidationError:
        return status


def describe(error: ValidationError) -> str:
    """The first thing wrong, as a sentence: which field, what was expected."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "message"
    return f"{field}: {first['msg']}"[:300]


def _oversized(payload: bytes, size: int | None, limit: int = PAYLOAD_MAX_BYTES) -> Unreadable | None:
    true_size = len(payload) if size is None else size
    if true_size > limit:
        return Unreadable(f"message: {true_size} bytes; at most {limit} are read")
    return None


def _object(payload: bytes) -> dict[str, Any] | None:
    try:
        content = from_json(payload, allow_inf_nan=True)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _valid(model: type[WireModel], content: object) -> bool:
    try:
        model.model_validate(content, strict=True)
    except ValidationError:
        return False
    return True


def _sample(reading: SensorReading) -> SensorSample:
    temperature_c = reading.temperature_c if reading.fault is None else None
    return SensorSample(reading.sensor, temperature_c, reading.fault, reading.cold_junction_c)


def _hottest_of_repeated(samples: tuple[SensorSample, ...]) -> tuple[tuple[SensorSample, ...], tuple[str, ...]]:
    """One sample for each sensor; of a sensor named twice the hottest, since that is the one that may matter."""
    names = {sample.sensor for sample in samples}
    if len(names) == len(samples):
        return samples, ()
    by_heat = sorted(samples, key=lambda sample: -1e9 if sample.temperature_c is None else sample.temperature_c)
    hottest = {sample.sensor: sample for sample in by_heat}
    complaint = "readings: a sensor is named more than once; the hottest was used"
    return tuple(hottest[name] for name in sorted(names)), (complaint,)


def _repair_temperature(payload: bytes, refusal: Unreadable) -> TemperatureFrame | Unreadable:
    fields = _object(payload)
    if fields is None or not isinstance(fields.get("readings"), list):
        return refusal
    complaints = [refusal.reason]
    samples = [sample for entry in fields["readings"] if (sample := _repair_sample(entry)) is not None]
    if not samples:
        return Unreadable(f"temperature frame without a reading that names its sensor ({refusal.reason})")
    # Seq, time and stamp must be good on their own: they are checked with one reading that certainly is.
    head: dict[str, Any] = {key: fields[key] for key in ("seq", "at_us", "session") if key in fields}
    probe = [{"sensor": "a", "fault": "invalid"}]
    if "session" in head and not _valid_head(head, probe):
        complaints.append("session: left out, not an identifier")
        del head["session"]
    if not _valid_head(head, probe):
        return refusal
    unique, repeated = _hottest_of_repeated(tuple(samples))
    unknown = _unknown_keys(TemperatureReading, fields)
    unknown += sum(_unknown_keys(SensorReading, entry) for entry in fields["readings"] if isinstance(entry, dict))
    return TemperatureFrame(
        head["seq"], head["at_us"], unique, head.get("session"), unknown, complaints=(*complaints, *repeated)
    )


def _unknown_keys(model: type[WireModel], content: dict[str, Any]) -> int:
    return len(content.keys() - model.model_fields.keys())


def _valid_head(head: dict[str, Any], probe: list[dict[str, str]]) -> bool:
    try:
        TemperatureReading.model_validate({**head, "readings": tuple(probe)}, strict=True)
    except ValidationError:
        return False
    return True


def _repair_sample(entry: object) -> SensorSample | None:
    """What an entry says of its sensor: itself if good, else ``invalid``; None if it names no sensor."""
    if not isinstance(entry, dict):
        return None
    if not _valid(SensorReading, {"sensor": entry.get("sensor"), "fault": "invalid"}):
        return None
    without_terminals = {key: value for key, value in entry.items() if key != "cold_junction_c"}
    for candidate in (entry, without_terminals):
        try:
            return _sample(SensorReading.model_validate(candidate, strict=True))
        except ValidationError:
            continue
    return SensorSample(entry["sensor"], None, "invalid")


def _generator_frame(
    frame: GeneratorReading, *, power_known: bool = True, unknown_keys: int = 0, complaints: tuple[str, ...] = ()
) -> GeneratorFrame:
    return GeneratorFrame(
        frame.seq,
        frame.at_us,
        frame.rf_on or frame.power_w > RF_ON_POWER_W,
        frame.power_w if power_known else None,
        frame.session,
        frame.impedance_ohm,
        temperature_set_c=frame.temperature_set_c,
        unknown_keys=frame.unknown_keys + unknown_keys,
        complaints=complaints,
    )


def _repair_generator(payload: bytes, refusal: Unreadable) -> GeneratorFrame | Unreadable:
    fields = _object(payload)
    if fields is None:
        return refusal
    unknown = _unknown_keys(GeneratorReading, fields)
    fields = {key: value for key, value in fields.items() if key in GeneratorReading.model_fields}
    delivers = _claims_power(fields.get("power_w"))
    power_known = _good_field(fields, "power_w")
    word_known = _good_field(fields, "rf_on")
    if not power_known and not word_known and not delivers:
        return refusal
    if not power_known:
        fields["power_w"] = 0.0
    if not word_known:
        fields["rf_on"] = False
    fields["rf_on"] |= delivers
    good = {key: value for key, value in fields.items() if _is_required(key) or _good_field(fields, key)}
    try:
        frame = GeneratorReading.model_validate(good, strict=True)
    except ValidationError as error:
        return Unreadable(describe(error))
    return _generator_frame(frame, power_known=power_known, unknown_keys=unknown, complaints=(refusal.reason,))


def _claims_power(content: object) -> bool:
    """Whether a value says that RF is delivered, even if it is too much to be believed as a power."""
    return isinstance(content, (int, float)) and not isinstance(content, bool) and content > RF_ON_POWER_W


def _is_required(key: str) -> bool:
    return GeneratorReading.model_fields[key].is_required()


_GOOD_GENERATOR: Final[dict[str, Any]] = {"seq": 0, "at_us": 0, "rf_on": False, "power_w": 0.0}


def _good_field(fields: dict[str, Any], key: str) -> bool:
    """Whether one field of a generator frame is good, all others being good."""
    return fields.get(key) is not None and _valid(GeneratorReading, {**_GOOD_GENERATOR, key: fields[key]})
