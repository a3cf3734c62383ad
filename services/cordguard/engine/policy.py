"""The policy: limit profiles with bounds, hashed over their canonical JSON."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cordguard.contract.lenient import describe
from cordguard.contract.units import ProfileName

StopC = Annotated[float, Field(ge=38.0, le=50.0)]
"""A neural limit outside 38-50 degrees Celsius is a mistake (hazard H13)."""
DoseMin = Annotated[float, Field(gt=0.0, le=60.0)]


HIGHER_IS_STRICTER: Final = "lookahead_s"
"""The one limit that is stricter the higher it is."""


class _PolicyModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Profile(_PolicyModel):
    """The limits for neural sensors under one anatomical situation."""

    stop_c: StopC = Field(description="R01: stop RF.")
    warn_c: StopC = Field(description="R02: warn.")
    predicted_high_c: StopC = Field(description="R04 HIGH: predicted peak.")
    predicted_medium_c: StopC = Field(description="R04 MEDIUM: predicted peak.")
    lookahead_s: float = Field(ge=10.0, le=300.0, description="R04: predicted peak = temperature + lookahead x slope.")
    dose_low_cem43_min: DoseMin = Field(description="R06 LOW.")
    dose_medium_cem43_min: DoseMin = Field(description="R06 MEDIUM.")
    dose_high_cem43_min: DoseMin = Field(description="R06 HIGH.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.warn_c >= self.stop_c:
            msg = f"warn_c {self.warn_c} must be below stop_c {self.stop_c}"
            raise ValueError(msg)
        if self.predicted_medium_c >= self.predicted_high_c:
            msg = f"predicted_medium_c {self.predicted_medium_c} must be below predicted_high_c {self.predicted_high_c}"
            raise ValueError(msg)
        if not self.dose_low_cem43_min < self.dose_medium_cem43_min < self.dose_high_cem43_min:
            msg = "dose limits must rise from low to medium to high"
            raise ValueError(msg)
        return self


class Profiles(_PolicyModel):
    """The four situations."""

    standard: Profile
    near: Profile
    breached: Profile
    unknown: Profile

    @model_validator(mode="after")
    def _unknown_is_strictest(self) -> Self:
        """Nothing known must never be watched less strictly than something known."""
        for other in (self.standard, self.near, self.breached):
            for name in Profile.model_fields:
                mine, theirs = getattr(self.unknown, name), getattr(other, name)
                if mine < theirs if name == HIGHER_IS_STRICTER else mine > theirs:
                    msg = f"unknown.{name} {mine} must be at least as strict as {theirs} of every other profile"
                    raise ValueError(msg)
        return self


class AlarmSystem(_PolicyModel):
    """How the alarm system behaves towards people."""

    reminder_s: float = Field(ge=10.0, le=600.0, description="Interval of reminders for an unacknowledged HIGH alarm.")
    audio_pause_s: float = Field(ge=10.0, le=120.0, description="How long a pause of the sound lasts.")


class Policy(_PolicyModel):
    """Everything that limits depend on, in one file."""

    version: Literal[1]
    profiles: Profiles
    alarm_system: AlarmSystem

    @cached_property
    def hash(self) -> str:
        """``sha256:`` over the canonical JSON (sorted keys, no spaces)."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()

    def profile(self, name: ProfileName) -> Profile:
        """The limits of a named profile."""
        profile: Profile = getattr(self.profiles, name)
        return profile


@dataclass(frozen=True, slots=True)
class PolicyRefused:
    """A policy that must not be used."""

    reason: str
    """Which field, and what was expected."""


def parse_policy(text: str) -> Policy | PolicyRefused:
    """The policy of a TOML text, or why it is none."""
    try:
        return Policy.model_validate(tomllib.loads(text), strict=True)
    except tomllib.TOMLDecodeError as error:
        return PolicyRefused(f"not TOML: {error}")
    except ValidationError as error:
        return PolicyRefused(describe(error))
