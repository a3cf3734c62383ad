"""One paho client and its socket, driven by hand: wait, read, write, break off. Knows nothing of what is sent."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from typing import Final, cast

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from cordguard.bus.outbox import WINDOW
from cordguard.bus.packets import PacketSocket, Received
from cordguard.bus.port import Connection

CONNECT_TIMEOUT_S: Final = 2.0
"""Longest time that one attempt to connect may hold up ``poll`` (resolving a host name comes on top)."""


class Link:
    """A paho client without a thread."""

    def __init__(self, connection: Connection) -> None:
        """Not connected; callbacks are to be set on ``client``."""
        self.client = _client(connection)

    @property
    def up(self) -> bool:
        """Whether there is a socket; MQTT may not have answered yet."""
        return self.client.socket() is not None

    def connect(self) -> None:
        """Open the socket and ask for an MQTT connection; the answer comes by callback.

        Raises:
            OSError: nobody listens there, or nobody answered in time.
        """
        self.client.reconnect()

    def wait(self, timeout_s: float) -> bool:
        """Wait at most so long for a packet, once what is written is sent; whether there is something to read."""
        packets = self.client.packets
        if packets is None or not self.up:
            return False
        if packets.ready:
            return True
        self.flush()
        poller = select.poll()
        poller.register(packets.fileno(), select.POLLIN | (select.POLLOUT if packets.unsent else 0))
        ready = poller.poll(max(0.0, timeout_s) * 1_000)
        self.flush()
        return any(event & ~select.POLLOUT for _, event in ready)

    def read(self) -> Received | None:
        """Read a packet, if a whole one is there: a message is returned, of all else callbacks tell."""
        packets = self.client.packets
        if packets is None:
            return None
        received = packets.take_message()
        if received is None and not packets.ready:
            packets.fill()
            received = packets.take_message()
        if received is None:
            self.client.loop_read()
        return received

    def acknowledge(self, number: int) -> None:
        """Tell the broker that a message is kept; it is told with the next ``flush``."""
        if self.client.packets is not None:
            self.client.packets.acknowledge(number)

    def flush(self) -> None:
        """Send what is written, as far as the network takes it."""
        if self.client.want_write():
            self.client.loop_write()
        if self.client.packets is not None:
            self.client.packets.flush()

    def keep_alive(self) -> None:
        """Ping when it is time to, and notice that no answer came."""
        self.client.loop_misc()

    def disconnect(self, timeout_s: float) -> None:
        """Disconnect in good order, so that no last will goes out; break off if that takes longer."""
        deadline_s = time.monotonic() + timeout_s
        self.client.disconnect()
        while self.up and time.monotonic() < deadline_s:
            self.wait(deadline_s - time.monotonic())
        self.drop()

    def drop(self) -> None:
        """Break the connection off; paho reads what is still there, sees the end and closes."""
        if self.up and self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        while self.up:
            self.read()  # a message is not acknowledged, so it comes again

    @property
    def _socket(self) -> socket.socket | None:
        """The newest connection itself."""
        return self.client.packets.socket if self.client.packets is not None else None


class _PacketClient(Client):
    """paho with our socket. ``_create_socket`` is its own name: a test notices if another version has it no more."""

    packets: PacketSocket | None = None
    """The newest socket."""

    def _create_socket(self) -> PacketSocket:
        self.packets = PacketSocket(cast("socket.socket", super()._create_socket()))
        return self.packets


def _client(connection: Connection) -> _PacketClient:
    client = _PacketClient(
        CallbackAPIVersion.VERSION2,
        client_id=connection.client_id,
        clean_session=connection.clean,
        protocol=MQTTProtocolVersion.MQTTv311,
        reconnect_on_failure=False,
        manual_ack=True,
    )
    client.connect_timeout = CONNECT_TIMEOUT_S
    client.max_inflight_messages = WINDOW
    if connection.username is not None:
        client.username_pw_set(connection.username, connection.password)
    if connection.will is not None:
        client.will_set(connection.will.topic, connection.will.payload, 1, connection.will.retained)
    client.connect_async(connection.host, connection.port, connection.keepalive_s)
    return client
