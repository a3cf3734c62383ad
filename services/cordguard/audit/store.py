"""Opening the ledger's file: for writing, with nothing lost at a power cut; for reading, without writing a byte."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool, Pool, StaticPool

from cordguard.audit.schema import LEDGER

BUSY_TIMEOUT_S: Final = 0.25
"""Longest wait for another program's lock: the service must go on serving its connection meanwhile."""


class LedgerUnavailableError(Exception):
    """The ledger cannot be read or written now: one sentence, with what to do."""


class NotALedgerError(Exception):
    """The file is missing, or is no ledger: one sentence."""


def engine_for_writing(path: Path, connect: Callable[..., sqlite3.Connection] = sqlite3.connect) -> Engine:
    """An engine whose commits are on the disk when they return (WAL, synchronous=FULL)."""

    def create() -> sqlite3.Connection:
        connection = connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
        return connection

    return _engine(create, "BEGIN IMMEDIATE", StaticPool)


def engine_for_reading(path: Path) -> Engine:
    """An engine that never writes, not even the files that SQLite keeps beside a ledger.

    Raises:
        NotALedgerError: there is no such file.
    """
    if not path.is_file():
        msg = f"{path}: there is no such file"
        raise NotALedgerError(msg)

    def create() -> sqlite3.Connection:
        # Without a write-ahead log nobody has it open: then SQLite need not make one for us to read.
        in_use = path.with_name(path.name + "-wal").exists()
        uri = f"file:{quote(str(path.absolute()))}?mode=ro" + ("" if in_use else "&immutable=1")
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S * 8, isolation_level=None)
        connection.text_factory = _text
        return connection

    # A connection for each reading: whether somebody writes meanwhile is found out anew each time.
    return _engine(create, "BEGIN", NullPool)


def explain(error: SQLAlchemyError | sqlite3.Error, path: Path) -> str:
    """A sentence for a person: what is wrong with the ledger, and what to do."""
    reason = str(getattr(error, "orig", None) or error)
    for words, sentence in _SENTENCES.items():
        if words in reason:
            return f"{path}: {sentence} ({reason})"
    return f"{path}: cannot be used ({reason})"


_SENTENCES: Final[dict[str, str]] = {
    "is full": "the disk is full; free some space",
    "locked": "another program holds the ledger locked; end it",
    "readonly": "the ledger may not be written; give the service the right to write it",
    "unable to open": "the ledger cannot be opened; look at the folder and its rights",
    "disk I/O": "the disk does not take it; look at its space and health",
    "malformed": "the file is damaged; keep it, and go on from a copy",
    "not a database": "this is no ledger; name another file",
}


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if tables and LEDGER.name not in tables:
        msg = f"{path}: this is another database, not a ledger; name another file"
        raise NotALedgerError(msg)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def _engine(create: Callable[[], sqlite3.Connection], begin: str, pool: type[Pool]) -> Engine:
    engine = create_engine("sqlite+pysqlite://", creator=create, poolclass=pool)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _text(stored: bytes) -> Any:  # noqa: ANN401 - sqlite3's own signature
    return stored.decode("utf-8", "surrogateescape")
