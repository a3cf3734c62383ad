"""Inputs that safety makes itself, so that every cause stands in the journal."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from cordguard.contract.units import Micros

STARTED: Final = "local/started"
CONTINUED: Final = "local/continued"
TICK: Final = "local/tick"
POLICY: Final = "local/policy"
SELF_CHECK: Final = "local/self-check"

STATE_VERSION: Final = 1
"""Version of the engine state that stands in line one of a continued journal."""


class _LocalModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Started(_LocalModel):
    """Safety started: fresh (line one of a room's first journal), or again (further down)."""

    version: str = Field(description="Software version.")
    policy_text: str = Field(description="The policy file it read at start.")
    ended: Literal["first", "clean", "crash"] = Field(description="How the last run ended.")


class Continued(_LocalModel):
    """Line one of a journal that goes on from an earlier one: the room's whole engine state."""

    state_version: int = Field(description="Layout of the state.")
    policy_text: str = Field(description="The policy that held when the file began.")
    state: dict[str, JsonValue] = Field(description="Engine state as canonical JSON.")


class PolicyChange(_LocalModel):
    """The policy file changed and fits the schema; it applies from the next case."""

    policy_text: str


class LatencyMs(_LocalModel):
    """Input received to transition handed to the broker, since the last self-check."""

    p50: float = Field(ge=0.0)
    p99: float = Field(ge=0.0)


class SelfCheck(_LocalModel):
    """What safety found out about itself."""

    journal: Literal["ok", "unwritable"] = "ok"
    reason: str | None = Field(default=None, description="Why the journal cannot be written.")
    latency_ms: LatencyMs | None = None
    stalled_from_us: Micros | None = Field(default=None, description="Nothing was read since this moment until now.")
    disconnected_from_us: Micros | None = Field(
        default=None, description="Nobody could be heard from this moment until now, for want of a broker."
    )
    loop_lag_ms: float | None = Field(default=None, ge=0.0, description="How late its loop was at the worst.")
    disk_free_percent: float | None = Field(default=None, ge=0.0, le=100.0, description="Free part of its disk.")
    journal_used_percent: float | None = Field(
        default=None, ge=0.0, description="What all journals take of their budget on the disk."
    )
    confirmed: int | None = Field(default=None, ge=0, description="How many publications the broker has for certain.")
