"""The promise, on real processes: safety killed or stopped is a failure within 3 s, and its return ends it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from cordguard.bus.broker import EmbeddedBroker
from cordguard.bus.paho import open_paho
from cordguard.contract import topics
from cordguard.contract.health import Failure, Health
from support.broker import Client, NatsRig, poll_until
from support.processes import cordguard, start

PROMISE_S = 3.0

pytestmark = pytest.mark.slow


class World:
    """A broker, safety and watchdog as processes of their own, and a page."""

    def __init__(self, broker: EmbeddedBroker, data_dir: Path, site: str, stack: ExitStack) -> None:
        self.broker = broker
        self.data_dir = data_dir
        self.site = site
        self.stack = stack
        filters = (topics.FAILURE.filter(site), topics.HEALTH.filter(site, service="watchdog"))
        self.page = Client(open_paho, NatsRig(broker).connection("console", *filters, clean=True))
        self.safety = self.run("safety")
        self.watchdog = self.run("watchdog")

    def run(self, service: str) -> psutil.Process:
        """Start a service; it is ready on return."""
        place = ("--site", self.site, "--data-dir", self.data_dir, "--broker-port", str(self.broker.port))
        account = {
            "CORDGUARD_BROKER_USERNAME": service,
            "CORDGUARD_BROKER_PASSWORD": self.broker.credentials[service],  # type: ignore[index]
        }
        started = self.stack.enter_context(start(cordguard("service", service, *place), environment=account))
        assert started.process.stdout is not None
        assert started.process.stdout.readline() == "ready\n", started.end()
        return psutil.Process(started.pid)

    def failure(self) -> Failure | None:
        topic = topics.FAILURE.at(self.site, instance="main")
        said = [message.payload for message in self.page.messages if message.topic == topic]
        return Failure.model_validate_json(said[-1]) if said else None

    def health(self) -> Health | None:
        topic = topics.HEALTH.at(self.site, service="watchdog", instance="main")
        said = [message.payload for message in self.page.messages if message.topic == topic]
        return Health.model_validate_json(said[-1]) if said else None

    def await_failure(self, *, failed: bool) -> float:
        """Wait until the page shows it; how many seconds that took."""
        begin_s = time.monotonic()

        def shown() -> bool:
            failure = self.failure()
            return failure is not None and failure.failed is failed

        poll_until(shown, self.page, timeout_s=15, what=f"{failed=}")
        return time.monotonic() - begin_s


@pytest.fixture
def world(own_broker: EmbeddedBroker, site: str, tmp_path: Path) -> Iterator[World]:
    with ExitStack() as stack:
        world = World(own_broker, tmp_path, site, stack)
        yield world
        world.page.bus.close()


def test_h11_a16_safety_killed_is_a_failure_within_three_seconds_until_it_is_back(world: World) -> None:
    world.await_failure(failed=False)
    world.safety.kill()
    assert world.await_failure(failed=True) <= PROMISE_S
    world.run("safety")
    world.await_failure(failed=False)


def test_h11_a16_safety_stopped_is_a_failure_within_three_seconds_until_it_goes_on(world: World) -> None:
    world.await_failure(failed=False)
    world.safety.send_signal(signal.SIGSTOP)
    assert world.await_failure(failed=True) <= PROMISE_S
    failure = world.failure()
    assert failure is not None
    assert failure.what == "no answer from safety"
    world.safety.send_signal(signal.SIGCONT)
    world.await_failure(failed=False)


def test_h11_the_watchdogs_own_death_is_told_by_its_last_will(world: World) -> None:
    world.await_failure(failed=False)
    os.kill(world.watchdog.pid, signal.SIGKILL)
    poll_until(lambda: (health := world.health()) and health.state == "failed", world.page, what="its last will")
