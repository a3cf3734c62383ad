"""The recorder's own store: embedded SQLite. What ``keep`` has answered is on the disk, power cuts included.

One process writes rows; the shipper reads them over a connection of its own (``outbox.py``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cordguard.contract.alarms import is_same_change
from cordguard.recorder.rows import Row, TransitionRow
from cordguard.recorder.schema import SCHEMA_VERSION, SHIPPING_DDL, TABLES, Table

FILE_NAME: Final = "store.db"
"""The store's file, below the data folder."""

BUSY_TIMEOUT_S: Final = 0.25
"""How long a write may wait for another one, here and in the shipper."""


class StoreError(Exception):
    """The store cannot be opened: one sentence, with what to do."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The rows are on the disk."""

    new: int
    """Rows that were not there before."""
    repeated: int = 0
    """Rows that were there already, the same."""
    conflicting: int = 0
    """Rows whose key was there with another content; the first stays."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Nothing was kept; trying again may help."""

    reason: str
    """What is wrong and what to do, in one sentence."""


class Store:
    """The tables, open for writing."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        """Over an open connection; use ``open_store``."""
        self._connection = connection
        self._path = path

    def keep(self, rows: Iterable[Row]) -> Kept | Trouble:
        """Commit these rows, all or none; rows that are there already change nothing."""
        try:
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                outcomes = [self._insert(row) for row in rows]
        except sqlite3.DatabaseError as error:
            if not is_trouble(error):
                raise
            return Trouble(explain(error, self._path))
        return Kept(outcomes.count("new"), outcomes.count("repeated"), outcomes.count("conflicting"))

    def close(self) -> None:
        """Close the file; everything kept is in it."""
        self._connection.close()

    def _insert(self, row: Row) -> str:
        table = TABLES[type(row)]
        values = tuple(getattr(row, column) for column in table.columns)
        key = tuple(getattr(row, column) for column in table.key)
        # Looked up first: an insert that is ignored would use up an id, and the backlog is told by ids.
        present = self._connection.execute(table.select_by_key, key).fetchone()
        if present is None:
            self._connection.execute(table.insert, values)
            return "new"
        if tuple(present) == values or _says_the_same(table, present, values):
            return "repeated"
        return "conflicting"


def open_store(path: Path) -> Store:
    """Open the store, making it if it is not there.

    Raises:
        StoreError: it cannot be opened, is no store, or was written by a later version.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return Store(connect(path), path)
    except OSError as error:
        folder = path.parent
        msg = f"the folder {folder} cannot be made ({error.strerror}); give --data-dir a folder you may write to"
        raise StoreError(msg) from None


def connect(path: Path) -> sqlite3.Connection:
    """A connection to the store's file, with its tables there; the caller's thread alone may use it.

    Raises:
        StoreError: it cannot be opened, is no store, or was written by a later version.
    """
    connection = None
    try:
        # Transactions are ours to begin: the module's own would begin them late and hold them open over reads.
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version <= SCHEMA_VERSION:
            _prepare(connection, version)
            return connection
        reason = f"{path} was written by a later version of Cordguard (store version {version}); start that version"
    except sqlite3.DatabaseError as error:
        if not is_trouble(error):
            raise
        reason = explain(error, path)
    if connection is not None:
        connection.close()
    raise StoreError(reason)


def read_row(table: Table, values: Sequence[Any]) -> Row:
    """A row as it was given to ``keep``, from its columns in order."""
    flags = table.flags
    columns = dict(zip(table.columns, values, strict=True))
    typed: dict[str, Any] = {name: bool(value) if name in flags else value for name, value in columns.items()}
    return table.row(**typed)


def is_trouble(error: sqlite3.DatabaseError) -> bool:
    """Whether the world caused it (disk, locks, a damaged file), and not a mistake of ours."""
    return isinstance(error, sqlite3.OperationalError) or _primary_code(error) in _ADVICE


def explain(error: sqlite3.DatabaseError, path: Path) -> str:
    """SQLite's trouble as a sentence for a person: what is wrong, what to do."""
    what = _ADVICE.get(_primary_code(error), f"fails ({error}); see whether its disk is healthy")
    return f"the store {path} {what}"


def _says_the_same(table: Table, present: Sequence[Any], values: Sequence[Any]) -> bool:
    """Whether two rows are one transition, told by two engines side by side."""
    if table.row is not TransitionRow:
        return False
    known, new = (dict(zip(table.columns, row, strict=True)) for row in (present, values))
    return is_same_change(known, new)


def _primary_code(error: sqlite3.DatabaseError) -> int:
    return (getattr(error, "sqlite_errorcode", None) or sqlite3.SQLITE_ERROR) & 0xFF


_ADVICE: Final = {
    sqlite3.SQLITE_FULL: "cannot grow: its disk is full; make room, nothing acknowledged is lost",
    sqlite3.SQLITE_BUSY: "is locked by another program; close that program",
    sqlite3.SQLITE_LOCKED: "is locked by another program; close that program",
    sqlite3.SQLITE_READONLY: "is read-only; make the file and its folder writable for this user",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; make the file and its folder readable and writable for this user",
    sqlite3.SQLITE_PERM: "may not be opened by this user; make the file readable and writable for it",
    sqlite3.SQLITE_IOERR: "cannot be read or written: its disk is full or faulty; make room, or change the disk",
    sqlite3.SQLITE_CORRUPT: "is damaged; move it away and start again, a new one is made",
    sqlite3.SQLITE_NOTADB: "is no store; move it away and start again, a new one is made",
}


def _prepare(connection: sqlite3.Connection, version: int) -> None:
    """Set the connection up, and make the tables of a new store."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # WAL is synced at every commit: acknowledged means on the disk
    if version == SCHEMA_VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    for ddl in (*(table.ddl for table in TABLES.values()), *SHIPPING_DDL):
        connection.execute(ddl)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")
