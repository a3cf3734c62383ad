"""Faults as a scenario scripts them: what fails, from when to when, and how steadily."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field, model_validator

from cordguard.contract.units import Fault as FaultWord
from cordguard.contract.units import Level
from cordguard.simulators.checked import Checked, micros


class FaultSettings(Checked):
    """One fault: of a sensor, or silence of the whole source."""

    kind: Literal["open", "short", "silence"] = Field(description="open or short: one sensor; silence: the gateway.")
    sensor: Level | None = Field(default=None, description="The sensor that fails; not for silence.")
    from_s: Annotated[float, Field(ge=0.0)] = Field(description="First moment of the fault, from the scenario's start.")
    to_s: Annotated[float, Field(gt=0.0)] = Field(description="First moment after it.")
    share: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        default=1.0, description="Share of the frames that it hits, at random; below 1 a bad contact."
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> FaultSettings:
        if self.to_s <= self.from_s:
            msg = "to_s must be later than from_s"
            raise ValueError(msg)
        if (self.kind == "silence") != (self.sensor is None):
            msg = "open and short need a sensor; silence takes none, since it is the whole source's"
            raise ValueError(msg)
        return self


@dataclass(frozen=True, slots=True)
class FaultsNow:
    """What is broken in one frame."""

    sensors: dict[str, FaultWord]
    """Faulty sensors, by name."""
    silent: bool
    """Whether nothing of the source gets out."""


class FaultScript:
    """The faults of a run, frame by frame."""

    def __init__(self, faults: Sequence[FaultSettings], rng: np.random.Generator) -> None:
        """``rng`` decides which frames a bad contact hits."""
        self._faults: Final = tuple(faults)
        self._rng: Final = rng

    def next_frame(self, elapsed_us: int) -> FaultsNow:
        """What is broken in the frame at this time since the start; call it once for each frame."""
        luck = self._rng.random(len(self._faults))
        hits = [
            fault
            for fault, drawn in zip(self._faults, luck, strict=True)
            if micros(fault.from_s) <= elapsed_us < micros(fault.to_s) and drawn < fault.share
        ]
        broken: dict[str, FaultWord] = {}
        for fault in hits:
            if fault.sensor is not None and fault.kind != "silence":
                broken[fault.sensor] = fault.kind
        return FaultsNow(broken, silent=any(fault.kind == "silence" for fault in hits))
