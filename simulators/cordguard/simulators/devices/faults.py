"""Faults as a scenario scripts them: all that may be listed under ``[[faults]]``, and those of sensors at work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Final

import numpy as np
from pydantic import Field

from cordguard.contract.telemetry import SensorReading, TemperatureReading
from cordguard.simulators.checked import MICROS_PER_S, micros
from cordguard.simulators.devices.control import Seen
from cordguard.simulators.devices.dice import dice
from cordguard.simulators.devices.load_faults import ImpedanceFault, LoadFault, PadFailure, PumpFailure
from cordguard.simulators.devices.sensor_faults import (
    Broken,
    Detached,
    Drift,
    IrrigationDip,
    Now,
    Reversed,
    RfPickUp,
    SensorFault,
    Stuck,
    Swapped,
)
from cordguard.simulators.devices.stream_faults import (
    ClockSkew,
    ClockStep,
    Duplicate,
    ForeignSession,
    GatewayLoss,
    Reorder,
)

FaultSettings = Annotated[
    Broken
    | Reversed
    | Stuck
    | Drift
    | Swapped
    | Detached
    | RfPickUp
    | IrrigationDip
    | ImpedanceFault
    | PadFailure
    | PumpFailure
    | GatewayLoss
    | Duplicate
    | Reorder
    | ClockSkew
    | ClockStep
    | ForeignSession,
    Field(discriminator="kind"),
]
"""One fault of a scenario, told from the others by its kind."""


class SensorFaults:
    """The faults of a run's sensors, frame by frame, in the order of the scenario."""

    def __init__(self, faults: Iterable[SensorFault], seed: int) -> None:
        """Each fault has chance of its own."""
        self._seed: Final = seed
        self._faults: Final = [_Running(fault, seed) for fault in faults]

    def add(self, fault: SensorFault) -> None:
        """One more, from now on."""
        self._faults.append(_Running(fault, self._seed))

    def frame(self, sound: TemperatureReading, elapsed_us: int, *, rf_on: bool) -> TemperatureReading:
        """The frame as it is read; call it once for each."""
        readings = {reading.sensor: reading for reading in sound.readings}
        for running in self._faults:
            readings |= running.change(readings, elapsed_us, rf_on=rf_on)
        return sound.model_copy(update={"readings": tuple(readings.values())})


class _Running:
    """One fault during a run: its chance, and what its sensor read before it began."""

    def __init__(self, fault: SensorFault, seed: int) -> None:
        self._fault: Final = fault
        self._rng: Final[np.random.Generator] = dice(
            seed, f"fault {type(fault).__name__} {fault.sensor} {fault.at_s * MICROS_PER_S:.0f}"
        )
        self._before_c: float | None = None

    def change(
        self, readings: Mapping[str, SensorReading], elapsed_us: int, *, rf_on: bool
    ) -> Mapping[str, SensorReading]:
        fault = self._fault
        luck, unit = float(self._rng.random()), float(self._rng.standard_normal())  # drawn in any case
        if elapsed_us < micros(fault.at_s):
            self._before_c = readings[fault.sensor].temperature_c
            return {}
        return fault.changes(Now(readings, elapsed_us, rf_on, self._before_c, luck, unit))


def load_seen(faults: Sequence[LoadFault], seen: Seen, elapsed_us: int) -> Seen:
    """What the generator measures with these faults of its load."""
    for fault in faults:
        if fault.acts(elapsed_us):
            seen = fault.seen(seen)
    return seen
