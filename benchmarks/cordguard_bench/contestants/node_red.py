"""One rule as a Node-RED flow: mqtt in, function, mqtt out; without editor, as a device at the edge would run it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

FLOWS: Final = "flows.json"
CREDENTIALS: Final = "flows_cred.json"
SETTINGS: Final = "settings.js"
READY: Final = "Connected to broker"

RULE: Final = """
const hot = context.get('hot') || {};
const readings = msg.payload.readings;
if (!readings) { return null; }
const celsius = readings[0].temperature_c;
if (hot[msg.topic]) {
    if (celsius <= 43.0) { hot[msg.topic] = false; }
    return null;
}
if (celsius < 45.0) { return null; }
hot[msg.topic] = true;
context.set('hot', hot);
const room = msg.topic.split('/').slice(0, -2).join('/');
const alarm = { rule: 'R01', change: 'raised', event_us: msg.payload.at_us, value: celsius };
return { topic: room + '/transition', payload: JSON.stringify(alarm), qos: 1 };
"""
"""Raise at 45 °C, clear at 43 °C, on the first sensor of each room."""

_SETTINGS: Final = """
module.exports = {
    flowFile: 'flows.json',
    credentialSecret: false,
    httpAdminRoot: false,
    httpNodeRoot: false,
    telemetry: { enabled: false },
    logging: { console: { level: 'info', metrics: false, audit: false } },
};
"""


def write(folder: Path, *, port: int, username: str, password: str, filters: Sequence[str]) -> None:
    """Everything that Node-RED reads at its start."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FLOWS).write_text(json.dumps(flows(port, filters)), encoding="utf-8")
    credentials = {"broker": {"user": username, "password": password}}
    (folder / CREDENTIALS).write_text(json.dumps(credentials), encoding="utf-8")
    (folder / SETTINGS).write_text(_SETTINGS, encoding="utf-8")


def flows(port: int, filters: Sequence[str]) -> list[Mapping[str, Any]]:
    """The flow's nodes."""
    rule = {"func": RULE, "outputs": 1, "libs": [], "wires": [["out"]]}
    out = {"topic": "", "qos": "1", "retain": "false", "broker": "broker", "wires": []}
    return [
        {"id": "tab", "type": "tab", "label": "alarms", "disabled": False},
        _broker(port),
        *(_mqtt_in(f"in-{number}", topic_filter) for number, topic_filter in enumerate(filters)),
        {"id": "rule", "type": "function", "z": "tab", **rule},
        {"id": "out", "type": "mqtt out", "z": "tab", **out},
    ]


def _broker(port: int) -> Mapping[str, Any]:
    return {
        "id": "broker",
        "type": "mqtt-broker",
        "name": "",
        "broker": "127.0.0.1",
        "port": str(port),
        "clientid": "bench-contestant",
        "autoConnect": True,
        "usetls": False,
        "protocolVersion": "4",
        "keepalive": "60",
        "cleansession": False,
    }


def _mqtt_in(name: str, topic_filter: str) -> Mapping[str, Any]:
    return {
        "id": name,
        "type": "mqtt in",
        "z": "tab",
        "topic": topic_filter,
        "qos": "1",
        "datatype": "json",
        "broker": "broker",
        "inputs": 0,
        "wires": [["rule"]],
    }
