"""Who waits for the alarms, as one process: ``python -m cordguard_bench.watcher``; notes when each one came.

Standard input: a line with ``Order`` as JSON; its end says that all samples are sent. Standard output: ``ready``, and
at the end the alarms as JSON: topic, ``event_us`` and when it came, in nanoseconds of CLOCK_MONOTONIC.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from dataclasses import dataclass
from typing import Final

from cordguard_bench import packets
from cordguard_bench.helpers import READY
from cordguard_bench.packets import ANSWER_S, HOST

QUIET_S: Final = 0.2
"""How long it listens on when as many alarms have come as have to: for those that should not come."""
PATIENCE_S: Final = 5.0
"""How long without any it waits for those that are missing: longer than a broker waits before it sends again."""
RULE: Final = b'"rule":"R01"'
RAISED: Final = b'"change":"raised"'


@dataclass(frozen=True)
class Order:
    """What to listen to."""

    port: int
    username: str
    password: str
    topic_filter: str
    enough: int
    """Different alarms that have to come, warm-up included."""


class Watcher:
    """A connection and what came over it."""

    def __init__(self, order: Order) -> None:
        """Subscribed on return."""
        self.alarms: list[tuple[str, int, int]] = []
        self.different: set[tuple[str, int]] = set()
        self.came_s = time.monotonic()
        self._packets = packets.Packets()
        self._subscribed = False
        self._socket = socket.create_connection((HOST, order.port), timeout=ANSWER_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(packets.connect("bench-watcher", order.username, order.password))
        self._socket.sendall(packets.subscribe(1, order.topic_filter))
        while not self._subscribed:
            self.read()

    def fileno(self) -> int:
        """For ``select``."""
        return self._socket.fileno()

    def read(self) -> None:
        """Take in what has come, and confirm it."""
        data = self._socket.recv(65_536)
        now_ns = time.monotonic_ns()
        if not data:
            msg = "the broker ended the watcher's connection"
            raise ConnectionError(msg)
        confirmations = b""
        for first, body in self._packets.feed(data):
            match packets.kind(first):
                case packets.PUBLISH:
                    confirmations += self._take(first, body, now_ns)
                case packets.SUBACK:
                    self._subscribed = body[2] == 1
                case _:
                    continue
        if confirmations:
            self._socket.sendall(confirmations)

    def _take(self, first: int, body: bytes, now_ns: int) -> bytes:
        topic, number, payload = packets.split_publish(first, body)
        if RULE in payload and RAISED in payload:
            event_us = json.loads(payload)["event_us"]
            self.alarms.append((topic, event_us, now_ns))
            self.different.add((topic, event_us))
            self.came_s = time.monotonic()
        return packets.puback(number) if number else b""


def main() -> None:
    """See the head of this file."""
    order = Order(**json.loads(sys.stdin.readline()))
    watcher = Watcher(order)
    print(READY, flush=True)
    sending = True
    while sending or time.monotonic() - watcher.came_s < _patience_s(watcher, order):
        readable, _, _ = select.select([watcher, *([sys.stdin] if sending else [])], [], [], 0.05)
        if watcher in readable:
            watcher.read()
        if sys.stdin in readable and not sys.stdin.readline():
            sending, watcher.came_s = False, time.monotonic()
    print(json.dumps(watcher.alarms), flush=True)


def _patience_s(watcher: Watcher, order: Order) -> float:
    return QUIET_S if len(watcher.different) >= order.enough else PATIENCE_S


if __name__ == "__main__":
    main()
