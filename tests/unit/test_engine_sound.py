"""The sound of a room as the engine decides it: paused for a time, never off, and always back (A10 to A12)."""

from __future__ import annotations

import pytest

from cordguard.contract.alarms import PresentAlarms
from cordguard.engine.policy import PolicyRefused, parse_policy
from cordguard.safety.playback import shipped_policy_text
from support.room import Room, told, us


def hot() -> Room:
    """HIGH at a nerve under RF, unacknowledged, and a page that is heard."""
    room = Room()
    room.case()
    room.run(1.0, power_w=10.0, canal=37.0, tip=37.0)
    room.beat()
    room.run(1.0, power_w=10.0, canal=46.0, tip=37.0)
    assert room.alarm("R01") is not None
    return room


def go_on(room: Room, seconds: float) -> None:
    """It stays hot, under RF, and a page is heard."""
    for _ in range(round(seconds)):
        room.run(1.0, power_w=10.0, canal=46.0, tip=37.0)
        room.beat()


def shown(room: Room) -> PresentAlarms:
    return room.engine.present_alarms(room.now_us)


@pytest.mark.parametrize("action", ["audio-off", "alarm-off", "alarm-paused", "pause-alarm", "silence", "shelve", ""])
def test_a10_there_is_no_command_that_turns_sound_or_alarms_off(action: str) -> None:
    room = hot()
    before = shown(room)
    assert room.command(action, before.present[0].alarm_id) == []
    assert "action" in room.rejected[-1].reason
    assert shown(room) == before
    assert before.audio == "on"


def test_a10_a_pause_that_runs_cannot_be_prolonged() -> None:
    room = hot()
    go_on(room, 5)  # whatever else rises has risen
    room.command("pause-audio")
    until_us = shown(room).paused_until_us
    go_on(room, 5)
    (refused,) = room.command("pause-audio")
    assert told([refused]) == ["R00 refused info"]
    assert "paused already" in refused.message
    assert shown(room).paused_until_us == until_us


def test_a10_however_often_somebody_pauses_no_silence_lasts_longer_than_one_pause() -> None:
    room = Room()
    room.case()
    room.run(2.0, power_w=0.0, canal=37.0, tip="open")
    room.command("pause-audio")
    for _ in range(400):
        room.run(1.0, power_w=0.0, canal=37.0, tip="open")
        if shown(room).audio == "paused":
            room.command("pause-audio")
    pauses = [entry for entry in room.of("R00") if entry.change in ("paused", "resumed")]
    assert [entry.change for entry in pauses] == ["paused", "resumed"]
    assert pauses[1].received_us - pauses[0].received_us == us(120.0)


@pytest.mark.parametrize("pause_s", ["120.1", "inf", "0.0", "true"])
def test_a10_no_policy_makes_the_pause_an_off(pause_s: str) -> None:
    text = shipped_policy_text().replace("audio_pause_s = 120.0", f"audio_pause_s = {pause_s}")
    refused = parse_policy(text)
    assert isinstance(refused, PolicyRefused)
    assert "audio_pause_s" in refused.reason


def test_a10_a_high_alarm_that_nobody_answers_ends_a_pause_after_30_s_at_the_latest() -> None:
    room = hot()
    raised_us = room.of("R01")[0].received_us
    room.command("pause-audio")
    go_on(room, 30)
    resumed = next(entry for entry in room.of("R00") if entry.change == "resumed")
    assert resumed.received_us <= raised_us + us(30.0)
    assert "R38 raised high" in room.story("R38")
    assert shown(room).audio == "on"


def test_a11_a_high_alarm_reminds_during_a_pause() -> None:
    room = hot()
    raised_us = room.of("R01")[0].received_us
    room.run(5.0, power_w=0.0, canal=37.0, tip=37.0)
    room.command("pause-audio")
    room.run(100.0, power_w=0.0, canal=37.0, tip=37.0)
    assert shown(room).audio == "paused"
    assert [entry.received_us - raised_us for entry in room.of("R01") if entry.change == "reminded"] == [us(60.0)]


def test_a11_what_was_acknowledged_does_not_remind() -> None:
    room = hot()
    for alarm in shown(room).present:
        room.command("acknowledge", alarm.alarm_id)
    go_on(room, 4)
    for alarm in shown(room).present:
        if not alarm.acknowledged:
            room.command("acknowledge", alarm.alarm_id)
    go_on(room, 125)
    reminded = {entry.rule for entry in room.transitions if entry.change == "reminded"}
    assert "R01" not in reminded


def test_a12_a_change_for_the_better_breaks_no_pause() -> None:
    room = Room()
    room.case()
    room.run(1.0, power_w=10.0, canal="open", tip=37.0)
    room.beat()
    room.command("pause-audio")
    room.run(0.1, power_w=0.0, canal="open", tip=37.0)
    assert room.story()[-1] == "R08 deescalated medium"
    room.run(1.0, power_w=0.0, canal=37.0, tip=37.0)
    assert room.story()[-1] == "R08 ended medium"
    assert shown(room).audio == "paused"


def test_a12_an_answer_to_somebody_breaks_no_pause() -> None:
    room = hot()
    room.command("pause-audio")
    room.command("acknowledge", room.of("R01")[0].alarm_id)
    room.command("reset", "0" * 32)
    assert room.story()[-2:] == ["R01 acknowledged high", "R00 refused info"]
    assert shown(room).audio == "paused"
