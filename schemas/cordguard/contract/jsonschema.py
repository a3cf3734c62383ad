"""JSON Schema of every payload, the topic table and the AsyncAPI document, for programs not written in Python.

``python -m cordguard.contract.jsonschema`` writes the files of ``schemas/json``. They say what a sender promises: an
optional key is left out, never null. Our readers are more patient.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from cordguard.contract import asyncapi
from cordguard.contract.topics import PREFIX, TABLE, Topic
from cordguard.contract.units import WireModel

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

FOLDER: Final = Path("schemas/json")
"""Where the files are kept, from the root of the project."""


class _WireSchema(GenerateJsonSchema):
    """Pydantic's generator without null branches, null defaults and titles that repeat a field's name."""

    schema_dialect = DIALECT

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        without_default = schema.get("default", ...) is None
        return self.generate_inner(schema["schema"]) if without_default else super().default_schema(schema)

    def field_title_should_be_set(self, schema: object) -> bool:
        del schema
        return False


def files() -> dict[str, str]:
    """Name and text of every file: one for each payload, ``topics.json`` and ``asyncapi.json``."""
    schemas = {schema_name(model): schema_of(model) for model in _payloads()}
    others = {"topics.json": _topics(), asyncapi.FILE: asyncapi.document(_components())}
    return {name: _text(content) for name, content in sorted({**schemas, **others}.items())}


def schema_of(model: type[WireModel]) -> dict[str, Any]:
    """The JSON Schema of one payload."""
    return {"$schema": DIALECT, **model.model_json_schema(schema_generator=_WireSchema)}


def schema_name(model: type[WireModel]) -> str:
    """The file of a payload: ``GeneratorReading`` is in ``generator-reading.json``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", model.__name__).lower() + ".json"


def write(folder: Path) -> None:
    """Write all files into ``folder`` and remove those of payloads that are no more."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = files()
    for old in folder.glob("*.json"):
        if old.name not in wanted:
            old.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


def _payloads() -> tuple[type[WireModel], ...]:
    return tuple(sorted({row.payload for row in TABLE}, key=lambda model: model.__name__))


def _components() -> dict[str, Any]:
    """All payloads and their parts under one roof, referring to one another as AsyncAPI does."""
    _, together = models_json_schema(
        [(model, "validation") for model in _payloads()],
        ref_template=asyncapi.SCHEMAS + "{model}",
        schema_generator=_WireSchema,
    )
    components: dict[str, Any] = together["$defs"]
    return components


def _topics() -> list[dict[str, Any]]:
    return [_topic(row) for row in TABLE]


def _topic(row: Topic) -> dict[str, Any]:
    return {
        "name": row.name,
        "topic": f"{PREFIX}/{{site}}/{row.template}",
        "payload": schema_name(row.payload),
        "publishers": row.publishers,
        "subscribers": row.subscribers,
        "qos": row.qos,
        "retained": row.retained,
    }


def _text(content: object) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
