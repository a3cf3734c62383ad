"""A sign of life for whoever supervises a process from outside, such as the health check of a container."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

ALIVE_VARIABLE: Final = "CORDGUARD_ALIVE_FILE"
"""Environment variable that names the file; without it there is none."""

PERIOD_S: Final = 1.0
"""How often the file is touched, at most."""


class AliveFile:
    """A file that is touched once a second while the service is ready: an old one says that it hangs or cannot work."""

    def __init__(self, path: Path, *, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        """Nothing is touched yet."""
        self._path = path
        self._monotonic_s = monotonic_s
        self._due_s = 0.0

    def beat(self, *, ready: bool) -> None:
        """Touch it if that is due: call it in every step. If it cannot be touched, that too is a sign."""
        now_s = self._monotonic_s()
        if ready and now_s >= self._due_s:
            self._due_s = now_s + PERIOD_S
            with contextlib.suppress(OSError):
                self._path.touch()
