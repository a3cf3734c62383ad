"""R15, R16, R18, R40 and R44: what a device as a whole tells, and what it belongs to."""

from __future__ import annotations

import pytest

from support.room import CANAL, SOURCE, Room, named, told, us

TENTH = us(0.1)


def watched(seconds: float = 2.0, *, power_w: float = 0.0) -> Room:
    """A room with a case open and devices that deliver."""
    room = Room()
    room.case()
    room.run(seconds, power_w=power_w, canal=37.0, tip=37.0)
    assert room.transitions == []
    return room


def test_r15_says_low_for_one_lost_sample_once_it_is_missing_for_3_s() -> None:
    room = watched(20.0)
    room.skip("temperature")
    room.now_us += TENTH
    room.run(3.0, power_w=0.0, canal=37.0, tip=37.0)
    assert room.story("R15") == []
    room.run(0.2, power_w=0.0, canal=37.0, tip=37.0)
    (raised,) = room.of("R15")
    assert told([raised]) == ["R15 raised low"]
    assert raised.alarm_id == named("R15", SOURCE, raised.event_us)
    assert (raised.name, raised.kind, raised.sensor) == ("sequence_fault", "technical", SOURCE)


def test_r15_is_silent_for_what_comes_out_of_order_within_3_s_and_for_exact_repeats() -> None:
    room = watched(10.0)
    lost = room.skip("temperature", 3)
    lost_us = room.now_us + TENTH
    room.now_us += 3 * TENTH
    room.run(2.0, power_w=0.0, canal=37.0, tip=37.0)
    for number in (2, 0, 1):
        room.temperature(at_us=lost_us + number * TENTH, seq=lost + number, canal=37.0, tip=37.0)
    for _ in range(50):
        room.temperature(at_us=lost_us, seq=lost, canal=37.0, tip=37.0)
    room.run(10.0, power_w=0.0, canal=37.0, tip=37.0)
    assert room.story("R15") == []
    assert room.engine.counters["repeats"] == 50


def test_r15_says_medium_above_one_per_cent_in_60_s_and_not_at_one_per_cent() -> None:
    for lost, expected in ((5, ["R15 raised low"]), (7, ["R15 raised medium"])):
        room = Room()
        room.case()
        room.run(60.0, canal=37.0, tip=37.0)  # 600 samples: one per cent is 6
        room.skip("temperature", lost)
        room.now_us += TENTH
        room.run(3.5, canal=37.0, tip=37.0)
        assert room.story("R15") == expected


def test_r15_ends_after_60_s_without_loss() -> None:
    room = watched(20.0)
    room.skip("temperature")
    room.run(4.0, power_w=0.0, canal=37.0, tip=37.0)
    raised_us = room.of("R15")[0].event_us
    room.run(65.0, power_w=0.0, canal=37.0, tip=37.0)
    assert room.story("R15") == ["R15 raised low", "R15 ended low"]
    assert us(60.0) <= room.of("R15")[-1].event_us - raised_us <= us(60.2)


def test_r15_says_a_number_that_runs_backward_and_the_sample_is_used() -> None:
    room = watched(10.0)
    room.sequence.clear()
    said = room.run(0.2, power_w=0.0, canal=46.0, tip=37.0)
    assert set(told(said)) >= {"R15 raised low", "R01 raised high"}


def test_r15_is_silent_for_a_device_that_said_goodbye_before_it_began_anew() -> None:
    room = watched(10.0)
    room.status("offline")
    room.sequence.clear()
    room.run(10.0, power_w=0.0, canal=37.0, tip=37.0)
    assert room.story("R15") == []


def test_r15_ends_60_s_after_a_restart_that_set_the_clock_back() -> None:
    room = watched(10.0)
    room.sequence.clear()
    room.clock_us[SOURCE] = -us(3600.0)
    room.run(5.0, power_w=0.0, canal=37.0, tip=37.0)
    assert room.story("R15")[0].startswith("R15 raised")
    room.run(70.0, power_w=0.0, canal=37.0, tip=37.0)
    assert room.story("R15")[-1].startswith("R15 ended")


@pytest.mark.parametrize(
    ("ahead_s", "expected"),
    [
        (0.49, []),
        (-0.49, []),
        (0.51, ["R16 raised low"]),
        (-0.51, ["R16 raised low"]),
        (1.99, ["R16 raised low"]),
        (2.01, ["R16 raised medium"]),
        (-2.01, ["R16 raised medium"]),
        (3600.0, ["R16 raised medium"]),
        (-3600.0, ["R16 raised medium"]),
    ],
)
def test_r16_judges_how_far_a_source_s_clock_is_off_after_5_s(ahead_s: float, expected: list[str]) -> None:
    room = Room()
    room.clock_us[SOURCE] = us(ahead_s)
    room.case()
    room.run(5.0, canal=37.0, tip=37.0)
    assert room.story("R16") == []
    room.run(0.2, canal=37.0, tip=37.0)
    assert room.story("R16") == expected


def test_r16_takes_the_smallest_delay_so_jitter_is_no_skew() -> None:
    room = Room()
    room.case()
    for number in range(600):
        room.now_us += TENTH
        room.temperature(at_us=room.now_us - us(0.05 + 1.4 * (number % 20 > 0)), canal=37.0)
    assert room.story("R16") == []


def test_r16_ends_within_a_quarter_of_a_second_and_not_before() -> None:
    room = Room()
    room.case()
    for ahead_s in (1.0, 0.26):
        room.clock_us[SOURCE] = us(ahead_s)
        room.run(40.0, canal=37.0, tip=37.0)
    assert room.story("R16") == ["R16 raised low"]
    room.clock_us[SOURCE] = us(0.24)
    room.run(40.0, canal=37.0, tip=37.0)
    assert room.story("R16") == ["R16 raised low", "R16 ended low"]


def loaded(baseline_ohm: float = 100.0) -> Room:
    """Ten seconds and more at power: the baseline is known."""
    room = Room()
    room.case()
    room.run(12.0, power_w=10.0, impedance_ohm=baseline_ohm, canal=37.0, tip=60.0)
    return room


@pytest.mark.parametrize(
    ("baseline_ohm", "risen_ohm", "expected"),
    [
        (50.0, 64.9, []),
        (50.0, 65.0, ["R18 raised medium"]),  # 1.3 times comes first
        (100.0, 119.9, []),
        (100.0, 120.0, ["R18 raised medium"]),  # 20 ohm come first
        (50.0, 99.9, ["R18 raised medium"]),
        (50.0, 100.0, ["R18 raised high"]),
        (100.0, 200.0, ["R18 raised high"]),
        (300.0, 319.9, []),
        (300.0, 320.0, ["R18 raised medium"]),
    ],
)
def test_r18_judges_impedance_against_the_baseline_of_the_first_10_s_at_power(
    baseline_ohm: float, risen_ohm: float, expected: list[str]
) -> None:
    room = loaded(baseline_ohm)
    begun_us = room.now_us + TENTH
    room.run(3.0, power_w=10.0, impedance_ohm=risen_ohm, canal=37.0, tip=60.0)
    assert room.story("R18") == []
    room.run(2.0, power_w=10.0, impedance_ohm=risen_ohm, canal=37.0, tip=60.0)
    assert room.story("R18") == expected
    for raised in room.of("R18"):
        assert raised.event_us == begun_us + us(3.0)
        assert raised.alarm_id == named("R18", SOURCE, begun_us)
        assert raised.evidence is not None
        assert raised.evidence["baseline_ohm"] == baseline_ohm
        assert (raised.name, raised.kind) == ("impedance_rise", "physiological")


def test_r18_takes_the_median_so_that_one_spike_is_no_baseline() -> None:
    room = Room()
    room.case()
    room.run(3.0, power_w=10.0, impedance_ohm=900.0, canal=37.0)
    room.run(9.0, power_w=10.0, impedance_ohm=100.0, canal=37.0)
    room.run(5.0, power_w=10.0, impedance_ohm=130.0, canal=37.0)
    assert room.story("R18") == ["R18 raised medium"]


def test_r18_ends_below_1_15_times_the_baseline_and_not_before() -> None:
    room = loaded()
    room.run(4.0, power_w=10.0, impedance_ohm=130.0, canal=37.0)
    room.run(4.0, power_w=10.0, impedance_ohm=115.0, canal=37.0)
    assert room.story("R18") == ["R18 raised medium"]
    room.run(0.1, power_w=10.0, impedance_ohm=114.9, canal=37.0)
    assert room.story("R18") == ["R18 raised medium", "R18 ended medium"]


def test_r18_is_not_raised_anew_while_the_clock_of_the_generator_is_set_back() -> None:
    room = loaded()
    room.run(1.0, power_w=10.0, impedance_ohm=130.0, canal=37.0)
    room.clock_us[SOURCE] = -us(3600.0)
    room.run(2.9, power_w=10.0, impedance_ohm=130.0, canal=37.0)
    assert room.story("R18") == []
    room.run(0.3, power_w=10.0, impedance_ohm=130.0, canal=37.0)
    assert room.story("R18") == ["R18 raised medium"]


def test_r40_is_raised_after_1_s_of_rf_without_a_case_and_ends_with_one() -> None:
    room = Room()
    room.status(canal="neural", tip="probe")
    room.run(2.0, power_w=0.0, canal=37.0, tip=37.0)
    on_us = room.now_us + TENTH
    room.run(1.0, power_w=10.0, canal=37.0, tip=37.0)
    assert room.story("R40") == []
    room.run(0.1, power_w=10.0, canal=37.0, tip=37.0)
    (raised,) = room.of("R40")
    assert told([raised]) == ["R40 raised medium"]
    assert (raised.event_us, raised.alarm_id) == (on_us + us(1.0), named("R40", None, on_us))
    assert (raised.name, raised.kind) == ("rf_without_session", "technical")
    room.case()
    assert room.story("R40") == ["R40 raised medium", "R40 ended medium"]


def test_r40_is_silent_with_a_case_without_rf_and_for_less_than_a_second() -> None:
    room = Room()
    room.status(canal="neural")
    room.run(5.0, power_w=0.0, canal=37.0)
    room.run(0.9, power_w=10.0, canal=37.0)
    room.run(1.0, power_w=0.0, canal=37.0)
    room.case()
    room.run(5.0, power_w=10.0, canal=37.0)
    assert room.story("R40") == []


def test_r40_is_raised_by_rf_after_the_case_was_closed() -> None:
    room = watched()
    room.close()
    room.run(2.0, power_w=10.0, canal=37.0, tip=37.0)
    assert room.story("R40") == ["R40 raised medium"]


def test_r40_names_an_unlisted_sensor_under_rf() -> None:
    room = Room()
    room.case()
    room.run(3.0, power_w=0.0, canal=37.0, extra=37.0)
    assert room.story("R40") == []
    on_us = room.now_us + TENTH
    room.run(1.5, power_w=10.0, canal=37.0, extra=37.0)
    (raised,) = room.of("R40")
    assert (raised.sensor, raised.alarm_id) == (f"{SOURCE}/extra", named("R40", f"{SOURCE}/extra", on_us))
    room.run(0.1, power_w=0.0, canal=37.0, extra=37.0)
    assert room.story("R40") == ["R40 raised medium", "R40 ended medium"]


def test_h15_r44_is_raised_at_once_by_a_stamp_that_contradicts_the_open_case() -> None:
    room = watched()
    room.now_us += TENTH
    said = room.temperature(session="s-9", canal=37.0, tip=37.0)
    assert told(said) == ["R44 raised high"]
    assert said[0].alarm_id == named("R44", SOURCE, room.now_us)
    assert (said[0].name, said[0].kind, said[0].sensor) == ("session_conflict", "technical", SOURCE)
    for _ in range(4):
        room.now_us += TENTH
        room.temperature(session="s-1", canal=37.0, tip=37.0)
    assert room.story("R44") == ["R44 raised high"]
    room.now_us += TENTH
    room.temperature(session="s-1", canal=37.0, tip=37.0)
    assert room.story("R44") == ["R44 raised high", "R44 ended high"]


def test_r44_is_silent_for_the_right_stamp_and_for_none() -> None:
    room = watched()
    room.run(3.0, power_w=0.0, session="s-1", canal=37.0, tip=37.0)
    room.run(3.0, power_w=0.0, canal=37.0, tip=37.0)
    assert room.transitions == []


def test_r44_a_contradicting_sample_is_judged_and_counts_for_no_summary() -> None:
    room = watched()
    room.run(3.0, power_w=0.0, session="s-9", canal=46.0, tip=37.0)
    assert "R01 raised high" in room.story()
    summary = room.engine.summary_so_far()
    assert summary is not None
    canal = next(sensor for sensor in summary.sensors if sensor.sensor == CANAL)
    assert canal.max_temperature_c == 37.0


def test_r44_a_stamp_of_another_session_is_not_counted_either_when_it_came_before_the_case() -> None:
    room = Room()
    opened_us = room.now_us
    room.run(2.0, session="s-9", canal=46.0)
    room.run(2.0, session="s-1", canal=37.0)
    room.case(opened_us=opened_us)
    summary = room.engine.summary_so_far()
    assert summary is not None
    canal = next(sensor for sensor in summary.sensors if sensor.sensor == CANAL)
    assert canal.max_temperature_c == 37.0
