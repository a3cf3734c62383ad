"""R46 and R38: is anyone there to hear it, and does anyone answer?"""

from __future__ import annotations

import json

import pytest

from cordguard.engine.room import RoomEngine
from support.room import CANAL, Room, named, told, us


def under_rf() -> Room:
    """A room with a case open, RF on from one frame after the start of its run; nobody hears it."""
    room = Room()
    room.started("first")
    room.case()
    room.run(0.1, power_w=10.0, canal=37.0, tip=37.0)
    return room


def go_on(room: Room, seconds: float, *, power_w: float = 10.0, canal: float = 37.0, heard: bool = False) -> None:
    """RF goes on, with a beat a second if somebody hears."""
    for _ in range(round(seconds * 10)):
        room.run(0.1, power_w=power_w, canal=canal, tip=37.0)
        if heard and (room.now_us // us(0.1)) % 10 == 0:
            room.beat()


# --- R46 ---


def test_a20_r46_is_raised_when_nobody_was_heard_of_for_10_s_of_rf_also_in_a_room_that_never_had_a_page() -> None:
    room = under_rf()
    began_us = room.now_us
    go_on(room, 9.9)
    assert room.transitions == []
    go_on(room, 0.1)
    (raised,) = room.transitions
    assert told([raised]) == ["R46 raised medium"]
    assert (raised.name, raised.kind, raised.sensor) == ("no_annunciator", "technical", None)
    assert raised.received_us == raised.event_us == began_us + us(10.0)
    assert raised.alarm_id == named("R46", None, raised.received_us)
    assert not raised.late


def test_r46_stays_away_while_a_page_is_heard_and_while_rf_is_off() -> None:
    heard = under_rf()
    heard.beat()
    go_on(heard, 40.0, heard=True)
    assert heard.transitions == []
    idle = under_rf()
    go_on(idle, 40.0, power_w=0.0)
    assert idle.transitions == []


def test_r46_counts_from_the_newest_audible_beat_a_mute_page_is_none() -> None:
    room = under_rf()
    go_on(room, 5.0)
    room.beat()
    heard_us = room.now_us
    for _ in range(12):
        go_on(room, 1.0)
        room.beat(audible=False)
    (raised,) = room.of("R46")
    assert raised.received_us == heard_us + us(10.0)


def test_r46_a_mute_page_beside_an_audible_one_takes_nothing_back() -> None:
    room = under_rf()
    for _ in range(30):
        go_on(room, 1.0)
        room.beat()
        room.beat(audible=False)
    assert room.story() == []


def test_r46_a_lost_beat_is_no_alarm() -> None:
    room = under_rf()
    for _ in range(5):
        room.beat()
        go_on(room, 9.9)
    assert room.story() == []


@pytest.mark.parametrize("end", ["beat", "rf"])
def test_r46_ends_with_an_audible_beat_or_with_rf(end: str) -> None:
    room = under_rf()
    go_on(room, 11.0)
    assert room.beat(audible=False) == []
    if end == "beat":
        assert told(room.beat()) == ["R46 ended medium"]
    else:
        assert told(room.generator(0.0)) == ["R46 ended medium"]
    assert room.alarm("R46", None) is None


def test_r46_is_raised_again_when_the_page_is_gone_again() -> None:
    room = under_rf()
    go_on(room, 11.0)
    room.beat()
    go_on(room, 10.0)
    assert room.story() == ["R46 raised medium", "R46 ended medium", "R46 raised medium"]


def test_r46_what_could_not_reach_us_while_we_were_down_does_not_count() -> None:
    room = under_rf()
    room.beat()
    room.now_us += us(60.0)
    room.started("crash")
    up_us = room.now_us
    go_on(room, 9.9)
    assert room.story("R46") == []
    go_on(room, 1.0)
    assert [entry.received_us for entry in room.of("R46")] == [up_us + us(10.0)]


def test_r46_does_not_wait_for_a_message() -> None:
    room = under_rf()
    began_us = room.now_us
    room.wait(60.0)
    (raised,) = room.of("R46")
    assert raised.received_us == began_us + us(10.0)


# --- R38 ---


def hot() -> Room:
    """R01 was raised just now, and a page is heard."""
    room = under_rf()
    room.beat()
    go_on(room, 1.0, heard=True)
    while not room.of("R01"):
        go_on(room, 0.1, canal=46.0, heard=True)
    return room


def escalations(room: Room, parent: str) -> list[str]:
    """Rises and ends of the R38 about one alarm."""
    said = [entry for entry in room.of("R38") if (entry.evidence or {}).get("alarm_id") == parent]
    return told(said)


def test_a18_r38_is_raised_30_s_after_a_high_alarm_that_nobody_acknowledged_and_names_it() -> None:
    room = hot()
    parent = room.of("R01")[0]
    go_on(room, 29.8, canal=46.0, heard=True)
    assert escalations(room, parent.alarm_id) == []
    go_on(room, 0.3, canal=46.0, heard=True)
    assert escalations(room, parent.alarm_id) == ["R38 raised high"]
    raised = next(entry for entry in room.of("R38") if entry.evidence and entry.evidence["alarm_id"] == parent.alarm_id)
    assert (raised.name, raised.kind, raised.priority, raised.sensor) == ("unacked_high", "technical", "high", CANAL)
    assert raised.received_us == parent.received_us + us(30.0)
    assert raised.evidence is not None
    assert raised.alarm_id == named("R38", CANAL, raised.evidence["onset_us"])  # type: ignore[arg-type]
    assert "R01" in raised.message


def test_a18_r38_never_changes_its_parent() -> None:
    room = hot()
    parent = room.alarm("R01")
    go_on(room, 31.0, canal=46.0, heard=True)
    assert room.story("R38") != []
    after = room.alarm("R01")
    assert parent is not None
    assert after is not None
    assert after == parent
    assert room.story("R01") == ["R01 raised high"]


def test_a18_r38_ends_when_the_alarm_meant_is_acknowledged_and_only_then() -> None:
    room = hot()
    parent = room.of("R01")[0].alarm_id
    go_on(room, 31.0, canal=46.0, heard=True)
    own = next(entry for entry in room.of("R38") if entry.evidence and entry.evidence["alarm_id"] == parent)
    assert told(room.command("acknowledge", own.alarm_id)) == ["R38 acknowledged high"]
    alarm = room.alarm("R01")
    assert alarm is not None
    assert not alarm.acknowledged
    assert told(room.command("acknowledge", parent)) == ["R01 acknowledged high", "R38 ended high"]
    go_on(room, 60.0, canal=46.0, heard=True)
    assert escalations(room, parent) == ["R38 raised high", "R38 ended high"]


def test_r38_ends_when_the_alarm_meant_is_over() -> None:
    room = hot()
    parent = room.of("R01")[0].alarm_id
    go_on(room, 31.0, canal=46.0, heard=True)
    go_on(room, 20.0, power_w=0.0, canal=37.0)
    assert "R01 ended high" in room.story("R01")
    assert escalations(room, parent) == ["R38 raised high", "R38 ended high"]


def test_a18_r38_an_alarm_acknowledged_in_time_is_not_escalated() -> None:
    room = hot()
    for alarm in room.engine.present_alarms(room.now_us).present:
        room.command("acknowledge", alarm.alarm_id)
    go_on(room, 5.0, canal=46.0, heard=True)
    for alarm in room.engine.present_alarms(room.now_us).present:
        if not alarm.acknowledged:
            room.command("acknowledge", alarm.alarm_id)
    go_on(room, 20.0, canal=46.0, heard=True)
    assert [entry for entry in room.of("R38") if (entry.evidence or {}).get("rule") == "R01"] == []


def test_r38_there_is_one_for_each_alarm_each_with_a_name_of_its_own_and_none_about_itself() -> None:
    room = Room()
    room.started("first")
    room.case(profile="near", sensors={"canal": ("neural", 8.0), "tip": ("probe", None)})
    room.run(1.0, power_w=10.0, canal=37.0, tip=37.0)
    room.run(200.0, power_w=10.0, canal="open", tip=37.0)
    raised = [entry for entry in room.of("R38") if entry.change == "raised"]
    assert sorted((entry.evidence or {})["rule"] for entry in raised) == ["R08", "R33"]  # type: ignore[type-var]
    assert len({entry.alarm_id for entry in raised}) == 2


def test_r38_two_alarms_of_one_sensor_raised_by_one_sample_have_two_escalations() -> None:
    room = under_rf()
    room.beat()
    room.run(0.1, power_w=10.0, canal=60.0, tip=37.0)
    room.run(35.0, power_w=10.0, canal=60.0, tip=37.0)
    parents: dict[int, set[str]] = {}
    for entry in room.transitions:
        if entry.priority == "high" and entry.change in ("raised", "escalated") and entry.sensor == CANAL:
            parents.setdefault(entry.received_us, set()).add(entry.rule)
    raised = [entry for entry in room.of("R38") if entry.change == "raised"]
    assert len(raised) >= 2
    assert len({entry.alarm_id for entry in raised}) == len(raised)
    assert len({(entry.evidence or {})["alarm_id"] for entry in raised}) == len(raised)


def test_r38_what_was_acknowledged_while_we_were_down_may_still_arrive() -> None:
    room = hot()
    parent = room.of("R01")[0].alarm_id
    room.now_us += us(120.0)
    room.started("crash")
    assert room.story("R38") == []
    room.command("acknowledge", parent)
    go_on(room, 31.0, canal=46.0, heard=True)
    assert escalations(room, parent) == []


def test_r38_r46_survive_a_snapshot_at_any_moment() -> None:
    room = hot()
    go_on(room, 45.0, canal=46.0)
    go_on(room, 20.0, power_w=0.0)
    assert {"R38", "R46"} <= {entry.rule for entry in room.transitions}
    engine = Room().engine
    said = []
    for number, entry in enumerate(room.inputs):
        said += engine.feed(entry)
        if number % 13 == 0:
            engine = RoomEngine.restore(json.loads(json.dumps(engine.snapshot())))
    assert [emission.message for emission in said if emission.topic.name == "transition"] == room.transitions
