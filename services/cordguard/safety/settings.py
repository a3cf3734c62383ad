"""What safety must be told, beside what every service must."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from cordguard.runtime.settings import ServiceSettings


class SafetySettings(ServiceSettings):
    """Safety's place in the world."""

    policy_path: Path | None = Field(default=None, description="Limit policy (TOML); the shipped one if absent.")

    @property
    def journal_dir(self) -> Path:
        """One folder below it for each room."""
        return self.data_dir / "journal"
