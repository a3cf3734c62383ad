"""Persistence and hysteresis: when a condition that is met begins to count, and when it is over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from cordguard.contract.units import Priority

RISING: Final[tuple[Priority, ...]] = ("info", "low", "medium", "high")
"""Priorities from the least to the most urgent."""


def rank(priority: Priority | None) -> int:
    """Urgency as a number; -1 for none."""
    return -1 if priority is None else RISING.index(priority)


@dataclass(slots=True)
class Level:
    """One priority level of one rule on one subject."""

    active: bool = False
    pending_at_us: int | None = None
    """Source's time at which the condition was first met without a break, while it does not count yet."""
    onset_event_us: int = 0
    """The same moment on the common axis; onset of the alarm once active."""
    told_us: tuple[int, int] | None = None
    """From when to when (event time) it held the last time, if that was seen as it happened."""
    by_late: bool = False
    """Whether a late sample made it active: then its end says nothing about the time in between."""

    def judge(self, *, met: bool, over: bool, at_us: int, event_us: int, persist_us: int) -> bool:
        """Take in one judgement; True if the level became active or ceased to be."""
        if self.active:
            if over:
                self.active, self.told_us = False, None if self.by_late else (self.onset_event_us, event_us)
            return over
        if not met:
            self.pending_at_us = None
            return False
        if self.pending_at_us is None or at_us < self.pending_at_us:
            # A time before the one waited from (of another source, or corrected since) must not wait for that to pass.
            self.pending_at_us, self.onset_event_us = at_us, event_us
        if at_us - self.pending_at_us < persist_us:
            return False
        self.active, self.pending_at_us, self.by_late = True, None, False
        return True

    def force_late(self, onset_event_us: int) -> bool:
        """As ``force``, because of a late sample."""
        changed = self.force(onset_event_us)
        self.by_late |= changed
        return changed

    def was_told(self, event_us: int, margin_us: int) -> bool:
        """Whether a moment belongs to the last time that it held, which is over."""
        return self.told_us is not None and self.told_us[0] - margin_us <= event_us <= self.told_us[1]

    def force(self, onset_event_us: int) -> bool:
        """Become active without waiting; True if it was not."""
        changed = not self.active
        if changed:
            self.active, self.pending_at_us, self.onset_event_us = True, None, onset_event_us
            self.by_late = False
        return changed


@dataclass(slots=True)
class Ladder:
    """The levels of one rule on one subject."""

    levels: dict[Priority, Level] = field(default_factory=dict)

    def at(self, priority: Priority) -> Level:
        """The level of a priority, made when first asked for."""
        level = self.levels.get(priority)
        if level is None:
            level = self.levels[priority] = Level()
        return level

    @property
    def standing(self) -> Priority | None:
        """The highest level that holds."""
        highest: Priority | None = None
        for priority, level in self.levels.items():
            if level.active and (highest is None or rank(priority) > rank(highest)):
                highest = priority
        return highest

    @property
    def idle(self) -> bool:
        """Nothing holds, and nothing is waited for."""
        for level in self.levels.values():  # noqa: SIM110 - asked for every sample, and this is three times as fast as all()
            if level.active or level.pending_at_us is not None:
                return False
        return True

    @property
    def onset_event_us(self) -> int:
        """Onset of the earliest level that holds."""
        return min((level.onset_event_us for level in self.levels.values() if level.active), default=0)

    def forget_pending(self) -> None:
        """Start waiting anew: the source's clock began a new epoch."""
        for level in self.levels.values():
            level.pending_at_us = None


def ladder_of(ladders: dict[str, Ladder], rule: str) -> Ladder:
    """A rule's levels, made when first asked for."""
    ladder = ladders.get(rule)
    if ladder is None:
        ladder = ladders[rule] = Ladder()
    return ladder
