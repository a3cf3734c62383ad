"""The recorder on the bus: acknowledged means committed, whatever the store, the broker and InfluxDB do."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import ValidationError

from cordguard.bus.memory import MemoryBroker, MemoryBus
from cordguard.bus.port import Connection, Handlers
from cordguard.contract import topics
from cordguard.contract.health import ClockReading
from cordguard.recorder.influx import Answer, Written
from cordguard.recorder.outbox import Outbox
from cordguard.recorder.rows import Row
from cordguard.recorder.settings import RecorderSettings
from cordguard.recorder.shell import BATCH_US, RETRY_US, build
from cordguard.recorder.shipper import Shipper, ShipperThread, ShippingState
from cordguard.recorder.store import Kept, Store, Trouble, connect
from cordguard.runtime.service import SetupError
from support.recorder_bench import CLIENT, HEALTH, TEMPERATURE, TRANSITION, Bench, frame
from support.recorder_messages import AT_US, transition, vitals
from support.waiting import wait_until


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    opened = Bench(tmp_path)
    yield opened
    opened.recorder.close()


def test_a_message_is_acknowledged_after_its_commit_and_not_before(bench: Bench) -> None:
    bench.publish(TEMPERATURE, frame(1))
    bench.recorder.step(0)
    assert (bench.unacknowledged(), bench.count("temperature")) == (1, 0)
    bench.wait(BATCH_US - 1)
    assert (bench.unacknowledged(), bench.count("temperature")) == (1, 0)
    bench.wait(1)
    assert (bench.unacknowledged(), bench.count("temperature")) == (0, 1)


def test_everything_it_is_told_to_keep_is_kept(bench: Bench) -> None:
    reading = b'{"seq":1,"at_us":5,"rf_on":true,"power_w":9.0}'
    bench.publish(TEMPERATURE, frame(1))
    bench.publish(topics.GENERATOR.at("north", room="or1", source="gen-1"), reading)
    bench.publish(topics.VITALS.at("north", room="or1"), vitals().to_wire())
    bench.publish(TRANSITION, transition().to_wire())
    bench.publish(topics.CASE.at("north", room="or1"), b'{"session":"s","revision":0,"state":"open","opened_us":1}')
    bench.publish(topics.MARK.at("north", room="or1"), b'{"mark_id":"m","at_us":1,"mark":"note"}')
    bench.publish(
        topics.REJECTED.at("north", room="or1"), b'{"topic":"x","received_us":4,"reason":"not JSON","count":1}'
    )
    bench.wait()
    tables = ("temperature", "generator", "vitals", "transition", "cases", "mark", "rejected")
    assert {table: bench.count(table) for table in tables} == dict.fromkeys(tables, 1) | {"vitals": 2}
    assert bench.unacknowledged() == 0


def test_what_cannot_be_read_is_acknowledged_counted_and_not_stored(bench: Bench) -> None:
    for payload in (b"", b"not JSON", b"[]", b"{}", b"x" * 1_000_000):
        bench.publish(TEMPERATURE, payload)
    bench.publish(TEMPERATURE, frame(1))
    bench.wait()
    bench.wait()
    assert (bench.unacknowledged(), bench.count("temperature")) == (0, 1)
    assert bench.recorder.ready


def test_the_canary_is_not_kept(bench: Bench) -> None:
    bench.publish(topics.CANARY_TEMPERATURE.at("north"), frame(1, 46.0))
    bench.wait()
    assert (bench.unacknowledged(), bench.count("temperature")) == (0, 0)


def test_repeats_in_any_order_are_kept_once(bench: Bench) -> None:
    for seq in range(4):
        bench.publish(TEMPERATURE, frame(seq))
    bench.recorder.step(0)
    bench.broker.redeliver(CLIENT, order=[3, 1, 0, 2])
    bench.wait()
    bench.publish(TEMPERATURE, frame(2))
    bench.wait()
    assert (bench.unacknowledged(), bench.count("temperature")) == (0, 4)


def test_the_same_change_of_an_alarm_is_kept_once(bench: Bench) -> None:
    for step in (1, 2, 1, 2):
        bench.publish(TRANSITION, transition(step=step).to_wire())
        bench.wait()
    assert bench.count("transition") == 2


def test_killed_between_commit_and_acknowledgement_it_keeps_everything_once(bench: Bench) -> None:
    class CrashError(Exception):
        pass

    class Crashing(Store):
        def keep(self, rows: Iterable[Row]) -> Kept | Trouble:
            super().keep(rows)
            raise CrashError

    path = bench.folder / "store.db"
    bench.restart(store=Crashing(connect(path), path))
    for seq in range(3):
        bench.publish(TEMPERATURE, frame(seq))
    with pytest.raises(CrashError):
        bench.wait()
    assert (bench.unacknowledged(), bench.count("temperature")) == (3, 3)
    bench.broker.cut(CLIENT)
    bench.recorder = bench.start()
    bench.wait()
    assert (bench.unacknowledged(), bench.count("temperature")) == (0, 3)


def test_a_locked_store_acknowledges_nothing_says_so_and_goes_on_later(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    path = bench.folder / "store.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        bench.publish(TEMPERATURE, frame(1))
        bench.wait()
        bench.publish(TEMPERATURE, frame(2))
        bench.wait(RETRY_US)
        assert bench.unacknowledged() == 2
        assert not bench.recorder.ready
        health = bench.health()
        assert (health.state, health.detail["store"]) == (
            "failed",
            f"the store {path} is locked by another program; close that program",
        )
        assert len([record for record in caplog.records if "is locked" in record.message]) == 1
        other.execute("ROLLBACK")
    bench.wait(RETRY_US)
    assert (bench.unacknowledged(), bench.count("temperature"), bench.health().state) == (0, 2, "ok")


def test_a_full_disk_acknowledges_nothing_says_so_and_goes_on_later(bench: Bench) -> None:
    path = bench.folder / "store.db"
    connection = connect(path)
    bench.restart(store=Store(connection, path))
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    for seq in range(400):
        bench.publish(TEMPERATURE, frame(seq))
    bench.wait()
    assert (bench.unacknowledged(), bench.count("temperature")) == (400, 0)
    assert bench.health().state == "failed"
    assert "disk is full; make room" in str(bench.health().detail["store"])
    connection.execute("PRAGMA max_page_count = 1000000")
    bench.wait(RETRY_US)
    assert (bench.unacknowledged(), bench.count("temperature"), bench.health().state) == (0, 400, "ok")


def test_what_a_broker_sends_again_while_the_store_fails_is_acknowledged_in_the_end(bench: Bench) -> None:
    with closing(sqlite3.connect(bench.folder / "store.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        bench.publish(TEMPERATURE, frame(1))
        for _ in range(3):
            bench.wait(RETRY_US)
            bench.broker.redeliver(CLIENT)
        other.execute("ROLLBACK")
    bench.wait(RETRY_US)
    assert (bench.unacknowledged(), bench.count("temperature")) == (0, 1)


def test_many_messages_are_committed_at_once_however_short_they_waited(bench: Bench) -> None:
    for seq in range(500):
        bench.publish(TEMPERATURE, frame(seq))
    bench.recorder.step(0)
    assert (bench.unacknowledged(), bench.count("temperature")) == (0, 500)


def test_closing_commits_and_acknowledges_what_waits(bench: Bench) -> None:
    bench.publish(TEMPERATURE, frame(1))
    bench.recorder.step(0)
    bench.recorder.close()
    assert (bench.unacknowledged(), bench.count("temperature"), bench.health().state) == (0, 1, "stopped")


def test_what_queued_while_it_was_away_is_kept_when_it_comes_back(bench: Bench) -> None:
    bench.recorder.close()
    bench.publish(TEMPERATURE, frame(1))
    bench.recorder = bench.start()
    bench.wait()
    assert (bench.unacknowledged(), bench.count("temperature")) == (0, 1)


def test_its_health_follows_the_clock_of_a_simulated_run(bench: Bench) -> None:
    bench.restart(simulated=True)
    assert bench.health().at_us == 0
    clock = topics.CLOCK.at("north", instance="main")
    bench.publish(clock, ClockReading(at_us=AT_US).to_wire())
    bench.publish(clock, b"no time at all")
    bench.wait()
    bench.recorder.close()
    assert (bench.unacknowledged(), bench.health().at_us) == (0, AT_US)


class FakeShipping:
    """Shipping in a state that the test gives."""

    def __init__(self, state: ShippingState) -> None:
        self.state = state

    def close(self) -> None:
        """Nothing runs."""


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (ShippingState(), "ok"),
        (ShippingState(quarantined=3), "ok"),
        (ShippingState(refused=1, quarantined=3), "degraded"),
        (ShippingState(trouble="InfluxDB does not answer"), "degraded"),
    ],
)
def test_trouble_with_influxdb_is_said_and_stops_nothing(bench: Bench, state: ShippingState, expected: str) -> None:
    bench.restart(shipping=FakeShipping(state))
    bench.publish(TEMPERATURE, frame(1))
    bench.wait()
    assert (bench.health().state, bench.health().detail["influx"]) == (expected, state.trouble or "ok")
    assert (bench.unacknowledged(), bench.count("temperature"), bench.recorder.ready) == (0, 1, True)


def test_an_influxdb_that_never_answers_delays_no_acknowledgement(bench: Bench) -> None:
    hanging, answer = threading.Event(), threading.Event()

    class Hanging:
        def write(self, lines: Sequence[str]) -> Answer:
            del lines
            hanging.set()
            answer.wait()
            return Written()

        def close(self) -> None:
            """Nothing is open."""

    path = bench.folder / "store.db"
    bench.restart(shipping=ShipperThread(lambda: Shipper(Outbox(path, "here"), Hanging())))
    bench.publish(TEMPERATURE, frame(1))
    bench.wait()
    wait_until(hanging.is_set, what="the shipper to hang")
    bench.publish(TEMPERATURE, frame(2))
    bench.wait()
    assert (bench.unacknowledged(), bench.count("temperature")) == (0, 2)
    answer.set()


def test_a_data_folder_that_cannot_be_used_is_a_bad_setup(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = RecorderSettings(data_dir=tmp_path / "file")
    with pytest.raises(SetupError, match="give --data-dir a folder you may write to"):
        build(settings, _no_bus)


def test_an_influxdb_without_a_token_is_a_bad_setup(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="influx_token is required when influx_url is given"):
        RecorderSettings(data_dir=tmp_path, influx_url="http://127.0.0.1:8086")


def test_it_ships_only_if_told_where(tmp_path: Path) -> None:
    broker = MemoryBroker()
    recorder = build(RecorderSettings(data_dir=tmp_path, site="north"), broker.open)
    recorder.step(0)
    recorder.close()
    assert '"influx":"off"' in _health_said(broker)


def _health_said(broker: MemoryBroker) -> str:
    return next(message.payload.decode() for message in broker.log if message.topic == HEALTH)


def _no_bus(connection: Connection, handlers: Handlers) -> MemoryBus:
    raise AssertionError(connection, handlers)
