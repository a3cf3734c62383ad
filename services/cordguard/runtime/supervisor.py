"""Runs processes for as long as all of them are well, and leaves none behind.

Single-threaded. Every child is started from the main thread with PR_SET_PDEATHSIG, so the kernel ends it when we die
in whatever way; and in a session of its own, so that Ctrl-C in the terminal reaches us alone and we end them in order.
"""

from __future__ import annotations

import functools
import os
import selectors
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

from cordguard.bus.pdeath import die_with_parent
from cordguard.runtime.interrupts import Interrupts
from cordguard.runtime.service import READY_LINE, ServiceFailedError, SetupError
from cordguard.runtime.supervision import (
    ProcessSpec,
    ProcessView,
    Trouble,
    describe_status,
    due_signal,
    first_trouble,
    sentence,
    start_order,
    stop_order,
)

POLL_S: Final = 0.1
"""How late we may notice a death or a signal."""

_READ_BYTES: Final = 65_536
_LONGEST_LINE_BYTES: Final = 65_536


class _Child:
    """One running process, its standard output cut into lines."""

    def __init__(self, spec: ProcessSpec, process: subprocess.Popen[bytes], log: Path, started_s: float) -> None:
        self.spec = spec
        self.process = process
        self.log = log
        self.started_s = started_s
        self.ready = False
        self.sent: Literal["nothing", "terminate", "kill"] = "nothing"
        self.sent_s = started_s
        self._rest = b""

    @property
    def view(self) -> ProcessView:
        return ProcessView(self.spec, self.started_s, self.ready, self.process.poll())

    def take(self, data: bytes) -> list[str]:
        """The whole lines that ``data`` completes; notes the ready line, which is not among them."""
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[-_LONGEST_LINE_BYTES:]
        words = [line.decode("utf-8", errors="replace").rstrip("\r") for line in lines]
        self.ready = self.ready or READY_LINE in words
        return [word for word in words if word != READY_LINE]

    def signal(self, what: Literal["terminate", "kill"], now_s: float) -> None:
        self.sent, self.sent_s = what, now_s
        if what == "kill":
            self.process.kill()
        else:
            self.process.terminate()


class Supervisor:
    """Starts processes stage by stage, watches them, ends them in order.

    Leaving its ``with`` block ends whatever still runs, so no way out of it leaves a process behind.
    """

    def __init__(
        self,
        log_dir: Path,
        interrupts: Interrupts,
        *,
        on_line: Callable[[str, str], None] = lambda _name, _line: None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep standard error in ``log_dir/NAME.log``; tell ``on_line`` (name, line) of their standard output."""
        self._log_dir = log_dir
        self._interrupts = interrupts
        self._on_line = on_line
        self._monotonic_s = monotonic_s
        self._selector = selectors.DefaultSelector()
        self._children: list[_Child] = []
        self._watched: list[tuple[str, Callable[[], bool], Path]] = []

    def __enter__(self) -> Self:
        """Nothing runs yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End what still runs."""
        self.stop()
        self._selector.close()

    def watch(self, name: str, running: Callable[[], bool], log: Path) -> None:
        """Count a process that somebody else started as one of ours: when it no longer runs, that is trouble too."""
        self._watched.append((name, running, log))

    def start(self, specs: Sequence[ProcessSpec]) -> None:
        """Start them stage by stage; returns when all are ready.

        Raises:
            ServiceFailedError: one died or was not ready in time.
            SetupError: a program or a log file cannot be opened.
            StopRequestedError: somebody asked us to end meanwhile.
        """
        for stage in start_order(specs):
            children = [self._spawn(spec) for spec in stage]
            while not all(child.ready or child.view.status == 0 for child in children):
                self.poll(POLL_S)

    def poll(self, timeout_s: float) -> None:
        """Wait at most so long, and pass on what the children print.

        Raises:
            ServiceFailedError: one died or was not ready in time.
            StopRequestedError: somebody asked us to end.
        """
        deadline_s = self._monotonic_s() + timeout_s
        while True:
            left_s = deadline_s - self._monotonic_s()
            self._read(min(POLL_S, max(0.0, left_s)))
            self._interrupts.raise_if_asked()
            self._raise_trouble()
            if left_s <= 0:
                return

    def ended(self, name: str) -> bool:
        """Whether the process of this name has ended."""
        return all(child.view.status is not None for child in self._children if child.spec.name == name)

    def stop(self) -> tuple[str, ...]:
        """End everything, last stage first; a signal that comes meanwhile ends the rest at once.

        Returns:
            A sentence for each process that had to be killed, or ended with another status than 0 when asked to end;
            none if a signal cut the stop short.
        """
        # One request at most is why we stop; a second one is impatience, even if it came before we got here.
        asked_before = min(self._interrupts.count, 1)
        living = [child for child in self._children if child.view.status is None]
        for stage in stop_order([child.spec for child in living]):
            names = {spec.name for spec in stage}
            self._stop_stage([child for child in living if child.spec.name in names], asked_before)
        self._forget()
        if self._interrupts.count > asked_before:
            return ()
        return tuple(words for child in living if (words := _bad_end(child)))

    def _spawn(self, spec: ProcessSpec) -> _Child:
        log = self._log_dir / f"{spec.name}.log"
        try:
            self._log_dir.mkdir(parents=True, exist_ok=True)
            with log.open("ab") as errors:
                process = subprocess.Popen(
                    spec.command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    env=os.environ | dict(spec.environment),
                    start_new_session=True,
                    preexec_fn=functools.partial(die_with_parent, os.getpid()),  # noqa: PLW1509 - we have one thread
                )
        except OSError as error:
            msg = f"{spec.name} cannot be started: {error.strerror or error} ({error.filename or log})."
            raise SetupError(msg) from error
        child = _Child(spec, process, log, self._monotonic_s())
        self._children.append(child)
        if process.stdout is not None:
            self._selector.register(process.stdout, selectors.EVENT_READ, child)
        return child

    def _read(self, timeout_s: float) -> None:
        for key, _ in self._selector.select(timeout_s):
            child: _Child = key.data
            data = os.read(key.fd, _READ_BYTES)
            if not data:
                self._selector.unregister(key.fileobj)
            for line in child.take(data):
                self._on_line(child.spec.name, line)

    def _raise_trouble(self) -> None:
        for name, running, log in self._watched:
            if not running():
                raise ServiceFailedError(sentence(Trouble(name, "has ended"), log))
        trouble = first_trouble([child.view for child in self._children], self._monotonic_s())
        if trouble:
            log = next(child.log for child in self._children if child.spec.name == trouble.name)
            raise ServiceFailedError(sentence(trouble, log))

    def _stop_stage(self, children: Sequence[_Child], asked_before: int) -> None:
        while running := [child for child in children if child.view.status is None]:
            now_s = self._monotonic_s()
            hurry = self._interrupts.count > asked_before
            for child in running:
                due = due_signal(child.sent, now_s - child.sent_s, child.spec.stops_within_s, hurry=hurry)
                if due:
                    child.signal(due, now_s)
            self._read(POLL_S / 5)

    def _forget(self) -> None:
        for child in self._children:
            if child.process.stdout:
                if child.process.stdout in self._selector.get_map():
                    self._selector.unregister(child.process.stdout)
                child.process.stdout.close()
        self._children.clear()


def _bad_end(child: _Child) -> str | None:
    status = child.view.status
    if not child.ready:
        return None  # it was still starting, so it could not know better
    if child.sent == "kill":
        what = f"did not end within {child.spec.stops_within_s:g} s and was killed"
    elif status:
        what = f"{describe_status(status)} when asked to stop"
    else:
        return None
    return sentence(Trouble(child.spec.name, what), child.log)
