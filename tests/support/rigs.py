"""Every broker that the product works with, behind one handle; and clients that are closed at the end of a test."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

import pytest

from cordguard.bus.broker import EmbeddedBroker
from cordguard.bus.port import Will
from cordguard.contract.topics import Party
from support.broker import Client, MemoryRig, NatsRig, Rig, poll_until
from support.mosquitto import MosquittoBroker, MosquittoRig

KINDS: Final = ("memory", "nats", "mosquitto")


@pytest.fixture(params=KINDS)
def rig(request: pytest.FixtureRequest, nats_broker: EmbeddedBroker, mosquitto_broker: MosquittoBroker) -> Rig:
    """A broker of the whole run."""
    rigs: dict[str, Rig] = {
        "memory": MemoryRig(),
        "nats": NatsRig(nats_broker),
        "mosquitto": MosquittoRig(mosquitto_broker),
    }
    return rigs[request.param]


@pytest.fixture(params=KINDS)
def own_rig(request: pytest.FixtureRequest) -> Rig:
    """A broker that the test may crash."""
    match request.param:
        case "nats":
            return NatsRig(request.getfixturevalue("own_broker"))
        case "mosquitto":
            return MosquittoRig(request.getfixturevalue("own_mosquitto"))
        case _:
            return MemoryRig()


@pytest.fixture
def opened() -> Iterator[list[Client]]:
    """Clients to be closed at the end."""
    clients: list[Client] = []
    yield clients
    for client in clients:
        client.bus.close()


def connect(
    rig: Rig,
    opened: list[Client],
    party: Party,
    *filters: str,
    clean: bool = False,
    will: Will | None = None,
    acknowledging: bool = True,
) -> Client:
    """A client of a party, connected."""
    client = Client(rig.open_bus, rig.connection(party, *filters, clean=clean, will=will), acknowledging=acknowledging)
    opened.append(client)
    poll_until(lambda: client.bus.connected, client, what=f"{party} to be connected")
    return client


def come_back(rig: Rig, opened: list[Client], former: Client) -> Client:
    """The same client in its next life: a new process."""
    client = Client(rig.open_bus, former.connection)
    opened.append(client)
    poll_until(lambda: client.bus.connected, client, what="the client to be back")
    return client


def settle(*clients: Client, for_s: float = 0.1) -> None:
    """Let everything that is under way arrive: until all is confirmed, and for a time more."""
    poll_until(lambda: all(client.bus.unconfirmed == 0 for client in clients), *clients)
    end_s = time.monotonic() + for_s
    poll_until(lambda: time.monotonic() > end_s, *clients)
