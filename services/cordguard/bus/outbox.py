"""Publications on their way out over paho: a window of them with paho, the rest waiting here; and when to reconnect."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.enums import MQTTErrorCode

from cordguard.bus.port import QoS

WINDOW: Final = 1_000
"""QoS 1 publications with the broker at once; further ones wait here. Far below the 65,535 numbers that MQTT has."""

FIRST_PAUSE_S: Final = 0.1
LAST_PAUSE_S: Final = 5.0
"""Pause before a new attempt to connect: doubles from the first to the last."""


@dataclass(slots=True)
class Outgoing:
    """A message on its way out; satisfies ``port.Publication``."""

    topic: str
    payload: bytes
    qos: QoS
    retain: bool
    info: MQTTMessageInfo | None = None
    """What paho knows of it, once it has it."""

    @property
    def confirmed(self) -> bool:
        """Whether the broker has it (QoS 1), or the network (QoS 0)."""
        return self.info is not None and self.info.is_published()


class Outbox:
    """QoS 1 publications until the broker has them. paho sends again after a reconnect what it holds, in order."""

    def __init__(self, client: Client) -> None:
        """Empty."""
        self._client = client
        self._waiting: deque[Outgoing] = deque()
        self._sent: deque[Outgoing] = deque()

    @property
    def unconfirmed(self) -> int:
        """How many the broker has not confirmed."""
        return len(self._waiting) + sum(not outgoing.confirmed for outgoing in self._sent)

    def add(self, outgoing: Outgoing) -> None:
        """Keep one until it is confirmed; nothing is sent yet."""
        self._waiting.append(outgoing)

    def send(self) -> None:
        """Hand to paho what the window takes; to be called while connected."""
        while self._sent and self._sent[0].confirmed:
            self._sent.popleft()
        while self._waiting and len(self._sent) < WINDOW:
            outgoing = self._waiting[0]
            info = self._client.publish(outgoing.topic, outgoing.payload, 1, outgoing.retain)
            if info.rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
                return  # its number is still taken by an unconfirmed one; the next attempt gets another
            info.rc = MQTTErrorCode.MQTT_ERR_SUCCESS  # paho keeps it and sends it again, whatever this attempt gave
            outgoing.info = info
            self._sent.append(self._waiting.popleft())


@dataclass(slots=True)
class Backoff:
    """When to try to connect again. Times are monotonic seconds."""

    due_s: float = 0.0
    pause_s: float = FIRST_PAUSE_S

    @property
    def fresh(self) -> bool:
        """Whether nothing has failed since the last success."""
        return self.pause_s == FIRST_PAUSE_S

    def failed(self, now_s: float) -> None:
        """An attempt ended in nothing, or a connection was lost."""
        self.due_s = now_s + self.pause_s
        self.pause_s = min(2 * self.pause_s, LAST_PAUSE_S)

    def succeeded(self) -> None:
        """We are connected: the next loss begins with the shortest pause."""
        self.pause_s = FIRST_PAUSE_S
