"""The payload examples of the specification, and what a payload may not hold."""

from __future__ import annotations

import json
from typing import TypeVar

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from cordguard.contract.alarms import Transition
from cordguard.contract.case import Case, Mark
from cordguard.contract.commands import AnnunciatorBeat, Command
from cordguard.contract.health import ClockReading, Health
from cordguard.contract.jsonschema import schema_of
from cordguard.contract.summary import SessionSummary
from cordguard.contract.telemetry import GeneratorReading, Status, TemperatureReading
from cordguard.contract.topics import TABLE
from cordguard.contract.units import WireModel
from support.examples import AT_US, EXAMPLES, Json

Model = TypeVar("Model", bound=WireModel)
REQUIRED = {
    GeneratorReading: {"seq", "at_us", "rf_on", "power_w"},
    TemperatureReading: {"seq", "at_us", "readings"},
    Status: {"state", "at_us"},
    Case: {"session", "revision", "state", "opened_us"},
    Mark: {"mark_id", "at_us", "mark"},
    Command: {"command_id", "at_us", "expires_us", "action", "actor", "role"},
    Health: {"state", "at_us", "version"},
    AnnunciatorBeat: {"at_us", "audible"},
    ClockReading: {"at_us"},
}

every_example = pytest.mark.parametrize("model", EXAMPLES, ids=lambda model: model.__name__)


def read(model: type[Model], message: Json) -> Model:
    return model.model_validate_json(json.dumps(message), strict=True)


def test_every_payload_has_an_example() -> None:
    assert set(EXAMPLES) == {row.payload for row in TABLE}


@every_example
def test_the_example_is_read_and_written_unchanged(model: type[WireModel]) -> None:
    wire = read(model, EXAMPLES[model]).to_wire()
    assert json.loads(wire) == EXAMPLES[model]
    Draft202012Validator(schema_of(model)).validate(EXAMPLES[model])


@every_example
def test_optional_keys_are_left_out_never_null(model: type[WireModel]) -> None:
    required = set(schema_of(model)["required"])
    shortest = {key: value for key, value in EXAMPLES[model].items() if key in required or key == "alarm_id"}
    wire = read(model, shortest).to_wire()
    assert b"null" not in wire
    assert required <= json.loads(wire).keys()


@pytest.mark.parametrize(("model", "keys"), REQUIRED.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_required_keys_are_those_of_the_specification(model: type[WireModel], keys: set[str]) -> None:
    assert set(schema_of(model)["required"]) == keys


@every_example
def test_a_missing_required_key_is_refused_by_model_and_schema(model: type[WireModel]) -> None:
    for key in schema_of(model)["required"]:
        message = {name: value for name, value in EXAMPLES[model].items() if name != key}
        with pytest.raises(ValidationError, match=key):
            read(model, message)
        assert not Draft202012Validator(schema_of(model)).is_valid(message)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize(
    ("model", "key"),
    [(GeneratorReading, "power_w"), (Transition, "value"), (Health, "lag_ms"), (SessionSummary, "energy_j")],
)
def test_no_number_is_nan_or_infinite(model: type[WireModel], key: str, number: str) -> None:
    text = json.dumps(EXAMPLES[model] | {key: "HERE"}).replace('"HERE"', number)
    with pytest.raises(ValidationError, match="finite"):
        model.model_validate_json(text, strict=True)


@pytest.mark.parametrize(("model", "key"), [(Health, "detail"), (Transition, "evidence")])
@pytest.mark.parametrize("content", ["NaN", '[1,{"a":Infinity}]', "[[1e999]]"])
def test_free_form_content_holds_no_nan_either(model: type[WireModel], key: str, content: str) -> None:
    text = json.dumps(EXAMPLES[model] | {key: {"x": "HERE"}}).replace('"HERE"', content)
    with pytest.raises(ValidationError, match="finite"):
        model.model_validate_json(text, strict=True)


@pytest.mark.parametrize("model", [GeneratorReading, TemperatureReading, Status, Mark])
def test_unknown_keys_of_devices_are_counted(model: type[WireModel]) -> None:
    known = read(model, EXAMPLES[model])
    newer = read(model, EXAMPLES[model] | {"firmware": "2.0", "extra": {"a": 1}})
    assert (known.unknown_keys, newer.unknown_keys) == (0, 2)  # type: ignore[attr-defined]


def test_unknown_keys_inside_a_reading_are_counted_there() -> None:
    message = {"seq": 1, "at_us": 1, "readings": [{"sensor": "canal", "temperature_c": 40.0, "raw_mv": 1.6}]}
    frame = TemperatureReading.model_validate(message)
    assert (frame.unknown_keys, frame.readings[0].unknown_keys) == (0, 1)


@pytest.mark.parametrize(
    "message",
    [{"sensor": "canal"}, {"sensor": "canal", "temperature_c": None}, {"sensor": "canal", "cold_junction_c": 23.9}],
)
def test_a_reading_says_a_temperature_or_a_fault(message: Json) -> None:
    with pytest.raises(ValidationError, match="temperature_c or fault"):
        TemperatureReading.model_validate({"seq": 1, "at_us": 1, "readings": [message]})


@pytest.mark.parametrize("action", ["acknowledge", "reset"])
def test_acknowledge_and_reset_name_their_alarm(action: str) -> None:
    message = EXAMPLES[Command] | {"action": action}
    del message["alarm_id"]
    with pytest.raises(ValidationError, match=f"alarm_id is required to {action}"):
        read(Command, message)
    assert not Draft202012Validator(schema_of(Command)).is_valid(message)
    assert read(Command, message | {"action": "pause-audio"}).alarm_id is None


def test_a_closed_case_says_when() -> None:
    message = EXAMPLES[Case] | {"state": "closed"}
    with pytest.raises(ValidationError, match="closed_us is required"):
        read(Case, message)
    assert not Draft202012Validator(schema_of(Case)).is_valid(message)
    assert read(Case, message | {"closed_us": AT_US}).closed_us == AT_US


@pytest.mark.parametrize("actor", ["Ann Example", "ann@example", "Ä", "", "-ann", "a" * 129])
def test_an_actor_is_an_identifier_never_a_name(actor: str) -> None:
    with pytest.raises(ValidationError, match="actor"):
        read(Case, EXAMPLES[Case] | {"actor": actor})


@pytest.mark.parametrize(
    "text",
    ['{"at_us":1,"at_us":', "[]", "null", '"x"', "", "{}", '{"at_us":"1"}', '{"at_us":true}'],
)
def test_what_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        ClockReading.model_validate_json(text, strict=True)


def test_messages_cannot_be_changed() -> None:
    clock = ClockReading(at_us=1)
    with pytest.raises(ValidationError, match="frozen"):
        clock.at_us = 2  # type: ignore[misc]
