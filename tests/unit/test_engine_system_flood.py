"""R37 and R39: too many alarms, one that comes and goes, and a monitor that is not well itself."""

from __future__ import annotations

import pytest

from cordguard.contract.alarms import Transition
from support.room import CANAL, Room, named, told, us


def quiet() -> Room:
    """A room with a case open and no RF."""
    room = Room()
    room.started("first")
    room.case()
    room.run(1.0, power_w=0.0, canal=37.0, tip=37.0)
    return room


def flood(room: Room) -> list[Transition]:
    """What R37 said."""
    return room.of("R37")


def conflict(room: Room, number: int) -> None:
    """One new alarm that is nobody else's: a device that says it serves another patient."""
    room.temperature(source=f"other-{number}", session="s-other", x=37.0)


def keep_alive(room: Room, seconds: float, sources: int) -> None:
    """Time goes by, and all devices deliver, so that nothing is new."""
    for _ in range(round(seconds * 2)):
        room.now_us += us(0.5)
        room.temperature(canal=37.0, tip=37.0)
        room.generator(0.0)
        for number in range(sources):
            room.temperature(source=f"other-{number}", session="s-other", x=37.0)


def test_r37_more_than_5_new_alarms_in_30_s_are_a_flood_and_5_are_none() -> None:
    room = quiet()
    for number in range(5):
        conflict(room, number)
    assert flood(room) == []
    room.now_us += us(0.4)
    conflict(room, 5)
    (raised,) = flood(room)
    assert told([raised]) == ["R37 raised medium"]
    assert (raised.name, raised.kind, raised.sensor, raised.value) == ("alarm_flood", "technical", None, 6.0)
    assert raised.received_us == raised.event_us == room.now_us
    assert raised.alarm_id == named("R37", None, room.now_us)


def test_r37_more_than_10_new_alarms_in_10_min_are_a_flood_and_10_are_none() -> None:
    room = quiet()
    for number in range(10):
        conflict(room, number)
        keep_alive(room, 31.0, number + 1)
        if (number + 1) % 5 == 0:
            assert flood(room) == []
    conflict(room, 10)
    assert told(flood(room)) == ["R37 raised medium"]
    assert flood(room)[0].value == 11.0


def test_r37_ends_with_fewer_than_5_in_10_min_by_our_clock() -> None:
    room = quiet()
    first_us = room.now_us
    for number in range(6):
        keep_alive(room, 0.5, number)
        conflict(room, number)
    keep_alive(room, 597.0, 6)
    assert told(flood(room)) == ["R37 raised medium"]
    keep_alive(room, 5.0, 6)
    _, ended = flood(room)
    assert told([ended]) == ["R37 ended medium"]
    # Four are left when the second of the six is ten minutes old.
    assert ended.received_us == first_us + us(1.0) + us(600.0)


def test_r37_h10_never_hides_a_high_neural_alarm() -> None:
    room = quiet()
    for number in range(12):
        conflict(room, number)
    assert room.alarm("R37", None) is not None
    room.run(1.0, power_w=10.0, canal=46.0, tip=37.0)
    assert "R01 raised high" in room.story("R01")
    shown = room.engine.present_alarms(room.now_us).present
    assert shown[0].rule in ("R01", "R04")
    assert shown[0].priority == "high"


def test_r37_names_an_alarm_that_came_3_times_in_a_minute() -> None:
    room = quiet()
    for count in range(3):
        assert flood(room) == []
        room.run(1.5, power_w=0.0, tip=37.0)
        room.run(1.0, power_w=0.0, canal=37.0, tip=37.0)
        assert room.story("R14") == ["R14 raised medium", "R14 ended medium"] * (count + 1)
    (raised,) = flood(room)
    assert told([raised]) == ["R37 raised low"]
    assert raised.evidence is not None
    assert raised.evidence["chattering"] == [f"R14 {CANAL}"]
    room.run(61.0, power_w=0.0, canal=37.0, tip=37.0)
    assert told(flood(room)) == ["R37 raised low", "R37 ended low"]
    third_us = room.of("R14")[4].received_us
    first_us = room.of("R14")[0].received_us
    assert first_us < third_us < flood(room)[1].received_us == first_us + us(60.0)


def test_r37_a_flood_names_what_comes_and_goes_in_it() -> None:
    room = quiet()
    for _ in range(3):
        room.run(1.5, power_w=0.0, tip=37.0)
        room.run(1.0, power_w=0.0, canal=37.0, tip=37.0)
    for number in range(6):
        conflict(room, number)
    assert told(flood(room)) == ["R37 raised low", "R37 escalated medium"]
    evidence = flood(room)[1].evidence
    assert evidence is not None
    assert evidence["chattering"] == [f"R14 {CANAL}"]


def test_r37_is_not_about_itself_nor_about_who_hears_and_answers() -> None:
    room = quiet()
    room.run(5.0, power_w=10.0, canal=46.0, tip=37.0)
    before = len({(entry.rule, entry.sensor) for entry in room.transitions if entry.change == "raised"})
    room.run(60.0, power_w=10.0, canal=46.0, tip=37.0)
    raised = [entry.rule for entry in room.transitions if entry.change == "raised"]
    assert {"R38", "R46"} <= set(raised)
    counted = [rule for rule in raised if rule not in ("R37", "R38", "R46")]
    assert (len(raised) > 5, len(counted) <= 5, before <= 5) == (True, True, True)
    assert flood(room) == []


# --- R39 ---


@pytest.mark.parametrize(
    ("finding", "limit", "word"),
    [("loop_lag_ms", 500.0, "late"), ("disk_free_percent", 5.0, "disk")],
)
def test_r39_is_raised_beyond_its_limit_and_not_at_it(finding: str, limit: float, word: str) -> None:
    room = quiet()
    assert room.self_check(**{finding: limit}) == []
    beyond = limit + 0.1 if finding == "loop_lag_ms" else limit - 0.1
    (raised,) = room.self_check(**{finding: beyond})
    assert told([raised]) == ["R39 raised high"]
    assert (raised.name, raised.kind, raised.sensor) == ("monitor_self", "technical", None)
    assert raised.alarm_id == named("R39", None, room.now_us)
    assert word in raised.message


def test_r39_ends_after_10_s_good_and_a_bad_check_in_between_begins_anew() -> None:
    room = quiet()
    room.self_check(loop_lag_ms=800.0)
    room.wait(1.0)
    room.self_check(loop_lag_ms=1.0)
    room.wait(9.0)
    room.self_check(loop_lag_ms=501.0)
    room.wait(30.0)
    assert room.story("R39") == ["R39 raised high"]
    room.self_check(loop_lag_ms=500.0)
    good_us = room.now_us
    room.wait(5.0)
    room.self_check(loop_lag_ms=2.0)
    room.wait(20.0)
    _, ended = room.of("R39")
    assert (ended.change, ended.received_us) == ("ended", good_us + us(10.0))


def test_r39_what_a_check_does_not_mention_stays_as_it_was() -> None:
    room = quiet()
    room.self_check(disk_free_percent=1.0)
    room.self_check(loop_lag_ms=1.0)
    room.self_check(latency_ms={"p50": 1.0, "p99": 2.0})
    room.wait(50.0)
    assert room.story("R39") == ["R39 raised high"]
    room.self_check(disk_free_percent=50.0)
    room.wait(10.0)
    assert room.story("R39")[-1] == "R39 ended high"
