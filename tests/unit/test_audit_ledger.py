"""The ledger: append-only, each message once, nothing dropped."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from cordguard.audit.entry import GENESIS, Draft
from cordguard.audit.intake import read
from cordguard.audit.ledger import Ledger, open_ledger
from cordguard.audit.reader import read_ledger
from cordguard.audit.store import LedgerUnavailableError, NotALedgerError
from support.audit_messages import (
    ALARM_ID,
    OPENED_US,
    SITE,
    Sent,
    case,
    command,
    mark,
    summary,
    transition,
    whole_session,
)


def drafts(*sent: Sent) -> list[Draft]:
    found = [read(SITE, topic, payload, received_us=1) for topic, payload in sent]
    return [draft for draft in found if draft is not None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    ledger = open_ledger(path)
    yield ledger
    ledger.close()


def test_a13_entries_are_chained_and_survive_closing(ledger: Ledger, path: Path) -> None:
    assert ledger.append(drafts(case(), mark()), 7) == ("entered", "entered")
    ledger.close()
    again = open_ledger(path)
    again.append(drafts(transition()), 8)
    first, second, third = again.entries()
    assert [first.number, second.number, third.number] == [1, 2, 3]
    assert [first.previous_hash, second.previous_hash, third.previous_hash] == [GENESIS, first.hash, second.hash]
    assert (again.head().count, again.head().hash) == (3, third.hash)
    assert again.newest_recorded_us() == 8
    again.close()


@pytest.mark.parametrize("message", whole_session(), ids=lambda sent: str(sent[0]))
def test_the_same_message_again_is_ignored(ledger: Ledger, message: Sent) -> None:
    topic, payload = message
    assert ledger.append(drafts(message), 1) == ("entered",)
    assert ledger.append(drafts((topic, b" " + payload)), 2) == ("repeated",), "spaces make no other message"
    assert ledger.append(drafts(message, message), 3) == ("repeated", "repeated")
    assert ledger.head().count == 1


def test_another_content_under_the_same_identity_is_kept_as_a_conflict_once(ledger: Ledger) -> None:
    ledger.append(drafts(case(level="T8")), 1)
    assert ledger.append(drafts(case(level="T9"), case(level="T9"), case(level="T8")), 2) == (
        "conflict",
        "repeated",
        "repeated",
    )
    assert [entry.kind for entry in ledger.entries()] == ["case", "conflict"]
    assert b'"level":"T9"' in ledger.entries()[1].content
    assert ledger.entries()[1].session == "s-1"


def test_the_same_mark_id_in_two_rooms_is_two_marks(ledger: Ledger) -> None:
    assert ledger.append(drafts(mark(), mark(room="room-2")), 1) == ("entered", "entered")


ALL = "recorded_us, at_us, site, room, procedure, session, kind"
LIKE_2 = "FROM ledger WHERE number = 2"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET content = x'7b7d' WHERE number = 1",
        "UPDATE ledger SET recorded_us = 0",
        "DELETE FROM ledger WHERE number = 2",
        "DELETE FROM ledger",
        "INSERT OR REPLACE INTO ledger SELECT * FROM ledger WHERE number = 1",
        f"INSERT OR REPLACE INTO ledger SELECT 3, {ALL}, key, x'7b7d', hash, 'x' {LIKE_2}",
        f"INSERT OR REPLACE INTO ledger SELECT 3, {ALL}, 'new', x'7b7d', hash, hash {LIKE_2}",
        "INSERT OR IGNORE INTO ledger SELECT * FROM ledger WHERE number = 1",
        "INSERT INTO ledger SELECT * FROM ledger WHERE number = 1 ON CONFLICT DO UPDATE SET key = 'new'",
        f"INSERT INTO ledger SELECT 4, {ALL}, 'new', content, hash, 'x' {LIKE_2}",
        f"INSERT INTO ledger SELECT 3, {ALL}, 'new', content, 'y', 'x' {LIKE_2}",
    ],
)
def test_a14_the_file_itself_refuses_to_change_delete_or_replace(ledger: Ledger, path: Path, statement: str) -> None:
    ledger.append(drafts(case(), mark()), 1)
    before = ledger.entries()
    other = sqlite3.connect(path, isolation_level=None)
    with pytest.raises(sqlite3.IntegrityError, match="the ledger is append-only"):
        other.execute(statement)
    other.close()
    assert ledger.entries() == before


def test_a14_reading_cannot_write(ledger: Ledger, path: Path) -> None:
    ledger.append(drafts(case()), 1)
    reader = read_ledger(path)
    with reader._engine.connect() as connection, pytest.raises(OperationalError, match="readonly"):  # noqa: SLF001
        connection.exec_driver_sql("DROP TRIGGER ledger_no_update")
    reader.close()


def test_a_reader_sees_what_a_writer_commits_meanwhile(ledger: Ledger, path: Path) -> None:
    ledger.append(drafts(case()), 1)
    reader = read_ledger(path)
    assert reader.head().count == 1
    ledger.append(drafts(mark()), 2)
    assert reader.head() == ledger.head()
    reader.close()


def test_a_reader_opened_before_the_writer_sees_what_it_commits(ledger: Ledger, path: Path) -> None:
    ledger.close()
    reader = read_ledger(path)
    assert reader.head().count == 0
    again = open_ledger(path)
    again.append(drafts(case()), 1)
    assert reader.head().count == 1
    again.close()


def test_reading_a_closed_ledger_leaves_nothing_beside_it(ledger: Ledger, path: Path) -> None:
    ledger.append(drafts(case()), 1)
    ledger.close()
    before = path.read_bytes()
    reader = read_ledger(path)
    assert reader.head().count == 1
    reader.close()
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == before


def test_a_full_disk_enters_nothing_and_says_so_and_works_again_after(path: Path) -> None:
    opened: list[sqlite3.Connection] = []

    def connect(*args: object, **options: object) -> sqlite3.Connection:
        opened.append(sqlite3.connect(*args, **options))  # type: ignore[call-overload]
        return opened[-1]

    ledger = open_ledger(path, connect)
    ledger.append(drafts(case()), 1)
    pages = opened[0].execute("PRAGMA page_count").fetchone()[0]
    opened[0].execute(f"PRAGMA max_page_count = {pages}")
    many = drafts(*(mark(f"m-{number}") for number in range(100)))
    with pytest.raises(LedgerUnavailableError, match="the disk is full; free some space"):
        ledger.append(many, 2)
    assert ledger.head().count == 1, "all or none"
    opened[0].execute("PRAGMA max_page_count = 1000000")
    ledger.append(many, 3)
    assert ledger.head().count == 101
    ledger.close()


def test_a_locked_ledger_is_said_to_be_locked(ledger: Ledger, path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerUnavailableError, match="another program holds the ledger locked"):
        ledger.append(drafts(case()), 1)
    other.close()
    assert ledger.append(drafts(case()), 1) == ("entered",)


def test_two_writers_keep_one_chain(ledger: Ledger, path: Path) -> None:
    other = open_ledger(path)
    ledger.append(drafts(case()), 1)
    other.append(drafts(mark()), 2)
    ledger.append(drafts(transition()), 3)
    assert [entry.number for entry in other.entries()] == [1, 2, 3]
    other.close()


def test_a_file_that_is_no_ledger_is_left_alone(tmp_path: Path) -> None:
    text, database = tmp_path / "text.db", tmp_path / "other.db"
    text.write_text("this is a letter, and long enough to be taken for a database header" * 10)
    other = sqlite3.connect(database)
    other.execute("CREATE TABLE patients (name)")
    other.close()
    for path in (text, database):
        before = path.read_bytes()
        with pytest.raises(NotALedgerError, match="name another file"):
            open_ledger(path)
        assert path.read_bytes() == before
    with pytest.raises(NotALedgerError, match="there is no such file"):
        read_ledger(tmp_path / "nowhere.db")
    with pytest.raises(LedgerUnavailableError, match="cannot be opened"):
        open_ledger(tmp_path / "missing" / "ledger.db")


def test_a_sessions_record_holds_its_marks_and_commands_by_time(ledger: Ledger) -> None:
    later = OPENED_US + 1_000
    ledger.append(
        drafts(
            *whole_session(),
            mark("before", at_us=OPENED_US - 1),
            mark("between", at_us=OPENED_US + 20),
            mark("elsewhere", room="room-2"),
            case("s-2", opened_us=later, procedure="p-2"),
            mark("of-2", at_us=later),
            command("reset", at_us=later + 1, action="reset"),
            transition(3, change="reset", command_id="reset"),
        ),
        1,
    )
    assert [entry.key for entry in ledger.of_session("s-1") if entry.kind in {"mark", "command"}] == [
        "m-1",
        "c-1",
        "m-2",
        "reset",  # it answered an alarm of this session, in the time of the next
    ]
    assert [entry.key for entry in ledger.of_session("s-2")] == ["s-2#0", "of-2", "reset"]
    assert {entry.session for entry in ledger.of_procedure("p-1")} == {"s-1", None}
    assert ledger.sessions() == ("s-1", "s-2")


def test_a_record_is_complete_without_any_case(ledger: Ledger) -> None:
    ledger.append(drafts(summary(), mark(), transition()), 1)
    assert [entry.kind for entry in ledger.of_session("s-1")] == ["summary", "mark", "transition"]


def test_the_latest_summary_is_the_one_with_the_highest_revision(ledger: Ledger) -> None:
    assert ledger.latest_summary("s-1") is None
    ledger.append(drafts(summary(revision=2), summary(revision=1), summary("s-9", 7)), 1)
    latest = ledger.latest_summary("s-1")
    assert latest is not None
    assert (latest.revision, latest.final) == (2, True)


def test_transitions_of_no_session_are_kept(ledger: Ledger) -> None:
    assert ledger.append(drafts(transition(session=None, alarm_id=ALARM_ID[::-1])), 1) == ("entered",)
    assert ledger.entries()[0].session is None
