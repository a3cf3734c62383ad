"""How much of its disk the journal may take, how much it takes, and how long that will last.

Journals are evidence: nothing here removes any. What is finished can be moved away while safety runs; people are told
in time to do so.
"""

from __future__ import annotations

import logging
from collections import deque
from pathlib import Path
from typing import Final

from cordguard.engine.rules.oversight import BUDGET_LIMIT_PERCENT
from cordguard.safety.files import UsedBytes

LOOK_US: Final = 60_000_000
"""The folder is looked at so often: it grows by less than a megabyte in that time, and has thousands of files."""
RATE_SPAN_US: Final = 6 * 3_600_000_000
"""How fast it grows is taken from the last six hours,"""
RATE_LEAST_US: Final = 600_000_000
"""and told once ten minutes of them are known."""
FULL_PERCENT: Final = 100.0
GIB: Final = 1024**3
_US_PER_H: Final = 3_600_000_000

log = logging.getLogger(__name__)


class Budget:
    """The journal's budget, looked at now and then."""

    def __init__(self, folder: Path, budget_gib: float, used: UsedBytes) -> None:
        """Nothing is looked at before the first ``look``."""
        self._folder: Final = folder
        self._budget_bytes: Final = budget_gib * GIB
        self._used: Final = used
        self._seen: Final[deque[tuple[int, int]]] = deque()
        """(when, bytes written by then) of the last six hours: what is archived meanwhile is not taken off."""
        self._taken_bytes = 0

    def look(self, now_us: int) -> None:
        """Find out what is taken, if the last look is a minute ago."""
        seen = self._seen
        if seen and seen[-1][0] <= now_us < seen[-1][0] + LOOK_US:
            return
        used_bytes = self._used(self._folder)
        if used_bytes is None:
            return
        was_told = self.told is not None
        seen.append((now_us, seen[-1][1] + max(used_bytes - self._taken_bytes, 0) if seen else 0))
        self._taken_bytes = used_bytes
        while seen[0][0] < now_us - RATE_SPAN_US or seen[0][0] > now_us:
            seen.popleft()
        if (self.told is not None) != was_told:
            log.warning("%s", self.told or "journals are within their budget again")

    @property
    def used_percent(self) -> float | None:
        """Share of the budget that is taken; None before the first look."""
        return 100.0 * self._taken_bytes / self._budget_bytes if self._seen else None

    @property
    def hours_left(self) -> float | None:
        """Until the budget is taken if it goes on like this; None if that cannot be told, or it does not grow."""
        if not self._seen:
            return None
        (first_us, first_bytes), (last_us, last_bytes) = self._seen[0], self._seen[-1]
        written_bytes, span_us = last_bytes - first_bytes, last_us - first_us
        if span_us < RATE_LEAST_US or written_bytes <= 0:
            return None
        return max(self._budget_bytes - self._taken_bytes, 0.0) / written_bytes * span_us / _US_PER_H

    @property
    def told(self) -> str | None:
        """What people are told from 80 % on, and what to do; None below."""
        percent = self.used_percent
        if percent is None or percent < BUDGET_LIMIT_PERCENT:
            return None
        used_gib, budget_gib, hours = self._taken_bytes / GIB, self._budget_bytes / GIB, self.hours_left
        if percent >= FULL_PERCENT:
            until = " and are still written"
        else:
            until = f", all of it in {_hours(hours)} if it goes on like this" if hours is not None else ""
        return (
            f"journals take {used_gib:.1f} of {budget_gib:g} GiB ({percent:.0f} %){until}; "
            "archive finished files, or give safety a larger --journal-budget-gib"
        )


def _hours(hours: float) -> str:
    return f"{hours:.0f} h" if hours >= 1.0 else "less than 1 h"
