"""``cordguard bench``: a phantom against the physics of the simulators."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

from cordguard.cli.terminal import Progress, complain, say
from cordguard.runtime.service import EXIT_OK, SetupError
from cordguard.simulators.bench.phantom import Phantom, PhantomError, read_phantom
from cordguard.simulators.bench.run import BenchResult, run_phantom

BenchFormat = Literal["json", "csv"]
BAR: Final = 30
WARN_ERROR: Final = 0.01
"""More of the energy than this must not get lost."""


def run_bench(file: Path, form: BenchFormat, output: Path | None, plot: Path | None) -> int:
    """Run a phantom, write its result, and draw it if asked to.

    Raises:
        SetupError: the file cannot be read, is no phantom, or a result cannot be written.
    """
    phantom = _load(file)
    progress = Progress(sys.stderr)
    result = run_phantom(phantom, lambda at_s: progress.show(lambda: _bar(at_s, phantom.drive.duration_s)))
    progress.clear()
    if result.energy_error > WARN_ERROR:
        complain(f"{100.0 * result.energy_error:.1f} % of the energy is not accounted for; take finer cells.")
    text = as_json(result) if form == "json" else as_csv(result)
    if output is None:
        say(text.rstrip("\n"))
    else:
        _written(output, lambda: output.write_text(text, encoding="utf-8"))
    if plot is not None:
        from cordguard.simulators.bench.plot import draw  # noqa: PLC0415 - a second to import, and rarely needed

        _written(plot, lambda: draw(phantom, result, plot))
    return EXIT_OK


def as_json(result: BenchResult) -> str:
    """Rows as lists, probes by name, the lesion's size; with more digits than anybody measures."""
    lesion = {"width": round(result.lesion.width_mm, 3), "length": round(result.lesion.length_mm, 3)}
    content = {
        "time_s": result.time_s,
        "power_w": _rounded(result.power_w),
        "impedance_ohm": _rounded(result.impedance_ohm),
        "probes": {name: _rounded(values) for name, values in result.probes.items()},
        "lesion_mm": lesion,
    }
    return json.dumps(content, ensure_ascii=False) + "\n"


def as_csv(result: BenchResult) -> str:
    """A row for each second; the lesion stands in the JSON only."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["time_s", "power_w", "impedance_ohm", *(f"{name}_c" for name in result.probes)])
    columns = (result.power_w, result.impedance_ohm, *result.probes.values())
    rows.writerows(zip(result.time_s, *(_rounded(column) for column in columns), strict=True))
    return out.getvalue()


def _load(file: Path) -> Phantom:
    try:
        return read_phantom(file.read_text(encoding="utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{file} cannot be read: {error}."
    except PhantomError as error:
        msg = f"{error}."
    raise SetupError(msg)


def _written(path: Path, write: Callable[[], object]) -> None:
    try:
        write()
    except OSError as error:
        msg = f"{path} cannot be written: {error}."
        raise SetupError(msg) from error
    except ValueError as error:  # an ending that says nothing about the kind of picture
        msg = f"{path}: {error}."
        raise SetupError(msg) from error


def _rounded(values: list[float]) -> list[float]:
    return [round(value, 4) for value in values]


def _bar(at_s: float, duration_s: float) -> str:
    done = round(BAR * at_s / duration_s)
    return f"[{'#' * done}{'.' * (BAR - done)}] {at_s:.0f} of {duration_s:.0f} s simulated"
