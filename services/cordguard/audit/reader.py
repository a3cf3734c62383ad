"""Reading the ledger: its head, its entries, and what belongs to a session or a procedure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import ColumnElement, Engine, Row, and_, func, or_, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from cordguard.audit import record
from cordguard.audit.entry import GENESIS, Entry
from cordguard.audit.schema import LEDGER
from cordguard.audit.store import LedgerUnavailableError, engine_for_reading, explain
from cordguard.contract.summary import SessionSummary


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain: whoever notes it down can prove later that nothing before it was changed or cut off."""

    count: int
    """Number of entries."""
    hash: str
    """Hash of the last one; 64 zeros if there is none."""


class LedgerReader:
    """A ledger for reading. Raises LedgerUnavailableError where the file cannot be read."""

    def __init__(self, engine: Engine, path: Path) -> None:
        """Take over an engine; ``path`` is for messages."""
        self._engine = engine
        self._path = path

    def head(self) -> Head:
        """The end of the chain."""
        with self._transaction() as connection:
            return head_of(connection)

    def entries(self) -> tuple[Entry, ...]:
        """All entries, in the order of the chain."""
        return self._select()

    def sessions(self) -> tuple[str, ...]:
        """All sessions that a case, transition or summary names, in the order in which they first appeared."""
        first = func.min(LEDGER.c.number)
        query = select(LEDGER.c.session).where(LEDGER.c.session.is_not(None)).group_by(LEDGER.c.session).order_by(first)
        with self._transaction() as connection:
            return tuple(connection.execute(query).scalars())

    def of_session(self, session: str) -> tuple[Entry, ...]:
        """Everything that belongs to a session, in order of time; the same whatever order it came in."""
        own = self._select(LEDGER.c.session == session)
        found = {entry.number: entry for entry in own}
        for site, room in {(entry.site, entry.room) for entry in own}:
            for entry in self._unnamed(session, site, room, own):
                found[entry.number] = entry
        return tuple(sorted(found.values(), key=lambda entry: (entry.at_us, entry.kind, entry.room, entry.key)))

    def of_procedure(self, procedure: str) -> tuple[Entry, ...]:
        """Everything that belongs to a procedure, session by session."""
        query = select(LEDGER.c.session).where(LEDGER.c.procedure == procedure).distinct()
        with self._transaction() as connection:
            sessions = set(connection.execute(query).scalars())
        return tuple(entry for session in self.sessions() if session in sessions for entry in self.of_session(session))

    def latest_summary(self, session: str) -> SessionSummary | None:
        """The summary of a session with the highest revision; None if there is none yet."""
        entries = self._select(LEDGER.c.session == session, LEDGER.c.kind == "summary")
        return max(record.summaries(entries), key=lambda summary: summary.revision, default=None)

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    def _unnamed(self, session: str, site: str, room: str, own: tuple[Entry, ...]) -> tuple[Entry, ...]:
        """Marks and commands of the room that belong to a session by their time, or by the transition that answered."""
        here = and_(LEDGER.c.site == site, LEDGER.c.room == room)
        framing = self._select(here, LEDGER.c.kind.in_(("case", "summary")))
        span = record.span_of(session, record.spans(framing))
        answered = record.answered_commands(own)
        wanted = [and_(LEDGER.c.kind == "command", LEDGER.c.key.in_(answered))]
        if span is not None:
            inside = [LEDGER.c.at_us >= span.from_us]
            if span.to_us is not None:
                inside.append(LEDGER.c.at_us < span.to_us)
            wanted.append(and_(*inside))
        unnamed = and_(LEDGER.c.session.is_(None), LEDGER.c.kind.in_(("mark", "command", "conflict", "unreadable")))
        return self._select(here, unnamed, or_(*wanted))

    def _select(self, *conditions: ColumnElement[bool]) -> tuple[Entry, ...]:
        query = select(LEDGER).where(*conditions).order_by(LEDGER.c.number)
        with self._transaction() as connection:
            return tuple(entry_of(row) for row in connection.execute(query))

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise LedgerUnavailableError(explain(error, self._path)) from None


def read_ledger(path: Path) -> LedgerReader:
    """Open a ledger for reading, while another process writes it or when none does. Never writes.

    Raises:
        NotALedgerError: there is no such file.
    """
    return LedgerReader(engine_for_reading(path), path)


def head_of(connection: Connection) -> Head:
    """The end of the chain, as a connection's transaction sees it."""
    row = connection.execute(_NEWEST).first()
    return Head(0, GENESIS) if row is None else Head(row.number, row.hash)


def entry_of(row: Row[Any]) -> Entry:
    """The entry of a row that holds all columns."""
    return Entry(**row._asdict())


_NEWEST: Final = select(LEDGER.c.number, LEDGER.c.hash).order_by(LEDGER.c.number.desc()).limit(1)
