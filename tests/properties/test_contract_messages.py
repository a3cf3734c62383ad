"""Model, wire and published schema say the same, for any message."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from cordguard.contract.jsonschema import schema_of
from cordguard.contract.topics import TABLE
from cordguard.contract.units import DeviceModel, WireModel
from support.messages import messages

PAYLOADS = sorted({row.payload for row in TABLE}, key=lambda model: model.__name__)
EXAMPLES = settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])

every_payload = pytest.mark.parametrize("model", PAYLOADS)


@every_payload
@EXAMPLES
@given(data=st.data())
def test_what_the_schema_allows_is_read_and_what_is_written_satisfies_it(
    model: type[WireModel], data: st.DataObject
) -> None:
    message = data.draw(messages(model))
    read = model.model_validate_json(json.dumps(message), strict=True)
    wire = read.to_wire()
    Draft202012Validator(schema_of(model)).validate(json.loads(wire))
    again = model.model_validate_json(wire, strict=True)
    assert again == read
    assert again.to_wire() == wire


@every_payload
@EXAMPLES
@given(data=st.data(), unknown=st.from_regex(r"x_[a-z]{1,8}", fullmatch=True))
def test_unknown_keys_are_counted_from_devices_and_refused_from_everybody_else(
    model: type[WireModel], data: st.DataObject, unknown: str
) -> None:
    message = data.draw(messages(model)) | {unknown: 1}
    if issubclass(model, DeviceModel):
        assert model.model_validate(message).unknown_keys == 1
    else:
        with pytest.raises(ValueError, match=unknown):
            model.model_validate(message)
