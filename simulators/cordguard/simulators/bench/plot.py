"""A picture of a bench: temperatures, power and impedance over time."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from cordguard.simulators.bench.phantom import Phantom
from cordguard.simulators.bench.run import BenchResult


def draw(phantom: Phantom, result: BenchResult, path: Path) -> None:
    """Write the picture; its kind follows from the path's ending.

    Raises:
        OSError: it cannot be written.
        ValueError: the ending is no kind of picture.
    """
    figure = Figure(figsize=(9.0, 7.0), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
    for probe in phantom.probe:
        label = f"{probe.name} ({probe.radial_mm:g} mm, {probe.axial_mm:+g} mm)"
        above.plot(result.time_s, result.probes[probe.name], label=label)
    above.set_ylabel("temperature, °C")
    above.grid(alpha=0.3)
    if phantom.probe:
        above.legend()
    lesion = result.lesion
    above.set_title(
        f"{phantom.electrode.kind}, {phantom.electrode.diameter_mm:g} mm; "
        f"coagulated {lesion.width_mm:.1f} mm wide, {lesion.length_mm:.1f} mm long"
    )
    below.plot(result.time_s, result.power_w, color="tab:gray", label="power")
    below.set_ylabel("power, W")
    below.set_xlabel("time, s")
    right = below.twinx()
    right.plot(result.time_s, result.impedance_ohm, color="tab:purple", label="impedance")
    right.set_ylabel("impedance, Ω")
    below.legend(handles=[*below.lines, *right.lines])
    figure.savefig(path, dpi=120)
