"""Runs a phantom: power in, temperatures, impedance and the lesion out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from cordguard.simulators.bench.phantom import Drive, Phantom
from cordguard.simulators.tissue.block import SLEEVE_STEP_S, TissueBlock
from cordguard.simulators.tissue.lesion import Lesion, lesion_of

EVERY_S: Final = 1.0
"""A row of the result for so many seconds, and one at the end."""


@dataclass(slots=True)
class BenchResult:
    """A row for each second; all lists have its length."""

    time_s: list[float] = field(default_factory=list)
    power_w: list[float] = field(default_factory=list)
    """Delivered at that moment."""
    impedance_ohm: list[float] = field(default_factory=list)
    probes: dict[str, list[float]] = field(default_factory=dict)
    """Probe to its temperatures, °C."""
    lesion: Lesion = field(default_factory=Lesion)
    """At the end."""
    energy_error: float = 0.0
    """Share of the delivered energy that the balance does not account for."""


def run_phantom(phantom: Phantom, on_progress: Callable[[float], None] = lambda _: None) -> BenchResult:
    """Run it to its end; ``on_progress`` hears the simulated seconds gone by."""
    block = TissueBlock(phantom.electrode.needle(), phantom.surroundings())
    drive, result = phantom.drive, BenchResult(probes={probe.name: [] for probe in phantom.probe})
    steps = round(drive.duration_s / SLEEVE_STEP_S)
    every = round(EVERY_S / SLEEVE_STEP_S)
    for step in range(steps):
        power_w = _power_w(drive, block, step * SLEEVE_STEP_S)
        if step % every == 0:
            _note(result, phantom, block, step * SLEEVE_STEP_S, power_w)
            on_progress(step * SLEEVE_STEP_S)
        block.step(power_w, SLEEVE_STEP_S)
    _note(result, phantom, block, steps * SLEEVE_STEP_S, _power_w(drive, block, (steps - 1) * SLEEVE_STEP_S))
    on_progress(drive.duration_s)
    result.lesion = lesion_of(block)
    result.energy_error = block.balance.error
    return result


def _power_w(drive: Drive, block: TissueBlock, at_s: float) -> float:
    if drive.pulses_s is not None and (at_s + 1e-9) % sum(drive.pulses_s) >= drive.pulses_s[0]:
        return 0.0
    if drive.power_w is not None:
        return drive.power_w
    wanted_w = block.power_to_reach_w(drive.temperature_set_c or 0.0)
    return min(max(wanted_w, 0.0), drive.power_max_w or 0.0)


def _note(result: BenchResult, phantom: Phantom, block: TissueBlock, at_s: float, power_w: float) -> None:
    result.time_s.append(round(at_s, 3))
    result.power_w.append(power_w)
    result.impedance_ohm.append(block.impedance_ohm())
    for probe in phantom.probe:
        result.probes[probe.name].append(block.around_c(probe.radial_mm, probe.axial_mm))
