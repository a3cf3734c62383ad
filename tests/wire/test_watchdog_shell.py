"""The watchdog service on a bus in memory, with a stand-in for safety: failure said in time, and taken back."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from cordguard.bus.memory import MemoryBroker
from cordguard.bus.port import Connection, Subscription
from cordguard.contract import topics
from cordguard.contract.health import Failure, Health
from cordguard.contract.telemetry import TemperatureReading
from cordguard.runtime.clock import SimulatedClock
from cordguard.runtime.settings import ServiceSettings
from cordguard.watchdog.shell import WatchdogService, build
from support.watchdog_safety import CanarySafety

SITE = "site"
FAILURE = topics.FAILURE.at(SITE, instance="main")
HEALTH = topics.HEALTH.at(SITE, service="watchdog", instance="main")
SAMPLES = topics.CANARY_TEMPERATURE.at(SITE)
STEP_US = 50_000


class World:
    """A broker, a watchdog, a safety, and a clock that only this test moves."""

    def __init__(self, data_dir: Path) -> None:
        self.broker = MemoryBroker()
        self.clock = SimulatedClock(1_790_000_000_000_000)
        self.settings = ServiceSettings(site=SITE, data_dir=data_dir)
        self.watchdog = WatchdogService(self.settings, self.broker.open, self.clock)
        self.safety: CanarySafety | None = self.start_safety()
        self.frozen = False

    def start_safety(self) -> CanarySafety:
        health = CanarySafety.health_of(SITE, self.clock)
        connection = Connection("safety", subscriptions=(Subscription(SAMPLES),), will=health.will)
        return CanarySafety(self.broker.open, connection, SITE, health)

    def run(self, duration_s: float) -> None:
        for _ in range(round(duration_s * 1_000_000 / STEP_US)):
            self.clock.advance_to(self.clock.now_us() + STEP_US)
            self.watchdog.step(0)
            if self.safety is not None and not self.frozen:
                self.safety.poll()

    def failure(self) -> Failure | None:
        message = self.broker.retained(FAILURE)
        return None if message is None else Failure.model_validate_json(message.payload)

    def says(self, *, failed: bool) -> bool:
        failure = self.failure()
        return failure is not None and failure.failed is failed

    def time_to(self, *, failed: bool, at_most_s: float = 5) -> float:
        begin_us = self.clock.now_us()
        while not self.says(failed=failed):
            assert self.clock.now_us() - begin_us < at_most_s * 1_000_000, f"not {failed=} within {at_most_s} s"
            self.run(STEP_US / 1e6)
        return (self.clock.now_us() - begin_us) / 1e6

    def what(self) -> str:
        failure = self.failure()
        assert failure is not None
        return failure.what

    def health(self) -> Health:
        message = self.broker.retained(HEALTH)
        assert message is not None
        return Health.model_validate_json(message.payload)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.watchdog.close()
    if world.safety is not None:
        world.safety.bus.close()


def test_h11_while_safety_answers_it_says_so_retained(world: World) -> None:
    world.run(0.4)
    assert world.failure() is None, "nothing is claimed before it is proven"
    assert world.health().state == "degraded"
    world.run(5)
    failure = world.failure()
    assert failure is not None
    assert not failure.failed
    assert failure.last_proof_us is not None
    assert world.health().state == "ok"
    assert not any(b'"failed":true' in message.payload for message in world.broker.log if message.topic == FAILURE)


def test_a19_health_tells_period_count_and_time_of_the_self_check_and_its_round_trip(world: World) -> None:
    world.run(10)
    detail = world.health().detail
    assert detail["self_check_period_ms"] == 500
    assert 15 <= int(str(detail["self_check_count"])) <= 20
    assert 0 <= world.clock.now_us() - int(str(detail["last_self_check_us"])) <= 1_500_000
    assert 0 <= float(str(detail["round_trip_p50_ms"])) <= float(str(detail["round_trip_p99_ms"])) <= 500


def test_h11_a16_a_frozen_safety_is_a_failure_within_three_seconds_and_clears_after(world: World) -> None:
    world.run(5)
    world.frozen = True
    assert world.time_to(failed=True) <= 2.2
    assert world.what() == "no answer from safety"
    world.run(20)
    assert world.says(failed=True)
    world.frozen = False
    assert world.time_to(failed=False) <= 1.7
    world.run(1)
    assert int(str(world.health().detail["late_answers"])) >= 35, "of its backlog only the newest were proof"


def test_h11_a16_a_killed_safety_is_a_failure_at_once_by_its_last_will_and_clears_when_it_is_back(world: World) -> None:
    world.run(5)
    world.safety = None
    world.broker.cut("safety")
    assert world.time_to(failed=True) <= 0.2
    assert world.what() == "safety main says failed"
    world.run(10)
    world.safety = world.start_safety()
    assert world.time_to(failed=False) <= 1.7


def test_a_safety_that_was_stopped_on_purpose_is_named_so(world: World) -> None:
    world.run(5)
    assert world.safety is not None
    world.safety.stop()
    world.safety = None
    assert world.time_to(failed=True) <= 2.2
    assert world.what() == "safety main says stopped"


def test_h11_a_safety_that_never_was_there_is_a_failure_too(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.safety = None
    assert world.time_to(failed=True) <= 2.2
    failure = world.failure()
    assert failure is not None
    assert failure.last_proof_us is None
    world.watchdog.close()


def test_h18_a_broker_outage_is_logged_at_once_and_published_as_soon_as_it_is_back(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.run(5)
    world.broker.stop()
    world.run(0.1)
    assert "broker not reachable" in caplog.text
    world.run(4)
    assert "ALARM SYSTEM FAILURE: broker not reachable" in caplog.text
    assert world.says(failed=False), "nobody could be told"
    world.broker.start()
    world.run(0.1)
    assert world.says(failed=True)
    assert world.time_to(failed=False) <= 1.7


def test_h18_no_samples_pile_up_while_the_broker_is_away(world: World) -> None:
    world.run(5)
    world.broker.stop()
    world.run(60)
    before = sum(message.topic == SAMPLES for message in world.broker.log)
    world.broker.start()
    world.run(1)
    assert sum(message.topic == SAMPLES for message in world.broker.log) - before <= 4


def test_a_verdict_is_repeated_so_that_a_broker_that_lost_it_has_it_again(world: World) -> None:
    world.run(5)
    world.broker._retained.clear()  # noqa: SLF001 - a broker that forgets
    world.run(2.1)
    assert world.says(failed=False)


def test_h11_the_watchdogs_own_death_does_not_look_like_health(world: World) -> None:
    world.run(5)
    world.broker.cut("watchdog-site-main")
    assert world.says(failed=False), "the last word it had"
    assert world.health().state == "failed", "its last will takes it back"


def test_it_stops_in_good_order(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.run(3)
    world.watchdog.close()
    assert world.health().state == "stopped"


@pytest.mark.parametrize(
    "topic", [topics.CANARY_TRANSITION.at(SITE), topics.HEALTH.at(SITE, service="safety", instance="main")]
)
def test_rubbish_is_no_proof_and_does_no_harm(world: World, topic: str, caplog: pytest.LogCaptureFixture) -> None:
    world.run(3)
    assert world.safety is not None
    world.safety.bus.publish(topic, b"\xff rubbish")
    world.run(2)
    assert world.says(failed=False)
    assert "not understood" in caplog.text


def test_a_simulated_run_does_not_move_its_clock(tmp_path: Path) -> None:
    """Deadlines are wall time: a host that stands still in simulated time still must be watched."""
    broker = MemoryBroker()
    service = build(ServiceSettings(site=SITE, data_dir=tmp_path, simulated_clock=True), broker.open)
    service.step(0)
    assert service.ready
    service.step(0)
    samples = [TemperatureReading.model_validate_json(m.payload) for m in broker.log if m.topic == SAMPLES]
    assert samples[0].at_us > 1_700_000_000_000_000
    service.close()


def test_a_failure_is_logged_once(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.run(5)
    world.frozen = True
    world.run(30)
    assert [record.message for record in caplog.records if record.levelno == logging.ERROR] == [
        "ALARM SYSTEM FAILURE: no answer from safety"
    ]
