"""Every field of the wire says its unit in its name, and its meaning in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cordguard.contract.jsonschema import schema_of
from cordguard.contract.topics import TABLE

UNITS = ("us", "ms", "s", "min", "c", "c_per_s", "w", "ohm", "v", "a", "j", "mm", "ml_min", "percent")
WITHOUT_UNIT = {
    # running numbers and identifiers
    "seq", "step", "revision", "index",
    # counts
    "count", "queue", "lines", "samples", "faults", "ablations", "times_raised", "audio_pauses", "alarms_left_out",
    "high", "medium", "low",
    # in the unit of the rule that speaks, and of the field around them (latency_ms)
    "value", "limit", "p50", "p99",
}  # fmt: skip
PAYLOADS = sorted({row.payload for row in TABLE}, key=lambda model: model.__name__)

every_payload = pytest.mark.parametrize(
    "schema", [schema_of(model) for model in PAYLOADS], ids=[model.__name__ for model in PAYLOADS]
)


def fields(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for part in (schema, *schema.get("$defs", {}).values()):
        yield from part.get("properties", {}).items()


@every_payload
def test_numbers_carry_their_unit_in_their_name(schema: dict[str, Any]) -> None:
    numbers = {name for name, field in fields(schema) if field.get("type") in ("number", "integer")}
    bare = {name for name in numbers - WITHOUT_UNIT if not name.endswith(tuple(f"_{unit}" for unit in UNITS))}
    assert bare == set()


@every_payload
def test_every_field_is_described_in_a_sentence(schema: dict[str, Any]) -> None:
    mute = [name for name, field in fields(schema) if not field.get("description", "").endswith(".")]
    assert mute == []


def test_no_name_without_a_unit_is_kept_for_nothing() -> None:
    names = {name for model in PAYLOADS for name, _ in fields(schema_of(model))}
    assert WITHOUT_UNIT - names == set()
