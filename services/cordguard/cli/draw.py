"""``cordguard simulate --picture`` and ``--film``: a scenario's temperature field, drawn."""

from __future__ import annotations

import sys
from pathlib import Path

from cordguard.cli.terminal import Progress, say
from cordguard.runtime.service import EXIT_OK, SetupError
from cordguard.simulators.drawing.film import FilmError
from cordguard.simulators.drawing.scenes import NothingToDrawError, draw_scenario
from cordguard.simulators.scenario import ScenarioError, load_scenario


def run_drawing(name: str, seed: int | None, picture: Path | None, film: Path | None) -> int:
    """Play a scenario and draw it.

    Raises:
        SetupError: there is no such scenario, it cannot be drawn, or a file cannot be written.
    """
    progress = Progress(sys.stderr)
    try:
        draw_scenario(
            load_scenario(name),
            seed if seed is not None else 1,
            picture,
            film,
            lambda at_s, ends_s: progress.show(lambda: f"{at_s:.0f} of {ends_s:.0f} s simulated"),
        )
    except (ScenarioError, FilmError, NothingToDrawError, ValueError) as error:
        msg = f"{error}."
        raise SetupError(msg) from error
    except OSError as error:
        msg = f"{error.filename or picture or film} cannot be written: {error.strerror or error}."
        raise SetupError(msg) from error
    finally:
        progress.clear()
    for written in (picture, film):
        if written is not None:
            say(f"{written}")
    return EXIT_OK
