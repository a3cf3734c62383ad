"""What a person sees of the command line: sentences, and one line of progress."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Final, TextIO

EVERY_S: Final = 10.0
"""How often progress is written where lines cannot be rewritten (a file, a build log)."""

AFRESH: Final = "\r\x1b[K"
"""Back to the start of the line, and whatever stands there is gone (an echoed ^C too)."""

REWRITE_EVERY_S: Final = 0.2
"""How often it is rewritten on a terminal."""


def say(words: str) -> None:
    """A line for the user."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def complain(words: str) -> None:
    """A line about trouble, on standard error."""
    sys.stdout.flush()
    sys.stderr.write(f"cordguard: {words}\n")
    sys.stderr.flush()


class Progress:
    """One line that is rewritten in place on a terminal, and now and then a line elsewhere."""

    def __init__(self, out: TextIO, *, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        """Write to ``out``."""
        self._out = out
        self._terminal = out.isatty()
        self._every_s = REWRITE_EVERY_S if self._terminal else EVERY_S
        self._monotonic_s = monotonic_s
        self._last_s: float | None = None
        self._shown = False

    def show(self, words: Callable[[], str]) -> None:
        """Write the line that ``words`` makes, if it is time for one."""
        now_s = self._monotonic_s()
        if self._last_s is not None and now_s - self._last_s < self._every_s:
            return
        self._last_s = now_s
        line = words()
        if self._terminal:
            self._out.write(AFRESH + line)
            self._shown = True
        else:
            self._out.write(line + "\n")
        self._out.flush()

    def clear(self) -> None:
        """Take the line off a terminal, so that other words can follow."""
        if self._shown:
            self._out.write(AFRESH)
            self._out.flush()
            self._shown = False
