"""What people ask of the alarm system: executed once, refused with a reason, always answered."""

from __future__ import annotations

import hashlib

import pytest

from cordguard.contract.alarms import PresentAlarm
from support.room import CANAL, ROOM, SITE, Reading, Room, told, us


def alarmed() -> tuple[Room, PresentAlarm]:
    """A room with one HIGH alarm."""
    room = Room()
    room.case()
    room.run(1.0, power_w=0.0, canal=37.0, tip=37.0)
    room.run(0.2, power_w=0.0, canal=45.5, tip=37.0)
    alarm = room.alarm("R01")
    assert alarm is not None
    return room, alarm


def answer_name(command_id: str) -> str:
    return hashlib.sha256(f"{SITE}\n{ROOM}\nR00\n{command_id}".encode()).hexdigest()[:32]


def test_a_command_is_executed_once() -> None:
    room, alarm = alarmed()
    assert told(room.command("acknowledge", alarm.alarm_id, command_id="c-7")) == ["R01 acknowledged high"]
    assert room.command("acknowledge", alarm.alarm_id, command_id="c-7") == []
    assert room.command("pause-audio", command_id="c-8") != []
    assert room.command("pause-audio", command_id="c-8") == []


def test_a_command_is_executed_once_also_over_our_own_restart() -> None:
    room, alarm = alarmed()
    room.command("acknowledge", alarm.alarm_id, command_id="c-7")
    room.engine = type(room.engine).restore(room.engine.snapshot())
    assert room.command("acknowledge", alarm.alarm_id, command_id="c-7") == []


@pytest.mark.parametrize("action", ["acknowledge", "reset", "pause-audio", "resume-audio"])
def test_an_expired_command_is_refused_and_does_nothing(action: str) -> None:
    room, alarm = alarmed()
    (refused,) = room.command(action, alarm.alarm_id, expires_in_s=-0.001)
    assert (refused.rule, refused.change) == ("R00", "refused")
    assert "expired" in refused.message
    assert room.alarm("R01") == alarm
    assert room.engine.present_alarms(room.now_us).audio == "on"


def test_a_command_is_good_until_it_expires() -> None:
    room, alarm = alarmed()
    assert told(room.command("acknowledge", alarm.alarm_id, expires_in_s=0.0)) == ["R01 acknowledged high"]


@pytest.mark.parametrize("action", ["acknowledge", "reset"])
def test_a_command_for_another_alarm_is_refused_and_named_in_evidence(action: str) -> None:
    room, alarm = alarmed()
    other = "0" * 32
    (refused,) = room.command(action, other, command_id="c-9")
    assert (refused.rule, refused.name, refused.kind, refused.priority) == ("R00", "command", "technical", "info")
    assert (refused.change, refused.step, refused.alarm_id) == ("refused", 1, answer_name("c-9"))
    assert refused.evidence is not None
    assert refused.evidence["alarm_id"] == other
    assert (refused.command_id, refused.actor, refused.role) == ("c-9", "a-7", "clinician")
    assert room.alarm("R01") == alarm


def test_acknowledged_twice_is_refused() -> None:
    room, alarm = alarmed()
    room.command("acknowledge", alarm.alarm_id)
    (refused,) = room.command("acknowledge", alarm.alarm_id)
    assert (refused.rule, refused.change) == ("R00", "refused")
    assert refused.evidence is not None
    assert refused.evidence["alarm_id"] == alarm.alarm_id


def test_reset_is_refused_while_the_condition_holds() -> None:
    room, alarm = alarmed()
    (refused,) = room.command("reset", alarm.alarm_id)
    assert (refused.rule, refused.change) == ("R00", "refused")
    assert room.alarm("R01") == alarm


def lose_the_sensor(room: Room, how: str) -> None:
    """The hot sensor is lost in one of three ways."""
    if how == "R08":
        room.run(3.0, power_w=10.0, canal="open", tip=37.0)
    elif how == "R14":
        room.run(3.0, power_w=10.0, tip=37.0)
    else:
        room.generator(10.0, source="gen")
        room.wait(2.5)
        room.generator(10.0, source="gen")  # RF goes on, and who says so is heard
        room.wait(2.5)


@pytest.mark.parametrize("how", ["R08", "R14", "R17"])
def test_a9_acknowledging_a_lost_sensor_never_acknowledges_the_thermal_alarm_under_it(how: str) -> None:
    room = Room()
    room.case()
    room.run(1.0, power_w=10.0, canal=46.0, tip=37.0)
    lose_the_sensor(room, how)
    lost = room.alarm(how, "dev" if how == "R17" else CANAL)
    assert lost is not None
    assert told(room.command("acknowledge", lost.alarm_id)) == [f"{how} acknowledged high"]
    thermal = room.alarm("R01")
    assert thermal is not None
    assert (thermal.condition, thermal.acknowledged, thermal.sensor) == (True, False, CANAL)
    first = next(alarm for alarm in room.engine.present_alarms(room.now_us).present if not alarm.acknowledged)
    assert first.kind == "physiological"


def test_a10_a_pause_lasts_120_s_is_counted_down_and_answered() -> None:
    room, _ = alarmed()
    (paused,) = room.command("pause-audio", command_id="c-3")
    assert (paused.rule, paused.change, paused.step) == ("R00", "paused", 1)
    assert (paused.alarm_id, paused.priority, paused.kind) == (answer_name("c-3"), "info", "technical")
    began_us = room.now_us
    present = room.engine.present_alarms(room.now_us)
    assert (present.audio, present.paused_until_us) == ("paused", began_us + us(120.0))
    room.run(119.5, power_w=0.0, canal=37.0, tip=37.0, period_s=0.5)
    assert room.engine.present_alarms(room.now_us).audio == "paused"
    room.run(0.6, power_w=0.0, canal=37.0, tip=37.0)
    present = room.engine.present_alarms(room.now_us)
    assert (present.audio, present.paused_until_us) == ("on", None)
    resumed = room.of("R00")[-1]
    assert (resumed.change, resumed.received_us) == ("resumed", began_us + us(120.0))


def test_a12_a_pause_is_broken_by_a_new_condition_of_any_kind() -> None:
    several: list[dict[str, Reading]] = [{"canal": 45.5, "root": 46.0}, {"canal": 45.5, "tip": "open"}]
    for readings in several:
        room, _ = alarmed()
        room.command("pause-audio")
        for _ in range(10):
            room.now_us += us(0.1)
            room.frame(readings)
        assert room.engine.present_alarms(room.now_us).audio == "on"
        assert "R00 resumed info" in room.story("R00")


def test_a12_a_pause_is_broken_by_an_escalated_condition() -> None:
    room = Room()
    room.case()
    room.run(1.0, power_w=0.0, canal="open", tip=37.0)
    room.command("pause-audio")
    room.run(1.0, power_w=0.0, canal="open", tip=37.0)
    assert room.engine.present_alarms(room.now_us).audio == "paused"
    room.run(0.1, power_w=10.0, canal="open", tip=37.0)
    assert room.story()[-1] == "R08 escalated high"
    assert room.engine.present_alarms(room.now_us).audio == "on"


def test_a12_a_pause_is_broken_by_a_latched_alarm_that_is_raised_again() -> None:
    room, _ = alarmed()
    room.run(0.1, power_w=0.0, canal=37.0, tip=37.0)
    room.command("pause-audio")
    room.run(0.2, power_w=0.0, canal=46.0, tip=37.0)
    assert room.engine.present_alarms(room.now_us).audio == "on"


def test_a_pause_is_not_broken_by_what_falls_ends_or_was_there_before() -> None:
    room, alarm = alarmed()
    room.run(3.0, power_w=0.0, canal=45.5, tip=37.0)
    room.command("pause-audio")
    room.run(1.0, power_w=0.0, canal=41.0, tip=37.0)
    room.command("reset", alarm.alarm_id)
    assert room.story("R01", "R02")[-2:] == ["R02 ended medium", "R01 reset high"]
    assert room.engine.present_alarms(room.now_us).audio == "paused"


def test_resume_ends_a_pause_and_is_refused_without_one() -> None:
    room, _ = alarmed()
    room.command("pause-audio")
    (resumed,) = room.command("resume-audio", command_id="c-5")
    assert (resumed.rule, resumed.change, resumed.alarm_id) == ("R00", "resumed", answer_name("c-5"))
    assert room.engine.present_alarms(room.now_us).audio == "on"
    assert told(room.command("resume-audio")) == ["R00 refused info"]
    room.wait(125.0)
    assert room.story("R00").count("R00 resumed info") == 1


def test_every_command_is_answered_by_one_transition_of_its_own_name() -> None:
    room, alarm = alarmed()
    for number, (action, alarm_id) in enumerate(
        [
            ("acknowledge", alarm.alarm_id),
            ("acknowledge", alarm.alarm_id),
            ("reset", alarm.alarm_id),
            ("reset", "f" * 32),
            ("pause-audio", None),
            ("pause-audio", None),
            ("resume-audio", None),
            ("resume-audio", None),
        ]
    ):
        answers = room.command(action, alarm_id, command_id=f"c-{number}")
        assert [entry.command_id for entry in answers] == [f"c-{number}"]


def test_a_command_that_names_no_alarm_to_reset_is_a_dead_letter() -> None:
    room, _ = alarmed()
    assert room.command("reset") == []
    assert len(room.rejected) == 1
    assert "alarm_id" in room.rejected[0].reason
