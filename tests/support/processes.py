"""Real processes in tests: started under a mark in their environment, so that none can hide after its parent died."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from support.waiting import wait_until

_MARK: Final = "CORDGUARD_TEST_PROCESS"


@dataclass(frozen=True, slots=True)
class Marked:
    """A process that a test started, and all that descend from it."""

    process: subprocess.Popen[str]
    mark: str

    @property
    def pid(self) -> int:
        """The process's id."""
        return self.process.pid

    def family(self) -> list[psutil.Process]:
        """All living processes of this family, orphans too; zombies that nobody has collected yet do not live."""
        return [process for process in psutil.process_iter() if _carries(process, self.mark)]

    def wait_until_gone(self, timeout_s: float = 15) -> None:
        """Wait until nobody of the family lives.

        Raises:
            AssertionError: somebody still lives.
        """
        wait_until(lambda: not self.family(), timeout_s=timeout_s, what="the end of the whole family")

    def end(self, timeout_s: float = 60) -> tuple[int, str, str]:
        """Wait for its end: exit status, standard output, standard error."""
        out, err = self.process.communicate(timeout=timeout_s)
        return self.process.returncode, out, err


@contextmanager
def start(command: Sequence[str | Path], *, environment: dict[str, str] | None = None) -> Iterator[Marked]:
    """Run a command with piped output; at the end of the block kill what the test left of the family."""
    mark = uuid.uuid4().hex
    with subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | (environment or {}) | {_MARK: mark},
        start_new_session=True,
    ) as process:
        marked = Marked(process, mark)
        try:
            yield marked
        finally:
            for member in marked.family():
                _kill(member)


def cordguard(*arguments: str | int | Path) -> tuple[str, ...]:
    """The command line that runs our entry point under this Python."""
    return (sys.executable, "-m", "cordguard.cli", *(str(argument) for argument in arguments))


@contextmanager
def taken_port() -> Iterator[int]:
    """A port on loopback that somebody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


def _carries(process: psutil.Process, mark: str) -> bool:
    try:
        return process.environ().get(_MARK) == mark and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return
