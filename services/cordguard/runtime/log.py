"""Logging of services: to standard error, one line a record, times in UTC."""

from __future__ import annotations

import logging
import sys
import time
from typing import Final, TextIO

FORMAT: Final = "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s"
TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%S"


class OneLine(logging.Formatter):
    """A record as one line: what would follow on further lines, tracebacks included, is joined by bars."""

    def __init__(self) -> None:
        """Always the same form."""
        super().__init__(FORMAT, TIME_FORMAT)
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its line feed."""
        return " | ".join(super().format(record).splitlines())


def configure_logging(level: int | str = logging.INFO, stream: TextIO | None = None) -> None:
    """Send all records of this level and above to a stream (by default standard error), and nowhere else."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(OneLine())
    logging.basicConfig(level=level, handlers=[handler], force=True)
