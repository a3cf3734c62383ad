"""What a person may ask of the alarm system. Nothing here, or anywhere, reaches a generator."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from cordguard.contract.units import Identifier, Micros, WireModel, Word

AlarmId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
"""First 16 bytes of a SHA-256 over site, room, rule, sensor and onset, as lower-case hex."""


class Command(WireModel):
    """Acknowledge or reset an alarm, or pause the room's sound for a while. Executed once, always answered."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"action": {"enum": ["acknowledge", "reset"]}}},
            "then": {"required": ["alarm_id"]},
        },
    )

    command_id: Identifier = Field(description="Unique; a repeat is ignored.")
    at_us: Micros = Field(description="When it was given.")
    expires_us: Micros = Field(description="After this moment it is refused.")
    alarm_id: AlarmId | None = Field(default=None, description="The alarm meant; required to acknowledge or reset.")
    action: Literal["acknowledge", "pause-audio", "resume-audio", "reset"] = Field(description="What to do.")
    actor: Identifier = Field(description="Who asks.")
    role: Word = Field(description="In which role.")
    reason_code: Word | None = Field(default=None, description="Why, as a code.")

    @model_validator(mode="after")
    def _names_its_alarm(self) -> Command:
        if self.action in ("acknowledge", "reset") and self.alarm_id is None:
            msg = f"alarm_id is required to {self.action}"
            raise ValueError(msg)
        return self


class AnnunciatorBeat(WireModel):
    """A page that can sound alarms is open and alive in this room."""

    at_us: Micros = Field(description="When it was said.")
    audible: bool = Field(description="Whether its sound is on.")
