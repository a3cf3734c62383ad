"""Thermal dose: the test vectors of the literature's formula, and what happens to it in a room."""

from __future__ import annotations

import math

import pytest

from cordguard.engine.dose import Dose
from support.room import CANAL, Room, us

PER_MINUTE = [
    (40.0, 0.015625),
    (41.0, 0.0625),
    (42.0, 0.25),
    (42.5, 0.5),
    (43.0, 1.0),
    (44.0, 2.0),
    (45.0, 4.0),
    (46.0, 8.0),
    (47.0, 16.0),
    (48.0, 32.0),
    (50.0, 128.0),
]
TIME_TO = [
    # constant temperature, dose, seconds until it is reached, digits as printed
    (40.0, 2.0, 7680.0, 0),
    (41.0, 2.0, 1920.0, 0),
    (41.0, 10.0, 9600.0, 0),
    (42.0, 2.0, 480.0, 0),
    (42.0, 10.0, 2400.0, 0),
    (42.0, 30.0, 7200.0, 0),
    (42.5, 2.0, 240.0, 0),
    (42.5, 10.0, 1200.0, 0),
    (42.5, 30.0, 3600.0, 0),
    (43.0, 2.0, 120.0, 0),
    (43.0, 10.0, 600.0, 0),
    (43.0, 30.0, 1800.0, 0),
    (43.0, 240.0, 4 * 3600.0, 0),
    (44.0, 2.0, 60.0, 0),
    (44.0, 10.0, 300.0, 0),
    (44.0, 30.0, 900.0, 0),
    (44.0, 240.0, 2 * 3600.0, 0),
    (45.0, 2.0, 30.0, 0),
    (45.0, 10.0, 150.0, 0),
    (45.0, 30.0, 450.0, 0),
    (45.0, 240.0, 3600.0, 0),
    (46.0, 2.0, 15.0, 0),
    (46.0, 10.0, 75.0, 0),
    (46.0, 30.0, 225.0, 0),
    (46.0, 240.0, 30 * 60.0, 0),
    (47.0, 2.0, 7.5, 1),
    (47.0, 10.0, 37.5, 1),
    (47.0, 30.0, 112.5, 1),
    (47.0, 240.0, 15 * 60.0, 0),
    (48.0, 2.0, 3.75, 2),
    (48.0, 10.0, 18.75, 2),
    (48.0, 30.0, 56.25, 2),
    (48.0, 240.0, 7.5 * 60.0, 1),
    (50.0, 2.0, 0.94, 2),
    (50.0, 10.0, 4.7, 1),
    (50.0, 30.0, 14.1, 1),
    (50.0, 240.0, 112.5, 1),
]


def constant(temperature_c: float, seconds: float, step_s: float = 1.0) -> Dose:
    """The dose of a constant temperature, sampled so often."""
    dose = Dose()
    whole = int(seconds // step_s)
    for number in range(whole + 1):
        dose.add(us(number * step_s), temperature_c)
    if seconds > whole * step_s:
        dose.add(us(seconds), temperature_c)
    return dose


@pytest.mark.parametrize(("temperature_c", "per_minute"), PER_MINUTE)
def test_cem43_per_minute_of_every_row(temperature_c: float, per_minute: float) -> None:
    dose = constant(temperature_c, 60.0)
    assert dose.cem43_min == pytest.approx(per_minute, rel=1e-12)
    assert not dose.estimated


@pytest.mark.parametrize(("temperature_c", "target", "seconds", "digits"), TIME_TO)
def test_cem43_time_to_of_every_cell(temperature_c: float, target: float, seconds: float, digits: int) -> None:
    per_s = constant(temperature_c, 60.0).cem43_min / 60
    assert round(target / per_s, digits) == seconds
    if seconds <= 480:
        assert constant(temperature_c, seconds).cem43_min == pytest.approx(target, rel=6e-3)


@pytest.mark.parametrize("temperature_c", [38.9, 38.999, 37.0, 10.0])
def test_cem43_counts_nothing_below_39_degrees(temperature_c: float) -> None:
    assert constant(temperature_c, 600.0).cem43_min == 0.0


def test_cem43_counts_from_39_degrees_on() -> None:
    assert constant(39.0, 60.0).cem43_min == pytest.approx(0.25**4)


def test_cem43_is_a_trapezoid_on_the_rate_not_on_the_temperature() -> None:
    dose = Dose()
    dose.add(0, 43.0)
    dose.add(us(1.0), 45.0)
    assert dose.cem43_min == pytest.approx((1.0 + 4.0) / 2 / 60)
    dose.add(us(2.0), 42.0)
    assert dose.cem43_min == pytest.approx(((1.0 + 4.0) / 2 + (4.0 + 0.25) / 2) / 60)


@pytest.mark.parametrize(("before_c", "after_c"), [(43.0, 45.0), (45.0, 43.0)])
def test_a_gap_of_2_s_is_a_trapezoid_a_longer_one_counts_its_hotter_end_all_along(
    before_c: float, after_c: float
) -> None:
    short, long = Dose(), Dose()
    for dose, gap_us in ((short, us(2.0)), (long, us(2.0) + 1)):
        dose.add(0, before_c)
        dose.add(gap_us, after_c)
    assert short.cem43_min == pytest.approx(2.5 * 2 / 60)
    assert long.cem43_min == pytest.approx(4.0 * 2 / 60, rel=1e-6)
    assert [short.estimated, long.estimated] == [False, True]


def test_a_gap_is_counted_over_its_whole_length() -> None:
    dose = Dose()
    dose.add(0, 44.0)
    dose.add(us(90.0), 40.0)
    assert dose.cem43_min == pytest.approx(2.0 * 1.5)


def watched(level: str = "T8") -> Room:
    room = Room()
    room.case(level=level)
    return room


def dose_of(room: Room) -> float:
    return room.sensor().cem43_min


def test_dose_of_a_room_follows_the_source_s_clock_and_says_that_it_is_exact() -> None:
    room = watched()
    room.run(60.0, canal=43.0, period_s=0.5)
    assert dose_of(room) == pytest.approx(59.5 / 60)
    assert not room.sensor().dose_estimated


def test_a_gap_in_the_frames_counts_the_hotter_end_and_marks_the_dose_estimated() -> None:
    room = watched()
    room.temperature(canal=43.0)
    room.now_us += us(30.0)
    room.temperature(canal=44.0)
    assert dose_of(room) == pytest.approx(2.0 * 0.5)
    assert room.sensor().dose_estimated


def test_faulty_readings_are_a_gap_for_the_dose() -> None:
    room = watched()
    room.temperature(canal=45.0)
    room.run(10.0, canal="open")
    room.now_us += us(0.1)
    room.temperature(canal=37.0)
    assert dose_of(room) == pytest.approx(4.0 * 10.1 / 60)
    assert room.sensor().dose_estimated


def test_late_samples_never_change_dose() -> None:
    room = watched()
    room.run(10.0, canal=43.0)
    before = room.sensor()
    first = room.skip("temperature", 5)
    room.run(0.1, canal=43.0)
    on_time = dose_of(room)
    for number in range(5):
        room.temperature(at_us=room.now_us - us(0.05) + number, seq=first + number, canal=49.0)
    assert dose_of(room) == on_time > before.cem43_min
    assert not room.sensor().dose_estimated


def test_repeats_never_change_dose() -> None:
    room = watched()
    room.run(10.0, canal=43.0)
    before = dose_of(room)
    for _ in range(3):
        room.temperature(at_us=room.now_us, seq=99, canal=43.0)
    assert dose_of(room) == before


def test_across_a_step_of_the_source_s_clock_dose_goes_on_by_our_clock_and_is_marked_estimated() -> None:
    room = watched()
    room.run(60.0, canal=43.0)
    before = dose_of(room)
    room.clock_us["dev"] = -us(3600.0)
    room.now_us += us(1.5)
    room.temperature(canal=43.0)
    assert dose_of(room) == pytest.approx(before + 1.5 / 60)
    assert room.sensor().dose_estimated
    room.run(6.0, canal=43.0)
    assert dose_of(room) == pytest.approx(before + 7.5 / 60)


def test_a_long_interval_across_a_clock_step_counts_its_hotter_end() -> None:
    room = watched()
    room.temperature(canal=44.0)
    room.clock_us["dev"] = -us(3600.0)
    room.now_us += us(30.0)
    room.temperature(canal=40.0)
    assert dose_of(room) == pytest.approx(2.0 * 0.5)


def test_across_a_clock_step_dose_goes_on_also_for_a_sensor_whose_first_reading_after_it_is_faulty() -> None:
    room = watched()
    room.run(60.0, canal=43.0, tip=60.0)
    before = dose_of(room)
    room.clock_us["dev"] = -us(3600.0)
    room.run(1.0, canal="open", tip=60.0)
    room.run(1.0, canal=43.0, tip=60.0)
    assert dose_of(room) == pytest.approx(before + 2.0 / 60)
    assert room.sensor().dose_estimated


def test_a_clock_step_before_the_case_never_takes_dose_away() -> None:
    room = Room()
    opened_us = room.now_us
    room.status(canal="neural")
    room.run(60.0, canal=45.0)
    room.clock_us["dev"] = -us(40.0)
    room.run(2.0, canal=37.0)
    room.case(opened_us=opened_us)
    assert dose_of(room) == pytest.approx(4.0 * 59.95 / 60, rel=1e-3)


@pytest.mark.parametrize(
    ("procedure", "level", "carries_over"),
    [("p-1", "T8", True), ("p-1", "T9", False), ("p-2", "T8", False), (None, "T8", False)],
)
def test_dose_carries_over_between_sessions_of_one_procedure_at_one_level(
    procedure: str | None, level: str, *, carries_over: bool
) -> None:
    room = watched()
    room.run(60.0, canal=44.0)
    before = dose_of(room)
    assert before > 1.9
    room.case("s-2", procedure=procedure, level=level)
    assert dose_of(room) == pytest.approx(before if carries_over else 0.0)


def test_dose_carries_over_to_the_level_that_an_amendment_corrected_it_to() -> None:
    room = watched(level="T8")
    room.amend(level="T9")
    room.run(60.0, canal=44.0)
    before = dose_of(room)
    room.case("s-2", level="T9")
    assert dose_of(room) == pytest.approx(before)


def test_dose_survives_a_reconnect_and_our_own_restart() -> None:
    room = watched()
    room.run(60.0, canal=44.0)
    before = dose_of(room)
    room.engine = type(room.engine).restore(room.engine.snapshot())
    room.status("offline")
    room.now_us += us(1.0)
    room.status("online")
    assert dose_of(room) == before


def test_sensor_moved_starts_the_dose_afresh_and_alone_ends_r06() -> None:
    room = watched()
    room.run(61.0, canal=44.0, period_s=0.5)
    assert room.story("R06") == ["R06 raised low"]
    room.run(600.0, canal=36.0, period_s=1.0)
    room.mark("note")
    assert room.story("R06") == ["R06 raised low"]
    alarm = room.alarm("R06")
    assert alarm is not None
    assert alarm.condition
    room.mark("sensor-moved")
    assert room.story("R06") == ["R06 raised low", "R06 ended low"]
    assert dose_of(room) == 0.0
    room.run(30.0, canal=44.0, period_s=0.5)
    assert dose_of(room) == pytest.approx(1.0, rel=0.02)


def test_r06_stands_over_a_new_session_with_the_same_dose_and_ends_with_a_fresh_one() -> None:
    room = watched()
    room.run(61.0, canal=44.0, period_s=0.5)
    room.case("s-2")
    assert room.story("R06") == ["R06 raised low"]
    room.case("s-3", level="L1")
    ended = room.of("R06")[-1]
    assert (ended.change, ended.latched, ended.session, ended.sensor) == ("ended", True, "s-1", CANAL)


def test_before_its_case_dose_is_counted_from_the_opening() -> None:
    room = Room()
    room.status(canal="neural", tip="probe")
    room.run(30.0, canal=43.0)
    opened_us = room.now_us
    room.run(30.0, canal=43.0)
    room.case(opened_us=opened_us)
    assert math.isclose(dose_of(room), 30.0 / 60, rel_tol=0.01)
    room.run(30.0, canal=43.0)
    assert math.isclose(dose_of(room), 60.0 / 60, rel_tol=0.01)
