"""Shipping settles every line once: it is in, or it is refused for good; and it waits when nobody answers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordguard.recorder.influx import Answer, Refused, Unavailable, Written
from cordguard.recorder.outbox import Line, Outbox
from cordguard.recorder.rows import TemperatureRow
from cordguard.recorder.shipper import (
    BACK_OFF_FIRST_S,
    BACK_OFF_LAST_S,
    IDLE_S,
    Delivered,
    Shipper,
    ShipperThread,
    deliver,
)
from cordguard.recorder.store import StoreError, open_store
from support.recorder_messages import AT_US
from support.waiting import wait_until


class FakeInflux:
    """Takes lines as InfluxDB does: of a batch with bad lines the good ones are in, and the batch is refused."""

    def __init__(self, bad: frozenset[str] = frozenset()) -> None:
        self.bad = bad
        self.taken: list[str] = []
        self.answer: Answer | None = None
        self.requests = 0
        self.closed = False

    def write(self, lines: Sequence[str]) -> Answer:
        self.requests += 1
        if self.answer is not None:
            return self.answer
        self.taken += [line for line in lines if line not in self.bad]
        return Refused("field type conflict") if self.bad.intersection(lines) else Written()

    def close(self) -> None:
        self.closed = True


def lines(count: int) -> list[Line]:
    return [Line(n, f"line {n}") for n in range(count)]


@given(count=st.integers(1, 60), bad=st.sets(st.integers(0, 59)))
def test_whatever_lines_are_bad_they_alone_are_refused_and_all_others_are_in(count: int, bad: set[int]) -> None:
    given_lines = lines(count)
    bad_texts = frozenset(line.text for line in given_lines if line.row_id in bad)
    influx = FakeInflux(bad_texts)
    outcome = deliver(influx, given_lines)
    assert isinstance(outcome, Delivered)
    assert [refusal.line.text for refusal in outcome.refusals] == [x.text for x in given_lines if x.text in bad_texts]
    assert set(influx.taken) == {line.text for line in given_lines} - bad_texts


def test_one_bad_line_of_5000_costs_few_requests() -> None:
    influx = FakeInflux(frozenset({"line 3210"}))
    deliver(influx, lines(5_000))
    assert influx.requests < 30


@pytest.fixture
def store_path(tmp_path: Path) -> Iterator[Path]:
    row = TemperatureRow("north", "or1", "gen-1", "canal", AT_US, 0, None, 41.0, None, None)
    with closing(open_store(tmp_path / "store.db")) as store:
        store.keep(replace(row, at_us=AT_US + n, seq=n) for n in range(10))
        yield tmp_path / "store.db"


def test_what_was_shipped_is_not_shipped_again(store_path: Path) -> None:
    influx = FakeInflux()
    with closing(Shipper(Outbox(store_path, "here"), influx)) as shipper:
        assert shipper.step() == IDLE_S
        assert shipper.step() == IDLE_S
        assert (shipper.state.written, shipper.state.backlog) == (10, 0)
    assert len(influx.taken) == 10


def test_it_waits_longer_and_longer_while_nobody_answers_and_loses_nothing(store_path: Path) -> None:
    influx = FakeInflux()
    influx.answer = Unavailable("nobody there")
    with closing(Shipper(Outbox(store_path, "here"), influx)) as shipper:
        waits = [shipper.step() for _ in range(8)]
        assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
        assert (shipper.state.trouble, shipper.state.backlog) == ("nobody there", 10)
        influx.answer = None
        assert shipper.step() == IDLE_S
        assert (shipper.state.trouble, shipper.state.backlog) == (None, 0)
        influx.answer = Unavailable("gone again")
        assert shipper.step() == IDLE_S, "nothing waits, so nobody is asked"


@pytest.mark.parametrize(("asked_s", "waits_s"), [(None, 1.0), (0.5, 1.0), (7.0, 7.0), (9_999.0, BACK_OFF_LAST_S)])
def test_it_waits_as_long_as_the_server_asks_within_reason(
    store_path: Path, asked_s: float | None, waits_s: float
) -> None:
    influx = FakeInflux()
    influx.answer = Unavailable("busy", retry_after_s=asked_s)
    with closing(Shipper(Outbox(store_path, "here"), influx)) as shipper:
        assert shipper.step() == waits_s


def test_a_refused_line_is_in_quarantine_and_its_neighbours_are_in(store_path: Path) -> None:
    influx = FakeInflux()
    with closing(Outbox(store_path, "here")) as outbox:
        influx.bad = frozenset({outbox.next_lines(TemperatureRow, 10)[4].text})
    with closing(Shipper(Outbox(store_path, "here"), influx)) as shipper:
        shipper.step()
        assert (shipper.state.quarantined, shipper.state.written, shipper.state.backlog) == (1, 9, 0)
    assert len(set(influx.taken)) == 9


def test_the_thread_ships_and_ends_with_close(store_path: Path) -> None:
    influx = FakeInflux()
    thread = ShipperThread(lambda: Shipper(Outbox(store_path, "here"), influx))
    wait_until(lambda: len(influx.taken) == 10, what="the rows to be shipped")
    thread.close()
    assert influx.closed


def test_a_store_that_cannot_be_opened_yet_is_tried_again(store_path: Path) -> None:
    refusals = [StoreError("the store is locked")]

    def open_shipper() -> Shipper:
        if refusals:
            raise refusals.pop()
        return Shipper(Outbox(store_path, "here"), influx)

    influx = FakeInflux()
    thread = ShipperThread(open_shipper)
    wait_until(lambda: thread.state.trouble == "the store is locked" or influx.taken, what="the first attempt")
    wait_until(lambda: len(influx.taken) == 10, what="the rows to be shipped")
    thread.close()


def test_a_fault_of_ours_ends_shipping_and_says_so(store_path: Path) -> None:
    class Broken(FakeInflux):
        def write(self, lines: Sequence[str]) -> Answer:
            raise RuntimeError(lines)

    broken = Broken()
    thread = ShipperThread(lambda: Shipper(Outbox(store_path, "here"), broken))
    wait_until(lambda: broken.closed, what="the end of shipping")
    thread.close()
    assert thread.state.trouble == "shipping ended by a fault of ours, see the log; keeping goes on"


def test_a_store_locked_by_somebody_else_is_waited_for_and_what_is_sent_again_is_the_same(store_path: Path) -> None:
    influx = FakeInflux()
    with closing(Shipper(Outbox(store_path, "here"), influx)) as shipper:
        with closing(sqlite3.connect(store_path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert shipper.step() == BACK_OFF_FIRST_S
            assert "locked" in str(shipper.state.trouble)
            other.execute("ROLLBACK")
        assert shipper.step() == IDLE_S
        assert (shipper.state.trouble, shipper.state.backlog) == (None, 0)
    assert influx.taken[:10] == influx.taken[10:]
