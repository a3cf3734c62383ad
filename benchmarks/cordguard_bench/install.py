"""Peers, installed into a folder of their own that is not committed: pinned with hashes, and never with the product."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

BENCHMARKS: Final = Path(__file__).parents[1]
PEERS: Final = BENCHMARKS.parent / "build" / "peers"
"""Git ignores it."""
BYTEWAX_LOCK: Final = BENCHMARKS / "requirements-peers.lock"
BYTEWAX_PYTHON: Final = PEERS / "bytewax" / "bin" / "python"
NPM: Final = BENCHMARKS / "npm"
NODE_RED: Final = PEERS / "npm" / "node_modules" / "node-red" / "red.js"
STAMP: Final = "installed-from"
"""A file beside what was installed: the hash of its lock."""


def install_bytewax() -> str | None:
    """Bytewax in a virtual environment; why that cannot be done, or None."""
    folder = BYTEWAX_PYTHON.parents[1]
    if _is_current(folder, BYTEWAX_LOCK):
        return None
    shutil.rmtree(folder, ignore_errors=True)
    pip = (str(BYTEWAX_PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    trouble = _run((sys.executable, "-m", "venv", str(folder))) or _run(
        (*pip, "--require-hashes", "--requirement", str(BYTEWAX_LOCK))
    )
    return trouble or _stamp(folder, BYTEWAX_LOCK)


def install_node_red() -> str | None:
    """Node-RED and what it needs; why that cannot be done, or None."""
    folder, lock = PEERS / "npm", NPM / "package-lock.json"
    if shutil.which("node") is None or shutil.which("npm") is None:
        return "it needs node and npm; on Debian, as root: apt-get install nodejs npm"
    if _is_current(folder, lock):
        return None
    folder.mkdir(parents=True, exist_ok=True)
    for path in (lock, NPM / "package.json", NPM / ".npmrc"):
        shutil.copy(path, folder)
    return _run(("npm", "ci", "--prefix", str(folder))) or _stamp(folder, lock)


def _run(command: Sequence[str]) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        return f"{command[0]}: {error.strerror}"
    last = (done.stderr or done.stdout).strip().rpartition("\n")[2]
    return f"{' '.join(command[:3])} … failed: {last}" if done.returncode else None


def _is_current(folder: Path, lock: Path) -> bool:
    stamp = folder / STAMP
    return stamp.exists() and stamp.read_text() == _hash(lock)


def _stamp(folder: Path, lock: Path) -> str | None:
    """Note what was installed; nothing goes wrong."""
    (folder / STAMP).write_text(_hash(lock))
    return None


def _hash(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()
