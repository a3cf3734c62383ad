"""Brokers and buses for tests: a NATS server of the whole run, one for a single test to kill, and recording clients."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, Protocol

import pytest

from cordguard.bus.broker import EmbeddedBroker
from cordguard.bus.memory import MemoryBroker
from cordguard.bus.nats import ACK_WAIT_S
from cordguard.bus.paho import PahoBus, open_paho
from cordguard.bus.port import Bus, Connection, Delivery, Handlers, Message, OpenBus, Subscription, Will
from cordguard.contract.topics import Party
from support.waiting import wait_until

POLL_S: Final = 0.002

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def nats_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    """One broker for the whole run, on a free port: tests keep apart by sites and client ids of their own."""
    broker = EmbeddedBroker(tmp_path_factory.mktemp("broker"))
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    """A broker of the test's own, to kill, stop and restart."""
    broker = EmbeddedBroker(tmp_path / "broker")
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def site() -> str:
    """A site that no other test uses."""
    return f"site-{os.getpid()}-{next(_numbers)}"


class Client:
    """A bus and everything that it told: deliveries, connects (was the session there?), losses."""

    def __init__(self, open_bus: OpenBus, connection: Connection, *, acknowledging: bool = True) -> None:
        """Open a bus; nothing happens before it is polled."""
        self.connection = connection
        self.deliveries: list[Delivery] = []
        self.connects: list[bool] = []
        self.losses: list[str] = []
        self.acknowledging = acknowledging
        self.react: Callable[[Message], None] = lambda _message: None
        handlers = Handlers(self._on_delivery, self.connects.append, self.losses.append)
        self.bus: Bus = open_bus(connection, handlers)

    @property
    def messages(self) -> list[Message]:
        """What came, in order."""
        return [delivery.message for delivery in self.deliveries]

    @property
    def payloads(self) -> list[bytes]:
        """The payloads of what came, in order."""
        return [message.payload for message in self.messages]

    def _on_delivery(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        self.react(delivery.message)
        if self.acknowledging:
            delivery.acknowledge()


class Line(Protocol):
    """A bus and what it was opened with."""

    connection: Connection
    bus: Bus


class Rig(Protocol):
    """A broker of either kind, and its faults."""

    open_bus: OpenBus
    patience_s: float
    """After so long what was not acknowledged has come again."""
    copies: int
    """Of a message that falls under two filters of one client."""

    def connection(self, party: Party, *filters: str, clean: bool = False, will: Will | None = None) -> Connection:
        """A connection under a party's account with a client id of its own."""

    def cut(self, client: Line) -> None:
        """Lose a client's connection without a word."""

    def crash(self) -> None:
        """Kill the broker."""

    def recover(self) -> None:
        """Start it again on what it kept."""


class MemoryRig:
    """The broker in memory."""

    def __init__(self) -> None:
        """A fresh one."""
        self.broker = MemoryBroker()
        self.open_bus: OpenBus = self.broker.open
        self.patience_s = 0.0
        self.copies = 2

    def connection(self, party: Party, *filters: str, clean: bool = False, will: Will | None = None) -> Connection:
        """See ``Rig``."""
        subscriptions = tuple(Subscription(topic_filter) for topic_filter in filters)
        return Connection(f"{party}-{next(_numbers)}", clean=clean, subscriptions=subscriptions, will=will)

    def cut(self, client: Line) -> None:
        """See ``Rig``."""
        self.broker.cut(client.connection.client_id)

    def crash(self) -> None:
        """See ``Rig``."""
        self.broker.stop()

    def recover(self) -> None:
        """See ``Rig``."""
        self.broker.start()


class Server(Protocol):
    """A broker as a process of its own."""

    @property
    def port(self) -> int:
        """Its MQTT port on loopback."""

    @property
    def credentials(self) -> Mapping[Party, str]:
        """The password of each account."""

    def start(self) -> None:
        """Start it on what it kept."""

    def kill(self) -> None:
        """What a crash does."""


class NetworkRig:
    """A broker as a process, and paho."""

    patience_s: float
    copies: int

    def __init__(self, broker: Server) -> None:
        """Around a broker that runs."""
        self.broker = broker
        self.open_bus: OpenBus = open_paho

    def connection(self, party: Party, *filters: str, clean: bool = False, will: Will | None = None) -> Connection:
        """See ``Rig``."""
        return Connection(
            f"{party}-{os.getpid()}-{next(_numbers)}",
            port=self.broker.port,
            username=party,
            password=self.broker.credentials[party],
            clean=clean,
            subscriptions=tuple(Subscription(topic_filter) for topic_filter in filters),
            will=will,
        )

    def cut(self, client: Line) -> None:
        """See ``Rig``; what the network does to a socket, done from our end."""
        assert isinstance(client.bus, PahoBus)
        sock = client.bus._link._socket  # noqa: SLF001 - nothing but a test may do this
        assert sock is not None
        sock.shutdown(socket.SHUT_RDWR)

    def crash(self) -> None:
        """See ``Rig``."""
        self.broker.kill()

    def recover(self) -> None:
        """See ``Rig``."""
        self.broker.start()


class NatsRig(NetworkRig):
    """A NATS server and paho."""

    patience_s = ACK_WAIT_S + 0.5
    copies = 2


def accepts(port: int) -> bool:
    """Whether somebody listens on a port of loopback."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def poll_until(condition: Callable[[], object], *clients: Client, timeout_s: float = 10, what: str = "it") -> None:
    """Drive buses until something is true.

    Raises:
        AssertionError: it did not become true in time.
    """

    def step() -> object:
        for client in clients:
            client.bus.poll(POLL_S)
        return condition()

    wait_until(step, timeout_s=timeout_s, what=what)
