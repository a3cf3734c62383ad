"""A room's state beside its journal file, so that a long case is found again at once. The journal stays what counts.

``NAME.snapshot`` stands beside ``NAME.capture.jsonl``: a header that says which beginning of the file the state stands
for, and the state. Whatever is not exactly as it was written is passed over: without a snapshot, recovery is slower.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_json

from cordguard.contract.units import Micros
from cordguard.engine import local
from cordguard.engine.room import RoomEngine
from cordguard.safety.files import OpenFile
from cordguard.safety.journal import SUFFIX, RunningHash
from cordguard.safety.playback import MONITOR, Begun

SNAPSHOT_SUFFIX: Final = ".snapshot"
SNAPSHOT_LINES: Final = 4_000
"""A new snapshot is due after so many lines: about a quarter of a second of recovery."""

log = logging.getLogger(__name__)


class _Header(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    monitor: str = Field(description="Software that made it: another one might judge the same lines differently.")
    state_version: int = Field(description="Layout of the state.")
    offset: int = Field(gt=0, description="Bytes of the journal file that the state stands for.")
    lines: int = Field(gt=0, description="Lines in them.")
    from_us: Micros
    to_us: Micros
    prefix_sha256: str = Field(description="Hash of those bytes.")
    state_sha256: str = Field(description="Hash of the state below.")


def snapshot_path(journal: Path) -> Path:
    """Where the snapshot of a journal file stands."""
    return journal.with_name(journal.name.removesuffix(SUFFIX) + SNAPSHOT_SUFFIX)


def write_snapshot(journal: Path, engine: RoomEngine, running: RunningHash, open_port: OpenFile) -> str | None:
    """Replace a journal file's snapshot in one move; why that was not possible, or None.

    It is not forced to the disk: what a power cut leaves of it is found out by its hashes.
    """
    path = snapshot_path(journal)
    draft = path.with_suffix(".draft")
    try:
        file = open_port(draft)
        try:
            file.cut(0)
            file.append(_encode(engine, running))
        finally:
            file.close()
        draft.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        return f"{path}: {error.strerror or error}"
    return None


def read_snapshot(journal: Path, content: bytes) -> Begun | None:
    """The engine after the beginning of a journal file's ``content``, or None if no snapshot tells it for certain."""
    path = snapshot_path(journal)
    try:
        head, _, state = path.read_bytes().partition(b"\n")
        return _decode(_Header.model_validate_json(head), state, content)
    except FileNotFoundError:
        return None
    except (OSError, ValidationError, _NotOursError) as error:
        reason = str(error).partition("\n")[0]
    log.warning("%s: passed over (%s); the journal is read from its beginning", path, reason)
    return None


def remove_snapshot(journal: Path) -> None:
    """Drop the snapshot of a file that is not the newest any more."""
    with contextlib.suppress(OSError):
        snapshot_path(journal).unlink(missing_ok=True)


class _NotOursError(ValueError):
    """A snapshot that does not fit; says why."""


def _encode(engine: RoomEngine, running: RunningHash) -> bytes:
    # Keys stay in the order in which they came, as in line one of a file.
    state = to_json(engine.snapshot())
    reference = running.reference()
    header = _Header(
        monitor=MONITOR,
        state_version=local.STATE_VERSION,
        offset=running.size_bytes,
        lines=reference.lines,
        from_us=reference.from_us,
        to_us=reference.to_us,
        prefix_sha256=reference.sha256,
        state_sha256=hashlib.sha256(state).hexdigest(),
    )
    return header.model_dump_json().encode() + b"\n" + state


def _decode(header: _Header, state: bytes, content: bytes) -> Begun:
    if (header.monitor, header.state_version) != (MONITOR, local.STATE_VERSION):
        msg = f"made by {header.monitor}, state of version {header.state_version}"
        raise _NotOursError(msg)
    if header.offset > len(content):
        msg = f"it stands for {header.offset} bytes of a file that has {len(content)}"
        raise _NotOursError(msg)
    if hashlib.sha256(state).hexdigest() != header.state_sha256:
        msg = "its state is damaged"
        raise _NotOursError(msg)
    running = RunningHash.of(memoryview(content)[: header.offset], header.lines, header.from_us, header.to_us)
    if running.reference().sha256 != header.prefix_sha256:
        msg = "the file begins otherwise"
        raise _NotOursError(msg)
    return Begun(RoomEngine.restore(json.loads(state), monitor=MONITOR), running)
