"""Where a run keeps its data and listens: checked before anything starts, so that trouble is one sentence."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from cordguard.bus.ports import HOST, held_port
from cordguard.runtime.service import ServiceFailedError, SetupError

LEAST_FREE_BYTES: Final = 64 * 1024 * 1024
"""Below this a run may end in the middle: NATS alone wants to know that it may write."""

FULL_BYTES: Final = 1024 * 1024
"""Below this a running system counts as out of space."""

LEDGER: Final = "ledger.db"
LOGS: Final = "logs"
OURS: Final = (LEDGER, "journal", "store.db", "broker", LOGS)
"""What a run leaves in its folder."""


def fresh_folder(wanted: Path | None) -> Path:
    """A folder for one new run: the wanted one, made if need be, or one below the system's folder for such things.

    Raises:
        SetupError: it holds an earlier run, cannot be made or written, or its disk is full.
    """
    folder = _made(wanted)
    earlier = [name for name in OURS if (folder / name).exists()]
    if earlier:
        msg = (
            f"{folder} holds an earlier run ({', '.join(earlier)}), whose record must stay as it is; "
            "give --data another folder, or leave it out."
        )
        raise SetupError(msg)
    check_writable(folder)
    return folder


def kept_folder(folder: Path) -> Path:
    """A folder that goes on where an earlier run stopped, made if need be.

    Raises:
        SetupError: it cannot be made or written, or its disk is full.
    """
    made = _made(folder)
    check_writable(made)
    return made


def check_writable(folder: Path, *, least_free_bytes: int = LEAST_FREE_BYTES) -> None:
    """Write something and take it away again.

    Raises:
        SetupError: the folder cannot be written, or its disk is as good as full.
    """
    try:
        with tempfile.NamedTemporaryFile(prefix=".probe-", dir=folder) as probe:
            probe.write(bytes(64 * 1024))
            probe.flush()
            os.fsync(probe.fileno())
        free_bytes = shutil.disk_usage(folder).free
    except OSError as error:
        msg = f"the data folder {folder} cannot be written ({error.strerror}); make room there or choose another."
        raise SetupError(msg) from error
    if free_bytes < least_free_bytes:
        msg = (
            f"the disk of the data folder {folder} is nearly full ({free_bytes // 2**20} MiB free, "
            f"{least_free_bytes // 2**20} MiB needed); make room there or choose another."
        )
        raise SetupError(msg)


def raise_if_full(folder: Path) -> None:
    """Stop a run whose disk has filled up: its services go on, but keep nothing any more.

    Raises:
        ServiceFailedError: there is next to nothing left, or the folder itself is gone.
    """
    trouble = folder_trouble(folder)
    if trouble is not None:
        msg = f"{trouble}, and start again with another folder."
        raise ServiceFailedError(msg)


def folder_trouble(folder: Path) -> str | None:
    """Why nothing can be kept in the folder of a running system, and what to do; None if all is well."""
    try:
        free_bytes = shutil.disk_usage(folder).free
    except OSError as error:
        return f"the data folder {folder} is gone ({error.strerror}); leave it where it is while the system runs"
    return f"the disk of the data folder {folder} is full; make room there" if free_bytes < FULL_BYTES else None


def free_ports(port: int | None, http_port: int | None) -> tuple[int, int]:
    """The ports of ``--port`` and ``--http-port``, or any free ones, on loopback: never one port twice.

    Raises:
        SetupError: somebody listens on one of them, or we may not, or both are the same.
    """
    wanted = {"--port": port, "--http-port": http_port}
    with ExitStack() as held:  # all at once, so that none is found again; those that were asked for come first
        chosen = sorted(wanted, key=lambda option: wanted[option] is None)
        found = {option: held.enter_context(_held(wanted[option], option)) for option in chosen}
    return found["--port"], found["--http-port"]


@contextmanager
def _held(wanted: int | None, option: str) -> Iterator[int]:
    with ExitStack() as holding:
        try:
            port = holding.enter_context(held_port(wanted))
        except OSError as error:
            msg = (
                f"port {wanted} on {HOST} cannot be used ({error.strerror}); "
                f"end what listens there, give {option} another port, or leave it out."
            )
            raise SetupError(msg) from error
        yield port


def _made(wanted: Path | None) -> Path:
    try:
        if wanted is None:
            return Path(tempfile.mkdtemp(prefix="cordguard-demo-"))
        wanted.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        place = wanted or tempfile.gettempdir()
        msg = f"the data folder {place} cannot be made ({error.strerror}); make room there or choose another."
        raise SetupError(msg) from error
    return wanted.resolve()
