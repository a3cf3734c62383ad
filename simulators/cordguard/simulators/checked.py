"""What scenario files are read into, and how their seconds become the microseconds of the wire."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict

MICROS_PER_S: Final = 1_000_000


class Checked(BaseModel):
    """Base of everything that a person may write into a scenario: frozen, no unknown keys, no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def micros(seconds: float) -> int:
    """Seconds as whole microseconds."""
    return round(seconds * MICROS_PER_S)
