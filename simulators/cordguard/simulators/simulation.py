"""What a run is told, what it tells on the way, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from cordguard.bus.port import Connection, Subscription, Will
from cordguard.contract.topics import RESERVED_ROOMS
from cordguard.contract.units import Level, Micros


class SimulateSettings(BaseModel):
    """One run of one scenario."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    scenario: str = Field(description="Name of a shipped scenario, or path of a .toml file.")
    site: Level = Field(default="site", description="The site it plays in.")
    room: Level = Field(default="room-1", description="The room it plays in.")
    instance: Level = Field(default="main", description="Tells two runs at one broker apart.")
    seed: Annotated[int, Field(ge=0, lt=2**63)] = Field(default=1, description="Makes all noise of the run.")
    speed: Annotated[float, Field(ge=1.0, le=1_000.0)] | None = Field(
        default=None, description="None: real time. Else simulated time, at most so many times faster."
    )
    start_us: Micros | None = Field(
        default=None, description="Where simulated time starts; None: now, or after the last run if that is later."
    )
    broker_host: str = Field(default="127.0.0.1", description="MQTT broker.")
    broker_port: Annotated[int, Field(ge=1, le=65_535)] = 1883
    broker_username: str | None = Field(default=None, description="Account at the broker.")
    broker_password: str | None = Field(default=None, repr=False, description="Its password.")

    @field_validator("room")
    @classmethod
    def _is_a_procedure_room(cls, room: str) -> str:
        if room in RESERVED_ROOMS:
            msg = f"{room!r} is a reserved name; take another"
            raise ValueError(msg)
        return room

    @model_validator(mode="after")
    def _starts_now_in_real_time(self) -> SimulateSettings:
        if self.start_us is not None and self.speed is None:
            msg = "start_us needs speed: a run in real time starts now"
            raise ValueError(msg)
        return self

    def connection(self, subscriptions: tuple[Subscription, ...], will: Will) -> Connection:
        """The run's connection: clean, so that nothing of an earlier run comes back."""
        return Connection(
            client_id=f"simulator-{self.site}-{self.instance}",
            host=self.broker_host,
            port=self.broker_port,
            username=self.broker_username,
            password=self.broker_password,
            clean=True,
            subscriptions=subscriptions,
            will=will,
        )


Stage = Literal["before-rf", "rf-on", "after-rf", "record-closed"]


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run is; told once for each simulated second."""

    at_us: int
    """The run's time."""
    elapsed_s: float
    """Since its start."""
    maximum_s: float
    """Longest it may take."""
    stage: Stage
    """What is going on."""
    session: str
    """The session that the operator opens."""


OnProgress = Callable[[Progress], None]

Outcome = Literal[
    "watch-released", "maximum-duration", "no-answer", "foreign-clock", "not-connected", "refused", "stopped"
]


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a run ended."""

    outcome: Outcome
    """``watch-released`` is the good end; all others are trouble, or somebody's wish."""
    message: str
    """One sentence for a person, with what to do."""


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """What came of a run."""

    ending: Ending
    """Why it ended."""
    session: str | None = None
    """The session that the operator opened; None if it did not come to that."""
    start_us: int | None = None
    """When it started, by the run's clock; None if it did not."""
    frames: int = 0
    """Frames played."""
    rf_from_us: int | None = None
    """When the operator pressed the foot switch."""
    rf_to_us: int | None = None
    """When RF went off."""
    closed_us: int | None = None
    """When the operator closed the record."""

    @property
    def ok(self) -> bool:
        """Whether the case was played to its end and the monitor released its watch."""
        return self.ending.outcome == "watch-released"
