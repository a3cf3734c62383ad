"""The generator and the watcher as processes: they are told their order, say that they are ready, and give a result."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from cordguard.bus.pdeath import die_with_parent
from cordguard_bench.install import BENCHMARKS
from cordguard_bench.processes import BenchmarkError

READY: Final = "ready"
"""What it says when it has done all that it can do beforehand."""


@dataclass(frozen=True)
class Helper:
    """The generator or the watcher."""

    process: subprocess.Popen[str]
    log: Path

    @property
    def pid(self) -> int:
        """Its id."""
        return self.process.pid

    def begin(self, order: dict[str, Any]) -> None:
        """Give it its order, and wait until it is ready."""
        self.tell(json.dumps(order))
        assert self.process.stdout is not None
        if self.process.stdout.readline() != f"{READY}\n":
            raise self.failure()

    def tell(self, what: object) -> None:
        """Give it a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()

    def result(self) -> Any:  # noqa: ANN401 - what it found, as JSON
        """Say that there is no more, and wait for what it found."""
        out, _ = self.process.communicate()
        if self.process.returncode:
            raise self.failure()
        return json.loads(out)

    def failure(self) -> BenchmarkError:
        """The error with its last words."""
        return BenchmarkError(f"{self.log.stem} failed; it said last:\n{self.log.read_text()[-2_000:]}")


@contextmanager
def helper(name: str, folder: Path) -> Iterator[Helper]:
    """A process of our own, on its way: it is given its order when it has something to connect to."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{name}.log"
    paths = os.pathsep.join((str(BENCHMARKS), os.environ.get("PYTHONPATH", "")))
    with log.open("w") as trouble:
        process = subprocess.Popen(
            (sys.executable, "-m", f"cordguard_bench.{name}"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=trouble,
            text=True,
            env=os.environ | {"PYTHONPATH": paths},
            start_new_session=True,
            preexec_fn=partial(die_with_parent, os.getpid()),  # noqa: PLW1509 - started from the main thread
        )
    helper = Helper(process, log)
    with process:
        try:
            yield helper
        finally:
            process.kill()
