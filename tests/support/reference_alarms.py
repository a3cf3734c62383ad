"""The alarm state table, the sound's pause, reminders and commands, as plainly as the sentences say them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from support.reference_signals import S

RANKS = ("info", "low", "medium", "high")
LATCHING = frozenset({"R01", "R06"})
PHYSICAL = frozenset({"R01", "R02", "R04", "R06", "R18"})
REMINDER_US = 60 * S
PAUSE_US = 120 * S

Key = tuple[str, str | None]
"""Rule and subject."""
Said = tuple[str, str | None, str, str]
"""Rule, subject, change and priority."""


@dataclass
class Alarm:
    """One alarm that is present."""

    priority: str
    condition: bool = True
    latched: bool = False
    acknowledged: bool = False
    reminder_from_us: int = 0


class AlarmTable:
    """All alarms of a room."""

    def __init__(self) -> None:
        """Nothing is present, the sound is on."""
        self.alarms: dict[Key, Alarm] = {}
        self.said: list[Said] = []
        self.paused_until_us: int | None = None
        self.executed: set[str] = set()

    def settle(self, rule: str, subject: str | None, priority: str | None, now_us: int) -> None:
        """What holds now: a priority, or None if the condition is over."""
        key = (rule, subject)
        alarm = self.alarms.get(key)
        if priority is None:
            if alarm is not None and alarm.condition:
                alarm.condition, alarm.latched = False, rule in LATCHING
                self._say(key, "ended", alarm.priority)
                if not alarm.latched:
                    del self.alarms[key]
        elif alarm is None:
            self.alarms[key] = alarm = Alarm(priority)
            self._sound(key, alarm, "raised", now_us)
        elif not alarm.condition:
            alarm.condition, alarm.latched = True, False
            alarm.priority = max(alarm.priority, priority, key=RANKS.index)
            self._sound(key, alarm, "raised", now_us)
        elif RANKS.index(priority) > RANKS.index(alarm.priority):
            alarm.priority = priority
            self._sound(key, alarm, "escalated", now_us)
        elif priority != alarm.priority and rule not in LATCHING:
            alarm.priority = priority
            self._say(key, "deescalated", priority)

    def take_said(self) -> list[Said]:
        """What was said since the last time, in no particular order."""
        said, self.said = sorted(self.said, key=str), []
        return said

    def timers(self) -> Iterator[tuple[int, str, Key | None]]:
        """Reminders and the end of the pause, each with the time at which it is due."""
        for key, alarm in self.alarms.items():
            if alarm.priority == "high" and not alarm.acknowledged:
                yield alarm.reminder_from_us + REMINDER_US, "reminder", key
        if self.paused_until_us is not None:
            yield self.paused_until_us, "pause", None

    def remind(self, key: Key, now_us: int) -> None:
        """A HIGH alarm that nobody acknowledged says so again."""
        self.alarms[key].reminder_from_us = now_us
        self._say(key, "reminded", "high")

    def end_pause(self) -> None:
        """The sound is on again without a command."""
        if self.paused_until_us is not None:
            self.paused_until_us = None
            self._answer("resumed")

    def command(self, command_id: str, action: str, key: Key | None, now_us: int, expires_us: int) -> None:
        """A command: executed once, and always answered."""
        if command_id in self.executed:
            return
        self.executed.add(command_id)
        if expires_us < now_us:
            self._answer("refused")
        elif action == "pause-audio":
            self._answer("paused" if self.paused_until_us is None else "refused")
            self.paused_until_us = self.paused_until_us or now_us + PAUSE_US
        elif action == "resume-audio":
            self._answer("refused" if self.paused_until_us is None else "resumed")
            self.paused_until_us = None
        else:
            self._change(action, key)

    def _change(self, action: str, key: Key | None) -> None:
        alarm = self.alarms.get(key) if key is not None else None
        if alarm is None or key is None:
            self._answer("refused")
        elif action == "acknowledge" and not alarm.acknowledged:
            alarm.acknowledged = True
            self._say(key, "acknowledged", alarm.priority)
        elif action == "reset" and not alarm.condition:
            del self.alarms[key]
            self._say(key, "reset", alarm.priority)
        else:
            self._answer("refused")

    def _sound(self, key: Key, alarm: Alarm, change: str, now_us: int) -> None:
        alarm.acknowledged, alarm.reminder_from_us = False, now_us
        self._say(key, change, alarm.priority)
        self.end_pause()

    def _say(self, key: Key, change: str, priority: str) -> None:
        self.said.append((*key, change, priority))

    def _answer(self, change: str) -> None:
        self.said.append(("R00", None, change, "info"))
