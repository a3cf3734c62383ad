"""The rows that wait for the next commit, and the messages they came in."""

from __future__ import annotations

from typing import Final

from cordguard.bus.port import Delivery
from cordguard.recorder.rows import Row
from cordguard.runtime.held import Held

VITALS_WAITING_MAX: Final = 2_000
"""Messages that may wait before those of QoS 0, which nobody promised to keep, are dropped."""


class Batch:
    """What waits for the next commit, in order of arrival. A message that comes again while it waits waits once."""

    def __init__(self) -> None:
        """Empty."""
        self._held = Held[tuple[Row, ...]]()
        self.dropped = 0
        """Messages of QoS 0 that did not fit, since start."""

    def __len__(self) -> int:
        """How many messages wait."""
        return len(self._held)

    def add(self, delivery: Delivery, rows: tuple[Row, ...]) -> None:
        """Let a message wait. What is of QoS 1 always fits: the broker hands out only so many unacknowledged."""
        fits = delivery.message.qos or len(self) < VITALS_WAITING_MAX
        if fits or delivery.message in self._held:
            self._held.add(delivery, rows)
        else:
            self.dropped += 1

    def rows(self) -> list[Row]:
        """All rows that wait."""
        return [row for rows in self._held.oldest() for row in rows]

    def acknowledge(self) -> None:
        """The rows are kept: tell the broker, and begin anew."""
        self._held.acknowledge(len(self))
