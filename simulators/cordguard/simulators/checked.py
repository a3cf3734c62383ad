"""What scenario files are read into: frozen, no unknown keys, no NaN."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Checked(BaseModel):
    """Base of everything that a person may write into a scenario."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
