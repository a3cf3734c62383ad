"""How the benchmarks make figures: percentiles, spreads, tables, and what is said of them."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from cordguard_bench import machine, sustained_report
from cordguard_bench.contestants.roster import BYTEWAX, CORDGUARD, NODE_RED, PAHO_NODELAY
from cordguard_bench.figures import binned, percentile, spark, spread, table
from cordguard_bench.latency_report import aims, report
from cordguard_bench.machine import Moment, Share
from cordguard_bench.matching import Alarms
from cordguard_bench.measuring import Devices, Measurement
from cordguard_bench.workload import Load

LOAD = Load(rooms=20, cycles_per_s=25, seconds=10)
QUIET = Share(10.0, (), 1.0, 0.0)


def measured(
    contestant: str = CORDGUARD.name,
    *,
    delays_ms: list[float] | None = None,
    missing: int = 0,
    cpu_us: float = 100.0,
    engine_us: float | None = None,
    load: Load = LOAD,
    rss_mb: list[float] | None = None,
) -> Measurement:
    delays_ms = delays_ms if delays_ms is not None else [1.0]
    delays = [(index / len(delays_ms) * load.seconds, delay_ms) for index, delay_ms in enumerate(delays_ms)]
    return Measurement(
        contestant=contestant,
        broker="mosquitto",
        load=load,
        alarms=Alarms(len(delays) + missing, delays, 0, 0),
        devices=Devices(load.messages, 0, 0, 0.1, 0.2, 10.0),
        cpu_us=cpu_us,
        broker_us=60.0,
        rss_mb=rss_mb or [50.0],
        share=QUIET,
        engine_us=engine_us,
        kept=load.messages,
    )


def rounds(name: str, *delays_ms: float, cpu_us: float = 100.0, engine_us: float | None = None) -> list[Measurement]:
    return [
        replace(measured(name, delays_ms=[delay_ms], cpu_us=cpu_us, engine_us=engine_us), round=number)
        for number, delay_ms in enumerate(delays_ms)
    ]


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(number) for number in range(200, 0, -1)]
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1.0)) == (100.0, 198.0, 200.0)
    assert percentile([7.0], 0.99) == 7.0
    assert math.isnan(percentile([], 0.5))


def test_the_spread_is_median_least_and_most() -> None:
    assert spread([3.0, 1.0, 2.0, 9.0, 2.5]).text() == "2.5 [1.0 – 9.0]"
    assert spread([4.26]).text(1) == "4.3"
    assert spread([2.0, math.inf]).text(0) == "∞ [2 – ∞]"
    assert spread([]).text() == "–"


def test_a_table_has_its_columns_in_line() -> None:
    assert table(("", "ms"), [("a", "1.0"), ("long name", "10.0")]).splitlines() == [
        "             ms",
        "─────────  ────",
        "a           1.0",
        "long name  10.0",
    ]


def test_a_picture_shows_where_it_is_high_and_where_nothing_is() -> None:
    assert spark([0.0, math.nan, 8.0, 4.0]) == "▁ █▅"
    assert binned([(0.1, 5.0), (0.9, 7.0), (2.5, 1.0), (9.0, 99.0)], 3, 1.0)[::2] == [7.0, 1.0]
    assert math.isnan(binned([(0.1, 5.0)], 3, 1.0)[1])


def test_an_alarm_that_never_came_took_forever() -> None:
    alarms = measured(delays_ms=[1.0] * 97, missing=3).alarms
    assert percentile(alarms.delays_ms, 0.5) == 1.0
    assert percentile(alarms.delays_ms, 0.99) == math.inf


def test_the_aims_are_judged_by_medians_and_within_each_round() -> None:
    runs = {
        CORDGUARD.name: rounds(CORDGUARD.name, 4.0, 30.0, 4.5, cpu_us=135, engine_us=15),
        PAHO_NODELAY.name: rounds(PAHO_NODELAY.name, 3.5, 29.5, 4.0),
        BYTEWAX.name: rounds(BYTEWAX.name, 5.0, 40.0, 5.0),
    }
    assert [(aim.found, aim.found <= aim.limit) for aim in aims(runs)] == [
        (4.5, True),
        (35.0, True),
        (15.0, True),
        (0.5, True),
    ]
    runs[CORDGUARD.name] = rounds(CORDGUARD.name, 6.0, 36.0, 6.0, cpu_us=150, engine_us=25)
    assert all("NOT MET" in aim.text for aim in aims(runs))


def test_who_is_missing_is_named() -> None:
    said = report([CORDGUARD, NODE_RED], {CORDGUARD.name: [measured(engine_us=20)]}, {NODE_RED.name: "no npm here"})
    assert "Node-RED is missing: no npm here." in said
    assert "paho with the same socket option: not measured" in said
    assert "1/1" in said
    assert "20 (20%)" in said


def test_lost_messages_and_devices_that_were_late_are_said() -> None:
    run = measured(engine_us=20, delays_ms=[800.0])
    said = report([CORDGUARD], {CORDGUARD.name: [replace(run, kept=run.devices.sent - 1)]}, {})
    assert "did not hold every message" in said
    assert "Fell behind" in said
    assert "later than they should by 0.10 to 0.10 ms" in said


def test_cost_is_taken_apart_into_messages_and_standing() -> None:
    """30 ms/s whatever comes, and 50 µs a message."""
    slow, fast = (
        [measured(cpu_us=50 + 30_000 / rate, load=replace(LOAD, cycles_per_s=rate / 40))] * 3 for rate in (500, 1_500)
    )
    cost = sustained_report.room_cost(slow, fast)
    assert (cost.rooms, cost.processes) == (20, 1)
    assert (cost.slow_us, cost.fast_us) == pytest.approx((110, 70))
    assert (cost.message_us, cost.standing_ms_per_s) == pytest.approx((50, 30))
    said = sustained_report.rooms_report([cost, replace(cost, rooms=300, message_us=70.0)], 500, 1_500)
    assert "one more message costs +40% with 300 rooms beside 20: NOT FLAT" in said
    assert "flat" in sustained_report.rooms_report([cost, cost], 500, 1_500)


def test_lag_that_grows_is_said_and_lag_that_does_not_grow_is_not() -> None:
    assert sustained_report.lag_report(measured(delays_ms=[3.0] * 100)).endswith("keeps up")
    growing = measured(delays_ms=[float(number) for number in range(100)])
    assert "FALLS BEHIND" in sustained_report.lag_report(growing)
    assert "FALLS BEHIND" in sustained_report.lag_report(measured(delays_ms=[3.0] * 100, missing=1))


def test_memory_that_grows_is_said_and_filling_up_at_first_does_not_count() -> None:
    filling_up = [30.0 + number for number in range(10)] + [40.0] * 50
    assert sustained_report.memory_report(measured(rss_mb=filling_up)).count("flat") == 1
    leaking = [30.0 + number for number in range(60)]
    assert "GROWS" in sustained_report.memory_report(measured(rss_mb=leaking))


def test_what_others_use_is_what_is_left_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "CORES", 2)
    share = machine.between(Moment(0.0, 100.0, 5.0, (10.0, 1.0)), Moment(10.0, 112.0, 6.0, (18.0, 2.0)))
    assert share.ours_s == (8.0, 1.0)
    assert (share.others_percent, share.steal_percent) == pytest.approx((15.0, 5.0))
    assert not share.quiet
    assert "THE MACHINE IS BUSY: others use 15 % of 2 cores" in machine.verdict(share)
    assert "quiet" in machine.verdict(QUIET)
