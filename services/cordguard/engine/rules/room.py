"""How a room as a whole, and we ourselves, are judged: R33, R40, R41, R42, R43."""

from __future__ import annotations

from typing import Final

from cordguard.engine.alarms import Finding, Step, settle
from cordguard.engine.local import LatencyMs, SelfCheck
from cordguard.engine.rules.definition import Rule
from cordguard.engine.rules.sensor import is_live
from cordguard.engine.rules.system import (
    JOURNAL_UNWRITABLE,
    LATENCY_BUDGET,
    MONITOR_BLIND,
    NO_NEURAL_SENSOR,
    RF_WITHOUT_SESSION,
)
from cordguard.engine.state import RoomState

UNBOUND_PERSIST_US: Final = 1_000_000
GUARDED_PROFILES: Final = frozenset({"near", "breached", "unknown"})
"""Profiles that require a neural sensor while RF is on."""
LATENCY_LIMIT_MS: Final = 1_000.0
LATENCY_CLEARS_MS: Final = 500.0
LATENCY_UNMEASURED_US: Final = 60_000_000
"""Six self-checks without a measurement: whatever made alarms late, none has been late since."""
BLIND_MIN_US: Final = 1_000_000
"""A shorter pause of ours is within every other limit."""
CATCH_UP_US: Final = 60_000_000
"""Longest time for which a backlog is waited for after a blind interval."""
_US_PER_S: Final = 1_000_000


def judge_guarded(step: Step, event_us: int) -> None:
    """R33: RF near a nerve needs a neural sensor that delivers."""
    state = step.state
    ladder = state.ladders.get("R33")
    met = state.rf_on and state.profile in GUARDED_PROFILES and not _delivers_neural(state)
    if not met and ladder is None:
        return
    level = state.ladder("R33").at("high")
    if level.judge(met=met, over=not met, at_us=event_us, event_us=event_us, persist_us=0):
        says = "RF is on and no neural sensor delivers" if met else "a neural sensor delivers, or RF is off"
        settle(step, _finding(NO_NEURAL_SENSOR, state, event_us, says))


def _delivers_neural(state: RoomState) -> bool:
    """Whether any sensor that somebody called neural delivers; one that nobody spoke of may lie anywhere."""
    sensors = state.sensors.values()
    return any(sensor.listed and sensor.role == "neural" and is_live(state, sensor) for sensor in sensors)


def judge_bound(step: Step, event_us: int, *, backlog: bool) -> None:
    """R40: RF needs an open case. Backlog cannot tell, since its case may be on its way too."""
    state = step.state
    open_case = state.watch is not None and state.watch.case.state == "open"
    met = state.rf_on and not open_case and not backlog
    if not met and "R40" not in state.ladders:
        return
    over = open_case or not state.rf_on
    level = state.ladder("R40").at("medium")
    if level.judge(met=met, over=over, at_us=event_us, event_us=event_us, persist_us=UNBOUND_PERSIST_US):
        says = "RF is on and no case is open" if level.active else "a case is open, or RF is off"
        settle(step, _finding(RF_WITHOUT_SESSION, state, event_us, says))


def judge_blind(step: Step, from_us: int, why: str) -> None:
    """R41: we did not watch from a moment until now."""
    state = step.state
    now_us = step.received_us
    state.silence_from_us = now_us
    watched = state.watch is not None or state.rf_on or bool(state.alarms)
    if now_us - from_us < BLIND_MIN_US or not watched:
        return
    if state.fold is not None:
        state.fold.blind_us += now_us - from_us
    seconds = (now_us - from_us) / _US_PER_S
    state.ladder("R41").at("high" if state.rf_on else "medium").force(now_us)
    state.blind_until_live, state.blind_deadline_us = True, now_us + CATCH_UP_US
    finding = Finding(
        MONITOR_BLIND,
        None,
        state.ladder("R41").standing,
        now_us,
        now_us,
        f"The monitor did not watch for {seconds:.1f} s ({why})",
        seconds,
        evidence={"blind_from_us": from_us, "blind_to_us": now_us},
    )
    settle(step, finding)


def end_blind(step: Step) -> None:
    """R41 is over: what came in is live again, or nothing more is to come."""
    state = step.state
    state.blind_until_live = False
    if state.ladders.pop("R41", None) is not None:
        now_us = step.received_us
        settle(step, Finding(MONITOR_BLIND, None, None, now_us, now_us, "The monitor watches live again"))


def judge_self(step: Step, check: SelfCheck) -> None:
    """R42 and R43: what safety found out about itself."""
    state, now_us = step.state, step.received_us
    unwritable = check.journal == "unwritable"
    level = state.ladder("R42").at("high")
    if level.judge(met=unwritable, over=not unwritable, at_us=now_us, event_us=now_us, persist_us=0):
        says = (
            f"The journal cannot be written ({check.reason or 'unknown reason'})"
            if unwritable
            else "The journal is written again"
        )
        settle(step, _finding(JOURNAL_UNWRITABLE, state, now_us, says))
    if check.latency_ms is not None:
        _judge_latency(step, check.latency_ms)


def _judge_latency(step: Step, latency_ms: LatencyMs) -> None:
    state, now_us, p99 = step.state, step.received_us, latency_ms.p99
    state.latency_ms, state.latency_told_us = latency_ms, now_us
    level = state.ladder("R43").at("medium")
    met, over = p99 > LATENCY_LIMIT_MS, p99 < LATENCY_CLEARS_MS
    if level.judge(met=met, over=over, at_us=now_us, event_us=now_us, persist_us=0):
        says = f"Alarms take {p99:.0f} ms (99th percentile)" if level.active else "Alarms are in time again"
        settle(step, _finding(LATENCY_BUDGET, state, now_us, says, p99, LATENCY_LIMIT_MS))


def latency_unmeasured_us(state: RoomState) -> int | None:
    """When R43 will be over because no alarm changed; None if it does not stand."""
    ladder = state.ladders.get("R43")
    return state.latency_told_us + LATENCY_UNMEASURED_US if ladder is not None and ladder.standing else None


def end_latency(step: Step) -> None:
    """R43 is over: nothing is measured where no alarm changes, and the next one is measured again."""
    state, now_us = step.state, step.received_us
    level = state.ladder("R43").at("medium")
    if level.judge(met=False, over=True, at_us=now_us, event_us=now_us, persist_us=0):
        says = f"No alarm changed for {LATENCY_UNMEASURED_US // _US_PER_S} s: none was late"
        settle(step, _finding(LATENCY_BUDGET, state, now_us, says))


def _finding(
    rule: Rule, state: RoomState, event_us: int, message: str, value: float | None = None, limit: float | None = None
) -> Finding:
    ladder = state.ladder(rule.id)
    onset_us = ladder.onset_event_us if ladder.standing else event_us
    return Finding(rule, None, ladder.standing, onset_us, event_us, message, value, limit)
