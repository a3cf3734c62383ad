"""A service's word on itself: once a second, at once when its state changes, as its last will, and when it stops."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import metadata
from typing import Final, TypedDict, Unpack

from pydantic import JsonValue

from cordguard.bus.port import Bus, Will
from cordguard.contract.health import Health
from cordguard.contract.topics import HEALTH
from cordguard.contract.units import HealthState
from cordguard.runtime.clock import Clock

PERIOD_S: Final = 1.0
"""Wall time between two reports, in simulated runs too: watchdog and page judge them by wall time."""


class Figures(TypedDict, total=False):
    """What a service may add to its state; the words and units of ``Health``."""

    lag_ms: float
    queue: int
    detail: dict[str, JsonValue]
    policy: str


class HealthReporter:
    """Publishes one service's health, retained."""

    def __init__(
        self,
        service: str,
        site: str,
        instance: str,
        clock: Clock,
        *,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is published yet. The version it states is that of the installed package."""
        self._topic = HEALTH.at(site, service=service, instance=instance)
        self._clock = clock
        self._version = metadata.version("cordguard")
        self._monotonic_s = monotonic_s
        self._last: tuple[HealthState, float] | None = None
        """State and time of the last report of this connection."""

    @property
    def will(self) -> Will:
        """What the broker says of us when we vanish: failed. For the connection, so it carries the time of now."""
        return Will(self._topic, self._health("failed").to_wire())

    def beat(self, bus: Bus, state: HealthState, **figures: Unpack[Figures]) -> None:
        """Report if it is time to: call it in every step. While not connected nothing is reported, nor queued."""
        if not bus.connected:
            self._last = None
            return
        now_s = self._monotonic_s()
        if self._last is not None and self._last[0] == state and now_s - self._last[1] < PERIOD_S:
            return
        self._last = (state, now_s)
        bus.publish(self._topic, self._health(state, **figures).to_wire(), retain=True)

    def stopped(self, bus: Bus) -> None:
        """Say that we stop on purpose; call it before the bus is closed."""
        if bus.connected:
            bus.publish(self._topic, self._health("stopped").to_wire(), retain=True)

    def _health(self, state: HealthState, **figures: Unpack[Figures]) -> Health:
        return Health(state=state, at_us=self._clock.now_us(), version=self._version, **figures)
