"""Alarms as they change, and as they stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from cordguard.contract.commands import AlarmId
from cordguard.contract.units import (
    OWN_MAX_BYTES,
    Identifier,
    JsonObject,
    Kind,
    Micros,
    PolicyHash,
    Priority,
    SensorKey,
    Text,
    WireModel,
    Word,
)

RuleId = Annotated[str, Field(pattern=r"^R[0-9]{2}$")]

Change = Literal[
    "raised",
    "escalated",
    "deescalated",
    "ended",
    "acknowledged",
    "reset",
    "reminded",
    "refused",
    "paused",
    "resumed",
]


class Transition(WireModel):
    """One change of one alarm. ``(alarm_id, step)`` names it; it may arrive more than once, always the same."""

    alarm_id: AlarmId = Field(description="Which alarm.")
    step: int = Field(ge=1, description="Which of its changes, from 1.")
    session: Identifier | None = Field(default=None, description="Session in which the alarm began, if there was one.")
    rule: RuleId = Field(description="The rule that speaks.")
    name: Word = Field(description="The rule's name.")
    sensor: SensorKey | None = Field(default=None, description="source/sensor, or source for a device as a whole.")
    kind: Kind = Field(description="About the patient, or about the equipment.")
    priority: Priority = Field(description="Priority after the change.")
    change: Change = Field(description="What happened.")
    condition: bool = Field(description="Whether the condition is true after the change.")
    latched: bool = Field(description="Whether it stands only because nobody reset it.")
    acknowledged: bool = Field(description="Whether its sound is silenced.")
    event_us: Micros = Field(description="When it happened, on the axis that all sources share.")
    received_us: Micros = Field(description="When the input that caused it was received.")
    value: float | None = Field(default=None, description="The value that met the limit, in the rule's unit.")
    limit: float | None = Field(default=None, description="The limit in force.")
    message: Text = Field(description="One sentence for a person.")
    policy: PolicyHash = Field(description="Hash of the limits in force.")
    late: bool = Field(description="Whether it was older than 2 s when published.")
    command_id: Identifier | None = Field(default=None, description="The command that caused it.")
    actor: Identifier | None = Field(default=None, description="Who gave that command.")
    role: Word | None = Field(default=None, description="In which role.")
    reason_code: Word | None = Field(default=None, description="Why, as a code.")
    evidence: JsonObject | None = Field(default=None, description="What the rule saw; keys carry their units.")


class PresentAlarm(WireModel):
    """One alarm that is present: its condition is true, or it is latched."""

    alarm_id: AlarmId = Field(description="Which alarm.")
    rule: RuleId = Field(description="The rule that speaks.")
    name: Word = Field(description="The rule's name.")
    sensor: SensorKey | None = Field(default=None, description="source/sensor, or source for a device as a whole.")
    kind: Kind = Field(description="About the patient, or about the equipment.")
    priority: Priority = Field(description="Its priority now.")
    condition: bool = Field(description="Whether the condition is true now.")
    latched: bool = Field(description="Whether it stands only because nobody reset it.")
    acknowledged: bool = Field(description="Whether its sound is silenced.")
    since_us: Micros = Field(description="Onset of the condition.")
    value: float | None = Field(default=None, description="The value that met the limit, in the rule's unit.")
    limit: float | None = Field(default=None, description="The limit in force.")
    message: Text = Field(description="One sentence for a person.")
    guidance: Text = Field(description="What to do.")


class PresentAlarms(WireModel):
    """All alarms of a room that are present, most urgent first. Retained: what a page shows when it opens."""

    max_bytes: ClassVar[int] = OWN_MAX_BYTES

    as_of_us: Micros = Field(description="The moment this describes, by safety's clock.")
    audio: Literal["on", "paused"] = Field(description="The room's sound.")
    paused_until_us: Micros | None = Field(default=None, description="When a pause ends.")
    present: tuple[PresentAlarm, ...] = Field(description="The alarms, most urgent first.")


_OF_RECEIPT: Final = frozenset({"event_us", "received_us", "late"})


def is_same_change(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two tellings of one ``(alarm_id, step)`` agree, given field by field; a reader keeps one of them.

    Of two engines that watch a room side by side each receives what causes a change at its own moment. That shows in
    ``received_us`` and ``late``, and in ``event_us`` of a change that has no time but that, such as an acknowledgement.
    """
    if any(one.get(name) != other.get(name) for name in {*one, *other} - _OF_RECEIPT):
        return False
    by_receipt = all(telling["event_us"] == telling["received_us"] for telling in (one, other))
    return one["event_us"] == other["event_us"] or by_receipt
