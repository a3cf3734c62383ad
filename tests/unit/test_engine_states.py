"""The alarm state table, row by row: as a function, and once more as a room lives through it."""

from __future__ import annotations

import pytest

from cordguard.contract.alarms import PresentAlarm, Transition
from cordguard.engine.lifecycle import Event, Flags, advance
from support.room import CANAL, Room, named, told, us

ABSENT = None


def flags(text: str) -> Flags | None:
    """``T F T`` as condition, latched, acknowledged; ``absent`` as None."""
    return ABSENT if text == "absent" else Flags(*(letter == "T" for letter in text.split()))


ROWS: list[tuple[str, Event, bool, str, str | None]] = [
    # condition latched acknowledged, input, whether the rule latches, becomes, change
    ("absent", "met", False, "T F F", "raised"),
    ("absent", "met", True, "T F F", "raised"),
    ("T F F", "rises", False, "T F F", "escalated"),
    ("T F F", "rises", True, "T F F", "escalated"),
    ("T F T", "rises", False, "T F F", "escalated"),
    ("T F T", "rises", True, "T F F", "escalated"),
    ("T F F", "falls", False, "T F F", "deescalated"),
    ("T F T", "falls", False, "T F T", "deescalated"),
    ("T F F", "falls", True, "T F F", None),
    ("T F T", "falls", True, "T F T", None),
    ("T F F", "over", False, "absent", "ended"),
    ("T F T", "over", False, "absent", "ended"),
    ("T F F", "over", True, "F T F", "ended"),
    ("T F T", "over", True, "F T T", "ended"),
    ("F T F", "met", True, "T F F", "raised"),
    ("F T T", "met", True, "T F F", "raised"),
    ("T F F", "acknowledge", False, "T F T", "acknowledged"),
    ("T F F", "acknowledge", True, "T F T", "acknowledged"),
    ("F T F", "acknowledge", True, "F T T", "acknowledged"),
    ("F T F", "reset", True, "absent", "reset"),
    ("F T T", "reset", True, "absent", "reset"),
    ("T F F", "reset", True, "T F F", "refused"),
    ("T F T", "reset", True, "T F T", "refused"),
    ("T F F", "reset", False, "T F F", "refused"),
    ("T F T", "reset", False, "T F T", "refused"),
    ("absent", "acknowledge", True, "absent", "refused"),
    ("absent", "reset", True, "absent", "refused"),
    ("absent", "acknowledge", False, "absent", "refused"),
    ("absent", "reset", False, "absent", "refused"),
    ("T F T", "acknowledge", False, "T F T", "refused"),
    ("T F T", "acknowledge", True, "T F T", "refused"),
    ("F T T", "acknowledge", True, "F T T", "refused"),
    ("T F F", "reminder", False, "T F F", "reminded"),
    ("T F F", "reminder", True, "T F F", "reminded"),
    ("F T F", "reminder", True, "F T F", "reminded"),
    # what the table leaves out says nothing and changes nothing
    ("T F F", "met", True, "T F F", None),
    ("T F T", "met", False, "T F T", None),
    ("T F T", "reminder", True, "T F T", None),
    ("F T T", "reminder", True, "F T T", None),
    ("F T F", "over", True, "F T F", None),
    ("F T T", "falls", True, "F T T", None),
    ("absent", "over", False, "absent", None),
    ("absent", "reminder", False, "absent", None),
]


@pytest.mark.parametrize(("before", "event", "latching", "after", "change"), ROWS)
def test_every_row_of_the_alarm_state_table(
    before: str, event: Event, *, latching: bool, after: str, change: str | None
) -> None:
    assert advance(flags(before), event, latching=latching) == (flags(after), change)


def watched() -> Room:
    """A room with a case open and devices that deliver."""
    room = Room()
    room.case()
    room.run(2.0, power_w=0.0, canal=37.0, tip=37.0)
    assert room.transitions == []
    return room


def hot(room: Room, canal: float = 45.5) -> Transition:
    """Raise R01."""
    said = [entry for entry in room.run(0.2, power_w=0.0, canal=canal, tip=37.0) if entry.rule == "R01"]
    assert told(said) == ["R01 raised high"]
    return said[0]


def present(room: Room, rule: str, sensor: str | None = CANAL) -> PresentAlarm:
    alarm = room.alarm(rule, sensor)
    assert alarm is not None
    return alarm


def state(transition: Transition) -> tuple[bool, bool, bool]:
    return transition.condition, transition.latched, transition.acknowledged


def test_a8_a_latching_alarm_outlives_its_condition_until_reset_and_alarms_anew_after_it() -> None:
    room = watched()
    raised = hot(room)
    (ended,) = [entry for entry in room.run(0.1, power_w=0.0, canal=40.0, tip=37.0) if entry.rule == "R01"]
    assert (ended.change, state(ended), ended.step) == ("ended", (False, True, False), 2)
    room.run(1.0, power_w=0.0, canal=40.0, tip=37.0)
    assert present(room, "R01").latched
    (reset,) = room.command("reset", raised.alarm_id)
    assert (reset.change, state(reset), reset.step) == ("reset", (False, False, False), 3)
    assert room.alarm("R01") is None
    again = hot(room)
    assert again.step == 1
    assert again.alarm_id != raised.alarm_id


def test_a8_a_non_latching_alarm_goes_with_its_condition() -> None:
    room = watched()
    room.run(2.5, power_w=0.0, canal=42.0)
    assert present(room, "R02").condition
    room.run(0.1, power_w=0.0, canal=41.5)
    assert room.story("R02") == ["R02 raised medium", "R02 ended medium"]
    assert state(room.of("R02")[-1]) == (False, False, False)
    assert room.alarm("R02") is None


@pytest.mark.parametrize("together", [1, 3, 9])
def test_a8_a13_the_samples_time_decides_start_and_end_alike_however_they_arrive(together: int) -> None:
    """Frames that come late and several at once, as over a poor network."""
    courses = [37.0] * 20 + [42.5] * 40 + [45.5] * 20 + [41.0] * 20

    def told_of(arrivals: int) -> list[tuple[str, str, int]]:
        room = watched()
        began_us = room.now_us
        for number, canal in enumerate(courses):
            if number % arrivals == 0:
                room.now_us = began_us + us(0.1) * (number + arrivals - 1)
            room.frame({"canal": canal, "tip": 37.0}, at_us=began_us + us(0.1) * number)
        said = room.of("R01", "R02", "R04")
        assert {entry.rule for entry in said} == {"R01", "R02", "R04"}
        return [(entry.alarm_id, entry.change, entry.event_us) for entry in said]

    assert told_of(together) == told_of(1)
    assert {change for _, change, _ in told_of(together)} >= {"raised", "ended"}


def test_raised_again_while_latched_keeps_the_name_counts_on_and_sounds_again() -> None:
    room = watched()
    raised = hot(room)
    room.command("acknowledge", raised.alarm_id)
    room.run(1.0, power_w=0.0, canal=40.0)
    assert present(room, "R01").acknowledged
    again = next(entry for entry in room.run(0.2, power_w=0.0, canal=46.0) if entry.rule == "R01")
    assert (again.change, again.alarm_id, again.step) == ("raised", raised.alarm_id, 4)
    assert state(again) == (True, False, False)


def test_a9_acknowledge_silences_this_alarm_only_and_is_no_reset() -> None:
    room = watched()
    raised = hot(room)
    (answer,) = room.command("acknowledge", raised.alarm_id)
    assert (answer.change, state(answer), answer.alarm_id) == ("acknowledged", (True, False, True), raised.alarm_id)
    assert (answer.command_id, answer.actor, answer.role, answer.reason_code) == ("c-1", "a-7", "clinician", "seen")
    (refused,) = room.command("reset", raised.alarm_id)
    assert (refused.rule, refused.change) == ("R00", "refused")
    assert present(room, "R01").condition
    second = [entry for entry in room.run(2.5, power_w=0.0, canal=45.5, root=42.5) if entry.rule == "R02"]
    assert {entry.sensor: entry.acknowledged for entry in second} == {CANAL: False, "dev/root": False}


def test_a9_an_escalated_alarm_sounds_again_though_it_was_acknowledged() -> None:
    room = watched()
    room.run(60.0, power_w=0.0, canal=43.0)
    room.run(70.0, power_w=0.0, canal=43.0)
    low = present(room, "R06")
    assert low.priority == "low"
    room.command("acknowledge", low.alarm_id)
    room.run(180.0, power_w=0.0, canal=43.0)
    escalated = room.of("R06")[-1]
    assert (escalated.change, escalated.priority, state(escalated)) == ("escalated", "medium", (True, False, False))
    assert escalated.alarm_id == low.alarm_id
    assert escalated.step == 3


def test_deescalation_keeps_the_acknowledgement() -> None:
    room = watched()
    room.run(1.0, power_w=10.0, canal="open", tip=37.0)
    alarm = present(room, "R08")
    assert alarm.priority == "high"
    room.command("acknowledge", alarm.alarm_id)
    room.run(0.1, power_w=0.0, canal="open", tip=37.0)
    fallen = room.of("R08")[-1]
    assert (fallen.change, fallen.priority, state(fallen)) == ("deescalated", "medium", (True, False, True))
    room.run(0.1, power_w=10.0, canal="open", tip=37.0)
    risen = room.of("R08")[-1]
    assert (risen.change, risen.priority, state(risen)) == ("escalated", "high", (True, False, False))


def test_a_latching_alarm_keeps_its_highest_priority_until_reset_also_when_raised_again() -> None:
    room = watched()
    room.run(151.0, power_w=0.0, canal=45.0)
    raised = present(room, "R06")
    assert raised.priority == "high"
    room.mark("sensor-moved")
    assert present(room, "R06").latched
    assert present(room, "R06").priority == "high"
    room.run(31.0, power_w=0.0, canal=45.0)
    again = room.of("R06")[-1]
    assert (again.change, again.priority, again.alarm_id) == ("raised", "high", raised.alarm_id)
    room.mark("sensor-moved")
    room.run(1.0, power_w=0.0, canal=37.0)
    room.command("reset", raised.alarm_id)
    assert room.alarm("R06") is None
    room.run(31.0, power_w=0.0, canal=45.0)
    assert present(room, "R06").priority == "low"


def test_a11_an_unacknowledged_high_reminds_every_60_s_also_while_it_is_only_latched() -> None:
    room = watched()
    raised = hot(room)
    room.run(59.9, power_w=0.0, canal=40.0)
    assert "R01 reminded high" not in room.story("R01")
    room.run(0.1, power_w=0.0, canal=40.0)
    reminded = room.of("R01")[-1]
    assert (reminded.change, reminded.alarm_id, state(reminded)) == ("reminded", raised.alarm_id, (False, True, False))
    assert reminded.received_us == raised.received_us + us(60)
    room.run(60.0, power_w=0.0, canal=40.0)
    assert room.story("R01").count("R01 reminded high") == 2
    room.command("acknowledge", raised.alarm_id)
    room.run(125.0, power_w=0.0, canal=40.0)
    assert room.story("R01").count("R01 reminded high") == 2


def test_a11_medium_and_low_alarms_do_not_remind() -> None:
    room = watched()
    room.run(125.0, power_w=0.0, canal=42.5)
    assert present(room, "R02").priority == "medium"
    assert "reminded" not in {entry.change for entry in room.transitions}


def test_steps_count_from_one_and_name_every_change_once() -> None:
    room = watched()
    raised = hot(room)
    room.run(61.0, power_w=0.0, canal=45.5)
    room.command("acknowledge", raised.alarm_id)
    room.run(1.0, power_w=0.0, canal=40.0)
    room.run(0.2, power_w=0.0, canal=46.0)
    steps = [entry.step for entry in room.of("R01")]
    assert steps == list(range(1, len(steps) + 1))
    assert raised.alarm_id == named("R01", CANAL, raised.event_us - us(0.1))
