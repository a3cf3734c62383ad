"""A client that asks for what it should not have, and notes each answer: below the bus, which would give up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from paho.mqtt.client import Client, ConnectFlags
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from cordguard.bus.link import Link
from cordguard.bus.port import Connection
from support.waiting import wait_until

READ_S: Final = 0.002


class Probe:
    """Subscribes filter by filter; hears what it is given."""

    def __init__(self, connection: Connection) -> None:
        """Connect."""
        self.granted: dict[str, bool] = {}
        self.heard: set[tuple[str, bool]] = set()
        """Topic, and whether it had been kept."""
        self._asked: dict[int, list[str]] = {}
        self._up = False
        self._link = Link(connection)
        client = self._link.client
        client.on_connect, client.on_subscribe = self._on_connect, self._on_subscribe
        self._link.connect()
        self.read_until(lambda: self._up, "the probe to be connected")

    def subscribe(self, filters: list[str]) -> None:
        """Ask for all of these at once; answered on return."""
        _, number = self._link.client.subscribe([(each, 1) for each in filters])
        assert number is not None
        self._asked[number] = filters
        self.read_until(lambda: set(filters) <= set(self.granted), "the answer to each subscription")

    def read(self) -> None:
        """Take in what is there."""
        while self._link.wait(READ_S):
            received = self._link.read()
            if received is not None:
                message, number = received
                self.heard.add((message.topic, message.retained))
                self._link.acknowledge(number)

    def close(self) -> None:
        """Go."""
        self._link.disconnect(1.0)

    def read_until(self, condition: Callable[[], object], what: str) -> None:
        """Read until something is true."""

        def step() -> object:
            self.read()
            return condition()

        wait_until(step, what=what)

    def _on_connect(self, _c: Client, _u: object, _f: ConnectFlags, reason: ReasonCode, _p: Properties | None) -> None:
        self._up = not reason.is_failure

    def _on_subscribe(
        self, _c: Client, _u: object, number: int, reasons: list[ReasonCode], _p: Properties | None
    ) -> None:
        for topic_filter, reason in zip(self._asked[number], reasons, strict=True):
            self.granted[topic_filter] = not reason.is_failure
