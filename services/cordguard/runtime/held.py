"""Messages in our hands between arrival and commit: what is kept next, and what may be acknowledged after."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import Final, Generic, TypeVar

from cordguard.bus.port import Delivery, Message

HANDLES_MAX: Final = 8
"""Deliveries of one message to acknowledge: the newest ones, since a broker may lose patience and send it again."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[T]):
    value: T
    deliveries: deque[Delivery]


class Held(Generic[T]):
    """Messages with what was read from each, in order of arrival. One that comes again while it waits waits once."""

    def __init__(self) -> None:
        """Empty."""
        self._waiting: dict[tuple[str, bytes], _Waiting[T]] = {}

    def __len__(self) -> int:
        """How many messages wait."""
        return len(self._waiting)

    def __contains__(self, message: Message) -> bool:
        """Whether the same message waits already."""
        return (message.topic, message.payload) in self._waiting

    def add(self, delivery: Delivery, value: T) -> None:
        """Let a message wait; if it waits already, its first value stands and the delivery is acknowledged with it."""
        key = (delivery.message.topic, delivery.message.payload)
        known = self._waiting.get(key)
        if known is None:
            self._waiting[key] = _Waiting(value, deque((delivery,), maxlen=HANDLES_MAX))
        else:
            known.deliveries.append(delivery)

    def oldest(self, limit: int | None = None) -> list[T]:
        """The values of the messages that have waited longest, at most ``limit``; None for all."""
        return [waiting.value for waiting in islice(self._waiting.values(), limit)]

    def acknowledge(self, count: int) -> None:
        """The oldest ``count`` messages are kept: tell the broker, and let go of them."""
        for key in list(islice(self._waiting, count)):
            for delivery in self._waiting.pop(key).deliveries:
                delivery.acknowledge()
