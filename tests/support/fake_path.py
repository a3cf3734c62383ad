"""A machine that lacks something, as far as a script can tell: a PATH of chosen programs, some of them pretended."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from support.processes import start
from support.sources import ROOT


def checkout_of(folder: Path, script: str, *files: str) -> Path:
    """A fresh checkout, as far as a script looks at it before it installs anything."""
    (folder / "scripts").mkdir(parents=True)
    for name in (f"scripts/{script}", *files):
        shutil.copy(ROOT / name, folder / name)
    return folder


def path_of(folder: Path, tools: Iterable[str]) -> Path:
    """A folder with these tools of this machine and nothing else."""
    folder.mkdir()
    for tool in tools:
        found = shutil.which(tool)
        assert found is not None, tool
        (folder / tool).symlink_to(found)
    return folder


def program_that(file: Path, script: str) -> None:
    """A program that does what a few words of shell say."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)  # it may be a link to the real one
    file.write_text(f"#!/bin/bash\n{script}\n", encoding="ascii")
    file.chmod(0o755)


def run_script(script: Path, path: Path, *words: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a script on this PATH."""
    environment = {"PATH": str(path), "PYTHON": "python3", "TMPDIR": os.environ.get("TMPDIR", "/tmp")}  # noqa: S108
    with start(["/bin/bash", script, *words], environment=environment) as running:
        return running.end()
