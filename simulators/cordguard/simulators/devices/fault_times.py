"""When a fault acts: from a scripted moment, for a while or for good."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from cordguard.simulators.checked import MICROS_PER_S, Checked, micros


class Timed(Checked):
    """A fault's first and last moment, from the scenario's start."""

    at_s: Annotated[float, Field(ge=0.0, le=7_200.0)] = Field(description="First moment of the fault.")
    for_s: Annotated[float, Field(gt=0.0, le=7_200.0)] | None = Field(
        default=None, description="How long it lasts; left out: for good."
    )

    def acts(self, elapsed_us: int) -> bool:
        """Whether it acts at this time."""
        ends_us = None if self.for_s is None else micros(self.at_s) + micros(self.for_s)
        return micros(self.at_s) <= elapsed_us and (ends_us is None or elapsed_us < ends_us)

    def since_s(self, elapsed_us: int) -> float:
        """How long ago it began."""
        return elapsed_us / MICROS_PER_S - self.at_s


Chance = Annotated[float, Field(gt=0.0, le=1.0)]
