"""The console's web side without a bus: requests in, outgoing messages seen."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from cordguard.console.access import Access
from cordguard.console.app import build_app
from cordguard.console.commands import Person
from cordguard.console.desk import Desk
from cordguard.console.exchange import Exchange, Outgoing
from cordguard.console.live import Incoming
from cordguard.console.moments import Moment
from cordguard.console.server import WebThread, listen
from support.console_messages import SITE, at
from support.waiting import wait_until

SMALL_BUFFER_BYTES = 4_096
TOKEN = "the-one-time-token"

Json = dict[str, Any]


@dataclass
class Web:
    """A browser's side of the console, and the bus's."""

    client: httpx.Client
    origin: str
    desk: Desk
    exchange: Exchange
    sent: list[Outgoing] = field(default_factory=list)

    def log_in(self) -> httpx.Response:
        """Open the one-time link."""
        return self.client.get(f"/login?token={TOKEN}")

    def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        """Post as our own page does."""
        return self.client.post(path, json=body, headers={"origin": self.origin} | headers)

    def socket(self, room: str | None = None, origin: str | None = None) -> AbstractContextManager[ClientConnection]:
        """Open a socket as our own page does."""
        return open_socket(self.origin, self.client, room, origin)

    def hear(self, *messages: Incoming) -> None:
        """Messages come from the bus; requests made after this returns find them in the state."""
        for message in messages:
            self.exchange.bring(message)
        wait_until(lambda: self.exchange.waiting == 0, what="the messages to be taken in")

    def outgoing(self) -> list[Outgoing]:
        """What was sent to the bus so far."""
        self.sent.extend(self.exchange.take_outgoing())
        return self.sent


def open_socket(url: str, client: httpx.Client, room: str | None = None, origin: str | None = None) -> ClientConnection:
    """A socket with the cookies of a client, from our own page unless another origin is given."""
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    address = url.replace("http", "ws") + "/ws" + (f"?room={room}" if room is not None else "")
    said = Origin(url if origin is None else origin)
    return connect(address, origin=said, additional_headers={"Cookie": cookies}, compression=None, proxy=None)


@contextmanager
def deaf_socket(web: Web, room: str) -> Iterator[None]:
    """A socket whose page reads nothing, with buffers so small that this is soon felt."""
    cookies = "; ".join(f"{name}={value}" for name, value in web.client.cookies.items())
    host, port = web.origin.removeprefix("http://").split(":")
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER_BYTES)
        deaf.connect((host, int(port)))
        deaf.sendall(
            f"GET /ws?room={room} HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {web.origin}\r\nCookie: {cookies}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        yield


def next_frame(connection: ClientConnection, kind: str) -> Json:
    """The next frame of this kind."""
    while True:
        frame = json.loads(connection.recv(timeout=5))["frame"]
        if frame["kind"] == kind:
            return cast("Json", frame)


@pytest.fixture
def web() -> Iterator[Web]:
    """The application, served on a free port, nobody logged in, the bus connected."""
    exchange = Exchange()
    exchange.connected = True
    secrets = iter(f"secret-{number}" for number in range(100))
    access = Access(TOKEN, cookie="session", names=frozenset({"127.0.0.1"}), new_secret=lambda: next(secrets))
    desk = Desk(SITE, exchange, access, _now, simulated=False)
    app = build_app(desk, Person(actor="dr-7", role="clinician"))
    listener = listen("127.0.0.1", 0)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL_BUFFER_BYTES)
    thread = WebThread(lambda _: app, listener)
    try:
        wait_until(lambda: thread.serving, what="the web server")
        origin = f"http://127.0.0.1:{thread.port}"
        with httpx.Client(base_url=origin) as client:
            yield Web(client, origin, desk, exchange)
    finally:
        thread.close()


def _now() -> Moment:
    return at(0)
