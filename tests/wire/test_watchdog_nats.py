"""The watchdog over a real broker, under its own account, on wall time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cordguard.bus.broker import EmbeddedBroker
from cordguard.bus.paho import open_paho
from cordguard.bus.port import Bus
from cordguard.contract import topics
from cordguard.contract.health import Failure
from cordguard.runtime.clock import WallClock
from cordguard.runtime.settings import ServiceSettings
from cordguard.watchdog.shell import WatchdogService
from support.broker import Client, NatsRig
from support.waiting import wait_until
from support.watchdog_safety import CanarySafety

PROMISE_S = 3.0


class World:
    """Watchdog, safety and a page, each on a connection of its own, all driven by one thread."""

    def __init__(self, broker: EmbeddedBroker, site: str, data_dir: Path) -> None:
        self.rig = NatsRig(broker)
        self.clock = WallClock()
        self.site = site
        settings = ServiceSettings(
            site=site,
            data_dir=data_dir,
            broker_port=broker.port,
            broker_username="watchdog",
            broker_password=broker.credentials["watchdog"],
        )
        self.watchdog = WatchdogService(settings, open_paho, self.clock)
        self.page = Client(open_paho, self.rig.connection("console", topics.FAILURE.filter(site), clean=True))
        health = CanarySafety.health_of(site, self.clock)
        connection = self.rig.connection("safety", topics.CANARY_TEMPERATURE.filter(site), will=health.will)
        self.safety = CanarySafety(open_paho, connection, site, health)
        self.frozen = False

    @property
    def safety_bus(self) -> Bus:
        return self.safety.bus

    def step(self) -> None:
        self.watchdog.step(0.005)
        self.page.bus.poll(0)
        if not self.frozen:
            self.safety.poll()

    def failures(self) -> list[Failure]:
        return [Failure.model_validate_json(payload) for payload in self.page.payloads]

    def shows(self, *, failed: bool) -> Callable[[], bool]:
        return self.stepping(lambda: [failure.failed for failure in self.failures()[-1:]] == [failed])

    def stepping(self, condition: Callable[[], bool]) -> Callable[[], bool]:
        def step() -> bool:
            self.step()
            return condition()

        return step

    def close(self) -> None:
        self.watchdog.close()
        self.page.bus.close()
        self.safety.bus.close()


@pytest.fixture
def world(own_broker: EmbeddedBroker, site: str, tmp_path: Path) -> Iterator[World]:
    world = World(own_broker, site, tmp_path)
    yield world
    world.close()


def test_h11_a16_silence_of_safety_reaches_a_page_within_three_seconds_and_is_taken_back(world: World) -> None:
    wait_until(world.shows(failed=False), what="the first proofs")
    world.frozen = True
    frozen_s = time.monotonic()
    wait_until(world.shows(failed=True), what="the failure")
    assert time.monotonic() - frozen_s <= PROMISE_S
    assert world.failures()[-1].what == "no answer from safety"
    world.frozen = False
    wait_until(world.shows(failed=False), what="the end of the failure")


def test_h18_after_a_crash_of_the_broker_the_failure_is_published_and_taken_back(world: World) -> None:
    wait_until(world.shows(failed=False), what="the first proofs")
    world.rig.crash()
    out_s = time.monotonic()
    wait_until(world.stepping(lambda: time.monotonic() - out_s > 2.5), what="an outage longer than the deadline")
    before = len(world.failures())
    world.rig.recover()
    said = world.stepping(lambda: any(failure.failed for failure in world.failures()[before:]))
    wait_until(said, what="the failure")
    wait_until(world.shows(failed=False), what="the end of the failure")
