"""Thermocouples and the box that reads them: late by a time constant, off by a little, noisier while RF is on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from cordguard.contract.case import DistanceMm
from cordguard.contract.telemetry import SensorReading, StatusSensor, TemperatureReading
from cordguard.contract.units import TEMPERATURE_MAX_C, TEMPERATURE_MIN_C, Fault, Level, Role, Word
from cordguard.simulators.checked import Checked
from cordguard.simulators.tissue.model import PositionMm

COLD_JUNCTION_C: Final = 23.9
"""Temperature of the terminals, in an air-conditioned room."""
COLD_JUNCTION_NOISE_C: Final = 0.02
DECIMALS: Final = 2
"""Resolution of what the box reports: 0.01 °C."""


class SensorSettings(Checked):
    """One thermocouple: where it lies and how well it measures."""

    name: Level = Field(description="Its name at its source.")
    role: Role = Field(description="What it guards.")
    structure: Word | None = Field(default=None, description="The guarded structure, for the case.")
    distance_mm: DistanceMm | None = Field(
        default=None, description="From the ablation to that structure, for the case."
    )
    mount: Literal["patient", "needle"] = Field(
        default="patient", description="Stays where it is in the patient, or goes with the needle."
    )
    position_mm: PositionMm = Field(
        description="Where its junction lies. In the patient: to his left, back and head from the middle of the "
        "posterior wall (or of the ball). On the needle: the third along it to the hand, from its active part's middle."
    )
    lag_s: Annotated[float, Field(ge=0.0, le=10.0)] = Field(default=0.5, description="Time constant, first order.")
    noise_c: Annotated[float, Field(ge=0.0, le=5.0)] = Field(default=0.05, description="Noise without RF, SD.")
    noise_rf_c: Annotated[float, Field(ge=0.0, le=5.0)] = Field(default=0.15, description="Noise under RF, SD.")
    offset_c: Annotated[float, Field(ge=-5.0, le=5.0)] = Field(default=0.0, description="Constant error of reading.")


class Thermometry:
    """The box with its sensors: follows temperatures step by step, reports frames when asked."""

    def __init__(
        self, sensors: Sequence[SensorSettings], start_c: Mapping[str, float], rng: np.random.Generator
    ) -> None:
        """Sensors that have taken on ``start_c``, by name; ``rng`` makes the noise."""
        self._sensors: Final = tuple(sensors)
        self._junction_c = {sensor.name: start_c[sensor.name] for sensor in sensors}
        self._rng: Final = rng
        self._seq = 0

    @property
    def sensors(self) -> tuple[StatusSensor, ...]:
        """What the box says it has."""
        return tuple(StatusSensor(sensor=sensor.name, role=sensor.role) for sensor in self._sensors)

    def follow(self, tissue_c: Mapping[str, float], dt_s: float) -> None:
        """Let ``dt_s`` seconds pass in which the tissue at each sensor is this warm."""
        for sensor in self._sensors:
            gain = 1.0 if sensor.lag_s == 0.0 else 1.0 - math.exp(-dt_s / sensor.lag_s)
            self._junction_c[sensor.name] += gain * (tissue_c[sensor.name] - self._junction_c[sensor.name])

    def frame(self, at_us: int, faults: Mapping[str, Fault], *, rf_on: bool) -> TemperatureReading:
        """The next frame. Noise is drawn for every sensor, faulty or not: a fault changes nothing but itself."""
        self._seq += 1
        noise = self._rng.standard_normal(len(self._sensors) + 1)
        cold_junction_c = round(COLD_JUNCTION_C + COLD_JUNCTION_NOISE_C * float(noise[-1]), DECIMALS)
        readings = tuple(
            SensorReading(sensor=sensor.name, fault=fault, cold_junction_c=cold_junction_c)
            if (fault := faults.get(sensor.name))
            else SensorReading(
                sensor=sensor.name,
                temperature_c=self._reported_c(sensor, float(unit), rf_on=rf_on),
                cold_junction_c=cold_junction_c,
            )
            for sensor, unit in zip(self._sensors, noise[:-1], strict=True)
        )
        return TemperatureReading(seq=self._seq, at_us=at_us, readings=readings)

    def _reported_c(self, sensor: SensorSettings, unit: float, *, rf_on: bool) -> float:
        noise_c = unit * (sensor.noise_rf_c if rf_on else sensor.noise_c)
        measured_c = self._junction_c[sensor.name] + sensor.offset_c + noise_c
        return round(min(max(measured_c, TEMPERATURE_MIN_C), TEMPERATURE_MAX_C), DECIMALS)
