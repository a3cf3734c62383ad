"""How those who watch are watched: R37 (too many alarms), R38 (nobody answers), R39 (ourselves), R46 (nobody hears).

All of it is about received time: whether somebody hears us now is no matter of a device's clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from cordguard.contract.commands import AnnunciatorBeat
from cordguard.contract.units import Priority
from cordguard.engine.alarms import Evidence, Finding, Step, settle, subject
from cordguard.engine.levels import rank
from cordguard.engine.local import SelfCheck
from cordguard.engine.oversight import FLOOD_SPAN_US, Oversight
from cordguard.engine.rules.definition import Rule
from cordguard.engine.rules.system import ALARM_FLOOD, MONITOR_SELF, NO_ANNUNCIATOR, UNACKED_HIGH
from cordguard.engine.state import Alarm, RoomState

UNHEARD_US: Final = 10_000_000
UNACKED_US: Final = 30_000_000
SELF_GOOD_US: Final = 10_000_000
LAG_LIMIT_MS: Final = 500.0
DISK_LIMIT_PERCENT: Final = 5.0
BUDGET_LIMIT_PERCENT: Final = 80.0
WEIGHT: Final[dict[str, Priority]] = {"loop": "high", "disk": "high", "journal": "low"}
"""How much each trouble of ours weighs."""
FLOOD_ABOVE: Final = 10
"""New alarms in ten minutes; more are a flood."""
BURST_ABOVE: Final = 5
"""New alarms in 30 s; more are a flood."""
BURST_US: Final = 30_000_000
FLOOD_OVER_BELOW: Final = 5
CHATTER: Final = 3
"""One alarm raised so often in a minute comes and goes."""
CHATTER_US: Final = 60_000_000

Due = tuple[int, str, str]
"""When something is due, what, and for whom; as a timer's deadline."""


def due(state: RoomState) -> Iterator[Due]:
    """Everything of these rules that may become due."""
    oversight = state.oversight
    if state.rf_on and "R46" not in state.ladders:
        since_us = max(oversight.audible_us, state.rf_on_received_us, state.silence_from_us)
        yield since_us + UNHEARD_US, "unheard", ""
    for key, alarm in state.alarms.items():
        if _may_escalate(alarm) and alarm.high_since_us and alarm.alarm_id not in oversight.escalated:
            # What was acknowledged while we were down is still on its way to us.
            yield max(alarm.high_since_us, state.silence_from_us) + UNACKED_US, "unacked", key
    if oversight.good_from_us is not None:
        yield oversight.good_from_us + SELF_GOOD_US, "self-good", ""
    yield from _flood_ends(state)


def fire_due(step: Step, what: str, key: str) -> None:
    """Do what is due."""
    match what:
        case "unheard":
            _settle_room(
                step, NO_ANNUNCIATOR, "medium", "RF is on, and for 10 s no page with its sound on was heard of"
            )
        case "unacked":
            _escalate(step, key)
        case "self-good":
            step.state.oversight.good_from_us = None
            _settle_monitor(step)
        case _:
            _judge_flood(step)


def oversee(step: Step) -> None:
    """After each input and timer: what follows for these rules from RF, and from what was said."""
    state, oversight = step.state, step.state.oversight
    if not state.rf_on and "R46" in state.ladders:
        _settle_room(step, NO_ANNUNCIATOR, None, "RF is off")
    if not step.out:
        return
    if oversight.escalated:
        _end_escalations(step)
    if oversight.unjudged:
        _judge_flood(step)


def take_beat(step: Step, beat: AnnunciatorBeat) -> None:
    """A page says that it is alive. A mute one proves nothing, and takes nothing back: another may be heard."""
    if not beat.audible:
        return
    step.state.oversight.audible_us = step.received_us
    if "R46" in step.state.ladders:
        _settle_room(step, NO_ANNUNCIATOR, None, "A page with its sound on is there")


def judge_monitor(step: Step, check: SelfCheck) -> None:
    """R39: what safety found out about its loop and its disk; what it does not mention stays as it was."""
    oversight = step.state.oversight
    found = _troubles(check.loop_lag_ms, check.disk_free_percent, check.journal_used_percent)
    if not found:
        return
    for name, trouble in found.items():
        if trouble is None:
            oversight.troubles.pop(name, None)
        else:
            oversight.troubles[name] = trouble
    ladder = step.state.ladders.get(MONITOR_SELF.id)
    standing = rank(ladder.standing if ladder is not None else None)
    wanted = rank(_weight(oversight))
    if wanted >= standing:
        oversight.good_from_us = None
    elif oversight.good_from_us is None:
        oversight.good_from_us = step.received_us
    if wanted > standing:
        _settle_monitor(step)


def _settle_monitor(step: Step) -> None:
    """Bring R39 in line with what is wrong with us now."""
    troubles = step.state.oversight.troubles
    says = " and ".join(troubles[name] for name in sorted(troubles))
    words = f"The monitor is not well: {says}" if troubles else "The monitor is well again"
    step.state.ladders.pop(MONITOR_SELF.id, None)
    _settle_room(step, MONITOR_SELF, _weight(step.state.oversight), words)


def _weight(oversight: Oversight) -> Priority | None:
    return max((WEIGHT[name] for name in oversight.troubles), key=rank, default=None)


def is_news_of_monitor(
    oversight: Oversight, lag_ms: float | None, free_percent: float | None, used_percent: float | None
) -> bool:
    """Whether these findings about ourselves would begin or end a trouble."""
    found = _troubles(lag_ms, free_percent, used_percent)
    return any((trouble is not None) != (name in oversight.troubles) for name, trouble in found.items())


def _troubles(lag_ms: float | None, free_percent: float | None, used_percent: float | None) -> dict[str, str | None]:
    """What was looked at, and what is wrong with it, in words; None if nothing is."""
    found: dict[str, str | None] = {}
    if lag_ms is not None:
        found["loop"] = f"its loop was {lag_ms:.0f} ms late" if lag_ms > LAG_LIMIT_MS else None
    if free_percent is not None:
        found["disk"] = f"{free_percent:.1f} % of its disk is free" if free_percent < DISK_LIMIT_PERCENT else None
    if used_percent is not None:
        says = f"its journals take {used_percent:.0f} % of their budget on the disk"
        found["journal"] = says if used_percent >= BUDGET_LIMIT_PERCENT else None
    return found


def _settle_room(step: Step, rule: Rule, priority: Priority | None, says: str) -> None:
    """Raise or end the one alarm of a rule about ourselves: its onset is when we found out."""
    now_us = step.received_us
    if priority is None:
        step.state.ladders.pop(rule.id, None)
    else:
        step.state.ladder(rule.id).at(priority).force(now_us)
    settle(step, Finding(rule, None, priority, now_us, now_us, says))


# --- R38 ---


def _may_escalate(alarm: Alarm) -> bool:
    """HIGH, holding, and not acknowledged; an escalation is not escalated itself."""
    return (
        alarm.priority == "high"
        and alarm.flags.condition
        and not alarm.flags.acknowledged
        and alarm.rule != UNACKED_HIGH.id
    )


def _escalate(step: Step, key: str) -> None:
    state, parent = step.state, step.state.alarms[key]
    onset_us = step.received_us
    taken = {alarm.onset_us for alarm in state.alarms.values() if (alarm.rule, alarm.sensor) == ("R38", parent.sensor)}
    while onset_us in taken:  # two alarms of one sensor, raised by one sample: each has an escalation with its own name
        onset_us += 1
    state.oversight.escalated[parent.alarm_id] = key
    evidence: Evidence = {"alarm_id": parent.alarm_id, "rule": parent.rule}
    says = f"Nobody acknowledged {parent.rule} for {UNACKED_US // 1_000_000} s: {parent.message}"
    about = parent.alarm_id
    settle(
        step,
        Finding(UNACKED_HIGH, parent.sensor, "high", onset_us, step.received_us, says, evidence=evidence, about=about),
    )


def _end_escalations(step: Step) -> None:
    state, escalated = step.state, step.state.oversight.escalated
    for name, key in list(escalated.items()):
        parent = state.alarms.get(key)
        if parent is not None and parent.alarm_id == name and _may_escalate(parent):
            continue
        del escalated[name]
        acknowledged = parent is not None and parent.alarm_id == name and parent.flags.acknowledged
        says = "The alarm meant was acknowledged" if acknowledged else "The alarm meant is over, or no longer HIGH"
        own = state.alarms[subject(UNACKED_HIGH, name)]
        now_us = step.received_us
        evidence: Evidence = {"alarm_id": name}
        settle(step, Finding(UNACKED_HIGH, own.sensor, None, now_us, now_us, says, evidence=evidence, about=name))


# --- R37 ---


def _flood_ends(state: RoomState) -> Iterator[Due]:
    ladder = state.ladders.get("R37")
    if ladder is None or ladder.standing is None:
        return
    activations = state.oversight.activations
    counted = [entry.at_us for entry in activations if entry.counted]
    if ladder.at("medium").active and len(counted) >= FLOOD_OVER_BELOW:
        yield counted[-FLOOD_OVER_BELOW] + FLOOD_SPAN_US, "flood", ""
    if ladder.at("low").active:
        thirds = [times[-CHATTER] for times in _times(state.oversight).values() if len(times) >= CHATTER]
        yield max(thirds, default=0) + CHATTER_US, "flood", ""


def _times(oversight: Oversight) -> dict[str, list[int]]:
    """Each alarm's times of being raised."""
    times: dict[str, list[int]] = {}
    for entry in oversight.activations:
        times.setdefault(entry.alarm, []).append(entry.at_us)
    return times


def _judge_flood(step: Step) -> None:
    """R37: it counts and says; no alarm is held back because of it."""
    state, now_us = step.state, step.received_us
    state.oversight.unjudged = False
    new = [entry for entry in state.oversight.activations if entry.at_us > now_us - FLOOD_SPAN_US]
    counted = [entry.at_us for entry in new if entry.counted]
    burst = sum(at_us > now_us - BURST_US for at_us in counted)
    minute = Counter(entry.alarm for entry in new if entry.at_us > now_us - CHATTER_US)
    chattering = sorted(alarm for alarm, count in minute.items() if count >= CHATTER)
    flooded = len(counted) > FLOOD_ABOVE or burst > BURST_ABOVE
    if "R37" not in state.ladders and not flooded and not chattering:
        return
    ladder = state.ladder("R37")
    before = ladder.standing
    judged: tuple[tuple[Priority, bool, bool], ...] = (
        ("medium", flooded, len(counted) < FLOOD_OVER_BELOW),
        ("low", bool(chattering), not chattering),
    )
    for priority, met, over in judged:
        ladder.at(priority).judge(met=met, over=over, at_us=now_us, event_us=now_us, persist_us=0)
    standing = ladder.standing
    if standing == before:
        return
    evidence: Evidence = {"new_alarms": len(counted), "new_alarms_30_s": burst, "chattering": [*chattering]}
    says = {
        None: "Alarms are few again",
        "low": f"Comes and goes: {', '.join(chattering)}",
    }.get(standing, f"{len(counted)} new alarms in 10 min, {burst} of them in 30 s")
    finding = Finding(
        ALARM_FLOOD, None, standing, now_us, now_us, says, float(len(counted)), float(FLOOD_ABOVE), evidence=evidence
    )
    if standing is None:
        del state.ladders["R37"]
    settle(step, finding)
