"""How a source as a whole is judged: R15, R16, R17, R44."""

from __future__ import annotations

from typing import Final

from cordguard.contract.units import Priority
from cordguard.engine.alarms import Evidence, Finding, Step, settle
from cordguard.engine.rules.sensor import yield_silence
from cordguard.engine.rules.silence import yield_streams
from cordguard.engine.rules.system import CLOCK_SKEW, SEQUENCE_FAULT, SESSION_CONFLICT, SOURCE_OFFLINE, STALE
from cordguard.engine.state import Source
from cordguard.engine.streams import Stream

US_PER_S: Final = 1_000_000
GOOD_SAMPLES: Final = 5
SKEW_LIMITS_US: Final[dict[Priority, int]] = {"low": 500_000, "medium": 2_000_000}
SKEW_CLEARS_US: Final = 250_000
SKEW_PERSIST_US: Final = 5_000_000
SEQUENCE_SPAN_US: Final = 60_000_000
SEQUENCE_SHARE: Final = 0.01
SEQUENCE_MIN_FAULTS: Final = 2
"""One lost sample is LOW however few came before it."""


def judge_clock(step: Step, source: Source, received_us: int, at_us: int) -> None:
    """R16: take in a live sample's times; MEDIUM means that its source's times are corrected from now on."""
    clock = source.clock
    ladder = source.ladders.get("R16")
    offset_us = clock.observe(received_us, at_us)
    if offset_us is None:
        if ladder is not None:
            ladder.forget_pending()
        return
    if ladder is None and abs(offset_us) <= SKEW_LIMITS_US["low"]:
        return
    ladder = source.ladder("R16")
    before = ladder.standing
    event_us = clock.event_us(at_us)
    for priority, limit_us in SKEW_LIMITS_US.items():
        ladder.at(priority).judge(
            met=abs(offset_us) > limit_us,
            over=abs(offset_us) < SKEW_CLEARS_US,
            at_us=at_us,
            event_us=event_us,
            persist_us=SKEW_PERSIST_US,
        )
    standing = ladder.standing
    if standing == "medium":
        clock.fix()
    else:
        clock.fixed_us = None
    if standing != before:
        _settle_clock(step, source, standing, clock.event_us(at_us), offset_us)


def _settle_clock(step: Step, source: Source, standing: Priority | None, event_us: int, offset_us: int) -> None:
    seconds = offset_us / US_PER_S
    limit = SKEW_LIMITS_US[standing] / US_PER_S if standing in SKEW_LIMITS_US else None
    says = f"clock is {abs(seconds):.1f} s {'behind' if seconds > 0 else 'ahead'}" if standing else "clock agrees again"
    onset_us = source.ladder("R16").onset_event_us if standing else event_us
    settle(
        step,
        Finding(CLOCK_SKEW, source.name, standing, onset_us, event_us, f"{source.name}: {says}", seconds, limit),
    )


def restart_windows(source: Source, at_us: int) -> None:
    """The source's clock was set: what is waited for waits anew, and the last minute's losses count from now."""
    for ladder in source.ladders.values():
        ladder.forget_pending()
    for minute, now in ((source.faults, at_us), (source.samples, at_us // US_PER_S)):
        if total := sum(count for _, count in minute):
            minute.clear()
            minute.append((now, total))


def judge_sequence(step: Step, source: Source, stream: Stream, faults: int, event_us: int) -> None:
    """R15: count a sample, its own faults, and what is missing before it."""
    at_us = stream.newest_at_us
    second = at_us // US_PER_S
    samples = source.samples
    counted = samples.pop()[1] if samples and samples[-1][0] == second else 0
    samples.append((second, counted + 1))
    if stream.missing:
        faults += stream.lost()
    if faults:
        source.faults.append((at_us, faults))
        step.state.count("sequence_faults", faults)
    elif not source.faults:
        if len(samples) > SEQUENCE_SPAN_US // US_PER_S + 1:
            samples.popleft()
        return
    _settle_sequence(step, source, at_us, event_us, new=faults > 0)


def _settle_sequence(step: Step, source: Source, at_us: int, event_us: int, *, new: bool) -> None:
    oldest_us = at_us - SEQUENCE_SPAN_US
    while source.faults and source.faults[0][0] < oldest_us:
        source.faults.popleft()
    while source.samples and source.samples[0][0] * US_PER_S < oldest_us:
        source.samples.popleft()
    lost = sum(count for _, count in source.faults)
    share = lost / max(lost + sum(count for _, count in source.samples), 1)
    clean = not source.faults
    ladder = source.ladder("R15")
    before = ladder.standing
    many = lost >= SEQUENCE_MIN_FAULTS and share > SEQUENCE_SHARE
    ladder.at("low").judge(met=new, over=clean, at_us=at_us, event_us=event_us, persist_us=0)
    ladder.at("medium").judge(met=many, over=clean, at_us=at_us, event_us=event_us, persist_us=0)
    standing = ladder.standing
    if standing != before:
        says = f"{lost} samples lost or out of order in 60 s ({100 * share:.1f} %)" if standing else "60 s without loss"
        onset_us = ladder.onset_event_us if standing else event_us
        message = f"{source.name}: {says}"
        settle(step, Finding(SEQUENCE_FAULT, source.name, standing, onset_us, event_us, message, 100 * share, 1.0))


def judge_stamp(step: Step, source: Source, stamp: str, event_us: int) -> bool:
    """R44: whether a sample may count for the open case; its session stamp must not contradict it."""
    watch = step.state.watch
    if watch is None or event_us < watch.case.opened_us:
        return watch is None or stamp == watch.case.session
    agrees = stamp == watch.case.session
    source.stamps_in_a_row = source.stamps_in_a_row + 1 if agrees else 0
    ladder = source.ladders.get("R44")
    if ladder is None and agrees:
        return True
    ladder = source.ladder("R44")
    over = source.stamps_in_a_row >= GOOD_SAMPLES
    contradicts = not agrees and watch.case.state == "open"
    if ladder.at("high").judge(met=contradicts, over=over, at_us=event_us, event_us=event_us, persist_us=0):
        standing = ladder.standing
        says = (
            f"says session {stamp}, the open case is {watch.case.session}"
            if standing
            else "says the open case's session"
        )
        onset_us = ladder.onset_event_us if standing else event_us
        evidence: Evidence = {"stamp": stamp, "open_session": watch.case.session}
        message = f"{source.name}: {says}"
        settle(step, Finding(SESSION_CONFLICT, source.name, standing, onset_us, event_us, message, evidence=evidence))
    return agrees


def end_conflict(step: Step, source: Source, event_us: int) -> None:
    """R44 is over: there is no case any more that a stamp could contradict."""
    if source.ladders.pop("R44", None) is not None:
        message = f"{source.name}: the case that it contradicted is over"
        settle(step, Finding(SESSION_CONFLICT, source.name, None, event_us, event_us, message))


def raise_offline(step: Step, source: Source, onset_us: int, why: str) -> None:
    """R17: a source is silent, or says that it goes."""
    source.ladder("R17").at("medium").force(onset_us)
    settle_offline(step, source, onset_us, why)
    for sensor in step.state.sensors.values():
        if sensor.key.startswith(source.name + "/"):
            yield_silence(step, sensor, onset_us)
    yield_streams(step, source, onset_us)


def settle_offline(step: Step, source: Source, event_us: int, why: str) -> None:
    """Bring R17's alarm in line: its priority hangs on RF."""
    ladder = source.ladders.get("R17")
    if ladder is None:
        return
    active = ladder.standing is not None
    priority: Priority | None = ("high" if step.state.rf_on else "medium") if active else None
    children = sorted(key for key in step.state.sensors if key.startswith(source.name + "/"))
    onset_us = ladder.onset_event_us if active else event_us
    evidence: Evidence = {"sensors": [*children]}
    settle(
        step,
        Finding(SOURCE_OFFLINE, source.name, priority, onset_us, event_us, f"{source.name}: {why}", evidence=evidence),
    )


def end_offline(step: Step, source: Source, event_us: int, why: str) -> None:
    """R17 is over."""
    if source.ladders.pop("R17", None) is not None:
        source.back_us = step.received_us
        settle(step, Finding(SOURCE_OFFLINE, source.name, None, event_us, event_us, f"{source.name}: {why}"))


def end_all(step: Step, source: Source, event_us: int) -> None:
    """The source said goodbye: its conditions are over."""
    for rule in (STALE, SEQUENCE_FAULT, CLOCK_SKEW, SESSION_CONFLICT):
        if source.ladders.pop(rule.id, None) is not None:
            settle(step, Finding(rule, source.name, None, event_us, event_us, f"{source.name}: is offline"))
    source.silent.clear()
    source.clock.fixed_us = None
    source.faults.clear()
