"""The file port of the journal: the one place where a disk can say no, and where tests make it say so."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from cordguard.contract.units import LEVEL_PATTERN

ROOM_NAME: Final = re.compile(LEVEL_PATTERN)


class AppendFile(Protocol):
    """A file that only grows, unless a torn tail is cut off."""

    def append(self, data: bytes) -> None:
        """Write all of it or raise OSError; kept once ``write(2)`` returned."""

    def cut(self, size: int) -> None:
        """Drop what stands behind ``size`` bytes."""

    def sync(self) -> None:
        """Force it to the disk (fsync)."""

    def close(self) -> None:
        """Let go of it."""


class OpenFile(Protocol):
    """Opens a file for appending, made if missing.

    Raises:
        OSError: the disk said no.
    """

    def __call__(self, path: Path) -> AppendFile:
        """Open it."""


class _PosixFile:
    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)

    def append(self, data: bytes) -> None:
        written = os.write(self._descriptor, data)
        while written < len(data):
            written += os.write(self._descriptor, data[written:])

    def cut(self, size: int) -> None:
        os.ftruncate(self._descriptor, size)

    def sync(self) -> None:
        os.fsync(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)


def open_file(path: Path) -> AppendFile:
    """The real thing."""
    return _PosixFile(path)


FreePercent = Callable[[Path], float | None]
"""Which part of a folder's disk is free for us, in percent; None if that cannot be told."""
UsedBytes = Callable[[Path], int | None]
"""How many bytes the files in the folders of a folder take; None if that cannot be told."""


def free_percent(folder: Path) -> float | None:
    """The real thing."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None
    return 100.0 * usage.free / usage.total if usage.total else None


def used_bytes(folder: Path) -> int | None:
    """The real thing: files of all rooms, with what stands beside them.

    A disk of its own has a ``lost+found``, which is no room and which nobody may read.
    """
    try:
        with os.scandir(folder) as entries:
            rooms = [entry.path for entry in entries if ROOM_NAME.search(entry.name) and entry.is_dir()]
        return sum(_bytes_in(room) for room in rooms)
    except OSError:
        return None


def _bytes_in(room: str) -> int:
    with os.scandir(room) as entries:
        return sum(entry.stat(follow_symlinks=False).st_size for entry in entries if entry.is_file())


@dataclass(frozen=True, slots=True)
class Disk:
    """How a disk is asked how full it is."""

    free: FreePercent
    used: UsedBytes


THE_DISK: Final = Disk(free_percent, used_bytes)
"""The real one."""
