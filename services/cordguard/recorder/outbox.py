"""The store as the shipper sees it: what was not shipped yet, in append order, and how far each target has got."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cordguard.recorder.points import PointRow, line_of, point_of
from cordguard.recorder.rows import GeneratorRow, TemperatureRow, TransitionRow, VitalsRow
from cordguard.recorder.schema import TABLES, Table
from cordguard.recorder.store import connect, read_row

SHIPPED: Final[tuple[type[PointRow], ...]] = (TransitionRow, TemperatureRow, GeneratorRow, VitalsRow)
"""What is shipped; alarms first."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row in line protocol, with its place in its table."""

    row_id: int
    text: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A line that the target will never take, and why."""

    line: Line
    reason: str


class Outbox:
    """A connection of the shipper's own: it lives in the shipper's thread.

    Its methods raise ``sqlite3.DatabaseError`` when the store cannot be read or written just now.
    """

    def __init__(self, path: Path, target: str) -> None:
        """Open the store for one target: a target that was never shipped to gets everything.

        Raises:
            StoreError: the store cannot be opened.
        """
        self._connection = connect(path)
        self._target = target

    def next_lines(self, row: type[PointRow], limit: int) -> list[Line]:
        """The oldest lines of a table that were not shipped, at most ``limit``."""
        table = TABLES[row]
        found = self._connection.execute(table.select_after, (self._last_id(table), limit)).fetchall()
        return [Line(row_id, line_of(point_of(_point_row(table, values)))) for row_id, *values in found]

    def mark_shipped(self, row: type[PointRow], last_id: int, refusals: Sequence[Refusal]) -> None:
        """Remember, in one transaction, that a table was shipped up to a row and what was refused of it."""
        table = TABLES[row]
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(
                "INSERT INTO quarantine VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [(self._target, table.name, each.line.row_id, each.line.text, each.reason) for each in refusals],
            )
            self._connection.execute(
                "INSERT INTO shipped VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET last_id = excluded.last_id",
                (self._target, table.name, last_id),
            )

    def backlog(self) -> int:
        """How many rows wait to be shipped."""
        return sum(self._waiting(TABLES[row]) for row in SHIPPED)

    def quarantined(self) -> int:
        """How many lines the target has refused so far."""
        query = "SELECT count(*) FROM quarantine WHERE target = ?"
        return int(self._connection.execute(query, (self._target,)).fetchone()[0])

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _last_id(self, table: Table) -> int:
        query = "SELECT last_id FROM shipped WHERE target = ? AND source = ?"
        found = self._connection.execute(query, (self._target, table.name)).fetchone()
        return int(found[0]) if found else 0

    def _waiting(self, table: Table) -> int:
        # Ids are handed out without gaps and never twice, so the newest id tells how many there are.
        newest = self._connection.execute(f"SELECT max(id) FROM {table.name}").fetchone()[0]  # noqa: S608 - our own name
        return int(newest or 0) - self._last_id(table)


def _point_row(table: Table, values: Sequence[object]) -> PointRow:
    row = read_row(table, values)
    if not isinstance(row, SHIPPED):
        msg = f"{table.name} is not shipped"
        raise TypeError(msg)
    return row
