"""How many unreadable messages the ledger takes: enough to see what is wrong, too few to be filled with rubbish."""

from __future__ import annotations

from collections import deque
from typing import Final

UNREADABLE_PER_S: Final = 10
"""More than so many within a second are counted, not kept."""


class Throttle:
    """Lets the first ``UNREADABLE_PER_S`` of any second through."""

    def __init__(self) -> None:
        """Nothing was let through yet."""
        self._passed_s: deque[float] = deque(maxlen=UNREADABLE_PER_S)

    def allows(self, now_s: float) -> bool:
        """Whether one more may pass now; if so it has."""
        if len(self._passed_s) == UNREADABLE_PER_S and now_s - self._passed_s[0] < 1.0:
            return False
        self._passed_s.append(now_s)
        return True
