"""Payloads of the load: whole frames as a device sends them, encoded once; only number and time are put in later.

``seq`` and ``at_us`` keep their number of digits, so every frame of a kind has one length.
"""

from __future__ import annotations

import json
import random
from typing import Any, Final

from cordguard.contract.case import Case, CaseSensor
from cordguard.contract.telemetry import Status, StatusSensor
from cordguard_bench.workload import SOURCE, room_name

FIRST_SEQ: Final = 1_000_000
"""Seven digits, and still so after two hours at a thousand frames a second."""
VARIANTS: Final = 50
"""Different frames of a kind; a device goes through them in turn."""
COOL_C: Final = 37.0
HOT_C: Final = 45.6
NOISE_C: Final = 0.05

SENSORS: Final[dict[str, Any]] = {"canal": "neural", "root": "neural", "tip": "probe", "edge": "edge"}
"""Each device's thermocouples and what they guard; the canal's stands first and is the one that crosses."""

_HEAD: Final = b'{"seq":%d,"at_us":%d,'


def generator_frames(seed: int) -> list[bytes]:
    """Generator frames with a place for number and time."""
    dice = random.Random(seed)  # noqa: S311 - noise of a device, no secret
    return [
        _template(
            rf_on=True,
            power_w=round(9.8 + dice.uniform(-0.1, 0.1), 2),
            impedance_ohm=round(112.0 + dice.uniform(-0.5, 0.5), 1),
            power_set_w=10.0,
            voltage_v=33.2,
            current_a=0.295,
            temperature_set_c=70.0,
            pump_flow_ml_min=30.0,
            pad_impedance_ohm=60.0,
        )
        for _ in range(VARIANTS)
    ]


def temperature_frames(seed: int, canal_c: float) -> list[bytes]:
    """Temperature frames with a place for number and time, the canal's sensor at about ``canal_c``."""
    dice = random.Random(seed)  # noqa: S311 - as above
    around = {"canal": canal_c, "root": COOL_C, "tip": 70.0, "edge": 43.0}

    def reading(sensor: str) -> dict[str, object]:
        temperature_c = round(around[sensor] + dice.uniform(-NOISE_C, NOISE_C), 2)
        return {"sensor": sensor, "temperature_c": temperature_c, "cold_junction_c": 23.9}

    return [_template(readings=[reading(sensor) for sensor in SENSORS]) for _ in range(VARIANTS)]


def case_of(room: int, opened_us: int) -> Case:
    """The case that is open in a room while it is measured."""
    return Case(
        session=f"bench-{room_name(room)}",
        revision=1,
        state="open",
        opened_us=opened_us,
        profile="standard",
        posterior_wall="intact",
        sensors=tuple(CaseSensor(sensor=f"{SOURCE}/{name}", role=role) for name, role in SENSORS.items()),
    )


def status_of(at_us: int) -> Status:
    """What a device says at its birth."""
    sensors = tuple(StatusSensor(sensor=name, role=role) for name, role in SENSORS.items())
    return Status(state="online", at_us=at_us, sensors=sensors)


def _template(**fields: Any) -> bytes:  # noqa: ANN401 - a frame's fields as they stand in JSON
    return _HEAD + json.dumps(fields, separators=(",", ":")).encode()[1:]
