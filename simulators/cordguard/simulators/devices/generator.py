"""An RF generator as hardware behaves: a foot switch, a control law, cut-offs of its own, and meters that err.

A pure state machine: what it measures, the foot switch and a stretch of time go in, the power that it delivers comes
out. Its foot switch is worked by the simulated operator, in this process: no message reaches it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from cordguard.contract.telemetry import GeneratorReading
from cordguard.simulators.devices.control import ControlLaw, Seen, StopReason, law_of
from cordguard.simulators.devices.cutoffs import CutOffs
from cordguard.simulators.devices.generator_settings import CooledBipolar, GeneratorSettings, HoldsTemperature

METER_NOISE: Final = 0.005
"""Relative SD of its meters for power and impedance."""


@dataclass(slots=True)
class FootSwitch:
    """The pedal and the lamp above it: all that an operator and a generator have between them."""

    pressed: bool = False
    """Whether a foot is on it."""
    rf_on: bool = False
    """The lamp: a treatment is under way."""

    def press_foot_switch(self) -> None:
        """The lamp goes on."""
        self.pressed = self.rf_on = True

    def release_foot_switch(self) -> None:
        """RF off, at once."""
        self.pressed = self.rf_on = False


class Generator:
    """The generator: ``step`` once per frame, then ``reading`` whenever it reports."""

    def __init__(self, settings: GeneratorSettings, rng: np.random.Generator) -> None:
        """Switched on, foot switch free; ``rng`` makes its meters' noise."""
        self._settings: Final = settings
        self._rng: Final = rng
        self._seq = 0
        self._power_w = 0.0
        self._seen = Seen(0.0, {})
        self._law: ControlLaw | None = None
        self._cut_offs = CutOffs(settings)
        self.stopped_for: StopReason | None = None
        """Why it ended RF by itself; the foot switch must be released and pressed anew."""

    @property
    def under_way(self) -> bool:
        """Whether a treatment goes on: its lamp."""
        return self._law is not None

    @property
    def rf_on(self) -> bool:
        """Whether it says that it delivers RF; a rest between two pulses counts."""
        return self._law is not None and self._law.delivering

    def step(self, dt_s: float, seen: Seen, *, pressed: bool) -> float:
        """The power, W, that it delivers for the next ``dt_s`` seconds."""
        self._seen = seen
        if not pressed:
            self._law, self.stopped_for, self._power_w = None, None, 0.0
        elif self._law is None and self.stopped_for is None:
            self._law, self._cut_offs = law_of(self._settings), CutOffs(self._settings)
        if self._law is not None:
            self._deliver(self._law, dt_s, seen)
        return self._power_w

    def reading(self, at_us: int) -> GeneratorReading:
        """What it shows now; the load is measured with RF only. Noise is drawn in any case."""
        self._seq += 1
        settings, seen = self._settings, self._seen
        power_noise, load_noise, pad_noise = (METER_NOISE * float(unit) for unit in self._rng.standard_normal(3))
        power_w = self._power_w * (1.0 + settings.power_meter_error) * (1.0 + power_noise)
        impedance_ohm = seen.impedance_ohm * (1.0 + settings.impedance_meter_error) * (1.0 + load_noise)
        measured = self.rf_on and impedance_ohm > 0.0
        return GeneratorReading(
            seq=self._seq,
            at_us=at_us,
            rf_on=self.rf_on,
            power_w=round(power_w, 3),
            impedance_ohm=round(impedance_ohm, 2) if measured else None,
            power_set_w=self._law.set_w if self._law is not None else settings.power_set_w,
            voltage_v=round(math.sqrt(power_w * impedance_ohm), 3) if measured else 0.0,
            current_a=round(math.sqrt(power_w / impedance_ohm), 5) if measured else 0.0,
            temperature_set_c=settings.temperature_set_c if isinstance(settings, HoldsTemperature) else None,
            pump_flow_ml_min=round(settings.pump_flow_ml_min * seen.pump, 2)
            if isinstance(settings, CooledBipolar)
            else None,
            pad_impedance_ohm=round(seen.pad_ohm * (1.0 + pad_noise), 2) if seen.pad_ohm is not None else None,
        )

    def _deliver(self, law: ControlLaw, dt_s: float, seen: Seen) -> None:
        wanted_w = law.wanted_w(dt_s, seen)
        self.stopped_for = self._cut_offs.check(dt_s, seen) or law.over
        if self.stopped_for is not None:
            self._law, self._power_w = None, 0.0
        else:
            self._power_w = min(wanted_w, self._power_w + self._settings.ramp_w_per_s * dt_s)
