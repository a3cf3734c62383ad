"""Fails every test that leaves a thread or a process behind."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

import psutil
import pytest

from support.waiting import wait_until

GRACE_S: Final = 2.0
"""How long a thread or process that was told to end may take."""

MARKER: Final = "CORDGUARD_TEST_RUN"
"""In the environment of everything that this test run starts, and so of orphans, which have lost their parent."""

os.environ[MARKER] = str(os.getpid())


@pytest.fixture(autouse=True)
def no_leaked_threads() -> Iterator[None]:
    """Every thread that a test starts has ended when the test has."""
    before = set(threading.enumerate())
    yield
    _assert_soon_empty(lambda: [thread.name for thread in threading.enumerate() if thread not in before], "threads")


@pytest.fixture(autouse=True)
def no_leaked_processes() -> Iterator[None]:
    """Every process that a test starts has ended, and was waited for, when the test has; grandchildren too."""
    before = frozenset(psutil.pids())
    yield
    _assert_soon_empty(lambda: leaked_processes(before), "processes")


def leaked_processes(before: frozenset[int]) -> list[str]:
    """Processes of this test run that are not in ``before`` and do not belong to a longer-lived process of it.

    A browser or broker that serves many tests may start helpers in the middle of one; those are its own affair.
    """
    found = []
    for pid in sorted(frozenset(psutil.pids()) - before):
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            if _is_ours(process) and not _belongs_to_longer_lived(process, before):
                found.append(f"{process.pid} {' '.join(process.cmdline()) or process.name()}")
    return found


def _is_ours(process: psutil.Process) -> bool:
    if process.ppid() == os.getpid():
        return True
    return process.environ().get(MARKER) == str(os.getpid())


def _belongs_to_longer_lived(process: psutil.Process, before: frozenset[int]) -> bool:
    above_us = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    return any(parent.pid in before - above_us for parent in process.parents() if parent.pid != 1)


def _assert_soon_empty(leaked: Callable[[], list[str]], what: str) -> None:
    with suppress(AssertionError):
        wait_until(lambda: not leaked(), timeout_s=GRACE_S)
    left = leaked()
    if left:
        pytest.fail(f"the test left {what} behind: {', '.join(left)}", pytrace=False)
