"""A sensor that is lost while it is hot: its alarms stand as long as somebody watches, and not for ever."""

from __future__ import annotations

from typing import Literal

import pytest

from support.room import Room

How = Literal["silence", "fault", "offline"]


def lose_it_hot(how: How, *, for_s: int = 1_740) -> Room:
    """The canal reaches 46 °C, the record is closed, and the sensor is lost before it has cooled, for so long."""
    room = Room()
    room.case()
    room.run(15.0, power_w=10.0, canal=37.0, tip=60.0)
    room.run(4.0, power_w=10.0, impedance_ohm=130.0, canal=46.0, tip=60.0)
    room.run(1.0, power_w=0.0, canal=46.0, tip=60.0)
    room.close()
    if how == "offline":
        room.status("offline")
    faulty_s = min(for_s, 240) if how == "fault" else 0
    for _ in range(faulty_s):
        room.now_us += 1_000_000
        room.status()
        room.generator(0.0)
        room.temperature(canal="open", tip=37.0)
    room.wait(for_s - faulty_s)
    return room


@pytest.mark.parametrize("how", ["silence", "fault", "offline"])
def test_a8_h3_while_the_watch_lasts_a_lost_sensor_ends_no_thermal_alarm(how: How) -> None:
    room = lose_it_hot(how, for_s=170)
    assert not any(summary.final for summary in room.summaries)
    alarm = room.alarm("R01")
    assert alarm is not None
    assert alarm.condition


@pytest.mark.parametrize("how", ["silence", "fault", "offline"])
def test_a8_h15_after_it_a_source_that_goes_ends_its_conditions_latches_can_be_reset_and_none_meets_the_next_case(
    how: How,
) -> None:
    room = lose_it_hot(how)
    assert room.summaries[-1].final
    room.status("offline")
    latched = room.alarm("R01")
    assert latched is not None
    assert latched.latched
    assert not latched.condition
    assert {room.alarm(rule) for rule in ("R02", "R04")} == {None}
    assert room.alarm("R18", "dev") is None
    room.command("reset", latched.alarm_id)
    assert room.alarm("R01") is None
    room.case("s-2", procedure="p-2")
    assert not any(alarm.condition for alarm in room.engine.present_alarms(room.now_us).present)


def test_r01_after_a_sensor_was_lost_hot_two_hot_samples_are_needed_again() -> None:
    room = lose_it_hot("silence")
    room.status("offline")
    room.case("s-2", procedure="p-2")
    room.status()
    room.temperature(canal=46.0)
    alarm = room.alarm("R01")
    assert alarm is not None
    assert not alarm.condition
    room.run(0.1, canal=46.0)
    alarm = room.alarm("R01")
    assert alarm is not None
    assert alarm.condition
