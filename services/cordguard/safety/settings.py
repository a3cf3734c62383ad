"""What safety must be told, beside what every service must."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from cordguard.runtime.settings import ServiceSettings


class SafetySettings(ServiceSettings):
    """Safety's place in the world."""

    policy_path: Path | None = Field(default=None, description="Limit policy (TOML); the shipped one if absent.")
    journal_budget_gib: Annotated[float, Field(gt=0.0, le=1_000_000.0)] = Field(
        default=50.0, description="What all journals may take on the disk, GiB; told from 80 % on. Nothing is removed."
    )

    @property
    def journal_dir(self) -> Path:
        """One folder below it for each room."""
        return self.data_dir / "journal"
