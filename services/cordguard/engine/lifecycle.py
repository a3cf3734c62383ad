"""The alarm state table: what an alarm becomes, and what is said about it.

An alarm is present while ``condition or latched``. ``acknowledged`` silences its sound only. All rows stand
in the parameter list of this module's test.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from cordguard.contract.alarms import Change

Event = Literal["met", "over", "rises", "falls", "acknowledge", "reset", "reminder"]
"""What happens to an alarm. ``rises`` and ``falls`` are changes of priority while the condition holds."""


class Flags(NamedTuple):
    """What is true, what is held, what is silenced: three facts that never share a field."""

    condition: bool
    latched: bool
    acknowledged: bool


class Step(NamedTuple):
    """What an alarm becomes (None: absent) and the change to publish (None: nothing to say)."""

    flags: Flags | None
    change: Change | None


def advance(flags: Flags | None, event: Event, *, latching: bool) -> Step:
    """One row of the table."""
    if event in ("acknowledge", "reset"):
        return _command(flags, event)
    if event == "met":
        return _met(flags)
    if flags is None or (not flags.condition and event != "reminder"):
        return Step(flags, None)
    if event == "over":
        return Step(
            Flags(condition=False, latched=True, acknowledged=flags.acknowledged) if latching else None, "ended"
        )
    if event == "rises":
        return Step(flags._replace(acknowledged=False), "escalated")
    if event == "falls":
        return Step(flags, None if latching else "deescalated")
    return Step(flags, None if flags.acknowledged else "reminded")


def _met(flags: Flags | None) -> Step:
    if flags is not None and flags.condition:
        return Step(flags, None)
    return Step(Flags(condition=True, latched=False, acknowledged=False), "raised")


def _command(flags: Flags | None, event: Event) -> Step:
    if flags is None:
        return Step(None, "refused")
    if event == "acknowledge":
        return Step(flags, "refused") if flags.acknowledged else Step(flags._replace(acknowledged=True), "acknowledged")
    return Step(flags, "refused") if flags.condition else Step(None, "reset")
