"""Proof that a ledger is whole: every hash, every link, every number, every content, and the triggers that guard it.

A chain alone cannot show that its end was cut off: what remains is whole. So the head has to be noted elsewhere, and
``verify`` takes it as ``expected_head``: that hash must stand somewhere in the chain.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from cordguard.audit.check import COLUMNS, entry_of, problem_of
from cordguard.audit.entry import GENESIS, Entry
from cordguard.audit.intake import fact_of
from cordguard.audit.reader import Head
from cordguard.audit.schema import SQLITE_TRIGGERS
from cordguard.audit.store import NotALedgerError, engine_for_reading, explain
from cordguard.contract.case import Case
from cordguard.contract.summary import SessionSummary

EXIT_GOOD: Final = 0
EXIT_BROKEN: Final = 1
EXIT_NO_LEDGER: Final = 2

PROBLEMS_NAMED: Final = 20
"""More are only counted."""


@dataclass(slots=True)
class SessionFound:
    """One session that the ledger speaks of."""

    procedure: str | None = None
    summary_revision: int | None = None
    """Highest revision among its summaries; None if there is none."""
    final: bool = False
    """Whether a final summary is there: the watch was released."""


@dataclass(slots=True)
class Verification:
    """What was found."""

    path: Path
    refusal: str | None = None
    """Why this is no ledger that can be read; then nothing else was looked at."""
    count: int = 0
    """Number of entries."""
    head_hash: str = GENESIS
    """Hash of the last entry, as it stands there."""
    problems: list[str] = field(default_factory=list)
    """What is wrong, in the order of the chain, the first ones in words."""
    problem_count: int = 0
    first_bad: int | None = None
    """Number of the first bad entry, as it stands there; None if no single entry is bad."""
    sessions: dict[str, SessionFound] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)
    """Number of entries of each kind."""

    @property
    def good(self) -> bool:
        """Whether it is a ledger, and whole."""
        return self.refusal is None and self.problem_count == 0

    @property
    def exit_status(self) -> int:
        """0 good, 1 broken, 2 no ledger or not readable."""
        if self.refusal is not None:
            return EXIT_NO_LEDGER
        return EXIT_GOOD if self.good else EXIT_BROKEN

    def add(self, problem: str, *, entry: int | None = None) -> None:
        """Note a problem, with the number of the entry that has it."""
        self.problem_count += 1
        if entry is not None and self.first_bad is None:
            self.first_bad = entry
        if len(self.problems) < PROBLEMS_NAMED:
            self.problems.append(problem if entry is None else f"entry {entry}: {problem}")


def verify(path: Path, expected_head: str | None = None) -> Verification:
    """Check a ledger; the file is only read. ``expected_head`` is a hash that was noted earlier."""
    found = Verification(path)
    try:
        engine = engine_for_reading(path)
    except NotALedgerError as error:
        found.refusal = str(error)
        return found
    try:
        with engine.begin() as connection:
            _verify(connection, found, expected_head)
    except (DBAPIError, sqlite3.Error) as error:
        sentence = explain(error, path)
        if found.count or "malformed" in sentence:
            found.add(f"after entry {found.count} the file cannot be read: {sentence}")
        else:
            found.refusal = sentence
    finally:
        engine.dispose()
    return found


def verify_rows(rows: Iterable[Sequence[object]], found: Verification, expected_head: str | None = None) -> None:
    """Check rows that hold ``COLUMNS``, in the order of their numbers."""
    head = Head(0, GENESIS)
    met = expected_head in {None, GENESIS}
    for row in rows:
        entry = entry_of(row)
        found.count += 1
        if isinstance(entry, str):
            found.add(entry, entry=head.count + 1)
            head = Head(head.count + 1, str(row[-1]))
            continue
        problem = problem_of(entry, head)
        if problem is not None:
            found.add(problem, entry=entry.number)
        head = Head(entry.number, entry.hash)
        met = met or entry.hash == expected_head
        _survey(entry, found)
    found.head_hash = head.hash
    if not met:
        found.add(f"the head {expected_head} that was noted earlier is not in it: its end was cut off or rewritten")


def render(found: Verification) -> str:
    """The report for a person."""
    if found.refusal is not None:
        return f"NO LEDGER: {found.refusal}"
    if found.good:
        lines = [f"{found.path}: good. {found.count} entries; every hash, link, number and content holds."]
    else:
        lines = [f"{found.path}: BROKEN. {found.count} entries, {found.problem_count} problems, the first of them:"]
        lines += [f"  {problem}" for problem in found.problems]
    lines.append(f"Head of the chain: {found.head_hash}")
    lines.append("  Note it elsewhere: only a head noted earlier (--head HASH) shows that the end was cut off.")
    lines += [_line_of(session, state) for session, state in found.sessions.items()]
    lines.append("Entries: " + ", ".join(f"{count} {kind}" for kind, count in sorted(found.kinds.items())))
    return "\n".join(lines)


def _verify(connection: Connection, found: Verification, expected_head: str | None) -> None:
    triggers = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    standing = {name: text for name, text in triggers}  # noqa: C416 - rows are no pairs to mypy
    rows = connection.exec_driver_sql(f"SELECT {', '.join(COLUMNS)} FROM ledger ORDER BY number")  # noqa: S608 - our names
    verify_rows((tuple(row) for row in rows), found, expected_head)
    for name, text in SQLITE_TRIGGERS.items():
        if standing.pop(name, None) != text:
            found.add(f"trigger {name}, which keeps the ledger append-only, is missing or was changed")
    for name in standing:
        found.add(f"trigger {name} does not belong to a ledger")
    for (fault,) in connection.exec_driver_sql("PRAGMA integrity_check(5)"):
        if fault != "ok":
            found.add(f"the file is damaged: {fault}")


def _survey(entry: Entry, found: Verification) -> None:
    """Count an entry, and note what it says about its session."""
    found.kinds[entry.kind] = found.kinds.get(entry.kind, 0) + 1
    if entry.session is None:
        return
    state = found.sessions.setdefault(entry.session, SessionFound())
    fact = fact_of(entry)
    if isinstance(fact, Case | SessionSummary):
        state.procedure = fact.procedure or state.procedure
    if isinstance(fact, SessionSummary):
        state.summary_revision = max(fact.revision, state.summary_revision or 0)
        state.final = state.final or fact.final


def _line_of(session: str, state: SessionFound) -> str:
    summary = "no summary yet"
    if state.summary_revision is not None:
        summary = f"{'final' if state.final else 'no final'} summary, revision {state.summary_revision}"
    return f"Session {session} (procedure {state.procedure or 'not named'}): {summary}"
