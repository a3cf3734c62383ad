"""The tables of the store: one for each kind of row, in append order, plus how far each target was shipped."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

from cordguard.recorder.rows import (
    CaseRow,
    GeneratorRow,
    MarkRow,
    RejectedRow,
    Row,
    TemperatureRow,
    TransitionRow,
    VitalsRow,
)

SCHEMA_VERSION: Final = 1
"""Written to ``user_version``; a store of a later version is refused, not guessed at."""

_COLUMN_TYPES: Final = {"str": "TEXT", "int": "INTEGER", "float": "REAL", "bool": "INTEGER", "bytes": "BLOB"}


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its name, its columns, and the columns that name a fact."""

    name: str
    row: type[Row]
    key: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The row's fields, in order; ``id`` (append order, never used twice) stands before them."""
        return tuple(field.name for field in fields(self.row))

    @property
    def flags(self) -> frozenset[str]:
        """The columns that are true or false: SQLite gives them back as 1 or 0."""
        return frozenset(field.name for field in fields(self.row) if str(field.type) == "bool")

    @property
    def ddl(self) -> str:
        """The statement that makes the table."""
        columns = ", ".join(f'"{field.name}" {_declared(str(field.type))}' for field in fields(self.row))
        return (
            f"CREATE TABLE IF NOT EXISTS {self.name} (id INTEGER PRIMARY KEY AUTOINCREMENT, "
            f"{columns}, UNIQUE ({_quoted(self.key)}))"
        )

    @property
    def insert(self) -> str:
        """The statement that appends a row."""
        marks = ", ".join("?" for _ in self.columns)
        return f"INSERT INTO {self.name} ({_quoted(self.columns)}) VALUES ({marks})"  # noqa: S608

    @property
    def select_by_key(self) -> str:
        """The statement that finds the row of a key."""
        where = " AND ".join(f'"{column}" = ?' for column in self.key)
        return f"SELECT {_quoted(self.columns)} FROM {self.name} WHERE {where}"  # noqa: S608

    @property
    def select_after(self) -> str:
        """The statement that reads on from an id, in append order, at most so many."""
        return f"SELECT id, {_quoted(self.columns)} FROM {self.name} WHERE id > ? ORDER BY id LIMIT ?"  # noqa: S608


def _declared(annotation: str) -> str:
    kind, optional, _ = annotation.partition(" | None")
    return _COLUMN_TYPES[kind] + ("" if optional else " NOT NULL")


def _quoted(columns: tuple[str, ...]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


_SENSOR_AT: Final = ("site", "room", "source", "sensor", "at_us")

TABLES: Final[dict[type[Row], Table]] = {
    table.row: table
    for table in (
        Table("transition", TransitionRow, ("alarm_id", "step")),
        Table("temperature", TemperatureRow, _SENSOR_AT),
        Table("generator", GeneratorRow, ("site", "room", "source", "at_us")),
        Table("vitals", VitalsRow, _SENSOR_AT),
        Table("cases", CaseRow, ("site", "room", "session", "revision")),
        Table("mark", MarkRow, ("site", "room", "mark_id")),
        Table("rejected", RejectedRow, ("site", "room", "sha256")),
    )
}

_SHIPPED_DDL: Final = """
CREATE TABLE IF NOT EXISTS shipped (
    target TEXT NOT NULL, source TEXT NOT NULL, last_id INTEGER NOT NULL, PRIMARY KEY (target, source)
) WITHOUT ROWID
"""
_QUARANTINE_DDL: Final = """
CREATE TABLE IF NOT EXISTS quarantine (
    target TEXT NOT NULL, source TEXT NOT NULL, row_id INTEGER NOT NULL, line TEXT NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (target, source, row_id)
) WITHOUT ROWID
"""
SHIPPING_DDL: Final = (_SHIPPED_DDL, _QUARANTINE_DDL)
"""How far each target has got, table by table, and the lines it refused, with its reason."""
