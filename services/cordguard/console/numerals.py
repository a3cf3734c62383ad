"""Numbers as the page shows them: every one with its age, and none when it is too old."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from cordguard.console.live import RoomLive
from cordguard.console.moments import Freshness, Moment, freshness
from cordguard.contract.case import Case
from cordguard.contract.units import Fault, Role
from cordguard.contract.vitals import Forecast, Limits, SensorVitals, Vitals

RfState = Literal["on", "off", "unknown"]


@dataclass(frozen=True, slots=True)
class SensorView:
    """One sensor; without temperature_c the page shows ``---``."""

    sensor: str
    role: Role
    structure: str | None
    distance_mm: float | None
    state: Freshness
    age_ms: int | None
    temperature_c: float | None
    fault: Fault | None
    slope_c_per_s: float | None
    cem43_min: float
    dose_estimated: bool
    limits: Limits | None
    forecast: Forecast | None


@dataclass(frozen=True, slots=True)
class GeneratorView:
    """The generator; what is unknown is None."""

    state: Freshness
    age_ms: int
    rf: RfState
    power_w: float | None
    impedance_ohm: float | None
    energy_j: float | None


@dataclass(frozen=True, slots=True)
class Numerals:
    """All numbers of a room."""

    state: Freshness
    """Of safety's vitals as a whole."""
    age_ms: int | None
    profile: str | None
    policy: str | None
    case_pending: bool
    latency_p99_ms: float | None
    sensors: tuple[SensorView, ...]
    generator: GeneratorView


_NOTHING = Numerals(
    state="unknown",
    age_ms=None,
    profile=None,
    policy=None,
    case_pending=False,
    latency_p99_ms=None,
    sensors=(),
    generator=GeneratorView("unknown", 0, "unknown", None, None, None),
)


def numerals(room: RoomLive, now: Moment) -> Numerals:
    """What may be shown of the room's newest vitals now."""
    if room.vitals is None or room.vitals_came is None:
        return _NOTHING
    vitals, age_ms = room.vitals, room.vitals_came.age_ms(now)
    return Numerals(
        state=freshness(age_ms),
        age_ms=age_ms,
        profile=vitals.profile,
        policy=vitals.policy,
        case_pending=vitals.case_pending,
        latency_p99_ms=vitals.latency_ms.p99 if vitals.latency_ms is not None else None,
        sensors=tuple(_sensor(sensor, age_ms, room.case) for sensor in vitals.sensors),
        generator=_generator(vitals, age_ms),
    )


def _sensor(vitals: SensorVitals, vitals_age_ms: int, case: Case | None) -> SensorView:
    age_ms = vitals.age_ms + vitals_age_ms if vitals.age_ms is not None else None
    state = freshness(age_ms) if vitals.temperature_c is not None else "unknown"
    place = next((place for place in case.sensors if place.sensor == vitals.sensor), None) if case is not None else None
    view = SensorView(
        sensor=vitals.sensor,
        role=vitals.role,
        structure=place.structure if place is not None else None,
        distance_mm=place.distance_mm if place is not None else None,
        state=state,
        age_ms=age_ms,
        temperature_c=vitals.temperature_c,
        fault=vitals.fault,
        slope_c_per_s=vitals.slope_c_per_s,
        cem43_min=vitals.cem43_min,
        dose_estimated=vitals.dose_estimated,
        limits=vitals.limits,
        forecast=vitals.forecast,
    )
    if state != "unknown":
        return view
    return replace(view, temperature_c=None, slope_c_per_s=None, forecast=None)


def _generator(vitals: Vitals, age_ms: int) -> GeneratorView:
    state, generator = freshness(age_ms), vitals.generator
    if state == "unknown":
        return GeneratorView(state, age_ms, "unknown", None, None, None)
    rf: RfState = "on" if vitals.rf_on else "off"
    if generator is None:
        return GeneratorView("unknown", age_ms, rf if vitals.rf_on else "unknown", None, None, None)
    # RF keeps its last state when the generator falls silent; only its numbers become unknown.
    return GeneratorView(state, age_ms, rf, generator.power_w, generator.impedance_ohm, generator.energy_j)
