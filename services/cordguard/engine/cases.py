"""The case in a room: opened, amended, closed, released. ``closed`` ends the record, not the watch."""

from __future__ import annotations

from typing import Final

from cordguard.contract.case import CASE_SENSORS_MAX, Case, CaseSensor
from cordguard.contract.summary import DeviceSummary
from cordguard.contract.telemetry import DeviceIdentity
from cordguard.contract.topics import SUMMARY
from cordguard.engine.alarms import Step
from cordguard.engine.dose import MAX_STEP_US, Dose
from cordguard.engine.limits import BoundLimits, combine, resolve, stricter_role
from cordguard.engine.rules import neural
from cordguard.engine.rules.room import judge_bound, judge_guarded
from cordguard.engine.rules.sensor import end_expectation, follow_role, is_live
from cordguard.engine.rules.source import end_conflict
from cordguard.engine.session import SessionFold, SummaryContext, summarise
from cordguard.engine.state import CALM_US, RoomState, Watch
from cordguard.engine.tally import TemperatureSample

RF_OFF_US: Final = 180_000_000
"""Heat may still rise for this long after RF is off (domain: peaks 30 to 180 s later)."""
CALM_BELOW_C: Final = 40.0
CALM_SPAN_US: Final = 29_000_000
"""A calm window of 30 s at a finite rate spans at least this."""
CEMENT_US: Final = 20 * 60_000_000
KNOWN_SESSIONS: Final = 200
DEVICE_FIELDS: Final = set(DeviceIdentity.model_fields)
"""What the record keeps of a device's description: what the contract knows."""


def opens(state: RoomState, case: Case) -> bool:
    """Whether a case begins a new watch: an unknown session, open, and not older than the one that is open now."""
    if case.session in state.sessions or case.state != "open":
        return False
    watched = state.watch.case if state.watch is not None else None
    return watched is None or watched.state == "closed" or case.opened_us >= watched.opened_us


def take_case(step: Step, case: Case, monitor: str) -> str | None:
    """Take in a case message; why it was refused, or None."""
    state = step.state
    known = state.sessions.get(case.session)
    if known is not None and case.revision == known[0]:
        state.count("repeated_cases")
        return None
    if known is not None and case.revision < known[0]:
        return f"revision {case.revision} of session {case.session} is older than {known[0]}, which is known"
    if known is None and case.state == "open":
        if not opens(state, case):
            return f"session {case.session} was opened before the one that is open now"
        _open(step, case, monitor)
        return None
    return _amend(step, case, monitor)


def _remember(state: RoomState, case: Case, *, released: bool) -> None:
    state.sessions.pop(case.session, None)
    state.sessions[case.session] = (case.revision, released)
    if len(state.sessions) > KNOWN_SESSIONS:
        del state.sessions[next(iter(state.sessions))]


def _open(step: Step, case: Case, monitor: str) -> None:
    state = step.state
    if state.watch is not None:
        _end_record(state.watch, case.opened_us)
        _end_watch(step, case.opened_us, monitor)
    state.policy = state.next_policy
    state.watch = Watch(case, resolve(state.policy, case))
    state.last_bound = state.watch.bound
    state.fold = SessionFold(case.session, case.opened_us)
    _remember(state, case, released=False)
    _apply_roles(step)
    _begin_dose(step, case)
    _adopt_unassigned(state, state.fold)
    judge_bound(step, state.newest_event_us, backlog=False)
    judge_guarded(step, state.newest_event_us)


def _begin_dose(step: Step, case: Case) -> None:
    """Dose goes on within one procedure at one level; else it starts afresh, from the opening of the case."""
    state = step.state
    scope, state.dose_scope = state.dose_scope, _dose_scope(case)
    if scope is not None and case.procedure is not None and scope == state.dose_scope:
        return
    restart_doses(step, case.opened_us)


def _dose_scope(case: Case) -> tuple[str | None, str | None]:
    """What a dose belongs to; an amendment corrects it, and the dose stays."""
    return case.procedure, case.level


def restart_doses(step: Step, from_us: int) -> None:
    """Every dose starts afresh at a moment; what is known since then is counted again."""
    state = step.state
    old = {key: sensor.dose for key, sensor in state.sensors.items()}
    for sensor in state.sensors.values():
        sensor.dose = Dose()
        neural.restart_dose(step, sensor, max(from_us, sensor.event_us))
    for sample in state.unassigned:
        if isinstance(sample, TemperatureSample) and sample.event_us >= from_us:
            _recount(state.sensors[sample.sensor].dose, sample)
    for key, dose in old.items():
        _go_on(state, key, dose, from_us)


def _recount(dose: Dose, sample: TemperatureSample) -> None:
    if sample.temperature_c is not None and not sample.late:
        dose.add(sample.event_us, sample.temperature_c, sample.step_us or 0, sample.step_estimated)


def _go_on(state: RoomState, key: str, old: Dose, from_us: int) -> None:
    """A dose goes on from the newest temperature, unless that is of a time before: of another patient, perhaps."""
    source, sensor = state.sources.get(key.partition("/")[0]), state.sensors[key]
    sensor.dose.newest_at_us = None
    if source is None or old.newest_at_us is None:
        return
    if source.clock.event_us(old.newest_at_us) >= from_us - MAX_STEP_US:
        sensor.dose.newest_at_us, sensor.dose.newest_c = old.newest_at_us, old.newest_c


def _adopt_unassigned(state: RoomState, fold: SessionFold) -> None:
    for sample in sorted(state.unassigned, key=lambda sample: sample.event_us):
        if sample.stamp in (None, fold.session):
            fold.add(sample)
        else:
            state.count("samples_of_other_sessions")
    state.unassigned.clear()


def _amend(step: Step, case: Case, monitor: str) -> str | None:
    state, watch = step.state, step.state.watch
    if watch is None or watch.case.session != case.session:
        _remember(state, case, released=True)
        return None if case.state == "closed" else f"session {case.session} was released; open a new one"
    _remember(state, case, released=False)
    was_open = watch.case.state == "open"
    bound = resolve(state.policy, case)
    if state.rf_on and _loosens(state, watch, case, bound):
        watch.pending = case
        watch.bound = combine(watch.bound, bound)
        watch.case = _tightened(watch.case, case, _unlisted(state))
    else:
        watch.pending, watch.bound, watch.case = None, bound, case
    state.last_bound, state.dose_scope = watch.bound, _dose_scope(watch.case)
    _apply_roles(step)
    if was_open and watch.case.state == "closed":
        _begin_calm(state)
        publish_summary(step, monitor, final=False)
    judge_bound(step, state.newest_event_us, backlog=False)
    judge_guarded(step, state.newest_event_us)
    return None


def apply_pending(step: Step) -> None:
    """RF is off: what an amendment wanted to loosen takes effect."""
    state, watch = step.state, step.state.watch
    if watch is None or watch.pending is None:
        return
    case, watch.pending = watch.pending, None
    watch.case, watch.bound = case, resolve(state.policy, case)
    state.last_bound, state.dose_scope = watch.bound, _dose_scope(case)
    _apply_roles(step)


def _loosens(state: RoomState, watch: Watch, case: Case, bound: BoundLimits) -> bool:
    if combine(watch.bound, bound).limits != bound.limits:
        return True
    roles = {sensor.sensor: sensor.role for sensor in case.sensors}
    if not roles.keys().isdisjoint(_unlisted(state)):
        return True
    return any(sensor.role == "neural" and roles.get(sensor.sensor) != "neural" for sensor in watch.case.sensors)


def _unlisted(state: RoomState) -> set[str]:
    """Sensors that deliver and that nobody listed: under the strictest limits, so that any listing may loosen them."""
    return {key for key, sensor in state.sensors.items() if not sensor.listed and sensor.heard_us is not None}


def _tightened(old: Case, new: Case, unlisted: set[str]) -> Case:
    """The old case with what may change at once under RF: the end of the record, and stricter roles."""
    wanted = {sensor.sensor: sensor for sensor in new.sensors if sensor.sensor not in unlisted}
    kept = {sensor.sensor: sensor for sensor in old.sensors}
    both = (_stricter_sensor(kept.get(key), wanted.get(key)) for key in sorted({*kept, *wanted}))
    # Of more than a case may list the nerves stay: who is not listed is judged as neural, under the strictest limits.
    sensors = tuple(sorted(both, key=lambda sensor: sensor.role != "neural"))[:CASE_SENSORS_MAX]
    update = {"state": new.state, "closed_us": new.closed_us, "revision": new.revision, "sensors": sensors}
    return old.model_copy(update=update)


def _stricter_sensor(old: CaseSensor | None, new: CaseSensor | None) -> CaseSensor:
    if old is None or new is None:
        return old or new  # type: ignore[return-value]  # one of the two is there
    return new if stricter_role(old.role, new.role) == new.role else old


def _apply_roles(step: Step) -> None:
    """Give the case's sensors their roles; one that guards no nerve any more ends its neural conditions."""
    state, watch = step.state, step.state.watch
    roles = {sensor.sensor: sensor.role for sensor in watch.case.sensors} if watch is not None else {}
    for key in roles:
        state.sensor(key)
    for key, sensor in state.sensors.items():
        was = sensor.role
        sensor.case_role = roles.get(key)
        if sensor.heard_us is None and sensor.case_role is None:
            end_expectation(step, sensor, state.newest_event_us)
        if sensor.role == was:
            continue
        follow_role(step, sensor, sensor.event_us)
        if was == "neural":
            neural.forget(step, sensor, sensor.event_us)


def _begin_calm(state: RoomState) -> None:
    for sensor in state.sensors.values():
        sensor.calm.clear()


def _end_record(watch: Watch, closed_us: int) -> None:
    """Another case takes over: the record ends where the other begins."""
    if watch.case.state == "open":
        watch.case = watch.case.model_copy(update={"state": "closed", "closed_us": closed_us})


def may_release(state: RoomState, event_us: int) -> bool:
    """Whether the watch may end: record closed, RF off for 180 s, nerves cool and calm, cement set."""
    watch = state.watch
    if watch is None or watch.case.state != "closed" or state.rf_on:
        return False
    off_since_us = state.rf_off_event_us if state.rf_off_event_us is not None else watch.case.opened_us
    if event_us - off_since_us < RF_OFF_US:
        return False
    if watch.cement_event_us is not None and event_us - watch.cement_event_us < CEMENT_US:
        return False
    return all(_calm(state, key) for key in state.sensors)


def _calm(state: RoomState, key: str) -> bool:
    """Whether a sensor is no reason to go on watching: no nerve, not live, or cool and not rising for 30 s."""
    sensor = state.sensors[key]
    if sensor.role != "neural" or not is_live(state, sensor):
        return True
    slope, hottest_c = sensor.calm.slope_c_per_s(), sensor.calm.max_c()
    if slope is None or hottest_c is None or sensor.calm.held_us < CALM_US or sensor.calm.span_us < CALM_SPAN_US:
        return False
    return slope <= 0.0 and hottest_c < CALM_BELOW_C


def release(step: Step, event_us: int, monitor: str) -> None:
    """End the watch: final summary, and latches that still want their reset."""
    _end_watch(step, event_us, monitor)
    for source in step.state.sources.values():
        end_conflict(step, source, event_us)
    _apply_roles(step)
    judge_guarded(step, event_us)


def _end_watch(step: Step, event_us: int, monitor: str) -> None:
    """The part of a release that also a takeover has: between two cases nothing is judged without one."""
    state, watch = step.state, step.state.watch
    if watch is None:
        return
    publish_summary(step, monitor, final=True, released_us=event_us)
    _remember(state, watch.case, released=True)
    state.watch = state.fold = None


def publish_summary(step: Step, monitor: str, *, final: bool, released_us: int | None = None) -> None:
    """Publish what the session has come to; each time with a higher revision."""
    state, watch, fold = step.state, step.state.watch, step.state.fold
    if watch is None or fold is None:
        return
    fold.revision += 1
    step.emit(SUMMARY, summarise(fold, summary_context(state, watch, monitor, final=final, released_us=released_us)))


def summary_context(
    state: RoomState, watch: Watch, monitor: str, *, final: bool, released_us: int | None = None
) -> SummaryContext:
    """What a summary states beside the fold itself."""
    roles = {key: sensor.role for key, sensor in state.sensors.items()}
    devices = tuple(
        DeviceSummary(source=name, **source.device.model_dump(include=DEVICE_FIELDS))
        for name, source in sorted(state.sources.items())
        if source.device is not None and source.heard_us >= watch.case.opened_us
    )
    bound = watch.bound.profile
    return SummaryContext(watch.case, bound, state.policy.hash, monitor, roles, final, released_us, devices)
