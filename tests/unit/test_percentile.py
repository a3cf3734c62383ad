"""Percentiles by nearest rank, and the latencies that safety tells by them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordguard.runtime.percentile import nearest_rank
from cordguard.safety.latency import KEPT, Latency


@given(st.lists(st.integers(0, 50), min_size=1, max_size=300).map(sorted), st.integers(1, 100))
def test_it_is_the_smallest_value_that_so_many_percent_do_not_exceed(ordered: list[int], percent: int) -> None:
    found = nearest_rank(ordered, percent)
    assert found in ordered
    assert sum(value <= found for value in ordered) * 100 >= percent * len(ordered)
    assert sum(value < found for value in ordered) * 100 < percent * len(ordered)


@pytest.mark.parametrize("count", range(1, 100))
def test_r43_one_slow_alarm_among_less_than_100_is_the_99th_percentile(count: int) -> None:
    latency = Latency()
    latency.add(5_000_000)
    for _ in range(count - 1):
        latency.add(1_000)
    told = latency.take()
    assert told is not None
    assert told["p99"] == 5_000.0
    assert told["p50"] == (5_000.0 if count == 1 else 1.0)


def test_r43_one_slow_alarm_in_a_hundred_is_one_percent_and_99_do_not_exceed_the_quick_ones() -> None:
    assert nearest_rank([1] * 99 + [5_000], 99) == 1


def test_a_self_check_tells_what_is_new_and_health_what_is_kept() -> None:
    latency = Latency()
    assert (latency.take(), latency.percentiles_ms()) == (None, None)
    latency.add(2_000_000)
    assert latency.take() == {"p50": 2_000.0, "p99": 2_000.0}
    assert latency.take() is None
    latency.add(1_000)
    assert latency.percentiles_ms() == {"p50": 1.0, "p99": 2_000.0}
    assert latency.take() == {"p50": 1.0, "p99": 1.0}
    assert latency.percentiles_ms() == {"p50": 1.0, "p99": 2_000.0}


def test_more_than_is_kept_between_two_self_checks_is_told_by_what_is_kept() -> None:
    latency = Latency()
    for _ in range(KEPT):
        latency.add(9_000)
    for _ in range(KEPT):
        latency.add(1_000)
    assert latency.take() == latency.percentiles_ms() == {"p50": 1.0, "p99": 1.0}
