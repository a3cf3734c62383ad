"""Three clocks: a source's own orders it, ours times silence, and event time puts all on one axis."""

from __future__ import annotations

import pytest

from cordguard.contract.summary import SensorSummary
from support.room import CANAL, SOURCE, Room, named, told, us

TENTH = us(0.1)


def skewed(ahead_s: float, seconds: float = 10.0) -> Room:
    """A room whose device's clock is off, R16 standing if it is off by enough."""
    room = Room()
    room.clock_us[SOURCE] = us(ahead_s)
    room.case()
    room.run(seconds, power_w=0.0, canal=37.0, tip=37.0)
    return room


def hot(room: Room) -> int:
    """Raise R01; by how much its event time differs from the source's own time."""
    room.run(0.2, power_w=0.0, canal=46.0, tip=37.0)
    raised = room.of("R01")[-1]
    assert raised.change == "raised"
    return raised.event_us - (room.now_us + room.clock_us[SOURCE])


@pytest.mark.parametrize("ahead_s", [0.0, 0.4, 1.0, -1.0, 1.9])
def test_event_time_is_the_source_s_time_while_its_clock_is_off_by_less_than_2_s(ahead_s: float) -> None:
    assert hot(skewed(ahead_s)) == 0


@pytest.mark.parametrize("ahead_s", [3600.1234567, -3600.1234567, 2.5005, -2.5005])
def test_r16_medium_corrects_event_time_by_whole_milliseconds(ahead_s: float) -> None:
    room = skewed(ahead_s)
    assert room.story("R16") == ["R16 raised medium"]
    moved_us = hot(room)
    assert moved_us % 1_000 == 0
    assert abs(moved_us + us(ahead_s)) <= 500
    raised = room.of("R01")[-1]
    assert abs(raised.event_us - room.now_us) <= 500
    assert raised.alarm_id == named("R01", CANAL, raised.event_us - TENTH)
    assert not raised.late


def test_before_r16_stands_event_time_is_the_source_s_time_and_late_says_so() -> None:
    room = skewed(-3600.0, seconds=1.0)
    assert hot(room) == 0
    assert room.of("R01")[-1].late


def test_the_correction_is_fixed_anew_when_it_moves_by_2_s_and_not_before() -> None:
    room = skewed(-100.0)
    assert hot(room) == us(100.0)
    for ahead_s, corrected_s in ((-98.1, 100.0), (-97.9, 97.9), (-96.0, 97.9)):
        room.clock_us[SOURCE] = us(ahead_s)
        room.run(40.0, power_w=0.0, canal=37.0, tip=37.0)
        assert hot(room) == us(corrected_s)


def test_event_time_is_the_source_s_time_again_once_its_clock_agrees() -> None:
    room = skewed(-3.0)
    room.clock_us[SOURCE] = 0
    room.run(40.0, power_w=0.0, canal=37.0, tip=37.0)
    assert room.story("R16") == ["R16 raised medium", "R16 ended medium"]
    assert hot(room) == 0


def test_jitter_of_arrival_never_changes_an_alarm_s_name() -> None:
    names = set()
    for delays_us in ((0, 0, 0, 0), (30_000, 5_000, 90_000, 60_000), (99_000, 1_000, 2, 50_000)):
        room = Room()
        room.case()
        room.run(12.0, canal=37.0)
        begun_us = room.now_us
        for number in range(1, 5):
            room.now_us = begun_us + number * TENTH + delays_us[number - 1]
            room.temperature(at_us=begun_us + number * TENTH, canal=46.0)
        names.add(room.of("R01")[0].alarm_id)
    assert len(names) == 1


@pytest.mark.parametrize("times_faster", [2.0, 3.0, 10.0, 1000.0])
def test_r16_is_not_judged_while_a_backlog_drains(times_faster: float) -> None:
    room = Room()
    room.case()
    room.run(10.0, canal=37.0)
    cut_us, back_us = room.now_us, room.now_us + us(60.0)
    room.now_us = back_us
    at_us = cut_us
    while at_us < room.now_us:
        at_us += TENTH
        room.now_us += round(TENTH / times_faster)
        room.temperature(at_us=at_us, canal=37.0)
    for _ in range(600):
        room.now_us += TENTH
        at_us += TENTH
        room.temperature(at_us=at_us, canal=37.0)
    assert room.story("R16") == []


def canal_of(room: Room) -> SensorSummary:
    summary = room.engine.summary_so_far()
    assert summary is not None
    return next(sensor for sensor in summary.sensors if sensor.sensor == CANAL)


@pytest.mark.parametrize("ahead_s", [3600.0, -3600.0, 86_400.0 * 365])
def test_h8_a_device_whose_clock_is_far_off_is_judged_like_any_other(ahead_s: float) -> None:
    stories = []
    for offset_s in (0.0, ahead_s):
        room = skewed(offset_s)
        room.run(160.0, power_w=10.0, canal=45.2, tip=60.0)
        room.run(60.0, power_w=0.0, canal=37.0, tip=37.0)
        stories.append([text for text in room.story() if not text.startswith("R16")])
        assert room.sensor().temperature_c == 37.0
        assert room.sensor().cem43_min == pytest.approx(4 * 2**0.2 * 160 / 60, rel=0.01)
        assert not room.sensor().dose_estimated
    assert stories[0] == stories[1]
    assert "R14" not in "".join(stories[1])


@pytest.mark.parametrize("ahead_s", [0.0, 3600.0, -3600.0])
def test_h25_the_summary_counts_the_dose_and_energy_of_a_device_whose_clock_is_far_off(ahead_s: float) -> None:
    room = skewed(ahead_s, seconds=1.0)
    room.run(60.0, power_w=10.0, canal=45.0, tip=60.0)
    summary = room.engine.summary_so_far()
    assert summary is not None
    assert canal_of(room).cem43_min == pytest.approx(room.sensor().cem43_min, rel=0.15)
    assert canal_of(room).time_above_43_s == pytest.approx(60.0, abs=6.0)
    assert summary.energy_j == pytest.approx(600.0, abs=60.0)
    assert summary.rf_on_s == pytest.approx(60.0, abs=6.0)


def test_a_clock_that_steps_back_restarts_windows_and_persistence() -> None:
    room = skewed(0.0)
    room.run(1.9, power_w=0.0, canal=42.5, tip=37.0)
    room.clock_us[SOURCE] = -us(10.0)
    room.run(2.0, power_w=0.0, canal=42.5, tip=37.0)
    assert room.story("R02") == []
    room.run(0.1, power_w=0.0, canal=42.5, tip=37.0)
    assert room.story("R02") == ["R02 raised medium"]


def test_a_clock_that_steps_back_leaves_no_slope_across_the_step() -> None:
    room = skewed(0.0)
    room.clock_us[SOURCE] = -us(2.5)
    for count in range(1, 12):
        room.run(0.1, power_w=0.0, canal=41.0, tip=37.0)
        slope = room.sensor().slope_c_per_s
        assert (slope is None) == (count < 8)
        assert slope in (None, 0.0)


def test_a_step_back_of_less_than_2_s_is_late_and_no_new_epoch() -> None:
    room = skewed(0.0)
    room.clock_us[SOURCE] = -us(1.9)
    before = room.sensor()
    room.run(0.1, power_w=0.0, canal=40.0, tip=37.0)
    assert room.sensor().cem43_min == before.cem43_min
    assert "epochs" not in room.engine.counters


def test_a_step_back_keeps_what_stands() -> None:
    room = skewed(0.0)
    room.run(3.0, power_w=0.0, canal=45.5, tip=37.0)
    before = room.engine.present_alarms(0).present
    room.clock_us[SOURCE] = -us(3600.0)
    room.run(1.0, power_w=0.0, canal=45.5, tip=37.0)
    assert [alarm.alarm_id for alarm in room.engine.present_alarms(0).present] == [alarm.alarm_id for alarm in before]


@pytest.mark.parametrize("back_s", [1.0, 100.0, 1_789_999_000.0])
def test_a_device_that_restarts_with_its_numbers_and_clock_set_back_is_heard_at_once_and_anew_after_2_s(
    back_s: float,
) -> None:
    room = skewed(0.0)
    room.sequence.clear()
    room.clock_us[SOURCE] = -us(back_s)
    said = room.run(0.2, power_w=0.0, canal=46.0, tip=37.0)
    assert "R01 raised high" in told(said)
    room.run(2.0, power_w=0.0, canal=46.0, tip=37.0)
    room.run(0.2, power_w=0.0, canal=38.5, tip=37.0)
    assert room.story("R01") == ["R01 raised high", "R01 ended high"]
    room.run(6.0, power_w=0.0, canal=38.5, tip=37.0)
    assert room.sensor().temperature_c == 38.5


def test_r14_is_timed_by_our_clock_whatever_the_source_s_clock_does() -> None:
    room = skewed(-3600.0)
    last_us = room.now_us
    (raised,) = [entry for entry in room.wait(1.5) if entry.sensor == CANAL]
    assert (raised.rule, raised.received_us) == ("R14", last_us + us(1.0))
    assert abs(raised.event_us - (last_us + us(1.0))) <= 500


def test_a_clock_of_whole_seconds_is_judged_like_any_other() -> None:
    room = Room()
    room.case()
    room.run(2.0, power_w=10.0, canal=37.0, tip=50.0)
    first_us = room.now_us
    for tenth in range(1, 101):
        room.now_us += 100_000
        room.generator()
        room.temperature(canal=44.0, tip=50.0, at_us=first_us + tenth // 10 * 1_000_000)
    assert "R02 raised medium" in room.story()
    assert not room.of("R15")
    assert room.sensor().cem43_min == pytest.approx(2 * 10 / 60, rel=0.1)
