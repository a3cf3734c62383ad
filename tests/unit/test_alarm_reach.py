"""What is out of people's reach: limits, latching and the log (A8, A14); order (A6), and the loss of a page (A17)."""

from __future__ import annotations

import json

import pytest

from cordguard.console.caseform import CaseFields
from cordguard.contract.alarms import PresentAlarm
from cordguard.contract.case import Case
from cordguard.contract.commands import Command
from cordguard.contract.topics import TABLE
from cordguard.engine.policy import PolicyRefused, parse_policy
from cordguard.engine.rules.catalogue import CATALOGUE
from cordguard.safety.playback import shipped_policy_text
from support.room import CANAL, Room, told

ORDER = ("high", "medium", "low")


def shown(room: Room) -> tuple[PresentAlarm, ...]:
    return room.engine.present_alarms(room.now_us).present


@pytest.mark.parametrize("key", ["latching", "latch", "priority", "disabled_rules", "audio_off"])
def test_a8_a14_no_policy_changes_what_latches_or_which_rules_there_are(key: str) -> None:
    for text in (shipped_policy_text() + f"{key} = false\n", f"{key} = false\n" + shipped_policy_text()):
        refused = parse_policy(text)
        assert isinstance(refused, PolicyRefused)
        assert key in refused.reason


def test_a8_no_rule_that_latches_lets_go_without_a_reset() -> None:
    """However much time passes, and whatever else is asked for."""
    room = Room()
    room.case()
    room.run(1.0, power_w=0.0, canal=37.0, tip=37.0)
    room.run(0.2, power_w=0.0, canal=45.5, tip=37.0)
    raised = room.of("R01")[0]
    room.run(1.0, power_w=0.0, canal=37.0, tip=37.0)
    for action in ("acknowledge", "pause-audio", "resume-audio"):
        room.command(action, raised.alarm_id)
    room.close()
    room.run(600.0, power_w=0.0, canal=37.0, tip=37.0, period_s=0.5)
    room.status("offline")
    room.case("s-2")
    alarm = room.alarm("R01")
    assert alarm is not None
    assert (alarm.condition, alarm.latched, alarm.alarm_id) == (False, True, raised.alarm_id)
    room.command("reset", raised.alarm_id)
    assert room.alarm("R01") is None


def test_a14_no_command_case_or_topic_reaches_limits_latching_or_the_log() -> None:
    """A case names a profile of the policy; it has no limits of its own."""
    out_of_reach = {"stop_c", "warn_c", "limits", "latching", "policy", "rules"}
    assert not out_of_reach & set(Case.model_fields)
    assert not out_of_reach & set(CaseFields.model_fields)
    assert set(Command.model_fields) == {
        "command_id",
        "at_us",
        "expires_us",
        "alarm_id",
        "action",
        "actor",
        "role",
        "reason_code",
    }
    spoken_to_safety = {topic.name for topic in TABLE if "safety" in topic.subscribers}
    assert not {name for name in spoken_to_safety if "policy" in name or "limit" in name or "ledger" in name}


@pytest.mark.parametrize("command", [{"action": "acknowledge", "latched": False}, {"action": "reset", "limit": 50.0}])
def test_a14_a_command_that_asks_for_more_is_a_dead_letter_and_does_nothing(command: dict[str, object]) -> None:
    room = Room()
    room.case()
    room.run(1.0, power_w=0.0, canal=37.0, tip=37.0)
    room.run(0.2, power_w=0.0, canal=45.5, tip=37.0)
    before = room.alarm("R01")
    assert before is not None
    base = {"command_id": "c-1", "at_us": room.now_us, "expires_us": room.now_us + 1, "actor": "a", "role": "r"}
    room.feed("command", json.dumps(base | {"alarm_id": before.alarm_id} | command).encode())
    assert len(room.rejected) == 1
    assert room.alarm("R01") == before


def test_a6_the_highest_alarm_stands_first_whatever_came_before_or_after_it() -> None:
    room = Room()
    room.case()
    room.run(1.0, power_w=0.0, canal=37.0, tip=37.0)
    room.skip("temperature")  # R15, LOW
    room.run(5.0, power_w=0.0, canal=37.0, tip=37.0)
    room.run(2.5, power_w=0.0, canal=42.5, tip="open")  # R02 and R08, MEDIUM
    assert [alarm.priority for alarm in shown(room)] == ["medium", "medium", "low"]
    room.run(0.2, power_w=0.0, canal=45.5, tip="open")  # R01, HIGH
    assert shown(room)[0].rule == "R01"
    room.run(1.0, power_w=0.0, canal=45.5, tip="open", root=44.0)
    ranks = [ORDER.index(alarm.priority) for alarm in shown(room)]
    assert ranks == sorted(ranks)


def test_a6_acknowledging_the_highest_puts_no_lower_one_above_it() -> None:
    room = Room()
    room.case()
    room.run(1.0, power_w=0.0, canal=37.0, tip=37.0)
    room.run(3.0, power_w=0.0, canal=45.5, tip="open")
    room.command("acknowledge", shown(room)[0].alarm_id)
    first = shown(room)[0]
    assert (first.rule, first.acknowledged) == ("R01", True)


def test_a17_losing_every_page_changes_no_alarm_and_is_said() -> None:
    """The page is the remote part: it sounds and shows, and judges nothing."""

    def play(*, heard: bool) -> Room:
        room = Room()
        room.case()
        for second in range(40):
            canal = 37.0 + second / 4
            room.run(1.0, power_w=10.0, canal=canal, tip="open" if second > 20 else 60.0)
            if heard:
                room.beat()
        return room

    with_page, without = play(heard=True), play(heard=False)
    assert without.of("R46")
    others = [rule.id for rule in CATALOGUE if rule.id != "R46"]
    assert [entry.alarm_id for entry in without.of(*others)] == [entry.alarm_id for entry in with_page.of(*others)]
    assert told(without.of(*others)) == told(with_page.of(*others))
    assert "R01 raised high" in with_page.story()
    assert CANAL in {entry.sensor for entry in without.of("R01")}


def test_a17_with_a_page_nobody_is_said_to_be_lost() -> None:
    room = Room()
    room.case()
    for _ in range(30):
        room.run(1.0, power_w=10.0, canal=37.0, tip=37.0)
        room.beat()
    assert room.story() == []
