from __future__ import annotations

from dataclasses import dataclass, field
from importlib import metadata

import pytest

from cordguard.bus.memory import MemoryBroker, MemoryBus
from cordguard.bus.port import Connection, Handlers
from cordguard.contract.health import Health
from cordguard.runtime.clock import SimulatedClock
from cordguard.runtime.health import HealthReporter

TOPIC = "cordguard/v1/north/services/recorder/main/health"


@dataclass
class Desk:
    """A reporter, its bus and both its clocks."""

    broker: MemoryBroker = field(default_factory=MemoryBroker)
    clock: SimulatedClock = field(default_factory=lambda: SimulatedClock(1_000_000))
    wall_s: float = 100.0

    def __post_init__(self) -> None:
        self.reporter = HealthReporter("recorder", "north", "main", self.clock, monotonic_s=lambda: self.wall_s)
        connection = Connection("recorder", will=self.reporter.will)
        self.bus: MemoryBus = self.broker.open(connection, Handlers(lambda _delivery: None))

    @property
    def said(self) -> list[Health]:
        return [Health.model_validate_json(message.payload) for message in self.broker.log if message.topic == TOPIC]


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.bus.poll(0)
    return desk


def test_it_reports_once_a_second_of_wall_time_however_often_it_is_called(desk: Desk) -> None:
    for step in range(60):
        desk.wall_s = 100.0 + step * 0.0625
        desk.reporter.beat(desk.bus, "ok")
    assert len(desk.said) == 4


def test_a_change_of_state_is_said_at_once(desk: Desk) -> None:
    for state in ("ok", "degraded", "degraded", "ok"):
        desk.reporter.beat(desk.bus, state)
    assert [health.state for health in desk.said] == ["ok", "degraded", "ok"]


def test_a_report_carries_time_version_and_figures_and_is_retained(desk: Desk) -> None:
    desk.clock.advance_to(7_000_000)
    policy = "sha256:" + "0" * 64
    desk.reporter.beat(desk.bus, "ok", lag_ms=1.5, queue=3, detail={"rejected": 2}, policy=policy)
    [health] = desk.said
    assert (health.at_us, health.version) == (7_000_000, metadata.version("cordguard"))
    assert (health.lag_ms, health.queue, health.detail, health.policy) == (1.5, 3, {"rejected": 2}, policy)
    kept = desk.broker.retained(TOPIC)
    assert kept is not None
    assert Health.model_validate_json(kept.payload) == health


def test_the_last_will_says_failed_and_the_next_connection_corrects_it(desk: Desk) -> None:
    desk.reporter.beat(desk.bus, "ok")
    desk.bus.poll(0)
    desk.broker.cut("recorder")
    assert desk.said[-1].state == "failed"
    desk.bus.poll(0)
    desk.reporter.beat(desk.bus, "ok")
    desk.bus.poll(0)
    desk.reporter.beat(desk.bus, "ok")
    assert [health.state for health in desk.said] == ["ok", "failed", "ok"], "at once, not a second later"


def test_nothing_is_queued_while_there_is_no_connection(desk: Desk) -> None:
    desk.broker.stop()
    desk.bus.poll(0)
    for _ in range(100):
        desk.wall_s += 1
        desk.reporter.beat(desk.bus, "ok")
    desk.reporter.stopped(desk.bus)
    assert desk.bus.unconfirmed == 0


def test_it_says_when_it_stops_on_purpose_and_no_will_follows(desk: Desk) -> None:
    desk.reporter.beat(desk.bus, "ok")
    desk.reporter.stopped(desk.bus)
    desk.bus.close()
    assert [health.state for health in desk.said] == ["ok", "stopped"]
