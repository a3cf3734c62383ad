"""From what is true to what is said: findings settle into alarms, and every change becomes a transition."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import JsonValue

from cordguard.contract.alarms import Change, Transition
from cordguard.contract.commands import Command
from cordguard.contract.topics import REJECTED, SUMMARY, TRANSITION, Topic
from cordguard.contract.units import Priority, WireModel
from cordguard.engine.clocks import LATE_US, sayable
from cordguard.engine.ids import alarm_id, answer_id
from cordguard.engine.levels import rank
from cordguard.engine.lifecycle import Event, advance
from cordguard.engine.oversight import note_raised
from cordguard.engine.rules.definition import Rule
from cordguard.engine.rules.system import COMMAND
from cordguard.engine.state import Alarm, OutboxEntry, RoomState

Evidence = dict[str, JsonValue]
"""What a rule saw; keys carry their units."""

OUTBOX_MAX: Final = 20_000
"""Publications kept for a broker that does not confirm; older ones are then given up and counted."""
_COMMAND_FIELDS: Final = {"command_id", "actor", "role", "reason_code"}
_KEPT_UNTIL_CONFIRMED: Final = (TRANSITION, SUMMARY, REJECTED)


@dataclass(frozen=True, slots=True)
class Emission:
    """Something to publish."""

    topic: Topic
    message: WireModel


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found on one subject: the priority that holds now, or None if the condition is over."""

    rule: Rule
    sensor: str | None
    priority: Priority | None
    onset_us: int
    event_us: int
    message: str
    value: float | None = None
    limit: float | None = None
    evidence: Evidence | None = None
    about: str | None = None
    """Name of the alarm that this finding is about, if it is about one."""


@dataclass(slots=True)
class Step:
    """One advance of a room: its state, the time of its input, and what comes out."""

    state: RoomState
    received_us: int
    out: list[Emission] = field(default_factory=list)
    previous_us: int = 0
    """Received time of the input before."""
    plain: bool = False
    """Whether it is telemetry that changes nothing but what was heard last: no deadline comes nearer by it."""

    def emit(self, topic: Topic, message: WireModel) -> None:
        """Publish; what must not get lost is kept until the broker has it."""
        self.out.append(Emission(topic, message))
        if topic in _KEPT_UNTIL_CONFIRMED:
            state = self.state
            state.published += 1
            state.outbox.append(OutboxEntry(state.published, topic.name, message.to_wire().decode()))
            if len(state.outbox) > OUTBOX_MAX:
                state.outbox.popleft()
                state.count("publications_given_up")


def subject(rule: Rule, sensor: str | None) -> str:
    """Under which key an alarm is kept: one for each rule and sensor, or each rule and alarm that it is about."""
    return f"{rule.id} {sensor or '-'}"


def settle(step: Step, finding: Finding) -> None:
    """Bring the alarm of a finding in line with it; says something only if something changed."""
    state = step.state
    key = subject(finding.rule, finding.about or finding.sensor)
    alarm = state.alarms.get(key)
    if finding.priority is None:
        if alarm is not None and alarm.flags.condition:
            _advance(step, key, alarm, "over", finding)
        return
    if alarm is None:
        _raise_new(step, key, finding)
    elif not alarm.flags.condition:
        alarm.priority = _not_below(alarm, finding.priority)
        _advance(step, key, alarm, "met", finding)
    elif rank(finding.priority) > rank(alarm.priority):
        alarm.priority = finding.priority
        _advance(step, key, alarm, "rises", finding)
    elif rank(finding.priority) < rank(alarm.priority) and not finding.rule.latching:
        alarm.priority = finding.priority
        _advance(step, key, alarm, "falls", finding)


def _not_below(alarm: Alarm, priority: Priority) -> Priority:
    """A latching alarm keeps its highest priority until reset, also when raised again."""
    return max(alarm.priority, priority, key=rank)


def _raise_new(step: Step, key: str, finding: Finding) -> None:
    state = step.state
    flags, change = advance(None, "met", latching=finding.rule.latching)
    if flags is None or change is None or finding.priority is None:
        return
    onset_us = sayable(finding.onset_us)
    name = alarm_id(state.site, state.room, finding.rule.id, finding.sensor, onset_us)
    state.alarms[key] = alarm = Alarm(
        alarm_id=name,
        # The same onset is the same alarm: a step that was told before would be passed over as a repeat.
        step=state.steps.get(name, 0),
        rule=finding.rule.id,
        sensor=finding.sensor,
        kind=finding.rule.kind,
        priority=finding.priority,
        flags=flags,
        onset_us=onset_us,
        session=state.session,
        message=finding.message,
    )
    _say(step, alarm, change, finding)


def _advance(step: Step, key: str, alarm: Alarm, event: Event, finding: Finding) -> None:
    flags, change = advance(alarm.flags, event, latching=finding.rule.latching)
    if flags is None:
        del step.state.alarms[key]
        alarm.flags = alarm.flags._replace(condition=False)
    else:
        alarm.flags = flags
    if change is not None:
        _say(step, alarm, change, finding)


def _say(step: Step, alarm: Alarm, change: Change, finding: Finding) -> None:
    alarm.value, alarm.limit, alarm.message = finding.value, finding.limit, finding.message
    if change in ("raised", "escalated"):
        alarm.reminded_us = alarm.high_since_us = step.received_us
        break_pause(step, alarm)
    if change == "raised":
        note_raised(step.state.oversight, subject(finding.rule, finding.about or finding.sensor), step.received_us)
    evidence: Evidence = {"onset_us": alarm.onset_us, **(finding.evidence or {})}
    publish_change(step, alarm, change, finding.rule.name, finding.event_us, evidence=evidence)


def publish_change(
    step: Step,
    alarm: Alarm,
    change: Change,
    name: str,
    event_us: int,
    *,
    command: Command | None = None,
    evidence: Evidence | None = None,
) -> None:
    """Count the alarm's step and publish its change."""
    alarm.step += 1
    step.state.remember_step(alarm.alarm_id, alarm.step)
    transition = Transition(
        alarm_id=alarm.alarm_id,
        step=alarm.step,
        session=alarm.session,
        rule=alarm.rule,
        name=name,
        sensor=alarm.sensor,
        kind=alarm.kind,
        priority=alarm.priority,
        change=change,
        condition=alarm.flags.condition,
        latched=alarm.flags.latched,
        acknowledged=alarm.flags.acknowledged,
        event_us=sayable(event_us),
        received_us=step.received_us,
        value=alarm.value,
        limit=alarm.limit,
        message=alarm.message,
        policy=step.state.policy.hash,
        late=step.received_us - event_us > LATE_US,
        **_given_by(command),
        evidence=evidence,
    )
    _publish(step, transition)


def publish_answer(
    step: Step,
    command_id: str,
    change: Change,
    message: str,
    *,
    command: Command | None = None,
    reason: str | None = None,
) -> None:
    """Answer a command that changed no alarm: refused, paused or resumed (rule R00)."""
    evidence: Evidence = {}
    if command is not None and command.alarm_id is not None:
        evidence["alarm_id"] = command.alarm_id
    if reason is not None:
        evidence["reason"] = reason
    state = step.state
    _publish(
        step,
        Transition(
            alarm_id=answer_id(state.site, state.room, command_id),
            step=1,
            session=state.session,
            rule=COMMAND.id,
            name=COMMAND.name,
            kind="technical",
            priority="info",
            change=change,
            condition=False,
            latched=False,
            acknowledged=False,
            event_us=step.received_us,
            received_us=step.received_us,
            message=message,
            policy=state.policy.hash,
            late=False,
            **_given_by(command),
            evidence=evidence or None,
        ),
    )


def _given_by(command: Command | None) -> dict[str, Any]:
    """What a transition says of the command behind it, if there is one."""
    return command.model_dump(include=_COMMAND_FIELDS) if command is not None else {}


def _publish(step: Step, transition: Transition) -> None:
    if step.state.fold is not None:
        step.state.fold.add_transition(transition)
    step.emit(TRANSITION, transition)


def break_pause(step: Step, alarm: Alarm) -> None:
    """A new or escalated condition ends a pause of the sound (A9, A12)."""
    state = step.state
    if state.paused_until_us is not None and alarm.priority != "info":
        end_pause(step, f"Sound is on again: {alarm.message}")


def end_pause(step: Step, message: str) -> None:
    """End a pause that was not ended by a command; answered under the name of the command that began it."""
    state = step.state
    command_id = state.pause_command or "pause"
    state.paused_until_us = state.pause_command = None
    publish_answer(step, f"{command_id}/end", "resumed", message)
