"""The one rule that the Python peers have: raise at 45 °C, clear at 43 °C, on the first sensor of each room.

Imports nothing of ours: it runs in the peers' own processes.
"""

from __future__ import annotations

import json
from typing import Any, Final

RAISE_C: Final = 45.0
CLEAR_C: Final = 43.0


def judge(frame: dict[str, Any], *, hot: bool) -> tuple[bool, bytes | None]:
    """Whether a room is hot now that its newest frame came, and the alarm to publish if it has just become so."""
    temperature_c = frame["readings"][0]["temperature_c"]
    if hot:
        return temperature_c > CLEAR_C, None
    if temperature_c < RAISE_C:
        return False, None
    alarm = {"rule": "R01", "change": "raised", "event_us": frame["at_us"], "value": temperature_c}
    return True, json.dumps(alarm, separators=(",", ":")).encode()


def alarm_topic(telemetry: str) -> str:
    """Where the alarm of a temperature topic goes."""
    return telemetry.rsplit("/", 2)[0] + "/transition"
