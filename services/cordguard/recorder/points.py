"""From a row to the line of InfluxDB that stands for it. Pure, and final: a point once written is never changed.

Floats are always written as floats and integers as integers, since InfluxDB fixes a field's type for ever at its first
point; what is absent or not finite is left out, since it has no word for either.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Final

from cordguard.recorder.intake import NO_SENSOR
from cordguard.recorder.rows import GeneratorRow, TemperatureRow, TransitionRow, VitalsRow

PointRow = TemperatureRow | GeneratorRow | VitalsRow | TransitionRow
"""The rows that InfluxDB gets. Cases, marks and dead letters stay in the store: they are records, not series."""

FieldValue = float | int | bool | str

NANOS_PER_MICRO: Final = 1_000
_HASH_BITS: Final = 0x1FF
"""The low 9 bits (0–511) fit below a microsecond: transitions of one microsecond do not merge."""


@dataclass(frozen=True, slots=True)
class Point:
    """One point of InfluxDB."""

    measurement: str
    tags: tuple[tuple[str, str], ...]
    fields: tuple[tuple[str, FieldValue], ...]
    time_ns: int


def point_of(row: PointRow) -> Point:
    """The point that stands for a row. It always has a field: seq, step and rf_on are never absent."""
    measurement, tags, left_out = _SHAPES[type(row)]
    values = {name: getattr(row, name) for name in row.__slots__}
    fields = tuple(
        (name, value) for name, value in values.items() if name not in tags and name not in left_out and _present(value)
    )
    return Point(measurement, tuple((tag, values[tag] or NO_SENSOR) for tag in tags), fields, time_ns(row))


def time_ns(row: PointRow) -> int:
    """When the point stands, in nanoseconds since 1970-01-01 UTC."""
    if isinstance(row, TransitionRow):
        return row.event_us * NANOS_PER_MICRO + _low_bits(row.alarm_id, row.step)
    return row.at_us * NANOS_PER_MICRO


def line_of(point: Point) -> str:
    """The point in line protocol, without a line feed."""
    tags = "".join(f",{_escape(name)}={_escape(value)}" for name, value in point.tags)
    fields = ",".join(f"{_escape(name)}={_encode(value)}" for name, value in point.fields)
    return f"{_escape(point.measurement)}{tags} {fields} {point.time_ns}"


def _low_bits(alarm_id: str, step: int) -> int:
    digest = hashlib.sha256(f"{alarm_id}\n{step}".encode()).digest()
    return int.from_bytes(digest, "big") & _HASH_BITS


def _present(value: FieldValue | None) -> bool:
    return value is not None and (not isinstance(value, float) or math.isfinite(value))


def _encode(value: FieldValue) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return f"{value}i"
        case float():
            return repr(value)
        case _:
            text = value.replace("\\", "\\\\").replace('"', '\\"').replace("\r", " ").replace("\n", " ")
            return f'"{text}"'


def _escape(name: str) -> str:
    """A measurement, tag or field name; the contract lets no backslash or line break into one."""
    return name.replace(",", "\\,").replace(" ", "\\ ").replace("=", "\\=")


_PLACE: Final = ("site", "room", "source")
_SHAPES: Final[dict[type[PointRow], tuple[str, tuple[str, ...], frozenset[str]]]] = {
    # row: measurement, tags, and the columns that are no fields (the time, and what only the store keeps)
    TemperatureRow: ("temperature", (*_PLACE, "sensor"), frozenset({"at_us"})),
    GeneratorRow: ("generator", _PLACE, frozenset({"at_us"})),
    VitalsRow: ("vitals", (*_PLACE, "sensor"), frozenset({"at_us"})),
    TransitionRow: (
        "transition",
        ("site", "room", "rule", "sensor", "priority", "change"),
        frozenset({"event_us", "policy", "evidence"}),
    ),
}

POINT_COLUMNS: Final[dict[str, frozenset[str]]] = {
    measurement: frozenset(row.__slots__) - left_out for row, (measurement, _, left_out) in _SHAPES.items()
}
"""The names of the tags and fields of each measurement: what queries may ask for."""
