"""Writing the ledger: drafts go to the end of the chain, each once; nothing is ever changed or dropped."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from sqlalchemy import Engine, select
from sqlalchemy.engine import Connection

from cordguard.audit.entry import Draft, seal
from cordguard.audit.intake import conflict_of, says_the_same
from cordguard.audit.reader import Head, LedgerReader, head_of
from cordguard.audit.schema import LEDGER, METADATA, SQLITE_TRIGGERS
from cordguard.audit.store import LedgerUnavailableError, NotALedgerError, engine_for_writing, explain

FILE_NAME = "ledger.db"
"""The ledger's name in the data folder."""

Outcome = Literal["entered", "repeated", "conflict"]
"""It is new; it was there already; its identity stood there with another content, so it was entered as a conflict."""


class Ledger(LedgerReader):
    """A ledger for writing. When ``append`` returns, what it was given survives a power cut."""

    def __init__(self, engine: Engine, path: Path) -> None:
        """Take over an engine and make the table and its triggers where there are none."""
        super().__init__(engine, path)
        with self._transaction() as connection:
            _create(connection)

    def append(self, drafts: Sequence[Draft], recorded_us: int) -> tuple[Outcome, ...]:
        """Enter drafts, all or none; for each, what became of it.

        Raises:
            LedgerUnavailableError: none was entered.
        """
        with self._transaction() as connection:
            head = head_of(connection)
            outcomes = []
            for draft in drafts:
                head, outcome = _enter(connection, draft, head, recorded_us)
                outcomes.append(outcome)
        return tuple(outcomes)

    def newest_recorded_us(self) -> int:
        """When the last entry was made; 0 if there is none."""
        query = select(LEDGER.c.recorded_us).order_by(LEDGER.c.number.desc()).limit(1)
        with self._transaction() as connection:
            return connection.execute(query).scalar() or 0


def open_ledger(path: Path, connect: Callable[..., sqlite3.Connection] = sqlite3.connect) -> Ledger:
    """Open a ledger for writing; it is made if there is none.

    Raises:
        LedgerUnavailableError: it cannot be opened or made now.
        NotALedgerError: the file is something else.
    """
    engine = engine_for_writing(path, connect)
    try:
        return Ledger(engine, path)
    except LedgerUnavailableError as error:
        engine.dispose()
        if "not a database" in str(error):
            raise NotALedgerError(str(error)) from None
        raise
    except sqlite3.Error as error:  # from the connection itself, before SQLAlchemy has one
        engine.dispose()
        kind = NotALedgerError if "not a database" in str(error) else LedgerUnavailableError
        raise kind(explain(error, path)) from None


def _create(connection: Connection) -> None:
    tables = set(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars())
    if LEDGER.name in tables:
        return
    METADATA.create_all(connection)
    for text in SQLITE_TRIGGERS.values():
        connection.exec_driver_sql(text)


def _enter(connection: Connection, draft: Draft, head: Head, recorded_us: int) -> tuple[Head, Outcome]:
    kept = _content(connection, draft)
    outcome: Outcome = "entered"
    if kept is not None and not says_the_same(draft, kept):
        draft, outcome = conflict_of(draft), "conflict"
        kept = _content(connection, draft)
    if kept is not None:
        return head, "repeated"
    entry = seal(draft, number=head.count + 1, recorded_us=recorded_us, previous_hash=head.hash)
    connection.execute(LEDGER.insert(), asdict(entry))
    return Head(entry.number, entry.hash), outcome


def _content(connection: Connection, draft: Draft) -> bytes | None:
    """The content that stands under a draft's identity."""
    found: bytes | None = connection.execute(
        select(LEDGER.c.content).where(
            LEDGER.c.site == draft.site,
            LEDGER.c.room == draft.room,
            LEDGER.c.kind == draft.kind,
            LEDGER.c.key == draft.key,
        )
    ).scalar()
    return found
