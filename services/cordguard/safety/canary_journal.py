"""The canary's short journal: the last answers, for whoever asks why the watchdog spoke."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final

from cordguard.contract.capture import CapturedInput, encode_line
from cordguard.safety.files import AppendFile, OpenFile
from cordguard.safety.journal import SUFFIX

KEPT_LINES: Final = 1_200
"""Ten minutes; then the file begins anew."""


class CanaryJournal:
    """One file that begins anew when it is long. A disk that says no costs nothing but these lines."""

    def __init__(self, folder: Path, open_port: OpenFile) -> None:
        """The file is opened with the first line."""
        self._path = folder / f"canary{SUFFIX}"
        self._open = open_port
        self._file: AppendFile | None = None
        self._lines = 0

    def append(self, entry: CapturedInput) -> None:
        """Keep one input, if the disk allows it."""
        with contextlib.suppress(OSError):
            if self._file is None:
                self._file = self._open(self._path)
                self._file.cut(0)
            if self._lines >= KEPT_LINES:
                self._file.cut(0)
                self._lines = 0
            self._file.append(encode_line(entry))
            self._lines += 1

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None
