"""Where the bus thread and the web thread meet: two queues and two facts, and nothing else is shared."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from cordguard.console.live import Incoming

WAITING_MAX: Final = 20_000
"""Messages that may wait for the web thread; if it hangs the oldest go, since only now is worth showing."""

ItemT = TypeVar("ItemT")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message for the bus."""

    topic: str
    payload: bytes
    retain: bool = False
    qos: Literal[0, 1] = 1


class Exchange:
    """Hands messages between the threads. Every operation is one atomic step on a deque."""

    def __init__(self) -> None:
        """Both ways empty, not connected."""
        self._incoming: deque[Incoming] = deque(maxlen=WAITING_MAX)
        self._outgoing: deque[Outgoing] = deque()
        self.connected = False
        """Whether the bus is connected: written by the bus thread, read by the web thread."""

    def bring(self, incoming: Incoming) -> None:
        """Bus thread: a message came."""
        self._incoming.append(incoming)

    def take(self) -> list[Incoming]:
        """Web thread: what came, in order."""
        return _drain(self._incoming)

    def send(self, outgoing: Outgoing) -> None:
        """Web thread: publish this."""
        self._outgoing.append(outgoing)

    def take_outgoing(self) -> list[Outgoing]:
        """Bus thread: what is to be published, in order."""
        return _drain(self._outgoing)

    @property
    def waiting(self) -> int:
        """How many messages wait for the web thread."""
        return len(self._incoming)


def _drain(queue: deque[ItemT]) -> list[ItemT]:
    return [queue.popleft() for _ in range(len(queue))]
