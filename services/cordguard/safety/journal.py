"""A room's journal: every input in order, in capture files. It is the recording, the evidence and the way back."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Final

from cordguard.contract.capture import CapturedInput, encode_line
from cordguard.contract.summary import CaptureReference
from cordguard.safety.files import AppendFile, OpenFile, open_file

SUFFIX: Final = ".capture.jsonl"


class RunningHash:
    """Hash, number and times of the lines of one file so far."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._sha256 = hashlib.sha256()
        self.lines = 0
        self.size_bytes = 0
        self._from_us = 0
        self._to_us = 0

    @classmethod
    def of(cls, content: memoryview, lines: int, from_us: int, to_us: int) -> RunningHash:
        """Of a file's beginning whose lines were counted before."""
        running = cls()
        running._sha256.update(content)
        running.lines, running.size_bytes = lines, len(content)
        running._from_us, running._to_us = from_us, to_us
        return running

    def add(self, line: bytes, received_us: int) -> None:
        """Take in one line, with its line feed."""
        self._sha256.update(line)
        self.size_bytes += len(line)
        self._from_us = received_us if self.lines == 0 else self._from_us
        self._to_us = received_us
        self.lines += 1

    def reference(self) -> CaptureReference:
        """The recording so far."""
        return CaptureReference(
            sha256=self._sha256.hexdigest(), lines=self.lines, from_us=self._from_us, to_us=self._to_us
        )


class RoomJournal:
    """The newest file of a room's journal, open for appending. Expected trouble comes back as a sentence."""

    def __init__(self, folder: Path, open_port: OpenFile = open_file) -> None:
        """Nothing is opened before ``begin`` or ``resume``."""
        self._folder = folder
        self.open_port = open_port
        """How its files, and what stands beside them, are opened."""
        self._file: AppendFile | None = None
        self._hash = RunningHash()
        self._dirty = False
        self.path: Path | None = None
        """The present file; None before there is one."""

    @property
    def lines(self) -> int:
        """Lines in the present file."""
        return self._hash.lines

    @property
    def running(self) -> RunningHash:
        """What was counted of the present file so far."""
        return self._hash

    def reference(self) -> CaptureReference:
        """The present file so far, as evidence."""
        return self._hash.reference()

    def begin(self, first: CapturedInput) -> str | None:
        """Start a new file with its line one; why that was not possible, or None. The old file stays open if not."""
        path = _free_path(self._folder, first.received_us)
        line = encode_line(first)
        try:
            file = self.open_port(path)
        except OSError as error:
            return _sentence(path, error)
        try:
            file.append(line)
        except OSError as error:
            with contextlib.suppress(OSError):
                file.close()
                path.unlink()
            return _sentence(path, error)
        self.close()
        self._file, self._hash, self._dirty, self.path = file, RunningHash(), True, path
        self._hash.add(line, first.received_us)
        return None

    def resume(self, path: Path, running: RunningHash) -> str | None:
        """Go on with a file that was read back; what stands behind its good lines is cut off."""
        try:
            self._file = self.open_port(path)
            self._file.cut(running.size_bytes)
        except OSError as error:
            return _sentence(path, error)
        self._hash, self.path = running, path
        return None

    def append(self, entry: CapturedInput) -> str | None:
        """Keep one input; why that was not possible, or None. What was written of it is taken back."""
        if self._file is None:
            return "the journal is not open"
        line = encode_line(entry)
        try:
            self._file.append(line)
        except OSError as error:
            with contextlib.suppress(OSError):
                self._file.cut(self._hash.size_bytes)
            return _sentence(self._folder, error)
        self._hash.add(line, entry.received_us)
        self._dirty = True
        return None

    def sync(self) -> str | None:
        """Force what was written to the disk; why that was not possible, or None."""
        if self._file is None or not self._dirty:
            return None
        try:
            self._file.sync()
        except OSError as error:
            return _sentence(self._folder, error)
        self._dirty = False
        return None

    def close(self) -> None:
        """Force the present file to the disk and let go of it."""
        if self._file is not None:
            self.sync()
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None


def journal_files(folder: Path) -> list[Path]:
    """The files of a room's journal, oldest first."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def _free_path(folder: Path, received_us: int) -> Path:
    """Named by time, so that names sort as the files follow each other."""
    known = journal_files(folder)
    newest = int(known[-1].name.removesuffix(SUFFIX)) if known else -1
    return folder / f"{max(received_us, newest + 1):016d}{SUFFIX}"


def _sentence(path: Path, error: OSError) -> str:
    return f"{path}: {error.strerror or error}"
