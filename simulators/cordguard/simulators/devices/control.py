"""The control laws of the generator classes: what power each wants next, and when a treatment is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol, assert_never

from cordguard.simulators.devices.generator_settings import (
    ArticulatedBipolar,
    CooledBipolar,
    GeneratorSettings,
    HoldsTemperature,
    InfusedBipolar,
    PulsedMonopolar,
)

StopReason = Literal[
    "end-point",
    "time-over",
    "not-rising",
    "open-circuit",
    "short-circuit",
    "over-temperature",
    "sensor-lost",
    "pump",
    "pad",
]
"""Why a generator ended RF by itself."""

HOLD_W_PER_C: Final = 0.4
"""Temperature control: watts per degree below the set point,"""
HOLD_W_PER_C_S: Final = 0.03
"""and watts per second for each degree that remains."""
SHORTEST_S: Final = 1e-6
"""Less than this is what counting in tenths leaves over."""
NEAR_C: Final = 2.0
"""So close to its set point it counts as reached."""
END_POINT_S: Final = 1.0
"""An edge must read the end point for so long: noise is no end point."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a generator measures in one step."""

    impedance_ohm: float
    """Its load."""
    temperatures_c: Mapping[str, float]
    """What its sensors read, by name; one that is faulty or silent is left out."""
    pump: float = 1.0
    """Flow as a share of what was set."""
    pad_ohm: float | None = None
    """Return pad, if it has one."""


class ControlLaw(Protocol):
    """Lives for one treatment, from foot switch to end."""

    over: StopReason | None
    """Why the treatment is over, once it is."""
    delivering: bool
    """Whether RF has begun; a rest between pulses counts."""
    set_w: float
    """The power that its user, or it, has set."""

    def wanted_w(self, dt_s: float, seen: Seen) -> float:
        """The power that it wants for the next ``dt_s`` seconds."""


class SteppedPower:
    """A knob turned up step by step, until an edge is as warm as it should get."""

    def __init__(self, settings: ArticulatedBipolar) -> None:
        """At the first step."""
        self._settings: Final = settings
        self._elapsed_s = self._warm_s = 0.0
        self.over: StopReason | None = None
        self.delivering = True
        self.set_w = min(settings.power_step_w, settings.power_set_w)

    def wanted_w(self, dt_s: float, seen: Seen) -> float:
        """The knob's power."""
        settings = self._settings
        steps = 1 + int(self._elapsed_s / settings.step_every_s + 1e-9)
        self.set_w = min(steps * settings.power_step_w, settings.power_set_w)
        self._elapsed_s += dt_s
        edges = [seen.temperatures_c[name] for name in settings.edges if name in seen.temperatures_c]
        self._warm_s = self._warm_s + dt_s if edges and max(edges) >= settings.end_point_c else 0.0
        if self._warm_s >= END_POINT_S - 1e-9:
            self.over = "end-point"
        return self.set_w


class HeldTemperature:
    """A set point that rises to its place and is held, by proportion and integral of what is missing."""

    def __init__(self, settings: HoldsTemperature, prime_s: float = 0.0) -> None:
        """``prime_s`` pass before RF begins."""
        self._settings: Final = settings
        self._prime_s = prime_s
        self._point_c: float | None = None
        self._integral_w = self._wanted_w = 0.0
        self._rising_s = self._held_s = 0.0
        self._reached = False
        self.over: StopReason | None = None
        self.delivering = prime_s <= 0.0
        self.set_w = settings.power_set_w

    def wanted_w(self, dt_s: float, seen: Seen) -> float:
        """What the probe asks for; without its reading, what it asked for before."""
        if self._prime_s > SHORTEST_S:
            self._prime_s -= dt_s
            self.delivering = self._prime_s <= SHORTEST_S
            return 0.0
        probe_c = seen.temperatures_c.get(self._settings.probe)
        if probe_c is not None:
            self._follow(probe_c, dt_s)
        self._mind_the_time(dt_s)
        return self._wanted_w

    def _follow(self, probe_c: float, dt_s: float) -> None:
        settings = self._settings
        before_c = probe_c if self._point_c is None else self._point_c
        self._point_c = min(before_c + settings.ramp_c_per_s * dt_s, settings.temperature_set_c)
        self._reached |= probe_c >= settings.temperature_set_c - NEAR_C
        short_c = self._point_c - probe_c
        wanted_w = HOLD_W_PER_C * short_c + self._integral_w
        if 0.0 < wanted_w < self.set_w:  # else the integral would wind up
            self._integral_w += HOLD_W_PER_C_S * short_c * dt_s
        self._wanted_w = min(max(wanted_w, 0.0), self.set_w)

    def _mind_the_time(self, dt_s: float) -> None:
        if self._reached:
            self._held_s += dt_s
        else:
            self._rising_s += dt_s
        if self._held_s >= self._settings.hold_s:
            self.over = "time-over"
        elif self._rising_s >= self._settings.reach_within_s:
            self.over = "not-rising"


class PulsedPower:
    """Full power until the load rises, then a rest in which steam condenses and water comes back."""

    def __init__(self, settings: PulsedMonopolar) -> None:
        """At the first pulse."""
        self._settings: Final = settings
        self._lowest_ohm: float | None = None
        self._elapsed_s = self._rest_s = 0.0
        self.over: StopReason | None = None
        self.delivering = True
        self.set_w = settings.power_set_w

    def wanted_w(self, dt_s: float, seen: Seen) -> float:
        """Everything, or nothing while it rests."""
        settings = self._settings
        self._elapsed_s += dt_s
        if self._elapsed_s >= settings.treat_s:
            self.over = "time-over"
        if self._rest_s > SHORTEST_S:
            self._rest_s -= dt_s
            return 0.0
        lowest_ohm = seen.impedance_ohm if self._lowest_ohm is None else min(self._lowest_ohm, seen.impedance_ohm)
        self._lowest_ohm = lowest_ohm
        if seen.impedance_ohm >= lowest_ohm + settings.rise_ohm:
            self._rest_s = settings.rest_s - dt_s
            return 0.0
        return settings.power_set_w


def law_of(settings: GeneratorSettings) -> ControlLaw:
    """A new treatment with this generator."""
    match settings:
        case ArticulatedBipolar():
            return SteppedPower(settings)
        case CooledBipolar():
            return HeldTemperature(settings)
        case InfusedBipolar():
            return HeldTemperature(settings, settings.prime_s)
        case PulsedMonopolar():
            return PulsedPower(settings)
        case _:
            assert_never(settings)
