"""Waiting for something to become true, instead of sleeping and hoping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

POLL_S: Final = 0.005
"""How often the condition is looked at."""


def wait_until(condition: Callable[[], object], *, timeout_s: float = 10, what: str = "the condition") -> None:
    """Return as soon as ``condition()`` is true; it is looked at every 5 ms, and once more when the time is up.

    Raises:
        AssertionError: it did not become true within ``timeout_s``; ``what`` says in the message what was waited for.
    """
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() >= deadline_s:
            if condition():
                return
            msg = f"waited {timeout_s:g} s in vain for {what}"
            raise AssertionError(msg)
        time.sleep(POLL_S)
