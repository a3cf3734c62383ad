"""What people ask of the alarm system: executed once, and always answered."""

from __future__ import annotations

from typing import Final

from cordguard.contract.commands import Command
from cordguard.engine.alarms import Step, publish_answer, publish_change
from cordguard.engine.lifecycle import Event, advance
from cordguard.engine.rules.catalogue import RULES
from cordguard.engine.state import RoomState

REMEMBERED: Final = 1_000
"""How many commands and marks are remembered so that a repeat is not executed again."""
_US_PER_S: Final = 1_000_000
_REFUSALS: Final = {
    "acknowledge": "it is acknowledged already",
    "reset": "its condition still holds",
}


def first_time(state: RoomState, identity: str, received_us: int) -> bool:
    """Whether a command or mark was not seen before; remembers it."""
    if identity in state.executed:
        state.count("repeated_commands")
        return False
    state.executed[identity] = received_us
    if len(state.executed) > REMEMBERED:
        del state.executed[next(iter(state.executed))]
    return True


def take_command(step: Step, command: Command) -> None:
    """Execute a command, or say why not."""
    if not first_time(step.state, f"command {command.command_id}", step.received_us):
        return
    if command.expires_us < step.received_us:
        late_s = (step.received_us - command.expires_us) / _US_PER_S
        _refuse(step, command, f"it expired {late_s:.1f} s ago")
    elif command.action == "pause-audio":
        _pause(step, command)
    elif command.action == "resume-audio":
        _resume(step, command)
    else:
        _change_alarm(step, command, "acknowledge" if command.action == "acknowledge" else "reset")


def _refuse(step: Step, command: Command, reason: str) -> None:
    message = f"Refused to {command.action}: {reason}"
    publish_answer(step, command.command_id, "refused", message, command=command, reason=reason)


def _change_alarm(step: Step, command: Command, event: Event) -> None:
    state = step.state
    key = next((key for key, alarm in state.alarms.items() if alarm.alarm_id == command.alarm_id), None)
    if key is None:
        _refuse(step, command, "this alarm is not present")
        return
    alarm = state.alarms[key]
    rule = RULES[alarm.rule]
    flags, change = advance(alarm.flags, event, latching=rule.latching)
    if change is None or change == "refused":
        _refuse(step, command, _REFUSALS[event])
        return
    if flags is None:
        del state.alarms[key]
        alarm.flags = alarm.flags._replace(condition=False, latched=False)
    else:
        alarm.flags = flags
    publish_change(step, alarm, change, rule.name, step.received_us, command=command)


def _pause(step: Step, command: Command) -> None:
    """Pause the sound; a pause that runs is not prolonged: pressed again and again it would be an "off" (A10)."""
    state = step.state
    if state.paused_until_us is not None:
        _refuse(step, command, "the sound is paused already")
        return
    pause_s = state.policy.alarm_system.audio_pause_s
    state.paused_until_us = step.received_us + int(pause_s * _US_PER_S)
    state.pause_command = command.command_id
    publish_answer(step, command.command_id, "paused", f"AUDIO PAUSED for {pause_s:.0f} s", command=command)


def _resume(step: Step, command: Command) -> None:
    state = step.state
    if state.paused_until_us is None:
        _refuse(step, command, "the sound is not paused")
        return
    state.paused_until_us = state.pause_command = None
    publish_answer(step, command.command_id, "resumed", "Sound is on again", command=command)
