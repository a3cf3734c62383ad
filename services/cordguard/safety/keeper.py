"""One room's engine and its journal, kept in step: every input is written down before it counts."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path
from typing import Final

from cordguard.contract.capture import CapturedInput
from cordguard.engine import local
from cordguard.engine.alarms import Emission
from cordguard.engine.policy import Policy
from cordguard.engine.room import RoomEngine
from cordguard.safety.files import OpenFile
from cordguard.safety.journal import RoomJournal, journal_files
from cordguard.safety.playback import MONITOR, Played, advance, first_line, newest_readable, play_room, started_line
from cordguard.safety.snapshot import read_snapshot, remove_snapshot, write_snapshot

QUIET_LINES: Final = 200_000
"""A file in which no case is watched ends after so many lines, about 60 MB, so that it can be archived."""
RETRY_US: Final = 1_000_000
"""How often a journal that cannot be written is tried again."""

log = logging.getLogger(__name__)


class RoomKeeper:
    """A room as the shell sees it. Inputs go in through ``take``; the disk may say no, alarms go on."""

    def __init__(self, engine: RoomEngine, journal: RoomJournal, policy_text: str) -> None:
        """Use ``open_room`` to make one."""
        self.engine = engine
        self.policy_text = policy_text
        self._journal = journal
        self._broken: str | None = None
        self._retry_us = 0
        self._snapshot_lines = 0

    @property
    def lines_since_snapshot(self) -> int:
        """How many lines a recovery would have to judge again; 0 while none are written."""
        return self._journal.lines - self._snapshot_lines if self._broken is None else 0

    @property
    def journal_trouble(self) -> str | None:
        """Why the journal cannot be written, or None."""
        return self._broken

    def take(self, entry: CapturedInput) -> list[Emission]:
        """Keep an input, then let it count."""
        if entry.received_us < self.engine.received_us:
            entry = CapturedInput(
                self.engine.received_us, entry.topic, entry.payload, entry.retained, entry.duplicate, entry.size
            )
        out = self._repair(entry.received_us)
        if self.engine.opens_case(entry):
            out += self._rotate(entry.received_us)
        watched = self.engine.watched_session
        if self._broken is None:
            reason = self._journal.append(entry)
            if reason is not None:
                out += self._break(reason, entry.received_us)
        out += advance(self.engine, entry, self._journal.reference)
        if watched is not None and self.engine.watched_session is None:
            out += self._rotate(entry.received_us)
        return out

    def tick(self, now_us: int) -> list[Emission]:
        """Let everything happen that is due by now; only ticks that make a timer fire are inputs."""
        out: list[Emission] = []
        while (due_us := self.engine.due_us(now_us)) is not None:
            out += self.take(CapturedInput(due_us, local.TICK, b"{}"))
        # A room in which nothing happens must find out too that its disk takes data again.
        return out + self._repair(now_us)

    def check(self, received_us: int, **findings: object) -> list[Emission]:
        """Take in what safety found out about itself (the fields of ``SelfCheck``)."""
        out = self._repair(received_us)
        if self._broken is not None:
            # Whatever a self-check is about, it must not say by silence that the journal is well.
            findings |= {"journal": "unwritable", "reason": self._broken}
        return out + self.take(_self_check(received_us, findings))

    def sync(self, now_us: int) -> list[Emission]:
        """Force the journal to the disk; a disk that says no here may have lost what it took."""
        reason = self._journal.sync() if self._broken is None else None
        return self._break(reason, now_us) if reason is not None else []

    def end_long_file(self, now_us: int) -> list[Emission]:
        """Begin a new file if the present one is long and nobody's case stands in it: a case's file stays whole."""
        long = self._journal.lines >= QUIET_LINES and self.engine.watched_session is None
        return self._rotate(now_us) if long else []

    def snapshot(self) -> str | None:
        """Put the whole state beside the journal file; why that was not possible, or None.

        A journal that cannot be written gets none: the engine is ahead of it.
        """
        if self._broken is not None or self._journal.path is None:
            return None
        self._snapshot_lines = self._journal.lines  # one that failed is tried again when the next is due
        return write_snapshot(self._journal.path, self.engine, self._journal.running, self._journal.open_port)

    def close(self) -> None:
        """Force the journal to the disk and let go of it."""
        self._journal.close()

    def _rotate(self, received_us: int) -> list[Emission]:
        """Begin a new file with the whole state."""
        if self._broken is not None:
            return []
        reason = self._begin(received_us)
        return self._break(reason, received_us) if reason is not None else []

    def _begin(self, received_us: int) -> str | None:
        """A new file with the whole state in line one; why that was not possible, or None."""
        old = self._journal.path
        reason = self._journal.begin(first_line(self.engine, self.policy_text, received_us))
        if reason is None:
            self._snapshot_lines = 0
            if old is not None:
                remove_snapshot(old)
        return reason

    def _break(self, reason: str, received_us: int) -> list[Emission]:
        """The disk said no: from now on the engine runs ahead of its journal, and says so."""
        log.error("journal cannot be written: %s; alarms go on, nothing is recorded", reason)
        self._broken, self._retry_us = reason, received_us + RETRY_US
        entry = _self_check(received_us, {"journal": "unwritable", "reason": reason})
        return advance(self.engine, entry, self._journal.reference)

    def _repair(self, received_us: int) -> list[Emission]:
        """Try to write again: in a new file, since inputs are missing from the old one."""
        if self._broken is None or received_us < self._retry_us:
            return []
        self._retry_us = received_us + RETRY_US
        if self._begin(received_us) is not None:
            return []
        log.warning("journal is written again")
        self._broken = None
        return self.check(received_us, journal="ok")


def open_room(  # noqa: PLR0913 - everything that a room's past and future hang on
    folder: Path,
    site: str,
    room: str,
    policy: Policy,
    policy_text: str,
    now_us: int,
    *,
    ended: str,
    open_port: OpenFile,
) -> tuple[RoomKeeper, list[Emission]]:
    """A room with its past, if it has one; and what is to be published at once.

    Raises:
        CaptureError: the journal was written by a version that this one cannot read.
    """
    recovered = recover_room(folder, site, room, policy, policy_text, open_port)
    if recovered is None:
        return _new_room(RoomEngine(site, room, policy, monitor=MONITOR), folder, policy_text, now_us, open_port)
    keeper, out = recovered
    return keeper, out + keeper.take(started_line(policy_text, ended, max(now_us, keeper.engine.received_us)))


def recover_room(
    folder: Path, site: str, room: str, policy: Policy, policy_text: str, open_port: OpenFile
) -> tuple[RoomKeeper, list[Emission]] | None:
    """A room as its journal left it, ready to go on with the same file; None if there is no journal.

    Raises:
        CaptureError: the journal was written by a version that this one cannot read.
    """
    files = journal_files(folder)
    path = newest_readable(files)
    for unreadable in files[files.index(path) + 1 :] if path is not None else files:
        log.warning("%s: its line one is not whole; it was set aside as .damaged", unreadable)
        _set_aside(unreadable)
    if path is None:
        return None
    content = path.read_bytes()
    begun = read_snapshot(path, content)
    snapshot_lines = begun.running.lines if begun is not None else 0
    played = play_room(content, site, room, policy, begun)
    _report(path, played)
    journal = RoomJournal(folder, open_port)
    keeper = RoomKeeper(played.engine, journal, policy_text)
    received_us = played.engine.received_us
    if played.damaged is None:
        reason = journal.resume(path, played.running)
        keeper._snapshot_lines = snapshot_lines  # noqa: SLF001 - its own factory
    else:
        # The new file first: until it stands, the damaged one is all there is.
        reason = journal.begin(first_line(played.engine, policy_text, received_us))
        if reason is None:
            _set_aside(path)
            remove_snapshot(path)
    return keeper, keeper._break(reason, received_us) if reason is not None else []  # noqa: SLF001 - its own factory


def _new_room(
    engine: RoomEngine, folder: Path, policy_text: str, now_us: int, open_port: OpenFile
) -> tuple[RoomKeeper, list[Emission]]:
    journal = RoomJournal(folder, open_port)
    keeper = RoomKeeper(engine, journal, policy_text)
    first = started_line(policy_text, "first", now_us)
    reason = journal.begin(first)
    out = engine.feed(first)
    return keeper, out + keeper._break(reason, now_us) if reason is not None else out  # noqa: SLF001 - its own factory


def _self_check(received_us: int, findings: dict[str, object]) -> CapturedInput:
    check = local.SelfCheck.model_validate(findings)
    return CapturedInput(received_us, local.SELF_CHECK, check.model_dump_json(exclude_defaults=True).encode())


def _set_aside(path: Path) -> None:
    """Out of the journal, but not lost."""
    with contextlib.suppress(OSError):
        path.rename(path.with_suffix(".damaged"))


def _report(path: Path, played: Played) -> None:
    if played.torn is not None:
        log.warning("%s: an incomplete last line of %d bytes was cut off", path, played.torn.length)
    if played.damaged is not None:
        log.error("%s: %s; what stands behind it was set aside in a file ending in .damaged", path, played.damaged)
