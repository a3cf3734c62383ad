"""What the broker keeps for us, read on a session of its own: case and status before the first live message."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from cordguard.bus.port import Connection, Delivery, Handlers, Message, OpenBus, Subscription

POLL_S: Final = 0.05


def read_retained(
    open_bus: OpenBus,
    connection: Connection,
    filters: Iterable[str],
    *,
    quiet_s: float = 0.3,
    timeout_s: float = 5.0,
) -> tuple[Message, ...]:
    """The retained messages under these filters, one a topic, in order of arrival.

    MQTT does not say when the last one has come: reading ends when none came for ``quiet_s``.

    Args:
        open_bus: opens the session, which is clean and named after the connection's, with ``-retained`` behind it.
        connection: host, port and account; its will and subscriptions are not used.
        filters: what to read.
        quiet_s: how long nothing must have come.
        timeout_s: how long to try to connect and to read.

    Raises:
        BusRefusedError: the broker will not have us.
        TimeoutError: the broker could not be reached in time; the sentence says where it was looked for.
    """
    reading = _Reading()
    session = replace(
        connection,
        client_id=f"{connection.client_id}-retained",
        clean=True,
        subscriptions=tuple(Subscription(topic_filter) for topic_filter in filters),
        will=None,
    )
    bus = open_bus(session, Handlers(reading.on_delivery))
    try:
        stop_s = time.monotonic() + timeout_s
        quiet_since_s = time.monotonic()
        while not bus.connected or time.monotonic() - quiet_since_s <= quiet_s:
            if time.monotonic() > stop_s:
                break
            before = (bus.connected, reading.deliveries)
            bus.poll(min(quiet_s, POLL_S))
            if before != (bus.connected, reading.deliveries):
                quiet_since_s = time.monotonic()
        if not bus.connected:
            msg = f"no broker could be reached at {connection.host}:{connection.port} within {timeout_s:g} s"
            raise TimeoutError(msg)
    finally:
        bus.close()
    return tuple(reading.found.values())


class _Reading:
    """What has come so far."""

    def __init__(self) -> None:
        self.found: dict[str, Message] = {}
        self.deliveries = 0

    def on_delivery(self, delivery: Delivery) -> None:
        self.deliveries += 1
        if delivery.message.retained:
            self.found[delivery.message.topic] = delivery.message
        delivery.acknowledge()
