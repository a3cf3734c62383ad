"""The ledger's one table, and the triggers that make it append-only.

The triggers stand against mistakes and casual hands. Whoever may write the file can drop them; the chain of hashes is
what shows it afterwards.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, UniqueConstraint

from cordguard.audit.entry import GENESIS

METADATA: Final = MetaData()

LEDGER: Final = Table(
    "ledger",
    METADATA,
    Column("number", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False),
    Column("recorded_us", BigInteger(), nullable=False),
    Column("at_us", BigInteger(), nullable=False),
    Column("site", String(63), nullable=False),
    Column("room", String(63), nullable=False),
    Column("procedure", String(128), nullable=True),
    Column("session", String(128), nullable=True),
    Column("kind", String(16), nullable=False),
    Column("key", String(255), nullable=False),
    Column("content", LargeBinary(), nullable=False),
    Column("previous_hash", String(64), nullable=False, unique=True),
    Column("hash", String(64), nullable=False, unique=True),
    UniqueConstraint("site", "room", "kind", "key", name="identity"),
    Index("by_session", "session"),
    Index("by_procedure", "procedure"),
    Index("by_time", "site", "room", "at_us"),
)

# An INSERT OR REPLACE deletes what stands in its way without asking the DELETE trigger: so nothing may stand there.
SQLITE_TRIGGERS: Final[dict[str, str]] = {
    "ledger_no_update": """CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: no entry may be changed'); END""",
    "ledger_no_delete": """CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: no entry may be deleted'); END""",
    "ledger_only_append": f"""CREATE TRIGGER ledger_only_append BEFORE INSERT ON ledger
WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM ledger)
  OR NEW.previous_hash IS NOT coalesce((SELECT hash FROM ledger ORDER BY number DESC LIMIT 1), '{GENESIS}')
  OR EXISTS (SELECT 1 FROM ledger WHERE hash = NEW.hash)
  OR EXISTS (SELECT 1 FROM ledger WHERE site = NEW.site AND room = NEW.room AND kind = NEW.kind AND key = NEW.key)
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: an entry goes to the end of the chain, once'); END""",  # noqa: S608 - our own constant
}
"""Name and text of each trigger, as they must stand in the file."""
