"""Arbitrary messages: Hypothesis strategies made from the JSON Schema that the contract publishes."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from cordguard.contract.jsonschema import schema_of
from cordguard.contract.units import WireModel

Json = dict[str, Any]

_NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
_ANY_JSON = st.recursive(
    st.none() | st.booleans() | _NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@cache
def messages(model: type[WireModel]) -> st.SearchStrategy[Json]:
    """Messages that the model's JSON Schema allows, with and without their optional keys."""
    schema = schema_of(model)
    return _object(schema, schema.get("$defs", {})).filter(Draft202012Validator(schema).is_valid)


def _value(schema: Json, definitions: Json) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return _value(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema.get("type"):
        case "object":
            return _object(schema, definitions)
        case "array":
            items = _value(schema["items"], definitions)
            return st.lists(items, min_size=schema.get("minItems", 0), max_size=3)
        case "string":
            return _string(schema)
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(schema.get("minimum"), schema.get("maximum", 2**63 - 1))
        case "number":
            return st.floats(schema.get("minimum"), schema.get("maximum"), allow_nan=False, allow_infinity=False)
        case _:
            return _ANY_JSON


def _object(schema: Json, definitions: Json) -> st.SearchStrategy[Json]:
    if "properties" not in schema:
        return st.dictionaries(st.text(), _ANY_JSON, max_size=3)
    members = {key: _value(member, definitions) for key, member in schema["properties"].items()}
    required = set(schema.get("required", ()))
    return st.fixed_dictionaries(
        {key: value for key, value in members.items() if key in required},
        optional={key: value for key, value in members.items() if key not in required},
    )


def _string(schema: Json) -> st.SearchStrategy[str]:
    if "pattern" in schema:
        text = st.from_regex(re.compile(schema["pattern"]), fullmatch=True)
        return text.filter(lambda found: len(found) <= schema.get("maxLength", len(found)))
    return st.text(min_size=schema.get("minLength", 0), max_size=min(schema.get("maxLength", 100), 100))
