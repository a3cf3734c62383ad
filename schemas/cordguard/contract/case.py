"""The case under watch, and the marks that people set in it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from cordguard.contract.units import (
    DeviceModel,
    Electrode,
    Identifier,
    Lesion,
    Micros,
    PosteriorWall,
    ProfileName,
    Role,
    SensorKey,
    TemperatureC,
    WireModel,
    Word,
)

CASE_SENSORS_MAX = 64
"""Sensors that one case may list."""

DistanceMm = Annotated[float, Field(ge=0.0, le=500.0)]


class CaseSensor(WireModel):
    """A sensor that belongs to the case: where it lies and what it guards."""

    sensor: SensorKey = Field(description="source/sensor.")
    role: Role = Field(description="What the sensor guards.")
    structure: Word | None = Field(
        default=None, description="The guarded structure, for example spinal-cord or nerve-root."
    )
    distance_mm: DistanceMm | None = Field(
        default=None, description="From the ablation to the structure; below 10 mm tightens limits."
    )


class Plan(WireModel):
    """What is planned; shown and compared, never enforced."""

    ablations: int | None = Field(default=None, ge=0, le=100, description="Number of ablations planned.")
    temperature_set_c: TemperatureC | None = Field(default=None, description="Planned set point.")
    duration_s: float | None = Field(default=None, ge=0.0, le=36_000.0, description="Planned RF time of one ablation.")


class Case(WireModel):
    """The case in a room.

    A higher revision of the same session amends it; ``closed`` ends the record, not the watch.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"state": {"const": "closed"}}},
            "then": {"required": ["closed_us"]},
        },
    )

    session: Identifier = Field(description="Opaque identifier of this session.")
    revision: int = Field(ge=0, le=2**31 - 1, description="Rises with every change of the same session.")
    state: Literal["open", "closed"] = Field(description="Whether the record is open.")
    opened_us: Micros = Field(description="When the case began.")
    closed_us: Micros | None = Field(default=None, description="When the record was closed.")
    procedure: Identifier | None = Field(default=None, description="The procedure whose audit record this belongs to.")
    actor: Identifier | None = Field(default=None, description="Who opened, amended or closed it.")
    electrode: Electrode | None = Field(default=None, description="Topology of the electrode.")
    level: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9/-]{0,15}$")] | None = Field(
        default=None, description="Vertebral level, for example T8."
    )
    lesion: Lesion | None = Field(default=None, description="Kind of metastasis.")
    posterior_wall: PosteriorWall | None = Field(default=None, description="State of the posterior wall.")
    profile: ProfileName | None = Field(default=None, description="Named limit profile; the facts can only tighten it.")
    sensors: tuple[CaseSensor, ...] = Field(
        default=(), max_length=CASE_SENSORS_MAX, description="The sensors of this case."
    )
    plan: Plan | None = Field(default=None, description="What is planned.")

    @model_validator(mode="after")
    def _closed_has_a_time(self) -> Case:
        if self.state == "closed" and self.closed_us is None:
            msg = "closed_us is required when state is closed"
            raise ValueError(msg)
        return self


class Mark(DeviceModel):
    """Something that happened at the table, at a moment. Unknown keys are ignored: a cement mark must never be lost."""

    mark_id: Identifier = Field(description="Unique; a repeat is ignored.")
    at_us: Micros = Field(description="When it happened.")
    mark: Literal[
        "ablation-started",
        "ablation-ended",
        "sensor-moved",
        "irrigation-started",
        "irrigation-ended",
        "cement-injected",
        "note",
    ] = Field(description="What happened.")
    actor: Identifier | None = Field(default=None, description="Who set it.")
    role: Word | None = Field(default=None, description="In which role.")
