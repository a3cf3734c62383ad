"""What leaves safety: transitions first, then what describes the room; and which of it the broker has for certain."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from cordguard.bus.port import Bus, Publication
from cordguard.contract.topics import CANARY_TRANSITION, REJECTED, SUMMARY, TABLE, TRANSITION
from cordguard.engine.alarms import Emission
from cordguard.engine.state import OutboxEntry

_NUMBERED: Final = frozenset(topic.name for topic in (TRANSITION, SUMMARY, REJECTED))
_TOPICS: Final = {topic.name: topic for topic in TABLE}


class Publisher:
    """Publishes for one site; counts what the broker confirmed, room by room, in order."""

    def __init__(self, site: str) -> None:
        """Nothing is published before a bus is given to ``publish``."""
        self._site = site
        self._waiting: dict[str, deque[tuple[int, Publication]]] = {}
        self._confirmed: dict[str, int] = {}

    def publish(self, bus: Bus, room: str, emissions: Iterable[Emission], published: int) -> bool:
        """Publish what an engine said; ``published`` is its count after that. True if an alarm changed."""
        said = list(emissions)
        number = published - sum(emission.topic.name in _NUMBERED for emission in said)
        changed = False
        for emission in said:
            topic = emission.topic
            name = topic.at(self._site) if topic is CANARY_TRANSITION else topic.at(self._site, room=room)
            publication = bus.publish(name, emission.message.to_wire(), qos=topic.qos, retain=topic.retained)
            if topic.name in _NUMBERED:
                number += 1
                self._wait(room, number, publication)
            changed |= topic is TRANSITION
        return changed

    def repeat(self, bus: Bus, room: str, outbox: Iterable[OutboxEntry]) -> None:
        """Publish again what the broker may not have: at least once, always the same."""
        for entry in outbox:
            topic = _TOPICS[entry.topic]
            name = topic.at(self._site, room=room)
            self._wait(room, entry.number, bus.publish(name, entry.payload.encode(), qos=topic.qos))

    def confirmed(self, room: str) -> int:
        """Up to which number the broker has everything."""
        waiting = self._waiting.get(room, deque())
        while waiting and waiting[0][1].confirmed:
            self._confirmed[room] = max(waiting.popleft()[0], self._confirmed.get(room, 0))
        return self._confirmed.get(room, 0)

    def _wait(self, room: str, number: int, publication: Publication) -> None:
        self._waiting.setdefault(room, deque()).append((number, publication))
