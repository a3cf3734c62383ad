"""Periodic work of a shell. Missed turns are skipped, not caught up: each turn describes the present."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

PHASES: Final = 16


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


class Rota:
    """The same for many, each in its own phase: done for all at once, it would hold up whatever comes meanwhile."""

    def __init__(self, period_us: int, *, early: bool = False) -> None:
        """Nobody is known yet. ``early``: who is new comes to his phase by a shorter period, else by a longer one."""
        self._period_us = period_us
        self._until_phase_us = 0 if early else period_us
        self._next_us: dict[str, int] = {}

    def due(self, names: Iterable[str], now_us: int) -> list[str]:
        """Whose time it is. Who is new is due at once, and from then on in the next free phase."""
        found = []
        for name in names:
            next_us = self._next_us.get(name)
            if next_us is None:
                phase_us = (1 + len(self._next_us) % PHASES) * self._period_us // PHASES
                self._next_us[name] = now_us + self._until_phase_us + phase_us
                found.append(name)
            elif next_us <= now_us:
                periods = 1 + (now_us - next_us) // self._period_us
                self._next_us[name] = next_us + periods * self._period_us  # in his own phase, however late it is now
                found.append(name)
        return found
