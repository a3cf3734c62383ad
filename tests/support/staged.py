"""A bus that only listens, and during whose waits a test lets the world go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cordguard.bus.port import Bus, Connection, Handlers, OpenBus, Publication, QoS

POLL_S: Final = 0.01
"""Longest wait of the real bus underneath."""


class Staged:
    """The bus of somebody who listens."""

    def __init__(self, bus: Bus, meanwhile: Callable[[], None]) -> None:
        """Around a bus; ``meanwhile`` runs before each of its waits."""
        self._bus = bus
        self._meanwhile = meanwhile

    @property
    def connected(self) -> bool:
        """See ``Bus``."""
        return self._bus.connected

    @property
    def unconfirmed(self) -> int:
        """See ``Bus``."""
        return self._bus.unconfirmed

    def publish(self, topic: str, payload: bytes, *, qos: QoS = 1, retain: bool = False) -> Publication:
        """Nobody who only listens may call it.

        Raises:
            AssertionError: somebody did.
        """
        msg = f"who listens must not speak: {topic} {payload!r} {qos} {retain}"
        raise AssertionError(msg)

    def poll(self, timeout_s: float) -> None:
        """See ``Bus``."""
        self._meanwhile()
        self._bus.poll(min(timeout_s, POLL_S))

    def close(self) -> None:
        """See ``Bus``."""
        self._bus.close()


def staged(open_bus: OpenBus, meanwhile: Callable[[], None]) -> OpenBus:
    """Opens such buses."""

    def opened(connection: Connection, handlers: Handlers) -> Bus:
        return Staged(open_bus(connection, handlers), meanwhile)

    return opened
