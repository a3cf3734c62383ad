"""How temperatures of neural sensors are judged: R01, R02, R04, R06."""

from __future__ import annotations

import bisect
import itertools
from typing import Final

from cordguard.contract.units import Priority
from cordguard.engine.alarms import Evidence, Finding, Step, settle
from cordguard.engine.levels import Level
from cordguard.engine.policy import Profile
from cordguard.engine.rules.definition import Rule
from cordguard.engine.rules.tissue import NEURAL_DOSE, NEURAL_STOP, NEURAL_WARN, PREDICTED_PEAK
from cordguard.engine.state import RoomState, Sensor

RECENT: Final = 64
"""How many samples are kept to judge late ones among: 2 s at up to 30 Hz."""
ROW: Final = 3
"""R01 looks at so many samples in a row."""
TWO_WITHIN_US: Final = 1_000_000
STOP_CLEARS_BELOW_C: Final = 2.0
WARN_CLEARS_BELOW_C: Final = 0.5
WARN_PERSIST_US: Final = 2_000_000
WARN_GAP_US: Final = 2_000_000
"""Late samples further apart than this say nothing about the time between them."""
PREDICTED_CLEARS_BELOW_C: Final = 1.0
PREDICTED_PERSIST_US: Final = 3_000_000
GATE_TEMPERATURE_C: Final = 39.0
GATE_SLOPE_C_PER_S: Final = 0.03
EARLY_RF_US: Final = 30_000_000
EARLY_PERIOD_US: Final = 250_000
NEURAL_RULES: Final = (NEURAL_STOP, NEURAL_WARN, PREDICTED_PEAK, NEURAL_DOSE)


def judge_newest(step: Step, sensor: Sensor, at_us: int, event_us: int, temperature_c: float, limits: Profile) -> None:
    """Judge the newest sample of a neural sensor under every rule."""
    recent = sensor.recent
    recent.append((at_us, temperature_c))
    if len(recent) > RECENT:
        recent.popleft()
    _judge_stop(step, sensor, at_us, event_us, temperature_c, limits)
    _judge_warn(step, sensor, at_us, event_us, temperature_c, limits)
    _judge_predicted(step, sensor, at_us, event_us, temperature_c, limits)
    # Without a case the dose still belongs to the last one: its limits hold until another begins.
    bound = step.state.last_bound if step.state.watch is None and sensor.listed else None
    _judge_dose(step, sensor, at_us, event_us, bound.limits if bound is not None else limits)


def judge_late(step: Step, sensor: Sensor, at_us: int, event_us: int, temperature_c: float, limits: Profile) -> None:
    """Judge a late sample by the level rules only: it can raise, never clear, nor tell again what is told and over."""
    sample = (at_us, temperature_c)
    samples = sorted([*sensor.recent, *sensor.late, sample])
    bisect.insort(sensor.late, sample)
    del sensor.late[:-RECENT]
    onset_at_us = _two_of_three(samples, sample, limits.stop_c)
    if onset_at_us is not None and _tell_late(sensor.ladder("R01").at("high"), at_us, event_us, onset_at_us):
        _settle_temperature(step, NEURAL_STOP, sensor, event_us, temperature_c, limits.stop_c)
    onset_at_us = _held_since(samples, sample, limits.warn_c)
    if onset_at_us is not None and _tell_late(sensor.ladder("R02").at("medium"), at_us, event_us, onset_at_us):
        _settle_temperature(step, NEURAL_WARN, sensor, event_us, temperature_c, limits.warn_c)


def _tell_late(level: Level, at_us: int, event_us: int, onset_at_us: int) -> bool:
    return not level.was_told(event_us, WARN_PERSIST_US) and level.force_late(event_us - (at_us - onset_at_us))


def forget(step: Step, sensor: Sensor, event_us: int) -> None:
    """The sensor guards no nerve any more: its conditions are over."""
    for rule in NEURAL_RULES:
        end_rule(step, rule, sensor, event_us, "no longer a neural sensor")


def end_all(step: Step, sensor: Sensor, event_us: int) -> None:
    """The sensor's source said goodbye, maybe while it was hot: nothing it could say would end its conditions."""
    for rule in (NEURAL_STOP, NEURAL_WARN, PREDICTED_PEAK):
        end_rule(step, rule, sensor, event_us, "its source is offline")
    sensor.recent.clear()


def restart_dose(step: Step, sensor: Sensor, event_us: int) -> None:
    """The dose starts afresh: the only end of R06's condition."""
    end_rule(step, NEURAL_DOSE, sensor, event_us, "dose starts afresh")


def end_rule(step: Step, rule: Rule, sensor: Sensor, event_us: int, why: str) -> None:
    """End a rule's condition on a sensor for a reason outside its own limits."""
    if sensor.ladders.pop(rule.id, None) is not None:
        settle(step, Finding(rule, sensor.key, None, event_us, event_us, f"{sensor.key}: {why}"))


def slope_in_use(state: RoomState, sensor: Sensor, event_us: int) -> float | None:
    """Slope over 10 s, or over 5 s in the first 30 s of RF if samples come at 4 Hz or faster and those 5 s have one."""
    began_us = state.rf_run_event_us
    early: float | None = None
    if state.rf_on and began_us is not None and event_us - began_us < EARLY_RF_US:
        window = sensor.early_slope
        count = len(window.samples)
        if count > 1 and window.span_us <= EARLY_PERIOD_US * (count - 1):
            early = window.slope_c_per_s()
    return sensor.slope.slope_c_per_s() if early is None else early


def predicted_peak_c(temperature_c: float, slope_c_per_s: float, limits: Profile) -> float:
    """Where the temperature will peak if the heat that is on its way is worth ``lookahead_s`` of the present slope."""
    return temperature_c + limits.lookahead_s * slope_c_per_s


def _judge_stop(step: Step, sensor: Sensor, at_us: int, event_us: int, temperature_c: float, limits: Profile) -> None:
    ladder, limit_c, recent = sensor.ladders.get("R01"), limits.stop_c, sensor.recent
    if ladder is not None and ladder.standing is not None:
        over = temperature_c <= limit_c - STOP_CLEARS_BELOW_C
        changed = ladder.at("high").judge(met=False, over=over, at_us=at_us, event_us=event_us, persist_us=0)
    elif temperature_c < limit_c and (len(recent) < 2 or recent[-2][1] < limit_c):  # noqa: PLR2004 - two of three
        return
    else:
        samples = sorted([*recent, *sensor.late]) if sensor.late else list(recent)
        onset_at_us = _two_of_three(samples, (at_us, temperature_c), limit_c)
        onset_us = event_us - (at_us - onset_at_us) if onset_at_us is not None else None
        changed = onset_us is not None and sensor.ladder("R01").at("high").force(onset_us)
    if changed:
        _settle_temperature(step, NEURAL_STOP, sensor, event_us, temperature_c, limit_c)


def _two_of_three(samples: list[tuple[int, float]], sample: tuple[int, float], limit_c: float) -> int | None:
    """Time of the first of two samples at or above a limit, within 1 s and within three in a row around ``sample``.

    Three hot ones in a row count however far apart they are: a sensor slower than 1 Hz must not be a blind one.
    """
    index = bisect.bisect_left(samples, sample)
    for start in range(max(index - 2, 0), index + 1):
        hot = [at_us for at_us, temperature_c in samples[start : start + ROW] if temperature_c >= limit_c]
        for first, second in itertools.pairwise(hot):
            if second - first <= TWO_WITHIN_US:
                return first
        if len(hot) == ROW:
            return hot[0]
    return None


def _held_since(samples: list[tuple[int, float]], sample: tuple[int, float], limit_c: float) -> int | None:
    """Time since which samples around ``sample`` stay at or above a limit, if that lasts for R02's 2 s."""
    first = last = bisect.bisect_left(samples, sample)
    if samples[first][1] < limit_c:
        return None
    while first > 0 and _goes_on(samples[first - 1], samples[first], limit_c):
        first -= 1
    while last + 1 < len(samples) and _goes_on(samples[last + 1], samples[last], limit_c):
        last += 1
    return samples[first][0] if samples[last][0] - samples[first][0] >= WARN_PERSIST_US else None


def _goes_on(sample: tuple[int, float], neighbour: tuple[int, float], limit_c: float) -> bool:
    return sample[1] >= limit_c and abs(sample[0] - neighbour[0]) <= WARN_GAP_US


def _judge_warn(step: Step, sensor: Sensor, at_us: int, event_us: int, temperature_c: float, limits: Profile) -> None:
    met = temperature_c >= limits.warn_c
    if not met and "R02" not in sensor.ladders:
        return
    level = sensor.ladder("R02").at("medium")
    over = temperature_c <= limits.warn_c - WARN_CLEARS_BELOW_C
    if level.judge(met=met, over=over, at_us=at_us, event_us=event_us, persist_us=WARN_PERSIST_US):
        _settle_temperature(step, NEURAL_WARN, sensor, event_us, temperature_c, limits.warn_c)


def _settle_temperature(
    step: Step, rule: Rule, sensor: Sensor, event_us: int, temperature_c: float, limit_c: float
) -> None:
    ladder = sensor.ladder(rule.id)
    standing = ladder.standing
    says = f"limit {limit_c:.1f} °C reached" if standing else f"below the limit of {limit_c:.1f} °C again"
    message = f"{sensor.key} {temperature_c:.1f} °C: {'stop' if rule is NEURAL_STOP else 'warning'} {says}"
    onset_us = ladder.onset_event_us if standing else event_us
    settle(step, Finding(rule, sensor.key, standing, onset_us, event_us, message, temperature_c, limit_c))


def _judge_predicted(
    step: Step, sensor: Sensor, at_us: int, event_us: int, temperature_c: float, limits: Profile
) -> None:
    ladder = sensor.ladders.get("R04")
    idle = ladder is None or ladder.idle
    if idle and temperature_c < GATE_TEMPERATURE_C:
        return
    slope = slope_in_use(step.state, sensor, event_us)
    if slope is None:
        return
    peak_c = predicted_peak_c(temperature_c, slope, limits)
    gate = temperature_c >= GATE_TEMPERATURE_C and slope >= GATE_SLOPE_C_PER_S
    if idle and not (gate and peak_c >= limits.predicted_medium_c):
        return
    ladder = sensor.ladder("R04")
    before = ladder.standing
    limit_of: dict[Priority, float] = {"medium": limits.predicted_medium_c, "high": limits.predicted_high_c}
    for priority, limit_c in limit_of.items():
        ladder.at(priority).judge(
            met=gate and peak_c >= limit_c,
            over=peak_c <= limit_c - PREDICTED_CLEARS_BELOW_C,
            at_us=at_us,
            event_us=event_us,
            persist_us=PREDICTED_PERSIST_US,
        )
    standing = ladder.standing
    if standing != before:
        evidence: Evidence = {
            "temperature_c": temperature_c,
            "slope_c_per_s": slope,
            "lookahead_s": limits.lookahead_s,
        }
        limit_c = limit_of[standing or before or "medium"]
        says = f"{sensor.key} {temperature_c:.1f} °C, {slope:+.2f} °C/s: "
        says += f"{'heading for' if standing else 'no longer heading for'} {limit_c:.1f} °C"
        onset_us = ladder.onset_event_us if standing else event_us
        finding = Finding(
            PREDICTED_PEAK, sensor.key, standing, onset_us, event_us, says, peak_c, limit_c, evidence=evidence
        )
        settle(step, finding)


def _judge_dose(step: Step, sensor: Sensor, at_us: int, event_us: int, limits: Profile) -> None:
    dose = sensor.dose.cem43_min
    if dose < limits.dose_low_cem43_min and "R06" not in sensor.ladders:
        return
    ladder = sensor.ladder("R06")
    highest = ladder.levels.get("high")
    if highest is not None and highest.active:
        return  # a dose never falls, and whoever has reached the highest limit has reached them all
    limit_of: dict[Priority, float] = {
        "low": limits.dose_low_cem43_min,
        "medium": limits.dose_medium_cem43_min,
        "high": limits.dose_high_cem43_min,
    }
    changed = [
        priority
        for priority, limit in limit_of.items()
        if ladder.at(priority).judge(met=dose >= limit, over=False, at_us=at_us, event_us=event_us, persist_us=0)
    ]
    standing = ladder.standing
    if not changed or standing is None:
        return
    limit = limit_of[standing]
    message = f"{sensor.key}: thermal dose {dose:.1f} CEM43 min, limit {limit:g} reached"
    evidence: Evidence = {"dose_estimated": sensor.dose.estimated, "temperature_c": sensor.temperature_c}
    settle(
        step,
        Finding(NEURAL_DOSE, sensor.key, standing, ladder.onset_event_us, event_us, message, dose, limit, evidence),
    )
