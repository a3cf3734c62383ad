"""How late the loop of a service is. Pure: time is an argument."""

from __future__ import annotations

from typing import Final

from cordguard.runtime.clock import MICROS_PER_S

_US_PER_MS: Final = 1_000


class LoopLag:
    """How much longer turns of a loop took than they were to wait, from the beginning of one to that of the next."""

    def __init__(self) -> None:
        """No turn has begun yet."""
        self._began_us: int | None = None
        self._waits_us = 0
        self._worst_us = 0
        self._taken_us = 0

    def turn(self, now_us: int, timeout_s: float) -> None:
        """A turn begins, which may wait so long for work; the one before is over."""
        if self._began_us is not None:
            self._worst_us = max(self._worst_us, now_us - self._began_us - self._waits_us)
        self._began_us, self._waits_us = now_us, round(timeout_s * MICROS_PER_S)

    def waited(self, now_us: int) -> None:
        """What this turn did until now was to wait on purpose, and is no lag."""
        self._began_us = now_us

    @property
    def worst_ms(self) -> float:
        """The worst since the last but one ``take_ms``: for whoever looks between two of them."""
        return max(self._worst_us, self._taken_us) / _US_PER_MS

    def take_ms(self) -> float:
        """The worst since the last call."""
        self._taken_us, self._worst_us = self._worst_us, 0
        return self._taken_us / _US_PER_MS
