"""Periodic work of a shell. Missed turns are skipped, not caught up: each turn describes the present."""

from __future__ import annotations


class Schedule:
    """Is due once a period, by whatever clock it is asked with."""

    def __init__(self, period_us: int) -> None:
        """Due at once for the first time."""
        self._period_us = period_us
        self._next_us = 0

    def due(self, now_us: int) -> bool:
        """Whether it is time; the next time is a period later."""
        if now_us < self._next_us:
            return False
        self._next_us = now_us + self._period_us
        return True
