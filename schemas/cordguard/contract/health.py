"""How the services are, what could not be read, and the simulated clock."""

from __future__ import annotations

from pydantic import Field

from cordguard.contract.units import HealthState, JsonObject, Micros, PolicyHash, Text, WireModel


class Health(WireModel):
    """A service's state, once a second and as its last will."""

    state: HealthState = Field(description="ok, degraded (works with a fault), failed, or stopped on purpose.")
    at_us: Micros = Field(description="When it was said.")
    version: Text = Field(description="Software version.")
    policy: PolicyHash | None = Field(default=None, description="Hash of the policy in force, for safety.")
    lag_ms: float | None = Field(default=None, ge=0.0, description="How late the service's loop is.")
    queue: int | None = Field(default=None, ge=0, description="Messages that wait.")
    detail: JsonObject = Field(default_factory=dict, description="Counters and plain words, by service.")


class Failure(WireModel):
    """ALARM SYSTEM FAILURE, or its end: the watchdog's word alone."""

    failed: bool = Field(description="Whether the alarm system does not answer.")
    since_us: Micros = Field(description="Since when this state holds.")
    what: Text = Field(description="What is missing, for a person.")
    last_proof_us: Micros | None = Field(default=None, description="When the chain last proved itself.")


class Rejected(WireModel):
    """A dead letter: a message that could not be read, with the reason."""

    topic: str = Field(max_length=1_024, description="Where it came from.")
    received_us: Micros = Field(description="When it was received.")
    reason: Text = Field(description="What was expected, and what was found.")
    count: int = Field(ge=1, description="How many like it this stands for.")
    bytes_base64: str | None = Field(default=None, max_length=5_500, description="The first 4 KiB of it.")


class ClockReading(WireModel):
    """The clock of a simulated run."""

    at_us: Micros = Field(description="Simulated now.")
