"""A source's clock against ours: how far it is off, and whether a backlog is draining so that it cannot be told."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from cordguard.contract.units import TIME_MAX_US

FILTER_US: Final = 30_000_000
"""Skew is the smallest ``received - at`` of this span: delays only ever add."""
RATE_SPAN_US: Final = 2_000_000
"""Span over which the source's time is compared with ours."""
DRAINING_RATE: Final = 1.5
"""The source's time running faster than ours by this factor means that a backlog drains."""
BURST_US: Final = 500_000
"""A burst no longer than this is not called a backlog."""
REFIX_US: Final = 2_000_000
"""The offset in use is fixed anew when the measured one has moved this far from it."""
LATE_US: Final = 2_000_000
"""Older than this when received is late: backlog, not live."""
_BUCKET_US: Final = 1_000_000
_RATE_BUCKET_US: Final = 100_000
_US_PER_MS: Final = 1_000


def sayable(time_us: int) -> int:
    """The nearest time that the contract can say: a source may claim a time at the very end of what it allows."""
    return min(max(time_us, 0), TIME_MAX_US)


@dataclass(slots=True)
class SourceClock:
    """What we know of one source's clock."""

    minima: deque[tuple[int, int]] = field(default_factory=deque)
    """(second of received time, received - at): the smallest that will be once those before it are forgotten."""
    pace: deque[tuple[int, int]] = field(default_factory=deque)
    """(received, at) of the first sample in each tenth of a second."""
    fixed_us: int | None = None
    """Offset in use, in whole milliseconds, while the source's clock is not trusted."""

    def observe(self, received_us: int, at_us: int) -> int | None:
        """Take in one live sample; how far the source is off, or None while a backlog drains and it cannot be told."""
        offset_us = received_us - at_us
        if self._draining(received_us, offset_us):
            return None
        minima, second = self.minima, received_us // _BUCKET_US
        while minima and minima[-1][1] >= offset_us:
            minima.pop()
        if not minima or minima[-1][0] != second:
            minima.append((second, offset_us))
        oldest_us = received_us - FILTER_US
        while minima[0][0] * _BUCKET_US < oldest_us:
            minima.popleft()
        return minima[0][1]

    def offset_us(self) -> int:
        """The smallest ``received - at`` of the last 30 s; 0 if nothing was judged yet."""
        return self.minima[0][1] if self.minima else 0

    def fix(self) -> None:
        """Use the measured offset from now on (again, if it has moved far)."""
        offset_us = self.offset_us()
        if self.fixed_us is None or abs(offset_us - self.fixed_us) >= REFIX_US:
            self.fixed_us = round(offset_us / _US_PER_MS) * _US_PER_MS

    def event_us(self, at_us: int) -> int:
        """A source's time on the axis that all sources share."""
        return sayable(at_us if self.fixed_us is None else at_us + self.fixed_us)

    def restart(self) -> None:
        """The source's clock began a new epoch: what was measured before does not hold."""
        self.minima.clear()
        self.pace.clear()

    def _draining(self, received_us: int, offset_us: int) -> bool:
        """Keep pace, and tell whether the source's time runs faster than ours, beyond a burst."""
        pace = self.pace
        if not pace or not 0 <= received_us - pace[-1][0] < _RATE_BUCKET_US:
            pace.append((received_us, received_us - offset_us))
        oldest_us = received_us - RATE_SPAN_US
        while pace[0][0] < oldest_us and len(pace) > 1:
            pace.popleft()
        first_received_us, first_at_us = pace[0]
        gained_us = first_received_us - first_at_us - offset_us
        return gained_us > BURST_US and gained_us > (DRAINING_RATE - 1) * (received_us - first_received_us) + BURST_US
