"""A film of the field: one picture for each step of time, as GIF, or as MP4 where ffmpeg is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from matplotlib.animation import AbstractMovieWriter, FFMpegWriter, PillowWriter

from cordguard.simulators.drawing.field import FieldPicture

FRAMES_PER_S: Final = 8
DPI: Final = 90
_WRITERS: Final[dict[str, type[PillowWriter | FFMpegWriter]]] = {".gif": PillowWriter, ".mp4": FFMpegWriter}


class FilmError(Exception):
    """A film that cannot be made: says why and what to do."""


def check_film(path: Path) -> None:
    """Find out before a long run whether its film can be written.

    Raises:
        FilmError: the ending is neither ``.gif`` nor ``.mp4``, or there is no ffmpeg for the latter.
    """
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        msg = f"{path}: a film is a .gif or .mp4 file"
        raise FilmError(msg)
    if not writer.isAvailable():
        msg = f"{path}: needs ffmpeg, which is not installed; install it, or take .gif"
        raise FilmError(msg)


@contextmanager
def filming(picture: FieldPicture, path: Path) -> Iterator[Callable[[float], None]]:
    """Gives a function that takes the next picture, at a time in seconds; the film is whole when the block ends.

    Raises:
        FilmError: as ``check_film``.
        OSError: it cannot be written.
    """
    check_film(path)
    writer: AbstractMovieWriter = _WRITERS[path.suffix.lower()](fps=FRAMES_PER_S)
    with writer.saving(picture.figure, str(path), DPI):

        def take(time_s: float) -> None:
            picture.draw(time_s)
            writer.grab_frame()

        yield take
