"""The AsyncAPI 3.0 document: the whole wire as one description that other people's tools read.

It is made from the topic table and the payload models alone, so it cannot say anything else than they do.
``python -m cordguard.contract.jsonschema`` writes it beside the JSON Schemas, as ``asyncapi.json``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from cordguard.contract.topics import PREFIX, RESERVED_ROOMS, TABLE, Party, Topic
from cordguard.contract.units import LEVEL_PATTERN

FILE: Final = "asyncapi.json"
SCHEMAS: Final = "#/components/schemas/"
"""Where a payload's schema stands in the document."""

WIRE_VERSION: Final = PREFIX.rpartition("/")[2].removeprefix("v")

Json = dict[str, Any]
Action = Literal["send", "receive"]

_VERBS: Final[Mapping[Action, str]] = {"send": "publishes", "receive": "receives"}
_LEVELS: Final[Mapping[str, str]] = {
    "site": "The site: one hospital or one laboratory.",
    "room": f"The procedure room; never one of the reserved names {', '.join(sorted(RESERVED_ROOMS))}.",
    "source": "The device or gateway that speaks.",
    "service": "The service that speaks of itself.",
    "instance": "Tells two copies of one service apart.",
}
_INFO: Final[Json] = {
    "title": "Cordguard",
    "version": WIRE_VERSION,
    "description": (
        "Telemetry and alarms of RF ablation near the spine, over MQTT 3.1.1. Advisory: no topic commands a generator. "
        "The document describes the whole wire: an operation that sends names who may publish there, one that receives "
        "names who may subscribe. Optional keys are left out, never null."
    ),
    "license": {"name": "Apache-2.0"},
}


def document(schemas: Mapping[str, Json]) -> Json:
    """The document.

    Args:
        schemas: JSON Schema of each payload and of each part of one, by the model's name; references within them
            begin with ``SCHEMAS``.
    """
    return {
        "asyncapi": "3.0.0",
        "info": _INFO,
        "defaultContentType": "application/json",
        "servers": {"broker": _broker()},
        "channels": {row.name: _channel(row) for row in TABLE},
        "operations": {f"{action}-{row.name}": _operation(row, action) for row in TABLE for action in _VERBS},
        "components": {
            "messages": {row.payload.__name__: _message(row) for row in TABLE},
            "schemas": dict(schemas),
            "securitySchemes": {"account": {"type": "userPassword", "description": "One account for each party."}},
        },
    }


def _broker() -> Json:
    return {
        "host": "127.0.0.1:1883",
        "protocol": "mqtt",
        "protocolVersion": "3.1.1",
        "description": "The broker of the site, at the edge. Its accounts and permissions follow this document.",
        "security": [{"$ref": "#/components/securitySchemes/account"}],
    }


def _channel(row: Topic) -> Json:
    address = f"{PREFIX}/{{site}}/{row.template}"
    return {
        "address": address,
        "description": _sentence(row),
        "messages": {row.payload.__name__: {"$ref": f"#/components/messages/{row.payload.__name__}"}},
        "parameters": {
            level: {"description": f"{_LEVELS[level]} Matches {LEVEL_PATTERN}."}
            for level in re.findall(r"\{(\w+)\}", address)
        },
    }


def _operation(row: Topic, action: Action) -> Json:
    parties = row.publishers if action == "send" else row.subscribers
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{row.name}"},
        "summary": f"{_listed(parties)} {_VERBS[action]} {row.payload.__name__}.",
        "description": _sentence(row),
        "messages": [{"$ref": f"#/channels/{row.name}/messages/{row.payload.__name__}"}],
        "tags": [{"name": party} for party in parties],
        "bindings": {"mqtt": _binding(row, action)},
        "x-publishers": list(row.publishers),
        "x-subscribers": list(row.subscribers),
    }


def _binding(row: Topic, action: Action) -> Json:
    """QoS of both directions; retaining is a publisher's affair."""
    retain = {"retain": row.retained} if action == "send" else {}
    return {"qos": row.qos, **retain, "bindingVersion": "0.2.0"}


def _message(row: Topic) -> Json:
    name = row.payload.__name__
    described = (row.payload.__doc__ or "").strip()
    return {"name": name, "summary": described, "payload": {"$ref": SCHEMAS + name}}


def _sentence(row: Topic) -> str:
    retained = "retained" if row.retained else "never retained"
    return f"From {_listed(row.publishers)} to {_listed(row.subscribers)}; QoS {row.qos}, {retained}."


def _listed(parties: Iterable[Party]) -> str:
    return ", ".join(parties)
