"""The AsyncAPI document: valid by the official schema, whole, and true to the topic table and the payloads.

That the committed one is the generated one is proven with the other schema files.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from cordguard.contract import asyncapi, jsonschema
from cordguard.contract.topics import PREFIX, TABLE, Topic
from cordguard.contract.units import WireModel
from support.examples import EXAMPLES
from support.sources import ROOT

NPM = ROOT / "tests" / "npm"
OFFICIAL = NPM / "node_modules" / "@asyncapi" / "specs" / "schemas" / "3.0.0.json"
HOW_TO_INSTALL = "the official schema is not installed; run: npm ci --prefix tests/npm (scripts/test does it)"

DOCUMENT: dict[str, Any] = json.loads((ROOT / jsonschema.FOLDER / asyncapi.FILE).read_text(encoding="utf-8"))


@cache
def official(path: Path = OFFICIAL) -> Draft7Validator:
    assert path.exists(), HOW_TO_INSTALL
    return Draft7Validator(json.loads(path.read_text(encoding="utf-8")))


def message_validator(model: type[WireModel]) -> Draft7Validator:
    """Of a message's payload, as a reader of the document finds it."""
    registry = Registry().with_resource("urn:document", Resource.from_contents(DOCUMENT, default_specification=DRAFT7))
    payload = DOCUMENT["components"]["messages"][model.__name__]["payload"]["$ref"]
    return Draft7Validator({"$ref": f"urn:document{payload}"}, registry=registry)


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for member in node.values():
            yield from references(member)
    elif isinstance(node, list):
        for member in node:
            yield from references(member)


def test_the_document_is_valid_by_the_official_schema() -> None:
    assert [error.message for error in official().iter_errors(DOCUMENT)] == []


@pytest.mark.parametrize(
    ("place", "key"),
    [(("operations", "send-case"), "channel"), (("operations", "send-case"), "action"), ((), "info")],
)
def test_the_official_schema_notices_what_is_missing(place: tuple[str, ...], key: str) -> None:
    broken = copy.deepcopy(DOCUMENT)
    node = broken
    for step in place:
        node = node[step]
    del node[key]
    assert not official().is_valid(broken)


def test_every_reference_leads_somewhere() -> None:
    found = set(references(DOCUMENT))
    assert found
    for reference in found:
        node = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_each_topic_tells_who_publishes_and_who_receives_and_how(row: Topic) -> None:
    channel = DOCUMENT["channels"][row.name]
    send, receive = (DOCUMENT["operations"][f"{action}-{row.name}"] for action in ("send", "receive"))
    assert channel["address"] == f"{PREFIX}/{{site}}/{row.template}"
    assert all(f"{{{level}}}" in channel["address"] for level in channel["parameters"])
    assert (send["action"], receive["action"]) == ("send", "receive")
    assert {tag["name"] for tag in send["tags"]} == set(row.publishers)
    assert {tag["name"] for tag in receive["tags"]} == set(row.subscribers)
    assert send["bindings"]["mqtt"] == {"qos": row.qos, "retain": row.retained, "bindingVersion": "0.2.0"}
    assert receive["bindings"]["mqtt"]["qos"] == row.qos
    for operation in (send, receive):
        assert operation["channel"] == {"$ref": f"#/channels/{row.name}"}
        assert operation["x-publishers"] == list(row.publishers)
        assert operation["x-subscribers"] == list(row.subscribers)


def test_the_document_names_every_topic_and_nothing_else() -> None:
    assert set(DOCUMENT["channels"]) == {row.name for row in TABLE}
    assert len(DOCUMENT["operations"]) == 2 * len(TABLE)


@pytest.mark.parametrize("name", sorted(DOCUMENT["components"]["schemas"]))
def test_every_payload_schema_is_one(name: str) -> None:
    Draft7Validator.check_schema(DOCUMENT["components"]["schemas"][name])


@pytest.mark.parametrize("model", EXAMPLES, ids=lambda model: model.__name__)
def test_every_example_is_valid_by_its_message_and_nonsense_is_not(model: type[WireModel]) -> None:
    validator = message_validator(model)
    assert [error.message for error in validator.iter_errors(EXAMPLES[model])] == []
    for required in validator_required(model):
        assert not validator.is_valid({key: value for key, value in EXAMPLES[model].items() if key != required})


def validator_required(model: type[WireModel]) -> list[str]:
    required: list[str] = DOCUMENT["components"]["schemas"][model.__name__]["required"]
    assert required
    return required


def test_every_payload_has_an_example() -> None:
    assert set(EXAMPLES) == {row.payload for row in TABLE}
