"""What safety would say of the source: its own engine, fed with what was heard; no second set of rules. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from cordguard.cli.devicecheck.listening import Finding, Listening, many
from cordguard.contract.alarms import Transition
from cordguard.contract.capture import CapturedInput
from cordguard.contract.health import Rejected
from cordguard.contract.topics import STATUS
from cordguard.engine import local
from cordguard.engine.alarms import Emission
from cordguard.engine.policy import Policy
from cordguard.engine.room import RoomEngine
from cordguard.engine.rules.catalogue import RULES

ADVICE: Final = {
    "R08": "check the thermocouple, its plug and its cable",
    "R14": "sample on without a pause, and name every sensor in every frame, if need be with a fault",
    "R15": "number the messages of each kind one by one, from one place, and send each once",
    "R16": "set the device's clock, best by NTP",
    "R17": "go on sending telemetry and status, and say offline only when leaving",
}
"""What a device's maker can do about an alarm of a rule; other rules are about patients and people."""


@dataclass(slots=True)
class _Said:
    """What came out of the engine."""

    raised: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """By rule and subject: what each raising said."""
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By topic and reason."""

    def take(self, emissions: list[Emission]) -> None:
        for emission in emissions:
            match emission.message:
                case Transition(change="raised" | "escalated") as found if found.rule in ADVICE:
                    self.raised.setdefault((found.rule, found.sensor or "-"), []).append(found.message)
                case Rejected() as letter:
                    self.refused[letter.topic, letter.reason] += letter.count


def check_by_engine(listening: Listening, policy: Policy) -> Iterator[Finding]:
    """Everything that safety would say about this source as a device, each thing once."""
    engine = RoomEngine(listening.site, listening.room, policy)
    said = _Said()
    for kind, heard in listening.own:
        if not heard.retained or kind is STATUS:
            entry = CapturedInput(heard.received_us, heard.topic, heard.payload, heard.retained, heard.duplicate)
            said.take(engine.feed(entry))
    said.take(engine.feed(CapturedInput(listening.to_us, local.TICK, b"{}")))
    for (topic, reason), times in said.refused.items():
        words = f"{many(times, 'message')} on {topic} could not be used at all: {reason}."
        yield Finding("unreadable", words)
    for (rule, _), messages in said.raised.items():
        often = _how_often(rule, len(messages), engine.counters)
        yield Finding(rule, f"{messages[-1]}{often} [{rule} {RULES[rule].name}]: {ADVICE[rule]}.")
    yield from _counted(listening, engine.counters)


def _counted(listening: Listening, counters: dict[str, int]) -> Iterator[Finding]:
    if epochs := counters.get("epochs", 0):
        words = (
            f"The clock of {listening.source} was set, or it started anew, {_times(epochs)} (a time jumped back, or "
            f"forward by more than 2 s). Set it while no case is open."
        )
        yield Finding("clock-step", words)
    if late := counters.get("late", 0):
        words = (
            f"Out of order: {many(late, 'sample')} came after a newer one; such a sample can raise, but never clear."
        )
        yield Finding("out-of-order", words)
    resent = sum(heard.duplicate for _, heard in listening.own)
    if (repeats := counters.get("repeats", 0)) > resent:
        words = f"Sent again: {many(repeats, 'message')}, by number and time. Number each one anew, and send it once."
        yield Finding("repeated", words)


def _how_often(rule: str, raised: int, counters: dict[str, int]) -> str:
    """How much there was in all: an alarm tells what it saw when it rose."""
    if rule == "R15":
        return f", {counters.get('sequence_faults', 0)} in all"
    return f" ({raised} times)" if raised > 1 else ""


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
