from __future__ import annotations

import pytest

from cordguard.console.commands import VALID_FOR_US, CommandLog, Person, Refusal, Request, command_for
from cordguard.console.moments import Moment
from cordguard.contract.commands import Command
from support.console_messages import T0_US, at, transition

WHO = Person(actor="dr-7", role="clinician")


def made(**fields: object) -> Command | Refusal:
    return command_for(Request.model_validate(fields), WHO, command_id="c-1", now=at(0))


def asked() -> tuple[CommandLog, Command]:
    command = made(action="acknowledge", alarm_id="0" * 32)
    assert isinstance(command, Command)
    log = CommandLog()
    log.ask(command, at(0))
    return log, command


def test_a_command_carries_who_in_which_role_and_until_when() -> None:
    _, command = asked()
    assert (command.actor, command.role) == ("dr-7", "clinician")
    assert command.expires_us == T0_US + VALID_FOR_US == T0_US + 10_000_000


def test_h26_a_reset_without_its_second_confirmation_is_not_passed_on() -> None:
    refused = made(action="reset", alarm_id="0" * 32)
    assert isinstance(refused, Refusal)
    assert "second confirmation" in refused.reason
    assert isinstance(made(action="reset", alarm_id="0" * 32, confirmed=True), Command)


@pytest.mark.parametrize("action", ["acknowledge", "reset"])
def test_h26_a_command_for_no_alarm_is_not_passed_on(action: str) -> None:
    assert isinstance(made(action=action, confirmed=True), Refusal)


def test_no_command_leaves_before_the_simulated_clock_has_spoken() -> None:
    request = Request(action="acknowledge", alarm_id="0" * 32)
    assert isinstance(command_for(request, WHO, command_id="c-1", now=Moment(0, T0_US)), Refusal)


def test_h20_no_action_exists_that_would_reach_a_generator() -> None:
    actions = Request.model_json_schema()["properties"]["action"]["enum"]
    assert sorted(actions) == ["acknowledge", "pause-audio", "reset", "resume-audio"]


@pytest.mark.parametrize(("change", "outcome"), [("acknowledged", "done"), ("refused", "refused")])
def test_the_answer_to_a_command_is_the_alarm_systems_transition(change: str, outcome: str) -> None:
    log, command = asked()
    assert [each.outcome for each in log.recent(at(10))] == ["waiting"]
    log.answer(transition(change, command_id=command.command_id, message="The reason."))
    assert [(each.outcome, each.text) for each in log.recent(at(20))] == [(outcome, "The reason.")]


def test_a_transition_that_answers_somebody_else_leaves_ours_waiting() -> None:
    log, _ = asked()
    log.answer(transition("acknowledged", command_id="c-other"))
    log.answer(transition("raised"))
    assert [each.outcome for each in log.recent(at(10))] == ["waiting"]


def test_a_command_that_nobody_answers_says_so_when_it_has_expired() -> None:
    log, _ = asked()
    assert [each.outcome for each in log.recent(at(10_000))] == ["unanswered"]
    assert log.recent(at(20_000)) == []
