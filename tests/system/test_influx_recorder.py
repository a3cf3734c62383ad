"""The recorder as a process, between a real broker and a real InfluxDB: nothing lost, nothing twice."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from cordguard.bus.broker import EmbeddedBroker
from cordguard.contract import topics
from cordguard.recorder.store import connect
from support.broker import Client, NatsRig, poll_until
from support.influx import TOKEN, Influx
from support.recorder_messages import AT_US, transition, vitals
from support.waiting import wait_until

PROGRAM = """
import sys
from cordguard.recorder.settings import RecorderSettings
from cordguard.recorder.shell import build
from cordguard.runtime.service import run
sys.exit(run(lambda: build(RecorderSettings.model_validate_json(sys.stdin.read()))))
"""


class Bench:
    """What a recorder process is told, and a device that publishes."""

    def __init__(self, broker: EmbeddedBroker, site: str, folder: Path, influx: Influx) -> None:
        self.site = site
        self.folder = folder
        self.influx = influx
        self.settings = {
            "site": site,
            "data_dir": str(folder),
            "broker_port": broker.port,
            "broker_username": "recorder",
            "broker_password": broker.credentials["recorder"],
            "influx_url": influx.shim.url,
            "influx_token": TOKEN,
            "influx_bucket": influx.database,
        }
        rig = NatsRig(broker)
        self.device = Client(rig.open_bus, rig.connection("simulator", clean=True))
        self.safety = Client(rig.open_bus, rig.connection("safety", clean=True))
        poll_until(lambda: self.device.bus.connected and self.safety.bus.connected, self.device, self.safety)

    def close(self) -> None:
        self.device.bus.close()
        self.safety.bus.close()

    @contextmanager
    def recorder(self) -> Iterator[subprocess.Popen[str]]:
        """A recorder process; killed at the end of the block if the test left it."""
        with (self.folder / "recorder.log").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        with process:
            try:
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write(json.dumps(self.settings))
                process.stdin.close()
                assert process.stdout.readline() == "ready\n", (self.folder / "recorder.log").read_text()
                yield process
            finally:
                process.kill()

    def publish(self, first: int, count: int) -> None:
        """Publish frames of two sensors, and wait until the broker has them."""
        topic = topics.TEMPERATURE.at(self.site, room="or1", source="gen-1")
        for seq in range(first, first + count):
            readings = [{"sensor": "canal", "temperature_c": 38.0}, {"sensor": "tip", "temperature_c": 60}]
            frame = {"seq": seq, "at_us": AT_US + 100_000 * seq, "readings": readings}
            self.device.bus.publish(topic, json.dumps(frame).encode())
        flush(self.device)

    def stored(self) -> list[int]:
        """The sequence numbers of one sensor in the store, in the order they were kept."""
        with closing(connect(self.folder / "store.db")) as connection:
            return [
                row[0] for row in connection.execute("SELECT seq FROM temperature WHERE sensor = 'tip' ORDER BY id")
            ]

    def shipped(self) -> list[int]:
        """The sequence numbers of one sensor in InfluxDB, in the order of their times."""
        return self.influx.column('SELECT "seq" FROM "temperature" WHERE "sensor" = \'canal\'', "seq")


def flush(client: Client) -> None:
    poll_until(lambda: client.bus.unconfirmed == 0, client, what="the broker's confirmation")


@pytest.fixture
def bench(nats_broker: EmbeddedBroker, site: str, tmp_path: Path, influx: Influx) -> Iterator[Bench]:
    with closing(Bench(nats_broker, site, tmp_path, influx)) as opened:
        yield opened


def test_what_is_published_is_in_the_store_and_in_influxdb(bench: Bench) -> None:
    with bench.recorder() as process:
        bench.publish(0, 50)
        bench.safety.bus.publish(topics.TRANSITION.at(bench.site, room="or1"), transition().to_wire())
        bench.safety.bus.publish(topics.VITALS.at(bench.site, room="or1"), vitals().to_wire(), qos=0)
        flush(bench.safety)
        wait_until(lambda: len(bench.shipped()) == 50, what="50 frames in InfluxDB")
        wait_until(lambda: bench.influx.run('SELECT * FROM "transition"'), what="the transition in InfluxDB")
        wait_until(lambda: bench.influx.run('SELECT * FROM "vitals"'), what="the vitals in InfluxDB")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert bench.stored() == list(range(50))


def test_killed_again_and_again_it_loses_and_doubles_nothing(bench: Bench) -> None:
    numbers = itertools.count(0, 60)
    for _ in range(4):
        with bench.recorder() as process:
            bench.publish(next(numbers), 60)
            wait_until(bench.stored, what="something to be kept")
            process.kill()
            process.wait()
    with bench.recorder():
        wait_until(lambda: len(set(bench.stored())) == 240, what="240 frames in the store")
        wait_until(lambda: len(bench.shipped()) == 240, what="240 frames in InfluxDB")
    assert sorted(bench.stored()) == list(range(240))
    assert bench.shipped() == list(range(240))


def test_influxdb_away_during_a_case_gets_everything_afterwards(bench: Bench) -> None:
    bench.influx.shim.lose_answers = True
    with bench.recorder():
        bench.publish(0, 40)
        wait_until(lambda: len(bench.stored()) == 40, what="40 frames in the store")
        bench.publish(40, 40)
        bench.influx.shim.lose_answers = False
        wait_until(lambda: bench.shipped() == list(range(80)), what="80 frames in InfluxDB")


def test_a_wrong_token_is_said_in_health_and_keeping_goes_on(bench: Bench, nats_broker: EmbeddedBroker) -> None:
    bench.settings["influx_token"] = "wrong"
    rig = NatsRig(nats_broker)
    page = Client(rig.open_bus, rig.connection("console", topics.HEALTH.filter(bench.site), clean=True))
    with bench.recorder(), ExitStack() as stack:
        stack.callback(page.bus.close)
        bench.publish(0, 5)
        poll_until(
            lambda: any(b"check that the token may write" in payload for payload in page.payloads),
            page,
            what="the advice in health",
        )
        assert any(b'"state":"degraded"' in payload for payload in page.payloads)
        wait_until(lambda: len(bench.stored()) == 5, what="5 frames in the store")
