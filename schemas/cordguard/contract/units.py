"""The quantities and names of the wire: one type for each, so that a field says its unit and its range once.

Times are integers of microseconds since 1970-01-01 UTC. Temperatures are degrees Celsius, powers watts, impedances
ohms.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

LEVEL_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"
"""What one topic level, and so a site, room, source or sensor name, looks like."""

TEMPERATURE_MIN_C = -50.0
TEMPERATURE_MAX_C = 400.0
"""A temperature outside this range is no measurement of tissue or device: it becomes ``fault: "invalid"``."""

PAYLOAD_MAX_BYTES = 64 * 1024
"""A longer message is refused whole."""

OWN_MAX_BYTES = 1024 * 1024
"""The same for what safety says of a whole room or session: it grows with its sensors and alarms."""

Level = Annotated[str, Field(pattern=LEVEL_PATTERN)]
"""One topic level: lower-case letters, digits and hyphens, at most 63 of them."""

SensorKey = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}(/[a-z0-9][a-z0-9-]{0,62})?$")]
"""``source/sensor`` names one sensor of a room; a bare ``source`` names a device as a whole."""

TIME_MAX_US = 9_000_000_000_000_000
"""The latest time that can be said."""

Micros = Annotated[int, Field(ge=0, le=TIME_MAX_US)]
"""Microseconds since 1970-01-01 UTC (up to the year 2255)."""

Sequence = Annotated[int, Field(ge=0, le=2**63 - 1)]
"""A source's running number, one for each message of one kind."""

Identifier = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$")]
"""An opaque identifier (session, procedure, actor, command, mark): never a name, never free text."""

Word = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9_-]*$")]
"""A coded word from a closed vocabulary that this version may not know yet (level, structure, reason)."""

Text = Annotated[str, Field(max_length=500)]
"""One sentence for a person."""

PolicyHash = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
"""``sha256:`` and the hash of the limits in force, over their canonical JSON."""

TemperatureC = Annotated[float, Field(ge=TEMPERATURE_MIN_C, le=TEMPERATURE_MAX_C)]
PowerW = Annotated[float, Field(ge=0.0, le=1_000.0)]
ImpedanceOhm = Annotated[float, Field(ge=0.0, le=1_000_000.0)]
VoltageV = Annotated[float, Field(ge=0.0, le=10_000.0)]
CurrentA = Annotated[float, Field(ge=0.0, le=1_000.0)]
FlowMlMin = Annotated[float, Field(ge=0.0, le=10_000.0)]

Role = Literal["neural", "tissue", "probe", "edge"]
"""What a sensor guards: nerve or cord, tissue between, the electrode itself, the edge of the lesion."""

Fault = Literal["open", "short", "range", "invalid"]
"""Why a sensor has no temperature."""

Priority = Literal["high", "medium", "low", "info"]
Kind = Literal["physiological", "technical"]
ProfileName = Literal["standard", "near", "breached", "unknown"]
PosteriorWall = Literal["intact", "breached", "unknown"]
Lesion = Literal["lytic", "mixed", "sclerotic"]
Electrode = Literal["bipolar", "monopolar"]
HealthState = Literal["ok", "degraded", "failed", "stopped"]


def _finite(content: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Free-form content without NaN or infinity, which pydantic lets pass where no type is declared."""
    waiting: list[JsonValue] = [content]
    while waiting:
        match waiting.pop():
            case float() as number if not isfinite(number):
                msg = "numbers must be finite"
                raise ValueError(msg)
            case Mapping() as members:
                waiting.extend(members.values())
            case list() as members:
                waiting.extend(members)
    return content


JsonObject = Annotated[dict[str, JsonValue], AfterValidator(_finite)]
"""Free-form content; its keys carry their units."""


class WireModel(BaseModel):
    """What we publish ourselves, and what people and policies say: frozen, no unknown keys, no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    max_bytes: ClassVar[int] = PAYLOAD_MAX_BYTES
    """The longest message that is read."""

    def to_wire(self) -> bytes:
        """The message as UTF-8 JSON; optional keys that hold nothing are left out, never null."""
        return self.model_dump_json(exclude_none=True).encode()


class DeviceModel(WireModel):
    """What devices publish: unknown keys are kept aside and counted, since a firmware update must not blind a room."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)

    @property
    def unknown_keys(self) -> int:
        """How many keys of this object the contract does not know."""
        return len(self.__pydantic_extra__ or ())
