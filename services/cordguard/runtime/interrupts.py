"""Ctrl-C and its relatives, counted: the first asks for an orderly end, a second one for an end at once."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Final, Self

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""All that ask us to end: the keyboard, another process, a terminal that is closed."""

_Handler = Callable[[int, FrameType | None], object] | int | None


class StopRequestedError(Exception):
    """Somebody asked us to end."""


class Interrupts:
    """While entered, counts signals instead of dying of them. Main thread only."""

    def __init__(self, *, last: bool = False) -> None:
        """Nothing was asked yet. ``last``: only the process's way out follows, and nobody shall kill it on that."""
        self._last = last
        self.count = 0
        """How often we were asked to end."""
        self._previous: dict[int, _Handler] = {}

    def __enter__(self) -> Self:
        """Take over the signals; under ``nohup`` a closed terminal goes on asking nothing."""
        for number in SIGNALS:
            if number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue
            self._previous[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the signals back, or be deaf to them from now on."""
        for number, handler in self._previous.items():
            signal.signal(number, signal.SIG_IGN if self._last else handler)
        self._previous.clear()

    def raise_if_asked(self) -> None:
        """End what runs now, if anybody asked.

        Raises:
            StopRequestedError: somebody did.
        """
        if self.count:
            raise StopRequestedError

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.count += 1
