"""Messages between arrival and commit: what is kept next, and what may be acknowledged after."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from cordguard.bus.port import Delivery
from cordguard.recorder.rows import Row

VITALS_WAITING_MAX: Final = 2_000
"""Messages that may wait before those of QoS 0, which nobody promised to keep, are dropped."""

HANDLES_MAX: Final = 8
"""Deliveries of one message to acknowledge: the newest ones, since a broker may lose patience and send it again."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    rows: tuple[Row, ...]
    deliveries: deque[Delivery]


class Batch:
    """What waits for the next commit, in order of arrival. A message that comes again while it waits waits once."""

    def __init__(self) -> None:
        """Empty."""
        self._waiting: dict[tuple[str, bytes], _Waiting] = {}
        self.dropped = 0
        """Messages of QoS 0 that did not fit, since start."""

    def __len__(self) -> int:
        """How many messages wait."""
        return len(self._waiting)

    def add(self, delivery: Delivery, rows: tuple[Row, ...]) -> None:
        """Let a message wait. What is of QoS 1 always fits: the broker hands out only so many unacknowledged."""
        message = delivery.message
        key = (message.topic, message.payload)
        if (known := self._waiting.get(key)) is not None:
            known.deliveries.append(delivery)
        elif message.qos == 0 and len(self._waiting) >= VITALS_WAITING_MAX:
            self.dropped += 1
        else:
            self._waiting[key] = _Waiting(rows, deque((delivery,), maxlen=HANDLES_MAX))

    def rows(self) -> list[Row]:
        """All rows that wait."""
        return [row for waiting in self._waiting.values() for row in waiting.rows]

    def acknowledge(self) -> None:
        """The rows are kept: tell the broker, and begin anew."""
        for waiting in self._waiting.values():
            for delivery in waiting.deliveries:
                delivery.acknowledge()
        self._waiting.clear()
