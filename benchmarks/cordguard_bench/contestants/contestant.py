"""What a contestant is: something that hears temperatures over MQTT and publishes an alarm when one crosses a limit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cordguard.contract import topics
from cordguard_bench.processes import Command
from cordguard_bench.workload import Load

ACCOUNT: Final = "safety"
"""Everybody uses safety's account: it may hear telemetry and publish transitions."""


ENGINE_TIME: Final = "engine-time.json"
"""A file in its folder, if it timed its engine itself."""


@dataclass(frozen=True)
class Place:
    """Where a contestant runs."""

    port: int
    password: str
    folder: Path
    """For whatever it writes; nobody else uses it."""
    load: Load

    @property
    def filters(self) -> tuple[str, ...]:
        """All telemetry of the only site."""
        (site,) = self.load.sites
        return tuple(row.filter(site) for row in (topics.GENERATOR, topics.TEMPERATURE))


@dataclass(frozen=True)
class Contestant:
    """One of those that are measured side by side."""

    name: str
    """One word, for the command line."""
    title: str
    about: str
    """A line for readers of the table: what it does, and with which settings."""
    commands: Callable[[Place], tuple[Command, ...]]
    """Its processes."""
    decides_at: int = 1
    """Which hot sample in a row satisfies its rule; latency counts from there."""
    install: Callable[[], str | None] = lambda: None
    """Makes it ready to start, once; why that cannot be done, or None."""
    journals: bool = False
    """Whether it keeps what it hears, so that it can be counted afterwards."""
