"""The player over paho and a NATS broker, with the broker's own accounts: what memory promised must hold there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cordguard.bus.broker import EmbeddedBroker
from cordguard.bus.memory import MemoryBroker
from cordguard.bus.paho import open_paho
from cordguard.bus.port import Bus, Connection, Handlers, Message, OpenBus, Subscription
from cordguard.contract import topics
from cordguard.runtime.clock import WallClock
from cordguard.simulators.player import simulate
from cordguard.simulators.simulation import Progress, SimulateSettings, SimulationResult
from support.sim_monitor import SHORT, Monitor, WatchedBus
from support.waiting import wait_until

START_US = 1_790_000_000_000_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "short.toml"
    path.write_text(SHORT, encoding="utf-8")
    return path


@pytest.fixture
def monitor(nats_broker: EmbeddedBroker, site: str) -> Iterator[Monitor]:
    monitor = Monitor(WallClock(), site)
    connection = account(nats_broker, "safety", f"cordguard/v1/{site}/#", client_id=f"safety-{site}")
    monitor.connect(open_paho, connection)
    assert monitor.bus is not None
    bus = monitor.bus

    def is_connected() -> bool:
        monitor.step()
        return bus.connected

    wait_until(is_connected, what="the monitor to be connected")
    yield monitor
    bus.close()


def account(broker: EmbeddedBroker, party: str, *filters: str, client_id: str) -> Connection:
    return Connection(
        client_id,
        port=broker.port,
        username=party,
        password=broker.credentials[party],  # type: ignore[index]
        clean=True,
        subscriptions=tuple(Subscription(entry) for entry in filters),
    )


def play(file: Path, site: str, monitor: Monitor, open_bus: OpenBus, broker: EmbeddedBroker | None) -> SimulationResult:
    settings = SimulateSettings(
        scenario=str(file),
        site=site,
        speed=50.0,
        start_us=START_US,
        broker_port=broker.port if broker else 1883,
        broker_username="simulator",
        broker_password=broker.credentials["simulator"] if broker else None,
    )

    waits: list[float] = []
    published: list[str] = []

    def open_watched(connection: Connection, handlers: Handlers) -> Bus:
        return WatchedBus(open_bus(connection, handlers), monitor, waits.append, published.append)

    return simulate(settings, open_watched, list[Progress]().append)


def in_order(messages: list[Message]) -> list[tuple[str, bytes]]:
    """Without signs of life and repeats: the broker may send those at any time."""
    said = [(message.topic, message.payload) for message in messages if not message.topic.endswith("/status")]
    return list(dict.fromkeys(said))


def test_a_whole_case_over_nats_says_the_same_bytes_in_the_same_order_as_in_memory(
    file: Path, site: str, nats_broker: EmbeddedBroker, monitor: Monitor
) -> None:
    result = play(file, site, monitor, open_paho, nats_broker)
    assert result.ok, result.ending
    memory = MemoryBroker()
    reference = Monitor(WallClock(), site)
    whole_site = Subscription(f"cordguard/v1/{site}/#")
    reference.connect(memory.open, Connection("safety", clean=True, subscriptions=(whole_site,)))
    assert play(file, site, reference, memory.open, None).ok
    expected = in_order(reference.received)

    def has_all() -> bool:
        monitor.step()
        return len(in_order(monitor.received)) >= len(expected)

    wait_until(has_all, what="the last frame")
    assert in_order(monitor.received) == expected
    assert result.rf_to_us is not None
    assert sum(message.topic.endswith(topics.CASE.at(site, room="room-1")) for message in reference.received) == 2


def test_a_wrong_password_is_told_in_a_sentence(file: Path, site: str, nats_broker: EmbeddedBroker) -> None:
    settings = SimulateSettings(
        scenario=str(file),
        site=site,
        broker_port=nats_broker.port,
        broker_username="simulator",
        broker_password="wrong",
    )
    result = simulate(settings, open_paho, list[Progress]().append)
    assert result.ending.outcome == "refused"
    assert "simulator" in result.ending.message
