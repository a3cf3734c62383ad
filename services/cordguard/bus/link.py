"""One paho client and its socket, driven by hand: wait, read, write, break off. Knows nothing of what is sent."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from typing import Any, Final

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from cordguard.bus.outbox import WINDOW
from cordguard.bus.port import Connection

CONNECT_TIMEOUT_S: Final = 2.0
"""Longest time that one attempt to connect may hold up ``poll`` (resolving a host name comes on top)."""


class Link:
    """A paho client without a thread."""

    def __init__(self, connection: Connection) -> None:
        """Not connected; callbacks are to be set on ``client``."""
        self.client = _client(connection)
        self.client.on_socket_open = self._on_socket_open
        self._socket: socket.socket | None = None

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
        """Wait at most so long for the socket, write what has to wait; whether there is something to read."""
        sock = self.client.socket()
        if sock is None:
            return False
        poller = select.poll()
        poller.register(sock.fileno(), select.POLLIN | (select.POLLOUT if self.client.want_write() else 0))
        ready = poller.poll(max(0.0, timeout_s) * 1_000)
        if ready and self.client.want_write():
            self.client.loop_write()
        return any(event & ~select.POLLOUT for _, event in ready)

    def read(self) -> None:
        """Read a packet or a part of one; callbacks run."""
        self.client.loop_read()

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
            self.client.loop_read()

    def _on_socket_open(self, _client: Client, _userdata: object, sock: Any) -> None:  # noqa: ANN401 - paho's loose type
        """Send small packets at once: with Nagle's algorithm an alarm waits 20 to 45 ms for an acknowledgement."""
        self._socket = sock
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _client(connection: Connection) -> Client:
    client = Client(
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
