"""Thermocouples and the box that reads them: late by a time constant, off by a little, noisier while RF is on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal

from pydantic import Field

from cordguard.contract.case import DistanceMm
from cordguard.contract.telemetry import SensorReading, StatusSensor, TemperatureReading
from cordguard.contract.units import TEMPERATURE_MAX_C, TEMPERATURE_MIN_C, Level, Role, Word
from cordguard.simulators.checked import Checked
from cordguard.simulators.devices.dice import dice
from cordguard.simulators.tissue.model import PositionMm

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


class ThermometrySettings(Checked):
    """The box; a converter with open-circuit detection and mains filter gives 6 to 10 readings in a second."""

    rate_hz: Annotated[float, Field(ge=1.0, le=10.0)] = Field(default=10.0, description="Frames in a second.")
    cold_junction_c: Annotated[float, Field(ge=10.0, le=40.0)] = Field(
        default=23.9, description="Temperature of its terminals: that of the room."
    )
    cold_junction_error_c: Annotated[float, Field(ge=-5.0, le=5.0)] = Field(
        default=0.0, description="Error in knowing that temperature; every sensor is off by it."
    )


class Thermometry:
    """The box with its sensors: follows temperatures step by step, reports frames when asked."""

    def __init__(
        self, settings: ThermometrySettings, sensors: Sequence[SensorSettings], start_c: Mapping[str, float], seed: int
    ) -> None:
        """Sensors that have taken on ``start_c``, by name; each has noise of its own."""
        self._settings: Final = settings
        self._sensors: Final = tuple(sensors)
        self._junction_c = {sensor.name: start_c[sensor.name] for sensor in sensors}
        self._dice: Final = {sensor.name: dice(seed, f"sensor {sensor.name}") for sensor in sensors}
        self._box_dice: Final = dice(seed, "cold junction")
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

    def frame(self, at_us: int, *, rf_on: bool) -> TemperatureReading:
        """The next frame, as a sound box with sound sensors gives it."""
        self._seq += 1
        noise_c = COLD_JUNCTION_NOISE_C * float(self._box_dice.standard_normal())
        measured_c = self._settings.cold_junction_c + self._settings.cold_junction_error_c + noise_c
        readings = tuple(self._reading(sensor, round(measured_c, DECIMALS), rf_on=rf_on) for sensor in self._sensors)
        return TemperatureReading(seq=self._seq, at_us=at_us, readings=readings)

    def _reading(self, sensor: SensorSettings, cold_junction_c: float, *, rf_on: bool) -> SensorReading:
        noise_c = float(self._dice[sensor.name].standard_normal()) * (sensor.noise_rf_c if rf_on else sensor.noise_c)
        error_c = sensor.offset_c + self._settings.cold_junction_error_c
        return told(sensor.name, self._junction_c[sensor.name] + error_c + noise_c, cold_junction_c)


def told(sensor: str, temperature_c: float, cold_junction_c: float | None) -> SensorReading:
    """A reading as the box reports it: rounded, and with its range fault where a thermocouple cannot be."""
    if not TEMPERATURE_MIN_C <= temperature_c <= TEMPERATURE_MAX_C:
        return SensorReading(sensor=sensor, fault="range", cold_junction_c=cold_junction_c)
    return SensorReading(sensor=sensor, temperature_c=round(temperature_c, DECIMALS), cold_junction_c=cold_junction_c)
