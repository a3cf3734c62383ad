"""No orphans: a child process that dies with its parent, however that ends (Linux)."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
"""Loaded before any fork: between fork and exec there must be no import and no allocation to speak of."""


def die_with_parent(parent_pid: int | None = None, signum: int = signal.SIGKILL) -> None:
    """Ask the kernel to send this process a signal when the thread that started it ends; call it in the child.

    A parent that was gone before we asked would never be noticed: with its ``parent_pid`` given, the process then ends
    itself at once. As ``preexec_fn``: ``functools.partial(die_with_parent, os.getpid())``, from the main thread, since
    the kernel watches the thread and not the process. Does nothing where the kernel is not Linux.

    Raises:
        OSError: the kernel refused.
    """
    if _libc is None:
        return
    if _libc.prctl(_PR_SET_PDEATHSIG, signum, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    if parent_pid is not None and os.getppid() != parent_pid:
        os.kill(os.getpid(), signum)
