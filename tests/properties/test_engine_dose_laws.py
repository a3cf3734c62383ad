"""Laws of thermal dose, whatever the temperatures and whatever the clocks do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordguard.engine.dose import Dose
from support.room import Room, us

TEMPERATURES = st.floats(min_value=20.0, max_value=60.0)
GAPS_US = st.integers(min_value=1, max_value=10_000_000)
COURSES = st.lists(st.tuples(GAPS_US, TEMPERATURES), min_size=1, max_size=40)


def dose_of(course: list[tuple[int, float]]) -> Dose:
    dose, at_us = Dose(), 0
    for gap_us, temperature_c in course:
        at_us += gap_us
        dose.add(at_us, temperature_c)
    return dose


@given(COURSES)
def test_dose_never_falls(course: list[tuple[int, float]]) -> None:
    doses = [dose_of(course[:length]).cem43_min for length in range(1, len(course) + 1)]
    assert doses == sorted(doses)
    assert doses[0] == 0.0


@given(TEMPERATURES, st.lists(GAPS_US, min_size=1, max_size=30))
def test_splitting_a_constant_interval_changes_nothing(temperature_c: float, gaps_us: list[int]) -> None:
    whole, split = Dose(), Dose()
    at_us = 0
    for dose in (whole, split):
        dose.add(0, temperature_c)
    for gap_us in gaps_us:
        at_us += gap_us
        split.add(at_us, temperature_c)
    whole.add(at_us, temperature_c)
    assert split.cem43_min == pytest.approx(whole.cem43_min, rel=1e-9)


@given(COURSES, st.integers(min_value=0), st.floats(min_value=0.0, max_value=10.0))
def test_dose_is_monotone_in_every_temperature(course: list[tuple[int, float]], which: int, by_c: float) -> None:
    index = which % len(course)
    hotter = [*course]
    hotter[index] = (course[index][0], course[index][1] + by_c)
    assert dose_of(hotter).cem43_min >= dose_of(course).cem43_min


@given(COURSES)
def test_a_gap_is_never_worth_less_than_the_trapezoid(course: list[tuple[int, float]]) -> None:
    close = [(gap_us % 2_000_000 + 1, temperature_c) for gap_us, temperature_c in course]
    assert not dose_of(close).estimated
    stretched = [(gap_us + 2_000_000, temperature_c) for gap_us, temperature_c in close]
    assert dose_of(stretched).estimated == (len(course) > 1)
    assert dose_of(stretched).cem43_min >= dose_of(close).cem43_min


READINGS = st.one_of(st.floats(38.0, 48.0), st.sampled_from(["open", None]))
EVENTS = st.one_of(
    st.tuples(st.just("clock"), st.integers(-7_200_000_000, 7_200_000_000)),
    st.tuples(st.just("late"), st.integers(1, 10_000_000)),
    st.tuples(st.just("silence"), st.integers(0, 20_000_000)),
    st.tuples(st.sampled_from(["restart", "nothing"]), st.just(0)),
)


@given(steps=st.lists(st.tuples(EVENTS, READINGS), max_size=40), case_comes_last=st.booleans())
def test_in_a_room_dose_never_falls_whatever_clocks_faults_and_order_do(
    *, steps: list[tuple[tuple[str, int], float | str | None]], case_comes_last: bool
) -> None:
    room = Room()
    opened_us = room.now_us
    room.status(canal="neural")
    if not case_comes_last:
        room.case()
    newest = 0.0
    for (what, value), reading in steps:
        match what:
            case "clock":
                room.clock_us["dev"] = value
            case "silence":
                room.now_us += value
            case "restart":
                room.sequence.clear()
            case "late":
                room.temperature(at_us=room.now_us + room.clock_us.get("dev", 0) - value, canal=47.0)
        room.now_us += us(0.1)
        room.temperature(canal=reading)
        assert room.sensor().cem43_min >= newest
        newest = room.sensor().cem43_min
    room.case("s-9", opened_us=opened_us)
    assert room.sensor().cem43_min >= 0.0
