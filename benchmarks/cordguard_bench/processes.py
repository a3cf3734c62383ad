"""Processes that are measured: started with their output in a file, watched until they work, ended with the block."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from cordguard.bus.pdeath import die_with_parent

START_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 15.0
POLL_S: Final = 0.02
TAIL_LINES: Final = 12
"""Of a log, when something went wrong."""


class BenchmarkError(Exception):
    """A run cannot go on: one sentence, with what the process at fault said last."""


@dataclass(frozen=True)
class Command:
    """What to start, and where its output goes."""

    argv: tuple[str, ...]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    """Beside our own."""
    ready: str = ""
    """It works once this stands in its log."""


@dataclass(frozen=True)
class Started:
    """A process that runs."""

    command: Command
    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        """Its id."""
        return self.process.pid

    @property
    def said(self) -> str:
        """Its output so far."""
        return self.command.log.read_text(errors="replace")

    def failure(self, what: str) -> BenchmarkError:
        """The error that says what it did not do, and its last words."""
        name = " ".join(self.command.argv[:4])
        last = "\n".join(f"    {line}" for line in self.said.splitlines()[-TAIL_LINES:])
        return BenchmarkError(f"{name} … {what}; it said last:\n{last}")


@contextmanager
def running(command: Command) -> Iterator[Started]:
    """A process for the length of a block; from the main thread, with which it would die."""
    command.log.parent.mkdir(parents=True, exist_ok=True)
    with command.log.open("ab") as output:
        process = subprocess.Popen(
            command.argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=os.environ | command.environment,
            start_new_session=True,
            preexec_fn=partial(die_with_parent, os.getpid()),  # noqa: PLW1509 - started from the main thread
        )
    started = Started(command, process)
    try:
        if command.ready:
            wait_for(lambda: command.ready in started.said, started, "to be ready")
        yield started
    finally:
        _end(process)


def wait_for(condition: Callable[[], bool], started: Started, what: str) -> None:
    """Wait until something is true of a process.

    Raises:
        BenchmarkError: it ended, or took too long.
    """
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while not condition():
        if started.process.poll() is not None or time.monotonic() > deadline_s:
            msg = f"did not come {what}"
            raise started.failure(msg)
        time.sleep(POLL_S)


def accepts(port: int) -> bool:
    """Whether somebody listens on a port of loopback."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
