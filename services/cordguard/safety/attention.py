"""Since when we heard nobody: because we were held up, or had no broker. Pure: time is an argument.

Whoever was not heard then was not silent: it is we who were away.
"""

from __future__ import annotations

from typing import Final

STALL_US: Final = 1_000_000
"""Longer without a turn of our loop is a time in which we watched nobody (R41)."""


class Attention:
    """Of one process, for all its rooms."""

    def __init__(self, now_us: int, *, connected: bool = False) -> None:
        """From a moment on; before the first ``back`` nobody can be heard, unless we are ``connected`` already."""
        self._alive_us = now_us
        self._away_from_us = None if connected else now_us

    @property
    def away(self) -> bool:
        """Whether nobody can be heard now."""
        return self._away_from_us is not None

    def turn(self, now_us: int) -> int | None:
        """A turn of our loop: since when it was held up, if that was long and somebody could have been heard."""
        before_us, self._alive_us = self._alive_us, now_us
        return before_us if not self.away and now_us - before_us > STALL_US else None

    def lost(self, now_us: int) -> None:
        """The connection is gone."""
        if self._away_from_us is None:
            self._away_from_us = now_us

    def back(self, now_us: int) -> int | None:
        """We can hear again: since when we could not; None if we could all the time."""
        since_us, self._away_from_us, self._alive_us = self._away_from_us, None, now_us
        return since_us
