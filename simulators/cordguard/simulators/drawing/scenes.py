"""A scenario drawn: its field when the canal is hottest, or the whole of it as a film. Nobody has to listen."""

from __future__ import annotations

import errno
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from matplotlib.figure import Figure

from cordguard.simulators.checked import MICROS_PER_S, micros
from cordguard.simulators.drawing.field import FieldPicture
from cordguard.simulators.drawing.film import check_film, filming
from cordguard.simulators.recording import scripted_room
from cordguard.simulators.room import FRAME_US
from cordguard.simulators.scenario import Scenario
from cordguard.simulators.tissue.spine import SpineTissue

FILM_EVERY_S: Final = 3.0
"""From one picture of a film to the next; 24 times as fast as the case."""
START_US: Final = 1_790_000_000_000_000
DPI: Final = 120

OnProgress = Callable[[float, float], None]
"""Seconds played, of how many."""


class NothingToDrawError(Exception):
    """A scenario without anatomy: says so, and what to do."""


def draw_scenario(
    scenario: Scenario, seed: int, picture: Path | None, film: Path | None, on_progress: OnProgress
) -> None:
    """Play a scenario by its fixed script and draw it; the picture shows the end of RF, when most is hot.

    Raises:
        NothingToDrawError: the scenario lies in one tissue, so that there is no anatomy.
        FilmError: such a film cannot be made here.
        OSError: a file cannot be written.
        ValueError: the picture's ending is no kind of picture; as an OSError, it comes before anything is played.
    """
    room = scripted_room(scenario, seed, START_US)
    tissue = room.patient.model
    if not isinstance(tissue, SpineTissue):
        msg = f"{scenario.name} lies in one tissue: there is no anatomy to draw; give it [patient.vertebra]"
        raise NothingToDrawError(msg)
    if film is not None:
        check_film(film)
    if picture is not None:
        _check_picture(picture)
    script = scenario.recording
    drawn = FieldPicture(tissue, room.patient.places_mm, scenario.title.partition(":")[0])
    with ExitStack() as stack:
        take = stack.enter_context(filming(drawn, film)) if film is not None else None
        ends_s = script.until_s if film is not None else script.rf_off_s
        while (at_s := (room.at_us - START_US) / MICROS_PER_S) <= ends_s:
            room.next_frame()
            if take is not None and (room.at_us - START_US) % micros(FILM_EVERY_S) < FRAME_US:
                take(at_s)
            if picture is not None and at_s <= script.rf_off_s < at_s + FRAME_US / MICROS_PER_S:
                drawn.draw(at_s)
                drawn.figure.savefig(picture, dpi=DPI)
            on_progress(at_s, ends_s)


def _check_picture(path: Path) -> None:
    kinds = Figure().canvas.get_supported_filetypes()
    if path.suffix.lower().removeprefix(".") not in kinds:
        msg = f"{path}: the ending must be one of {', '.join(sorted(kinds))}"
        raise ValueError(msg)
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "its folder does not exist", str(path))
