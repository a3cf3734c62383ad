"""What goes wrong between a junction and the number that is reported: each a pure change of one frame's readings."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field

from cordguard.contract.telemetry import SensorReading
from cordguard.contract.units import Level, TemperatureC
from cordguard.simulators.devices.fault_times import Chance, Timed
from cordguard.simulators.devices.thermometry import told

DIP_S: Final = 3.0
"""Cold irrigant takes over in this time constant,"""
REWARMING_S: Final = 15.0
"""and the place warms again in this one."""


@dataclass(frozen=True, slots=True)
class Now:
    """What a fault of one sensor may go by in one frame."""

    readings: Mapping[str, SensorReading]
    """All readings of the frame, by sensor."""
    elapsed_us: int
    """Since the scenario's start."""
    rf_on: bool
    """Whether RF is on."""
    before_c: float | None
    """What the sensor read last before the fault began."""
    luck: float
    """Even chance between 0 and 1."""
    unit: float
    """Normal chance, SD 1."""


class OfSensor(Timed):
    """A fault that begins at one sensor."""

    sensor: Level = Field(description="The sensor that fails.")

    @property
    def sensors(self) -> tuple[str, ...]:
        """The sensors that it is about."""
        return (self.sensor,)


class Broken(OfSensor):
    """Its wire is broken, or touches its partner: the box says so instead of a temperature."""

    kind: Literal["open", "short"]
    share: Chance = Field(default=1.0, description="Share of the frames that it hits; below 1 a bad contact.")

    def changes(self, now: Now) -> Mapping[str, SensorReading]:
        """A fault, in the frames that it hits."""
        if not self.acts(now.elapsed_us) or now.luck >= self.share:
            return {}
        cold_junction_c = now.readings[self.sensor].cold_junction_c
        return {self.sensor: SensorReading(sensor=self.sensor, fault=self.kind, cold_junction_c=cold_junction_c)}


class Swapped(OfSensor):
    """Two plugs are exchanged: each sensor is read under the other's name."""

    kind: Literal["swapped"]
    with_sensor: Level = Field(description="The other one.")

    @property
    def sensors(self) -> tuple[str, ...]:
        """Both."""
        return (self.sensor, self.with_sensor)

    def changes(self, now: Now) -> Mapping[str, SensorReading]:
        """Each has the other's reading."""
        if not self.acts(now.elapsed_us):
            return {}
        names = (self.sensors, reversed(self.sensors))
        return {
            name: now.readings[other].model_copy(update={"sensor": name}) for name, other in zip(*names, strict=True)
        }


class Reversed(OfSensor):
    """Its two wires are exchanged: it reads as far below the terminals as it is above them."""

    kind: Literal["reversed"]

    def changes(self, now: Now) -> Mapping[str, SensorReading]:
        """Mirrored at the cold junction."""
        return misread(self, now, lambda right_c: 2.0 * (now.readings[self.sensor].cold_junction_c or 0.0) - right_c)


class Stuck(OfSensor):
    """Its number stands still, while frames go on."""

    kind: Literal["stuck"]

    def changes(self, now: Now) -> Mapping[str, SensorReading]:
        """The last one."""
        return misread(self, now, lambda right_c: right_c if now.before_c is None else now.before_c)


class Drift(OfSensor):
    """It reads further and further off."""

    kind: Literal["drift"]
    c_per_s: Annotated[float, Field(ge=-1.0, le=1.0)] = Field(description="Degrees in a second.")

    def changes(self, now: Now) -> Mapping[str, SensorReading]:
        """Off by a rate."""
        return misread(self, now, lambda right_c: right_c + self.c_per_s * self.since_s(now.elapsed_us))


class Detached(OfSensor):
    """It was pulled out, and takes on the temperature of skin and drape."""

    kind: Literal["detached"]
    towards_c: TemperatureC = Field(default=29.0, description="Where it ends up.")
    in_s: Annotated[float, Field(gt=0.0, le=60.0)] = Field(default=3.0, description="Time constant.")

    def changes(self, now: Now) -> Mapping[str, SensorReading]:
        """Cools from what it read last, and keeps a little noise."""
        left = math.exp(-self.since_s(now.elapsed_us) / self.in_s)
        noise_c = 0.05 * now.unit

        def cooled_c(right_c: float) -> float:
            from_c = right_c if now.before_c is None else now.before_c
            return self.towards_c + (from_c - self.towards_c) * left + noise_c

        return misread(self, now, cooled_c)


class RfPickUp(OfSensor):
    """Its filter or shield fails: while RF is on it reads the generator, too."""

    kind: Literal["rf-pick-up"]
    by_c: Annotated[float, Field(ge=-50.0, le=50.0)] = Field(default=0.0, description="Constant part.")
    noise_c: Annotated[float, Field(ge=0.0, le=50.0)] = Field(default=1.5, description="Its noise, SD.")

    def changes(self, now: Now) -> Mapping[str, SensorReading]:
        """With RF only."""
        return misread(
            self, now, lambda right_c: right_c + self.by_c + self.noise_c * now.unit if now.rf_on else right_c
        )


class IrrigationDip(OfSensor):
    """Cold irrigant runs over it: it reads the irrigant, not the nerve, and for some time after."""

    kind: Literal["irrigation-dip"]
    for_s: Annotated[float, Field(gt=0.0, le=600.0)] = Field(default=20.0, description="How long it runs.")
    by_c: Annotated[float, Field(gt=0.0, le=30.0)] = Field(default=6.0, description="How much colder it gets.")

    def acts(self, elapsed_us: int) -> bool:
        """Also while it warms again."""
        return self.since_s(elapsed_us) >= 0.0

    def changes(self, now: Now) -> Mapping[str, SensorReading]:
        """Colder."""
        return misread(self, now, lambda right_c: right_c - self.by_c * dip(self.since_s(now.elapsed_us), self.for_s))


SensorFault = Broken | Swapped | Reversed | Stuck | Drift | Detached | RfPickUp | IrrigationDip
"""What changes readings."""


def misread(fault: OfSensor, now: Now, wrong_c: Callable[[float], float]) -> Mapping[str, SensorReading]:
    """The fault's sensor with ``wrong_c`` of its right temperature; one without any temperature stays without."""
    own = now.readings[fault.sensor]
    if own.temperature_c is None or not fault.acts(now.elapsed_us):
        return {}
    return {fault.sensor: told(fault.sensor, wrong_c(own.temperature_c), own.cold_junction_c)}


def dip(since_s: float, for_s: float) -> float:
    """Share of its full depth that a dip of ``for_s`` seconds has so long after it began."""
    depth = 1.0 - math.exp(-min(since_s, for_s) / DIP_S)
    return depth * math.exp(-max(since_s - for_s, 0.0) / REWARMING_S)
