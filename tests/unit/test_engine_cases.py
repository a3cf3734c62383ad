"""A case from opening to release: what counts for it, what ends it, and what outlives it."""

from __future__ import annotations

import pytest

from cordguard.contract.summary import SensorSummary, SessionSummary
from support.room import CANAL, SOURCE, START_US, Room, us

TENTH = us(0.1)


def of_canal(summary: SessionSummary | None) -> SensorSummary:
    assert summary is not None
    return next(sensor for sensor in summary.sensors if sensor.sensor == CANAL)


def test_telemetry_before_its_case_is_counted_from_the_opening() -> None:
    room = Room()
    room.run(5.0, power_w=10.0, canal=41.0)
    opened_us = room.now_us + 1
    room.run(5.0, power_w=10.0, canal=40.0)
    room.case(opened_us=opened_us)
    summary = room.engine.summary_so_far()
    assert summary is not None
    assert of_canal(summary).samples == 50
    assert of_canal(summary).max_temperature_c == 40.0
    assert summary.energy_j == pytest.approx(10.0 * 4.9)
    room.run(5.0, power_w=10.0, canal=40.0)
    assert of_canal(room.engine.summary_so_far()).samples == 100


def test_telemetry_waits_ten_minutes_for_its_case_and_no_longer() -> None:
    room = Room()
    room.run(660.0, canal=40.0, period_s=1.0)
    room.case(opened_us=START_US)
    assert of_canal(room.engine.summary_so_far()).samples == 601


def test_a_case_that_comes_twice_is_ignored() -> None:
    room = Room()
    room.case(opened_us=START_US)
    room.run(1.0, canal=40.0)
    before = room.engine.summary_so_far()
    room.case(opened_us=START_US)
    assert (room.engine.summary_so_far(), room.rejected, room.summaries) == (before, [], [])


def test_an_older_revision_is_a_dead_letter_and_changes_nothing() -> None:
    room = Room()
    room.case(revision=3, profile="near")
    room.case(revision=2, profile="breached")
    assert room.vitals().profile == "near"
    (rejected,) = room.rejected
    assert "revision 2" in rejected.reason


def test_a_higher_revision_amends() -> None:
    room = Room()
    room.case(profile="standard")
    room.amend(profile="near")
    assert room.vitals().profile == "near"
    assert room.engine.watched_session == "s-1"


def test_an_ill_case_is_a_dead_letter_and_the_open_one_stays() -> None:
    room = Room()
    room.case()
    room.amend(profile="nearest")
    room.send("case", {"session": "s-2"})
    room.feed("case", b"no JSON")
    assert len(room.rejected) == 3
    assert (room.engine.watched_session, room.vitals().profile) == ("s-1", "standard")


def closed_room(*, rf_off_s: float = 0.0, canal: float = 37.0) -> Room:
    """RF for five seconds, off for so long, then closed."""
    room = Room()
    room.status(canal="neural", tip="probe")
    room.case()
    room.run(5.0, power_w=10.0, canal=38.0, tip=60.0)
    room.run(rf_off_s + 0.1, power_w=0.0, canal=canal, tip=60.0)
    room.close()
    return room


def released(room: Room) -> bool:
    return room.engine.watched_session is None


def test_closed_ends_the_record_with_a_summary_and_not_the_watch() -> None:
    room = closed_room()
    (summary,) = room.summaries
    assert (summary.final, summary.revision, summary.session) == (False, 1, "s-1")
    assert summary.closed_us == room.now_us
    assert summary.released_us is None
    assert not released(room)
    room.run(0.2, power_w=0.0, canal=45.5, tip=60.0)
    assert room.story("R01") == ["R01 raised high"]
    assert room.of("R01")[0].session == "s-1"


def test_r31_the_watch_is_released_180_s_after_rf_off_with_a_final_summary() -> None:
    room = closed_room()
    off_us = room.now_us
    room.run(179.9, power_w=0.0, canal=37.0, tip=60.0)
    assert not released(room)
    room.run(0.1, power_w=0.0, canal=37.0, tip=60.0)
    assert released(room)
    first, final = room.summaries
    assert (final.final, final.revision, final.session) == (True, 2, "s-1")
    assert final.released_us == off_us + us(180.0)
    assert of_canal(final).samples > of_canal(first).samples


def test_r31_the_watch_is_not_released_before_it_is_closed_nor_while_rf_is_on() -> None:
    still_open = Room()
    still_open.case()
    still_open.run(300.0, power_w=0.0, canal=37.0, period_s=0.5)
    assert not released(still_open)
    running = closed_room()
    running.run(300.0, power_w=10.0, canal=37.0, tip=60.0, period_s=0.5)
    assert not released(running)


@pytest.mark.parametrize(("canal", "expected"), [(40.0, False), (39.9, True)])
def test_r31_the_watch_is_released_only_with_every_neural_sensor_below_40_degrees(
    canal: float, *, expected: bool
) -> None:
    room = closed_room()
    room.run(240.0, power_w=0.0, canal=canal, tip=60.0, period_s=0.5)
    assert released(room) == expected


def test_r31_the_watch_is_released_only_when_no_neural_sensor_rose_for_30_s() -> None:
    room = closed_room()
    room.run(240.0, power_w=0.0, canal=lambda at_s: 36.0 + 0.005 * at_s, tip=60.0, period_s=0.5)
    assert not released(room)
    room.run(45.0, power_w=0.0, canal=lambda at_s: 37.2 - 0.005 * at_s, tip=60.0, period_s=0.5)
    assert released(room)


def test_r31_a_watch_closed_long_after_rf_is_not_released_before_30_s_of_calm() -> None:
    room = closed_room(rf_off_s=200.0)
    room.run(29.9, power_w=0.0, canal=37.0, tip=60.0)
    assert not released(room)
    room.run(0.2, power_w=0.0, canal=37.0, tip=60.0)
    assert released(room)


def test_r31_the_watch_is_released_only_20_min_after_cement() -> None:
    room = closed_room(rf_off_s=170.0)
    room.mark("cement-injected")
    at_us = room.now_us
    room.run(1199.0, power_w=0.0, canal=37.0, tip=60.0, period_s=1.0)
    assert not released(room)
    room.run(1.0, power_w=0.0, canal=37.0, tip=60.0, period_s=1.0)
    assert released(room)
    assert room.summaries[-1].released_us == at_us + us(1200.0)
    assert [mark.mark for mark in room.summaries[-1].marks] == ["cement-injected"]


@pytest.mark.parametrize("how", ["fault", "silence", "offline"])
def test_r31_a_sensor_that_is_lost_while_warm_does_not_hold_the_watch_for_ever(how: str) -> None:
    room = Room()
    room.case(sensors={"tc/canal": ("neural", 12.0), "tip": ("probe", None)})
    for _ in range(50):
        room.temperature(source="tc", canal=41.0)
        room.run(0.1, power_w=0.0, tip=60.0)
    room.close()
    if how == "offline":
        room.status("offline", source="tc")
    for _ in range(200):
        if how == "fault":
            room.temperature(source="tc", canal="open")
        room.run(1.0, power_w=0.0, tip=60.0, period_s=1.0)
    assert released(room)


def test_r31_a_room_whose_devices_all_went_silent_is_released() -> None:
    room = closed_room()
    room.wait(600.0)
    assert released(room)
    assert room.summaries[-1].final


def test_after_release_a_source_that_says_offline_ends_its_own_conditions_and_latches_stay() -> None:
    room = closed_room()
    room.run(1.0, power_w=0.0, canal=46.0, tip="open")
    room.run(230.0, power_w=0.0, canal=37.0, tip="open", period_s=0.5)
    assert released(room)
    room.status("offline")
    room.wait(60.0)
    present = {alarm.rule: alarm for alarm in room.engine.present_alarms(room.now_us).present}
    assert set(present) == {"R01"}
    assert present["R01"].latched
    assert room.story("R08")[-1] == "R08 ended medium"
    room.command("reset", present["R01"].alarm_id)
    assert room.engine.present_alarms(room.now_us).present == ()


def test_during_the_watch_a_source_that_says_offline_is_an_alarm() -> None:
    room = closed_room()
    room.status("offline")
    assert room.story("R17") == ["R17 raised medium"]


def test_latched_alarms_stay_over_a_new_case_and_keep_the_session_of_their_onset() -> None:
    room = Room()
    room.case()
    room.run(0.5, canal=46.0)
    room.run(1.0, canal=37.0)
    room.case("s-2")
    alarm = room.alarm("R01")
    assert alarm is not None
    assert alarm.latched
    (reset,) = room.command("reset", alarm.alarm_id)
    assert (reset.change, reset.session) == ("reset", "s-1")
    summary = room.engine.summary_so_far()
    assert summary is not None
    assert summary.alarms == ()


def test_a_second_case_takes_over_and_the_first_is_summed_up() -> None:
    room = Room()
    room.case()
    room.run(5.0, power_w=10.0, canal=41.0)
    room.case("s-2")
    (first,) = room.summaries
    assert (first.session, first.final, first.closed_us) == ("s-1", True, room.now_us)
    assert first.energy_j == pytest.approx(10.0 * 4.9)
    assert room.engine.watched_session == "s-2"
    room.run(5.0, power_w=0.0, canal=38.0)
    assert of_canal(room.engine.summary_so_far()).max_temperature_c == 38.0


def test_a_takeover_under_rf_has_no_moment_without_a_case() -> None:
    room = Room()
    room.case()
    room.run(2.0, power_w=10.0, canal="open", tip="open")
    before = room.story()
    assert before == ["R08 raised high", "R08 raised medium"]
    room.case("s-2")
    assert room.story() == before


def test_a_case_opened_before_the_open_one_does_not_take_over() -> None:
    room = Room()
    room.case()
    room.case("s-0", opened_us=START_US - us(60.0))
    assert room.engine.watched_session == "s-1"
    assert len(room.rejected) == 1


def test_a_released_session_does_not_come_back() -> None:
    room = closed_room()
    room.run(181.0, power_w=0.0, canal=37.0, tip=60.0, period_s=0.5)
    assert released(room)
    room.amend(state="open", closed_us=None)
    assert released(room)
    assert len(room.rejected) == 1


def test_marks_count_once() -> None:
    room = Room()
    room.case()
    room.mark("note")
    room.mark("note")
    summary = room.engine.summary_so_far()
    assert summary is not None
    assert len(summary.marks) == 1


def test_backlog_without_a_case_is_judged_under_the_last_limits_and_never_raises_r40() -> None:
    room = closed_room()
    room.run(181.0, power_w=0.0, canal=37.0, tip=60.0, period_s=0.5)
    assert released(room)
    backlog_us = room.now_us
    room.now_us += us(60.0)
    room.started("clean")
    for number in range(1, 100):
        room.now_us += us(0.001)
        room.generator(10.0, at_us=backlog_us + number * TENTH)
        room.temperature(at_us=backlog_us + number * TENTH, canal=44.0, tip=60.0)
    assert room.story("R40", "R01") == []
    assert room.of("R02")[0].limit == 42.0
    room.run(1.5, power_w=10.0, canal=44.0, tip=60.0)
    assert room.story("R40", "R01") == ["R01 raised high", "R40 raised medium"]


def test_status_and_stream_name_one_source() -> None:
    room = Room()
    room.case()
    room.status(canal="neural")
    room.run(1.0, canal=37.0)
    assert {sensor.sensor for sensor in room.vitals().sensors} == {CANAL, f"{SOURCE}/tip"}


def test_a_device_still_silent_in_the_next_case_is_an_alarm_of_its_own_step() -> None:
    room = closed_room(rf_off_s=181.0)
    room.wait(5.0)
    room.wait(600.0)
    assert released(room)
    room.status("offline")
    assert room.story("R17") == ["R17 raised medium", "R17 ended medium"]
    room.case("s-2")
    room.wait(5.0)
    assert room.story("R17")[2:] == ["R17 raised medium"]
    steps = [(entry.alarm_id, entry.step) for entry in room.of("R17")]
    assert len(set(steps)) == len(steps)
