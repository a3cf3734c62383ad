"""The verdict on killed safety can fail: evidence that was tampered with is found out, each kind in its own words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from chaos.__main__ import main
from cordguard.contract.alarms import Transition
from cordguard.contract.capture import CapturedInput
from support.kill_verdict import Evidence, faults
from support.room import Room

Tamper = Callable[[Evidence], Evidence]


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """Of a room that was never interrupted, and is said to have been killed."""
    room = Room()
    room.started("first")
    room.case()
    room.run(2.0, power_w=10.0, canal=37.0)
    room.now_us += 3_000_000
    room.started("crash")
    room.run(8.0, power_w=10.0, canal=lambda after_s: 37.0 + after_s)
    room.run(3.0, power_w=10.0, canal=46.0)
    room.run(5.0, power_w=0.0, canal=37.0)
    said = list(room.transitions)
    assert {"R01", "R04", "R41"} <= {each.rule for each in said}
    journal = [CapturedInput(number, "a/topic", b"%d" % number) for number in range(10)]
    return Evidence(
        [entry.payload for entry in journal],
        journal,
        [each.to_wire() for each in said],
        said,
        {(each.alarm_id, each.step): each for each in said},
        kills=1,
    )


def of(evidence: Evidence, rule: str, change: str) -> Transition:
    return next(each for each in evidence.wanted if (each.rule, each.change) == (rule, change))


def heard_as(evidence: Evidence, said: Sequence[Transition]) -> Evidence:
    """All agree that this was said."""
    names = {(each.alarm_id, each.step): each for each in said}
    return replace(evidence, heard=[each.to_wire() for each in said], replayed=names)


def an_input_is_lost(evidence: Evidence) -> Evidence:
    return replace(evidence, journal=[*evidence.journal[:4], *evidence.journal[5:]])


def an_alarm_is_missed(evidence: Evidence) -> Evidence:
    missed = of(evidence, "R01", "raised")
    return heard_as(evidence, [each for each in evidence.wanted if each != missed])


def an_alarm_is_made_up(evidence: Evidence) -> Evidence:
    made_up = of(evidence, "R01", "raised").model_copy(update={"alarm_id": "0" * 32, "sensor": "gen-1/tip"})
    return heard_as(evidence, [*evidence.wanted, made_up])


def an_alarm_has_a_double(evidence: Evidence) -> Evidence:
    first = of(evidence, "R01", "raised")
    double = first.model_copy(update={"alarm_id": "f" * 32, "event_us": first.event_us + 1})
    return replace(heard_as(evidence, [*evidence.wanted, double]), wanted=[*evidence.wanted, double])


def a_repeat_says_something_else(evidence: Evidence) -> Evidence:
    changed = of(evidence, "R01", "raised").model_copy(update={"message": "otherwise"})
    return replace(evidence, heard=[*evidence.heard, changed.to_wire()])


def the_journal_says_something_else(evidence: Evidence) -> Evidence:
    name = (of(evidence, "R01", "raised").alarm_id, 1)
    return replace(evidence, replayed={**evidence.replayed, name: of(evidence, "R01", "ended")})


def a_late_flag_is_wrong(evidence: Evidence) -> Evidence:
    flipped = [each.model_copy(update={"late": not each.late}) for each in evidence.wanted]
    return heard_as(evidence, flipped)


def late_by_a_sample(evidence: Evidence) -> Evidence:
    """A temperature came after a newer one."""
    topic = "cordguard/v1/site/or-1/gen-1/temperature"
    frames = [CapturedInput(number, topic, b'{"at_us":%d}' % at_us) for number, at_us in enumerate((5, 4))]
    return replace(evidence, journal=[*evidence.journal, *frames])


def another_slope(evidence: Evidence) -> Evidence:
    """R04 began a sample later than it would have without a kill."""
    shifted = {each.alarm_id: each.alarm_id[::-1] for each in evidence.wanted if each.rule == "R04"}
    assert shifted
    return heard_as(
        evidence,
        [each.model_copy(update={"alarm_id": shifted.get(each.alarm_id, each.alarm_id)}) for each in evidence.wanted],
    )


def no_slope(evidence: Evidence) -> Evidence:
    return heard_as(evidence, [each for each in evidence.wanted if each.rule != "R04"])


def blindness_is_not_said(evidence: Evidence) -> Evidence:
    said = [each for each in evidence.wanted if each.rule != "R41"]
    return heard_as(evidence, said)


def test_h11_a13_good_evidence_has_no_fault_and_repeats_are_none(evidence: Evidence) -> None:
    assert faults(evidence) == []
    assert faults(replace(evidence, heard=[*evidence.heard, *evidence.heard])) == []


@pytest.mark.parametrize(
    ("tamper", "sentence"),
    [
        (an_input_is_lost, "never reached the journal"),
        (an_alarm_is_missed, "was missed"),
        (an_alarm_is_made_up, "was made up"),
        (an_alarm_has_a_double, "is a second alarm"),
        (a_repeat_says_something_else, "was repeated otherwise"),
        (the_journal_says_something_else, "is not what the journal says"),
        (a_late_flag_is_wrong, "has a wrong late flag"),
        (blindness_is_not_said, "R41 was never said"),
    ],
)
def test_h11_a13_tampered_evidence_is_found_out(evidence: Evidence, tamper: Tamper, sentence: str) -> None:
    found = faults(tamper(evidence))
    assert any(sentence in each for each in found), found


def test_r04_a13_a_slope_may_be_another_only_where_samples_came_out_of_order(evidence: Evidence) -> None:
    assert any("was missed" in each for each in faults(another_slope(evidence)))
    assert faults(another_slope(late_by_a_sample(evidence))) == []
    assert faults(no_slope(late_by_a_sample(evidence))) == ["R04 was raised 0 times instead of 1"]


def test_a_folder_that_holds_something_is_not_used_for_chaos(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", "tests", "--kills", "1"]) == 2
    assert "not empty" in capsys.readouterr().err


@pytest.mark.parametrize("kills", ["0", "-1", "many"])
def test_a_number_of_kills_that_is_none_is_refused(kills: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([f"--kills={kills}"])
    assert ended.value.code == 2
    assert "takes a whole number from 1 on" in capsys.readouterr().err
