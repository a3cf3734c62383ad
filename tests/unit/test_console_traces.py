from __future__ import annotations

from cordguard.console.traces import LENGTH, Trace, place_us


def fetched(trace: Trace, clock_us: int = 10**12) -> list[tuple[int, float | None]]:
    return trace.take_fresh(clock_us)


def test_a_peak_between_two_drawn_points_is_kept() -> None:
    trace = Trace()
    for at_us, value in ((1_000_000, 40.0), (1_020_000, 46.0), (1_040_000, 41.0), (1_100_000, 40.5)):
        trace.add(at_us, value)
    assert fetched(trace) == [(1_040_000, 46.0), (1_100_000, 40.5)]


def test_at_50_hz_at_most_ten_points_a_second_are_kept() -> None:
    trace = Trace()
    for number in range(500):
        trace.add(number * 20_000, 40.0)
    assert len(fetched(trace)) == 100


def test_a_point_is_handed_out_once_and_only_when_its_time_is_over() -> None:
    trace = Trace()
    trace.add(1_000_000, 40.0)
    assert trace.take_fresh(1_050_000) == []
    assert trace.take_fresh(1_100_000) == [(1_000_000, 40.0)]
    assert trace.take_fresh(1_200_000) == []


def test_repeats_and_older_samples_are_passed_over() -> None:
    trace = Trace()
    for at_us in (1_000_000, 1_000_000, 900_000, 1_100_000):
        trace.add(at_us, 40.0)
    assert [at_us for at_us, _ in fetched(trace)] == [1_000_000, 1_100_000]


def test_a_fault_stands_as_a_break_in_the_line() -> None:
    trace = Trace()
    trace.add(1_000_000, 40.0)
    trace.add(1_100_000, None)
    assert fetched(trace) == [(1_000_000, 40.0), (1_100_000, None)]


def test_ten_minutes_are_kept_and_no_more() -> None:
    trace = Trace()
    for number in range(LENGTH + 50):
        trace.add(number * 100_000, 40.0)
    fetched(trace)
    assert len(trace.points) == LENGTH
    assert trace.points[0][0] == 50 * 100_000


def test_a_source_with_a_wrong_clock_is_drawn_when_its_samples_come() -> None:
    assert place_us(5_000_000, 5_500_000) == 5_000_000
    assert place_us(3_605_000_000, 5_000_000) == 5_000_000
