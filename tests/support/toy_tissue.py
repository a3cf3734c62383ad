"""Tissue small enough to see through: one lump of heat that cools towards the body, and a load that dries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from cordguard.simulators.devices.control import Seen
from cordguard.simulators.devices.generator import Generator

FRAME_S: Final = 0.1
BODY_C: Final = 37.0


@dataclass
class Lump:
    """Warms by power, cools by its surroundings; its load rises from 90 °C on, as tissue does that dries."""

    heat_j_per_c: float = 8.0
    cools_w_per_c: float = 0.15
    wet_ohm: float = 100.0
    dries_ohm_per_c: float = 10.0
    temperature_c: float = BODY_C
    names: Iterable[str] = ("tip",)

    def impedance_ohm(self) -> float:
        """The load."""
        return self.wet_ohm + self.dries_ohm_per_c * max(self.temperature_c - 90.0, 0.0)

    def temperatures_c(self) -> dict[str, float]:
        """The same everywhere."""
        return dict.fromkeys(self.names, self.temperature_c)

    def take(self, power_w: float, dt_s: float) -> None:
        """One explicit step."""
        self.temperature_c += dt_s * (power_w - self.cools_w_per_c * (self.temperature_c - BODY_C)) / self.heat_j_per_c


@dataclass
class Course:
    """What happened, step by step."""

    power_w: list[float] = field(default_factory=list)
    tip_c: list[float] = field(default_factory=list)
    rf_on: list[bool] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """How long it was played."""
        return len(self.power_w) * FRAME_S


def treat(
    generator: Generator, lump: Lump, seconds: float, fault: Callable[[float, Seen], Seen] = lambda _, seen: seen
) -> Course:
    """Keep the foot on the pedal for so long, or until the generator ends by itself."""
    course = Course()
    while course.seconds < seconds - 1e-9 and generator.stopped_for is None:
        seen = fault(course.seconds, Seen(lump.impedance_ohm(), lump.temperatures_c()))
        power_w = generator.step(FRAME_S, seen, pressed=True)
        lump.take(power_w, FRAME_S)
        course.power_w.append(power_w)
        course.tip_c.append(lump.temperature_c)
        course.rf_on.append(generator.rf_on)
    return course
