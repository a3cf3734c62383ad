"""The devices of one room together: generator, thermometry, their common clock, and what fails in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cordguard.contract.telemetry import GeneratorReading, StatusSensor, TemperatureReading
from cordguard.simulators.checked import MICROS_PER_S
from cordguard.simulators.devices.control import Seen
from cordguard.simulators.devices.dice import dice
from cordguard.simulators.devices.faults import FaultSettings, SensorFaults, load_seen
from cordguard.simulators.devices.generator import FootSwitch, Generator
from cordguard.simulators.devices.generator_settings import GeneratorSettings, PulsedMonopolar
from cordguard.simulators.devices.load_faults import LoadFault
from cordguard.simulators.devices.sensor_faults import IrrigationDip, SensorFault
from cordguard.simulators.devices.stream_faults import ClockSkew, ClockStep, ForeignSession, clock_off_us
from cordguard.simulators.devices.surroundings import Surroundings
from cordguard.simulators.devices.thermometry import SensorSettings, Thermometry, ThermometrySettings


@dataclass(frozen=True, slots=True)
class RackSetup:
    """Which devices there are, and what will break."""

    generator: GeneratorSettings
    thermometry: ThermometrySettings
    sensors: Sequence[SensorSettings]
    faults: Sequence[FaultSettings] = ()


class Sampler:
    """When a device with a rate of its own reports: at the first frame in which its next reading is ready."""

    def __init__(self, rate_hz: float) -> None:
        """Its first reading is ready at once."""
        self._rate_hz: Final = rate_hz
        self._taken = -1

    def due(self, elapsed_us: int) -> bool:
        """Whether a reading is ready; it is taken then."""
        ready = int(elapsed_us * self._rate_hz / MICROS_PER_S + 1e-9)
        due, self._taken = ready > self._taken, ready
        return due


class Rack:
    """Call ``next_frame`` for each frame; the time until the next passes in it."""

    def __init__(self, setup: RackSetup, around: Surroundings, seed: int) -> None:
        """Switched on; ``seed`` makes all noise and chance."""
        self.foot_switch: Final = FootSwitch()
        """For the operator's foot."""
        self._around: Final = around
        self._setup: Final = setup
        self._generator: Final = Generator(setup.generator, dice(seed, "generator meters"))
        self._thermometry: Final = Thermometry(setup.thermometry, setup.sensors, around.temperatures_c(), seed)
        self._sensor_faults: Final = SensorFaults(
            [each for each in setup.faults if isinstance(each, SensorFault)], seed
        )
        self._load_faults: Final = [each for each in setup.faults if isinstance(each, LoadFault)]
        self._clock_faults: Final = [each for each in setup.faults if isinstance(each, ClockSkew | ClockStep)]
        self._stamps: Final = [each for each in setup.faults if isinstance(each, ForeignSession)]
        self._generator_sampler: Final = Sampler(setup.generator.rate_hz)
        self._thermometry_sampler: Final = Sampler(setup.thermometry.rate_hz)
        self._read_c: dict[str, float] = {}

    @property
    def sensors(self) -> tuple[StatusSensor, ...]:
        """What the thermometry says it has."""
        return self._thermometry.sensors

    def clock_us(self, at_us: int, elapsed_us: int) -> int:
        """What the devices' clock says."""
        return max(at_us + clock_off_us(self._clock_faults, elapsed_us), 0)

    def irrigate(self, elapsed_us: int, for_s: float, by_c: float) -> None:
        """Cold irrigant runs over all neural sensors from now on."""
        for sensor in self._setup.sensors:
            if sensor.role == "neural":
                dip = IrrigationDip(
                    kind="irrigation-dip", sensor=sensor.name, at_s=elapsed_us / MICROS_PER_S, for_s=for_s, by_c=by_c
                )
                self._sensor_faults.add(dip)

    def next_frame(self, at_us: int, elapsed_us: int, dt_s: float) -> tuple[GeneratorReading | TemperatureReading, ...]:
        """What the devices report now, generator first; then ``dt_s`` seconds pass."""
        clock_us = self.clock_us(at_us, elapsed_us)
        temperatures = self._temperatures(clock_us, elapsed_us)
        switch = self.foot_switch
        power_w = self._generator.step(dt_s, self._seen(elapsed_us), pressed=switch.pressed)
        switch.rf_on = self._generator.under_way
        readings: tuple[GeneratorReading | TemperatureReading, ...]
        readings = (*self._meters(clock_us, elapsed_us), *temperatures)
        self._around.take(power_w, dt_s)
        self._thermometry.follow(self._around.temperatures_c(), dt_s)
        stamp = next((each.session for each in self._stamps if each.acts(elapsed_us)), None)
        return readings if stamp is None else tuple(each.model_copy(update={"session": stamp}) for each in readings)

    def _temperatures(self, clock_us: int, elapsed_us: int) -> tuple[TemperatureReading, ...]:
        if not self._thermometry_sampler.due(elapsed_us):
            return ()
        rf_on = self._generator.rf_on
        sound = self._thermometry.frame(clock_us, rf_on=rf_on)
        frame = self._sensor_faults.frame(sound, elapsed_us, rf_on=rf_on)
        self._read_c = {each.sensor: each.temperature_c for each in frame.readings if each.temperature_c is not None}
        return (frame,)

    def _meters(self, clock_us: int, elapsed_us: int) -> tuple[GeneratorReading, ...]:
        return (self._generator.reading(clock_us),) if self._generator_sampler.due(elapsed_us) else ()

    def _seen(self, elapsed_us: int) -> Seen:
        load_ohm = self._around.impedance_ohm() if self.foot_switch.rf_on else 0.0  # measured with RF only
        pad_ohm = self._setup.generator.pad_ohm if isinstance(self._setup.generator, PulsedMonopolar) else None
        return load_seen(self._load_faults, Seen(load_ohm, self._read_c, pad_ohm=pad_ohm), elapsed_us)
