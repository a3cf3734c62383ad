"""Whether safety, killed again and again, kept and said what it should have: evidence, and what is wrong with it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cordguard.contract.alarms import Transition
from cordguard.contract.capture import CapturedInput

ABOUT_US: Final = frozenset({"R38", "R39", "R41", "R43", "R46"})
"""Rules about our own presence: there a monitor that was away says more, or later."""
BY_SLOPE: Final = frozenset({"R04"})
"""Rules that hang on slopes. Late samples are in none (they can only raise): if what was on its way to a killed safety
comes again after newer samples, such an alarm may begin or end a sample earlier or later. It must come all the same."""
LATE_US: Final = 2_000_000
_EXAMPLES: Final = 3

Name = tuple[str, int]
"""Alarm and step."""


@dataclass(frozen=True)
class Evidence:
    """All that is known of one room at the end."""

    sent: Sequence[bytes]
    """Payloads that devices and people said and the broker took."""
    journal: Sequence[CapturedInput]
    heard: Sequence[bytes]
    """Transitions as they came, repeats too."""
    wanted: Sequence[Transition]
    """What an engine that nobody interrupted says to the same inputs."""
    replayed: Mapping[Name, Transition]
    """What the journal says, played back."""
    kills: int


def faults(evidence: Evidence) -> list[str]:
    """Everything that is wrong, in words; empty if nothing was lost, missed, made up, said twice or said otherwise."""
    transitions: dict[Name, Transition] = {}
    found = list(_changed_repeats(evidence.heard, transitions))
    heard, wanted = steps(transitions.values()), steps(evidence.wanted)
    if _came_out_of_order(evidence.journal):
        found += _other_slopes(transitions.values(), evidence.wanted)
        heard, wanted = ({step for step in said if step[2] not in BY_SLOPE} for said in (heard, wanted))
    kept = {entry.payload for entry in evidence.journal}
    found += _listed(
        "never reached the journal", [repr(payload[:80]) for payload in evidence.sent if payload not in kept]
    )
    found += _listed("was missed", [str(step) for step in sorted(wanted - heard)])
    found += _listed("was made up", [str(step) for step in sorted(heard - wanted)])
    found += _listed("is a second alarm for what one was raised for", _doubles(transitions.values()))
    found += _listed(
        "has a wrong late flag",
        [str(each) for each in transitions.values() if each.late is not (each.received_us - each.event_us > LATE_US)],
    )
    if transitions != evidence.replayed:
        differing = {
            name for name in {*transitions, *evidence.replayed} if transitions.get(name) != evidence.replayed.get(name)
        }
        found += _listed("is not what the journal says", [str(name) for name in sorted(differing)])
    if evidence.kills and not any(each.rule == "R41" for each in transitions.values()):
        found.append(f"killed {evidence.kills} times, and R41 was never said")
    return found


def is_all_said(heard: Sequence[Transition], wanted: Sequence[Transition]) -> bool:
    """Whether nothing is to be waited for any more; a verdict comes after."""
    due = {step for step in steps(wanted) if step[2] not in BY_SLOPE}
    over, ends = ({each.rule for each in said if each.change == "ended"} for said in (heard, wanted))
    return due <= steps(heard) and ends - ABOUT_US <= over


def _came_out_of_order(journal: Iterable[CapturedInput]) -> bool:
    newest_us = 0
    for entry in journal:
        if entry.topic.endswith("/temperature"):
            at_us = int(json.loads(entry.payload)["at_us"])
            if at_us < newest_us:
                return True
            newest_us = at_us
    return False


def _other_slopes(heard: Iterable[Transition], wanted: Iterable[Transition]) -> list[str]:
    """How often each rule about slopes was raised HIGH must be the same."""
    said, due = (
        Counter(each.rule for each in transitions if each.rule in BY_SLOPE and _is_raised_high(each))
        for transitions in (heard, wanted)
    )
    return [
        f"{rule} was raised {said[rule]} times instead of {due[rule]}" for rule in BY_SLOPE if said[rule] != due[rule]
    ]


def _is_raised_high(transition: Transition) -> bool:
    return transition.priority == "high" and transition.change in {"raised", "escalated"}


def _changed_repeats(payloads: Iterable[bytes], into: dict[Name, Transition]) -> Iterator[str]:
    """Keep the first of each change; a repeat must be the same byte for byte."""
    first: dict[Name, bytes] = {}
    for payload in payloads:
        transition = Transition.model_validate_json(payload)
        name = (transition.alarm_id, transition.step)
        into.setdefault(name, transition)
        if first.setdefault(name, payload) != payload:
            yield f"{name} was repeated otherwise"


def steps(transitions: Iterable[Transition]) -> set[tuple[str, int, str, str]]:
    """Less what is about ourselves."""
    return {(each.alarm_id, each.step, each.rule, each.change) for each in transitions if each.rule not in ABOUT_US}


def _doubles(transitions: Iterable[Transition]) -> list[str]:
    """Alarms raised for a subject whose alarm of the same rule has not ended."""
    standing: dict[tuple[str, str | None], str] = {}
    doubles = []
    for each in sorted(transitions, key=lambda each: (each.event_us, each.step)):
        subject = (each.rule, each.sensor)
        if each.rule in ABOUT_US:
            continue
        if each.change == "raised":
            if standing.setdefault(subject, each.alarm_id) != each.alarm_id:
                doubles.append(f"{each.rule} {each.sensor} {each.alarm_id}")
            standing[subject] = each.alarm_id
        elif each.change in {"ended", "reset"} and standing.get(subject) == each.alarm_id:
            del standing[subject]
    return doubles


def _listed(what: str, examples: Sequence[str]) -> list[str]:
    """One sentence for many of a kind."""
    if not examples:
        return []
    shown = ", ".join(examples[:_EXAMPLES])
    more = f" and {len(examples) - _EXAMPLES} more" if len(examples) > _EXAMPLES else ""
    return [f"{shown}{more} {what}"]
