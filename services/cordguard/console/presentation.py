"""How an alarm looks: words, symbols and flashing, decided here and never in the page.

Colours and rates follow IEC 60601-1-8: HIGH red, flashing at 2 Hz; MEDIUM yellow, flashing at 0.6 Hz; LOW cyan, steady.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from cordguard.console.moments import Moment, seconds
from cordguard.contract.alarms import PresentAlarm, PresentAlarms
from cordguard.contract.units import Priority

Flash = Literal["fast", "slow", "none"]
"""fast: 2 Hz; slow: 0.6 Hz; half of each period bright. The style sheet holds the rates, a test measures them."""

SYMBOLS: Final[dict[Priority, str]] = {"high": "!!!", "medium": "!!", "low": "!", "info": "i"}
_FLASHES: Final[dict[Priority, Flash]] = {"high": "fast", "medium": "slow", "low": "none", "info": "none"}
_URGENCY: Final[dict[Priority, int]] = {"high": 0, "medium": 1, "low": 2, "info": 3}


@dataclass(frozen=True, slots=True)
class AlarmView:
    """One present alarm as the page shows it."""

    alarm_id: str
    rule: str
    name: str
    sensor: str | None
    kind: str
    priority: Priority
    symbol: str
    word: str
    flash: Flash
    states: tuple[str, ...]
    """Words in capitals beside it: LATCHED, ACKNOWLEDGED."""
    message: str
    guidance: str
    since_us: int
    for_s: float
    value: float | None
    limit: float | None
    can_acknowledge: bool
    can_reset: bool


def alarm_views(present: tuple[PresentAlarm, ...], clock_us: int) -> list[AlarmView]:
    """The alarms, most urgent first: a lower priority never stands above a higher one."""
    ordered = sorted(present, key=lambda alarm: (_URGENCY[alarm.priority], alarm.acknowledged))
    return [_alarm_view(alarm, clock_us) for alarm in ordered]


def highest(present: tuple[PresentAlarm, ...]) -> Priority | None:
    """The highest priority among them; None if there is no alarm."""
    return min((alarm.priority for alarm in present), key=_URGENCY.__getitem__, default=None)


def paused_for_s(alarms: PresentAlarms, now: Moment) -> float | None:
    """How long the sound stays paused; None if it is on. A pause without an end counts as about to end."""
    if alarms.audio != "paused":
        return None
    return max(seconds((alarms.paused_until_us or now.clock_us) - now.clock_us), 0.0)


def _alarm_view(alarm: PresentAlarm, clock_us: int) -> AlarmView:
    # What flashes asks for somebody. Over and seen, it stays in its colour and waits for a reset.
    over_and_seen = alarm.latched and alarm.acknowledged
    states = (("LATCHED",) if alarm.latched else ()) + (("ACKNOWLEDGED",) if alarm.acknowledged else ())
    return AlarmView(
        alarm_id=alarm.alarm_id,
        rule=alarm.rule,
        name=alarm.name,
        sensor=alarm.sensor,
        kind=alarm.kind,
        priority=alarm.priority,
        symbol=SYMBOLS[alarm.priority],
        word=alarm.priority.upper(),
        flash="none" if over_and_seen else _FLASHES[alarm.priority],
        states=states,
        message=alarm.message,
        guidance=alarm.guidance,
        since_us=alarm.since_us,
        for_s=max(seconds(clock_us - alarm.since_us), 0.0),
        value=alarm.value,
        limit=alarm.limit,
        can_acknowledge=not alarm.acknowledged,
        can_reset=alarm.latched,
    )
