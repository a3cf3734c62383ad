"""A long case at 40 messages a second, made fast: what counts is its length, and that alarms come and go in it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, Final

from cordguard.contract.capture import CapturedInput
from support.journals import START_US, S, topic

DEVICES: Final = ("gen-1", "gen-2")
SENSORS: Final = (("canal", "neural"), ("root", "neural"), ("tip", "probe"))
TWO_HOURS_S: Final = 7_200
RF_EVERY_S: Final = 600
"""Ten minutes from one ablation to the next; two of them with RF."""


def long_case(seconds: int = TWO_HOURS_S) -> Iterator[CapturedInput]:
    """A case and what two devices say in it: two generator and two temperature frames each tenth of a second."""
    yield CapturedInput(START_US, topic("case"), _json(_case()))
    for number in range(1, seconds * 10 + 1):
        at_us = START_US + number * S // 10
        head = {"seq": number, "at_us": at_us}
        rf_s = number / 10 % RF_EVERY_S
        heat_c = 9.0 * math.sin(math.pi * rf_s / 200.0) if rf_s < 200.0 else 0.0
        power_w = 10.0 if rf_s < 120.0 else 0.0
        generator = head | {"rf_on": power_w > 0, "power_w": power_w, "impedance_ohm": 100.0 + rf_s % 7}
        readings = [{"sensor": name, "temperature_c": round(37.0 + heat_c, 3)} for name, _ in SENSORS]
        for device in DEVICES:
            if number % 10 == 1:
                yield CapturedInput(at_us, topic(f"{device}/status"), _json({"state": "online", "at_us": at_us}))
            yield CapturedInput(at_us, topic(f"{device}/generator"), _json(generator))
            yield CapturedInput(at_us, topic(f"{device}/temperature"), _json(head | {"readings": readings}))


def _case() -> dict[str, Any]:
    sensors = [{"sensor": f"{device}/{name}", "role": role} for device in DEVICES for name, role in SENSORS]
    head = {"session": "s-1", "revision": 1, "state": "open", "opened_us": START_US, "profile": "standard"}
    return head | {"posterior_wall": "intact", "sensors": sensors}


def _json(message: dict[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()
