"""The audit service as a process of its own: SIGKILL and a disk that takes nothing lose no message and double none."""

from __future__ import annotations

import resource
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cordguard.audit.ledger import FILE_NAME
from cordguard.audit.reader import read_ledger
from cordguard.audit.verify import verify
from cordguard.bus.broker import EmbeddedBroker
from cordguard.contract import topics
from cordguard.contract.health import Health
from cordguard.contract.topics import Party
from support.audit_messages import SITE, mark
from support.broker import Client, NatsRig, poll_until
from support.processes import cordguard, start
from support.waiting import wait_until


@contextmanager
def audit_process(broker: EmbeddedBroker, data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """The service, ready; killed at the end if it still runs."""
    place = ("--site", SITE, "--data-dir", data_dir, "--broker-port", str(broker.port))
    command = cordguard("service", "audit", *place)
    account = {"CORDGUARD_BROKER_USERNAME": "audit", "CORDGUARD_BROKER_PASSWORD": broker.credentials["audit"]}
    with start(command, environment=account) as started:
        assert started.process.stdout is not None
        assert started.process.stdout.readline() == "ready\n", started.end()
        yield started.process


class Gateway:
    """Publishes marks under an account that may."""

    def __init__(self, broker: EmbeddedBroker) -> None:
        rig = NatsRig(broker)
        party: Party = "gateway"
        self.client = Client(rig.open_bus, rig.connection(party, clean=True))
        self.page = Client(rig.open_bus, rig.connection("console", topics.HEALTH.filter(SITE), clean=True))
        self.sent = 0

    def publish(self, count: int) -> None:
        for _ in range(count):
            self.sent += 1
            self.client.bus.publish(*mark(f"m-{self.sent}"))
        poll_until(lambda: not self.client.bus.unconfirmed, self.client, what="the broker")

    def health_detail(self) -> str:
        self.page.bus.poll(0.01)
        return str(Health.model_validate_json(self.page.payloads[-1]).detail) if self.page.payloads else ""


@pytest.fixture
def gateway(own_broker: EmbeddedBroker) -> Iterator[Gateway]:
    gateway = Gateway(own_broker)
    yield gateway
    gateway.client.bus.close()
    gateway.page.bus.close()


def kept(data_dir: Path) -> list[str]:
    reader = read_ledger(data_dir / FILE_NAME)
    keys = [entry.key for entry in reader.entries() if entry.kind == "mark"]
    reader.close()
    return keys


@pytest.mark.slow
def test_a13_killed_again_and_again_it_keeps_every_mark_once(
    own_broker: EmbeddedBroker, gateway: Gateway, tmp_path: Path
) -> None:
    for already in (1, 120, 260):
        with audit_process(own_broker, tmp_path) as process:
            gateway.publish(150)
            wait_until(lambda count=already: len(kept(tmp_path)) >= count, what="some marks")  # type: ignore[misc]
            process.kill()
            process.wait()
        found = verify(tmp_path / FILE_NAME)
        assert found.good, found.problems
    with audit_process(own_broker, tmp_path) as process:
        wait_until(lambda: len(kept(tmp_path)) >= gateway.sent, what="all marks")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert sorted(kept(tmp_path)) == sorted(f"m-{number}" for number in range(1, gateway.sent + 1))
    assert verify(tmp_path / FILE_NAME).good


def test_h16_a_disk_that_takes_nothing_costs_no_message(
    own_broker: EmbeddedBroker, gateway: Gateway, tmp_path: Path
) -> None:
    with audit_process(own_broker, tmp_path) as process:
        before = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (4096, before[1]))
        gateway.publish(20)
        wait_until(lambda: "the disk" in gateway.health_detail(), what="health to say so")
        assert kept(tmp_path) == []
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, before)
        wait_until(lambda: len(kept(tmp_path)) == 20, what="all marks")
    assert verify(tmp_path / FILE_NAME).good
