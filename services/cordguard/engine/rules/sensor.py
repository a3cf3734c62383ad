"""How one sensor of a device is judged: R08, R14, and R40 if it is bound to no case."""

from __future__ import annotations

from typing import Final

from cordguard.contract.units import Priority
from cordguard.engine.alarms import Finding, Step, settle
from cordguard.engine.rules.system import RF_WITHOUT_SESSION, STALE, TC_OPEN
from cordguard.engine.state import RoomState, Sensor

GOOD_SAMPLES: Final = 5
FAULT_PERSIST_US: Final = 500_000
OVER_RANGE_C: Final = 300.0
"""No tissue is this hot: a thermocouple that reads more is faulty, and still counts for the level rules."""
UNLISTED_PERSIST_US: Final = 1_000_000


def sensor_priority(state: RoomState, sensor: Sensor) -> Priority:
    """Losing a sensor is HIGH if it guards a nerve while RF is on."""
    return "high" if state.rf_on and sensor.role == "neural" else "medium"


def is_live(state: RoomState, sensor: Sensor) -> bool:
    """Whether its temperatures can be relied on: neither faulty nor silent, nor cut off with its source."""
    source = state.sources.get(sensor.key.partition("/")[0])
    if sensor.heard_us is None or source is None or source.state == "offline" or "R17" in source.ladders:
        return False
    if sensor.heard_us < source.back_us or source.hushed:
        return False  # its source is back, but it is not yet; or it fell silent with many
    lost = (sensor.ladders.get("R08"), sensor.ladders.get("R14"))
    return not any(ladder is not None and ladder.standing is not None for ladder in lost)


def follow_role(step: Step, sensor: Sensor, event_us: int) -> None:
    """What a sensor is for was said anew: losing it weighs what that weighs."""
    settle_fault(step, sensor, event_us)
    if sensor.role != "neural" and "R14" in sensor.ladders:
        relax_silence(step, sensor, event_us)


def judge_reading(step: Step, sensor: Sensor, at_us: int, event_us: int) -> None:
    """A reading came, with a fault or without: R14, R08 and R40 for the sensor itself."""
    faulty = sensor.fault is not None or (sensor.temperature_c or 0.0) > OVER_RANGE_C
    sensor.good_in_a_row = 0 if faulty else sensor.good_in_a_row + 1
    ladders = sensor.ladders
    if ladders and "R14" in ladders and not faulty:
        _judge_returned(step, sensor, event_us)
    if faulty or "R08" in ladders:
        _judge_fault(step, sensor, at_us, event_us, faulty=faulty)
    if "R40" in ladders or not sensor.listed:
        _judge_unlisted(step, sensor, at_us, event_us)


def _judge_fault(step: Step, sensor: Sensor, at_us: int, event_us: int, *, faulty: bool) -> None:
    """R08: faulty, or known as such until now."""
    level = sensor.ladder("R08").at("medium")
    over = sensor.good_in_a_row >= GOOD_SAMPLES
    if not faulty and not over and not level.active:
        return  # a loose contact: a good reading in between does not make it sound
    if level.judge(met=faulty, over=over, at_us=at_us, event_us=event_us, persist_us=FAULT_PERSIST_US):
        settle_fault(step, sensor, event_us)


def settle_fault(step: Step, sensor: Sensor, event_us: int) -> None:
    """Bring R08's alarm in line: its priority hangs on RF and on the sensor's role."""
    ladder = sensor.ladders.get("R08")
    if ladder is None:
        return
    active = ladder.standing is not None
    says = f"fault ({sensor.fault or 'range'})" if active else "delivers again"
    settle(
        step,
        Finding(
            TC_OPEN,
            sensor.key,
            sensor_priority(step.state, sensor) if active else None,
            ladder.onset_event_us if active else event_us,
            event_us,
            f"{sensor.key}: {says}",
            evidence={"fault": sensor.fault or "range"} if active else None,
        ),
    )


def _judge_unlisted(step: Step, sensor: Sensor, at_us: int, event_us: int) -> None:
    """R40 for one sensor: a case is open, RF is on, and nobody said what this sensor is for."""
    state = step.state
    met = state.rf_on and not sensor.listed and state.watch is not None and state.watch.case.state == "open"
    if not met and "R40" not in sensor.ladders:
        return
    ladder = sensor.ladder("R40")
    changed = ladder.at("medium").judge(
        met=met, over=not met, at_us=at_us, event_us=event_us, persist_us=UNLISTED_PERSIST_US
    )
    if changed:
        says = "not listed in the case: judged as neural under the strictest limits" if met else "listed, or RF is off"
        onset_us = ladder.onset_event_us if met else event_us
        standing = ladder.standing
        settle(step, Finding(RF_WITHOUT_SESSION, sensor.key, standing, onset_us, event_us, f"{sensor.key}: {says}"))


def _judge_returned(step: Step, sensor: Sensor, event_us: int) -> None:
    """R14: a good reading came; five end the silence."""
    if sensor.ladder("R14").standing is None:
        return
    sensor.readings_since_stale += 1
    if sensor.readings_since_stale >= GOOD_SAMPLES:
        del sensor.ladders["R14"]
        settle(step, Finding(STALE, sensor.key, None, event_us, event_us, f"{sensor.key}: delivers again"))


def raise_silence(step: Step, sensor: Sensor, priority: Priority, event_us: int, limit_s: float) -> None:
    """R14: nothing came from a sensor for too long."""
    ladder = sensor.ladder("R14")
    ladder.at(priority).force(event_us)
    sensor.readings_since_stale = 0
    message = f"{sensor.key}: silent for more than {limit_s:g} s, its value is unknown"
    settle(step, Finding(STALE, sensor.key, ladder.standing, ladder.onset_event_us, event_us, message, limit=limit_s))


def yield_silence(step: Step, sensor: Sensor, event_us: int, told_by: str = "R17") -> None:
    """Its source's alarm names it: its own silence is no alarm of its own, unless it is HIGH."""
    ladder = sensor.ladders.get("R14")
    if ladder is None or ladder.standing == "high":
        return
    del sensor.ladders["R14"]
    message = f"{sensor.key}: still silent, with its whole source ({told_by})"
    settle(step, Finding(STALE, sensor.key, None, event_us, event_us, message))


def relax_silence(step: Step, sensor: Sensor, event_us: int) -> None:
    """RF is off, or it guards no nerve: a silent sensor weighs less."""
    ladder = sensor.ladder("R14")
    if ladder.standing != "high":
        return
    source = step.state.sources.get(sensor.key.partition("/")[0])
    if source is not None and ("R17" in source.ladders or source.hushed):
        ladder.at("high").active = False
        yield_silence(step, sensor, event_us, "R17" if "R17" in source.ladders else "R14")
        return
    ladder.at("medium").force(ladder.onset_event_us)
    ladder.at("high").active = False
    message = f"{sensor.key}: silent, {'RF is off' if sensor.role == 'neural' else 'guards no nerve'}"
    settle(step, Finding(STALE, sensor.key, "medium", ladder.onset_event_us, event_us, message))


def end_expectation(step: Step, sensor: Sensor, event_us: int) -> None:
    """No case expects any more a sensor that was never heard of: its silence is no alarm."""
    if sensor.ladders.pop("R14", None) is not None:
        message = f"{sensor.key}: was never heard of, and is expected no more"
        settle(step, Finding(STALE, sensor.key, None, event_us, event_us, message))


def end_all(step: Step, sensor: Sensor, event_us: int) -> None:
    """The sensor's source said goodbye: its technical conditions are over."""
    for rule in (TC_OPEN, STALE, RF_WITHOUT_SESSION):
        if sensor.ladders.pop(rule.id, None) is not None:
            settle(step, Finding(rule, sensor.key, None, event_us, event_us, f"{sensor.key}: its source is offline"))
