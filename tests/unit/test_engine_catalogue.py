"""The dictionary of rules: each alarm has a kind, a priority that follows from harm and onset, and a reason."""

from __future__ import annotations

import dataclasses
from typing import Final

import pytest

from cordguard.engine.rules.catalogue import CATALOGUE, RULES
from cordguard.engine.rules.definition import Harm, Onset, Rule, RuleLevel
from support.room import Room

SAY_NOTHING_OF_A_PATIENT: Final = {"R00", "R47"}
"""The answer to a command and the watchdog's canary: information, which has no level."""

TABLE: Final[list[tuple[Harm, Onset, str]]] = [
    ("irreversible", "immediate", "high"),
    ("irreversible", "prompt", "high"),
    ("irreversible", "delayed", "medium"),
    ("reversible", "immediate", "high"),
    ("reversible", "prompt", "medium"),
    ("reversible", "delayed", "low"),
    ("minor", "immediate", "medium"),
    ("minor", "prompt", "low"),
    ("minor", "delayed", "low"),
]


@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.id)
def test_a1_every_rule_has_a_kind_a_reason_and_one_priority_for_each_level(rule: Rule) -> None:
    assert rule.kind in {"physiological", "technical"}
    assert all((rule.name, rule.guidance, rule.rationale, rule.source))
    priorities = [level.priority for level in rule.levels]
    assert len(set(priorities)) == len(priorities)
    assert bool(priorities) == (rule.id not in SAY_NOTHING_OF_A_PATIENT)


def test_a1_no_id_stands_for_two_rules() -> None:
    assert len(RULES) == len(CATALOGUE)
    assert len({rule.name for rule in CATALOGUE}) == len(CATALOGUE)


def test_a1_nothing_is_said_with_a_kind_or_priority_that_its_rule_does_not_have() -> None:
    room = Room()
    room.case(profile="near")
    room.run(20.0, power_w=10.0, canal=lambda after_s: 37.0 + after_s / 2, extra=47.0, tip="open")
    room.wait(70.0)
    said = [entry for entry in room.transitions if entry.rule != "R00"]
    assert {"R01", "R02", "R04", "R06", "R08", "R14", "R17", "R33", "R40"} <= {entry.rule for entry in said}
    for entry in said:
        rule = RULES[entry.rule]
        assert entry.kind == rule.kind
        assert entry.priority in {level.priority for level in rule.levels}


@pytest.mark.parametrize(("harm", "onset", "priority"), TABLE)
def test_a2_priority_follows_from_harm_and_onset(harm: Harm, onset: Onset, priority: str) -> None:
    assert RuleLevel(harm, onset, "met").priority == priority


def test_a2_no_priority_is_set_by_hand() -> None:
    assert "priority" not in {field.name for field in dataclasses.fields(RuleLevel)}
    with pytest.raises((AttributeError, TypeError)):  # which of the two depends on the version of Python
        RuleLevel("minor", "delayed", "met").priority = "high"  # type: ignore[misc]


def test_a2_what_may_harm_a_nerve_for_good_at_once_is_high() -> None:
    at_once = {rule.id for rule in CATALOGUE for level in rule.levels if level.onset == "immediate"}
    assert "R01" in at_once
    assert all(
        level.priority == "high"
        for rule in CATALOGUE
        for level in rule.levels
        if (level.harm, level.onset) == ("irreversible", "immediate")
    )
