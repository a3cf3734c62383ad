"""From a message to the rows it holds. Pure: no clock, no store, no network.

Device payloads are read as leniently as safety reads them: an ill reading is kept as ``fault: "invalid"``, its
neighbours count. What cannot be read at all is not kept here; safety publishes its dead letter, which is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Final

from cordguard.contract import topics
from cordguard.contract.alarms import Transition
from cordguard.contract.case import Case, Mark
from cordguard.contract.health import Rejected
from cordguard.contract.lenient import Unreadable, read, read_generator, read_temperature
from cordguard.contract.telemetry import GeneratorReading
from cordguard.contract.vitals import SensorVitals, Vitals
from cordguard.recorder.rows import (
    CaseRow,
    GeneratorRow,
    MarkRow,
    RejectedRow,
    Row,
    TemperatureRow,
    TransitionRow,
    VitalsRow,
)

NO_SENSOR: Final = "-"
"""Stands where a sensor is meant but none was named: an InfluxDB tag cannot be empty."""

INTEGER_MAX: Final = 2**63 - 1
"""The largest integer of SQLite and of InfluxDB."""


def rows_of(topic: str, payload: bytes) -> tuple[Row, ...] | Unreadable:
    """The rows of a message; none for what is not ours to keep, such as the canary's."""
    parsed = topics.parse(topic)
    if parsed is None:
        return Unreadable("topic: not one of the contract's")
    reader = _READERS.get(parsed.topic.name)
    if reader is None or parsed.room is None:
        return ()
    rows = reader(parsed.site, parsed.room, parsed.source or NO_SENSOR, payload)
    return rows if isinstance(rows, Unreadable) else _storable(rows)


def split_sensor(key: str) -> tuple[str, str]:
    """Source and sensor of a ``source/sensor`` key; a bare source has the sensor ``-``."""
    source, _, sensor = key.partition("/")
    return source, sensor or NO_SENSOR


def _storable(rows: tuple[Row, ...]) -> tuple[Row, ...] | Unreadable:
    """The rows, if every number fits the store: a counter that the contract leaves open may not."""
    for row in rows:
        for column in row.__slots__:
            value = getattr(row, column)
            if isinstance(value, int) and value > INTEGER_MAX:
                return Unreadable(f"{column}: {value} is more than a 64-bit number holds")
    return rows


def _temperature(site: str, room: str, source: str, payload: bytes) -> tuple[Row, ...] | Unreadable:
    frame = read_temperature(payload)
    if isinstance(frame, Unreadable):
        return frame
    return tuple(
        TemperatureRow(
            site=site,
            room=room,
            source=source,
            sensor=sample.sensor,
            at_us=frame.at_us,
            seq=frame.seq,
            session=frame.session,
            temperature_c=sample.temperature_c,
            fault=sample.fault,
            cold_junction_c=sample.cold_junction_c,
        )
        for sample in frame.samples
    )


def _generator(site: str, room: str, source: str, payload: bytes) -> tuple[Row, ...] | Unreadable:
    frame = read_generator(payload)
    if isinstance(frame, Unreadable):
        return frame
    # A frame that needed repair keeps what safety uses of it; only a whole one is trusted for the rest.
    whole = read(GeneratorReading, payload)
    rest = None if isinstance(whole, Unreadable) else whole
    return (
        GeneratorRow(
            site=site,
            room=room,
            source=source,
            at_us=frame.at_us,
            seq=frame.seq,
            session=frame.session,
            rf_on=frame.rf_on,
            power_w=frame.power_w,
            impedance_ohm=frame.impedance_ohm,
            power_set_w=rest.power_set_w if rest else None,
            voltage_v=rest.voltage_v if rest else None,
            current_a=rest.current_a if rest else None,
            temperature_set_c=frame.temperature_set_c,
            pump_flow_ml_min=rest.pump_flow_ml_min if rest else None,
            pad_impedance_ohm=rest.pad_impedance_ohm if rest else None,
        ),
    )


def _vitals(site: str, room: str, source: str, payload: bytes) -> tuple[Row, ...] | Unreadable:
    del source
    vitals = read(Vitals, payload)
    if isinstance(vitals, Unreadable):
        return vitals
    return tuple(_sensor_vitals(site, room, vitals, sensor) for sensor in vitals.sensors)


def _sensor_vitals(site: str, room: str, vitals: Vitals, seen: SensorVitals) -> VitalsRow:
    source, sensor = split_sensor(seen.sensor)
    limits, forecast = seen.limits, seen.forecast
    return VitalsRow(
        site=site,
        room=room,
        source=source,
        sensor=sensor,
        at_us=vitals.as_of_us,
        session=vitals.session,
        role=seen.role,
        profile=vitals.profile,
        rf_on=vitals.rf_on,
        temperature_c=seen.temperature_c,
        fault=seen.fault,
        age_ms=seen.age_ms,
        slope_c_per_s=seen.slope_c_per_s,
        cem43_min=seen.cem43_min,
        dose_estimated=seen.dose_estimated,
        warn_c=limits.warn_c if limits else None,
        stop_c=limits.stop_c if limits else None,
        cem43_limit_min=limits.cem43_min if limits else None,
        limit_in_s=forecast.limit_in_s if forecast else None,
        peak_if_stopped_c=forecast.peak_if_stopped_c if forecast else None,
        peak_sd_c=forecast.peak_sd_c if forecast else None,
    )


def _transition(site: str, room: str, source: str, payload: bytes) -> tuple[Row, ...] | Unreadable:
    del source
    transition = read(Transition, payload)
    if isinstance(transition, Unreadable):
        return transition
    evidence = transition.evidence
    text = None if evidence is None else json.dumps(evidence, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return (TransitionRow(site=site, room=room, evidence=text, **transition.model_dump(exclude={"evidence"})),)


def _case(site: str, room: str, source: str, payload: bytes) -> tuple[Row, ...] | Unreadable:
    del source
    case = read(Case, payload)
    if isinstance(case, Unreadable):
        return case
    return (CaseRow(site, room, case.session, case.revision, payload),)


def _mark(site: str, room: str, source: str, payload: bytes) -> tuple[Row, ...] | Unreadable:
    del source
    mark = read(Mark, payload)
    if isinstance(mark, Unreadable):
        return mark
    return (MarkRow(site, room, mark.mark_id, mark.at_us, mark.mark, payload),)


def _rejected(site: str, room: str, source: str, payload: bytes) -> tuple[Row, ...] | Unreadable:
    del source
    letter = read(Rejected, payload)
    if isinstance(letter, Unreadable):
        return letter
    digest = hashlib.sha256(payload).hexdigest()
    return (RejectedRow(site, room, digest, letter.received_us, letter.topic, letter.reason, payload),)


_Reader = Callable[[str, str, str, bytes], tuple[Row, ...] | Unreadable]

_READERS: Final[dict[str, _Reader]] = {
    topics.TEMPERATURE.name: _temperature,
    topics.GENERATOR.name: _generator,
    topics.VITALS.name: _vitals,
    topics.TRANSITION.name: _transition,
    topics.CASE.name: _case,
    topics.MARK.name: _mark,
    topics.REJECTED.name: _rejected,
}
