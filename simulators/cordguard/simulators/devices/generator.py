"""An RF generator as hardware behaves: a foot switch, a ramp, a set power or a held temperature, cut-offs of its own.

Its foot switch is pressed and released by the simulated operator, in this process: no message reaches it.
"""

from __future__ import annotations

import math
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field, model_validator

from cordguard.contract.telemetry import GeneratorReading
from cordguard.contract.units import PowerW, TemperatureC
from cordguard.simulators.checked import Checked

METER_NOISE: Final = 0.005
"""Relative SD of its meters for power and impedance."""
HOLD_W_PER_C: Final = 0.4
"""Temperature control: watts per degree below the set point,"""
HOLD_W_PER_C_S: Final = 0.03
"""and watts per second for each degree that remains."""


class GeneratorSettings(Checked):
    """How the generator is set up for the case."""

    control: Literal["power", "temperature"] = Field(description="Delivers a set power, or holds a set temperature.")
    power_set_w: PowerW = Field(description="The set power; under temperature control the most that it may use.")
    temperature_set_c: TemperatureC | None = Field(default=None, description="Set point of temperature control.")
    probe: str | None = Field(default=None, description="The sensor that temperature control goes by.")
    ramp_w_per_s: Annotated[float, Field(gt=0.0, le=1_000.0)] = Field(default=4.0, description="Fastest rise of power.")
    impedance_stop_ohm: Annotated[float, Field(gt=0.0)] = Field(default=800.0, description="Stops itself above this.")

    @model_validator(mode="after")
    def _knows_what_to_hold(self) -> GeneratorSettings:
        if self.control == "temperature" and (self.temperature_set_c is None or self.probe is None):
            msg = 'control = "temperature" needs temperature_set_c and probe (the sensor it goes by)'
            raise ValueError(msg)
        return self


class Generator:
    """The generator: ``update`` once per step, then ``reading`` for what it shows."""

    def __init__(self, settings: GeneratorSettings, rng: np.random.Generator) -> None:
        """Switched on, foot switch free; ``rng`` makes its meters' noise."""
        self._settings: Final = settings
        self._rng: Final = rng
        self._seq = 0
        self._rf_on = False
        self._power_w = 0.0
        self._held_w = 0.0
        self._impedance_ohm = 0.0

    @property
    def rf_on(self) -> bool:
        """Whether it delivers RF."""
        return self._rf_on

    def press_foot_switch(self) -> None:
        """RF on, from no power."""
        self._rf_on, self._power_w, self._held_w = True, 0.0, 0.0

    def release_foot_switch(self) -> None:
        """RF off, at once."""
        self._rf_on, self._power_w = False, 0.0

    def update(self, impedance_ohm: float, probe_c: float | None, dt_s: float) -> float:
        """The power, W, that it delivers for the next ``dt_s`` seconds into this load.

        ``probe_c`` is what its probe reads; None means no reading, which ends RF under temperature control, as an
        impedance above the cut-off does under any: then the foot switch must be pressed anew.
        """
        self._impedance_ohm = impedance_ohm
        blind = self._settings.control == "temperature" and probe_c is None
        if self._rf_on and (blind or impedance_ohm > self._settings.impedance_stop_ohm):
            self.release_foot_switch()
        if self._rf_on:
            wanted_w = self._wanted_w(probe_c, dt_s)
            self._power_w = min(wanted_w, self._power_w + self._settings.ramp_w_per_s * dt_s)
        return self._power_w

    def reading(self, at_us: int) -> GeneratorReading:
        """What it shows now; the load is measured with RF only. Noise is drawn in any case."""
        self._seq += 1
        power_noise, impedance_noise = (1.0 + METER_NOISE * float(unit) for unit in self._rng.standard_normal(2))
        power_w = self._power_w * power_noise
        impedance_ohm = self._impedance_ohm * impedance_noise
        return GeneratorReading(
            seq=self._seq,
            at_us=at_us,
            rf_on=self._rf_on,
            power_w=round(power_w, 3),
            impedance_ohm=round(impedance_ohm, 2) if self._rf_on else None,
            power_set_w=self._settings.power_set_w,
            voltage_v=round(math.sqrt(power_w * impedance_ohm), 3) if self._rf_on else 0.0,
            current_a=round(math.sqrt(power_w / impedance_ohm), 5) if self._rf_on else 0.0,
            temperature_set_c=self._settings.temperature_set_c,
        )

    def _wanted_w(self, probe_c: float | None, dt_s: float) -> float:
        set_w, set_c = self._settings.power_set_w, self._settings.temperature_set_c
        if self._settings.control == "power" or set_c is None or probe_c is None:
            return set_w
        short_c = set_c - probe_c
        wanted_w = HOLD_W_PER_C * short_c + self._held_w
        if 0.0 < wanted_w < set_w:  # else the integral would wind up
            self._held_w += HOLD_W_PER_C_S * short_c * dt_s
        return min(max(wanted_w, 0.0), set_w)
