"""Tampering with a ledger is found, and said in plain words."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cordguard.audit.check import COLUMNS, problem_of
from cordguard.audit.entry import GENESIS, Draft, canonical, seal
from cordguard.audit.intake import ServiceNote, draft_of, fact_of, opened, read
from cordguard.audit.ledger import open_ledger
from cordguard.audit.reader import Head
from cordguard.audit.schema import SQLITE_TRIGGERS
from cordguard.audit.verify import render, verify
from support.audit_messages import SITE, case, summary, transition, whole_session

ENTRIES = 12


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "ledger.db"
    ledger = open_ledger(path)
    note = ServiceNote(at_us=1, instance="main", version="0.1.0")
    sent = [*whole_session(), case(level="T9"), ("cordguard/v1/site/room-1/mark", b"not JSON")]
    drafts = [read(SITE, topic, payload, received_us=1) for topic, payload in sent]
    ledger.append([opened(note, site=SITE, number=1), *(draft for draft in drafts if draft)], 1)
    assert ledger.head().count == ENTRIES
    ledger.close()
    return path


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(whole, tmp_path / "ledger.db"))


def tamper(path: Path, *statements: str) -> None:
    """Do what somebody does who knows SQLite: take the triggers away, change, put them back."""
    connection = sqlite3.connect(path, isolation_level=None)
    for name in SQLITE_TRIGGERS:
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    for text in SQLITE_TRIGGERS.values():
        connection.execute(text)
    connection.close()


def test_h16_a_whole_ledger_is_good_and_says_what_it_holds(path: Path) -> None:
    found = verify(path)
    assert (found.exit_status, found.count, found.problems) == (0, ENTRIES, [])
    assert found.sessions["s-1"].final
    assert found.sessions["s-1"].summary_revision == 2
    text = render(found)
    assert found.head_hash in text
    assert "Session s-1 (procedure p-1): final summary, revision 2" in text
    assert "1 conflict" in text
    assert "1 unreadable" in text


def flipped(value: object) -> Iterator[Any]:
    """The value with each of its bytes changed, one after the other."""
    match value:
        case bytes():
            for place in range(len(value)):
                yield value[:place] + bytes([value[place] ^ 0x01]) + value[place + 1 :]
        case str():
            for flip in (b"\x01", b"\x80"):  # one makes other letters, the other text that is no UTF-8
                raw = value.encode()
                for place in range(len(raw)):
                    changed = raw[:place] + bytes([raw[place] ^ flip[0]]) + raw[place + 1 :]
                    yield changed.decode("utf-8", "surrogateescape")
        case int():
            yield from (value ^ (1 << bit) for bit in range(62))
        case _:
            yield ""


@pytest.mark.parametrize("column", COLUMNS)
def test_h16_every_flipped_byte_of_every_column_is_found(whole: Path, column: str) -> None:
    ledger = open_ledger(whole)
    entries = ledger.entries()
    ledger.close()
    head = Head(0, GENESIS)
    for entry in entries:
        assert problem_of(entry, head) is None
        for value in flipped(getattr(entry, column)):
            changed = replace(entry, **{column: value})
            assert problem_of(changed, head) is not None, f"entry {entry.number}: {column} {value!r}"
        head = Head(entry.number, entry.hash)


@pytest.mark.parametrize("column", COLUMNS)
def test_h16_a_changed_column_in_the_file_is_found(path: Path, column: str) -> None:
    broken = "x'7b7d'" if column == "content" else "7777" if COLUMNS[column] == (int,) else "CAST(x'80' AS TEXT)"
    tamper(path, f"UPDATE ledger SET {column} = {broken} WHERE number = 5")  # noqa: S608
    found = verify(path)
    assert found.exit_status == 1
    assert found.first_bad == (6 if column == "number" else 5)


@pytest.mark.parametrize(
    ("statement", "first_bad", "words"),
    [
        ("DELETE FROM ledger WHERE number = 1", 2, "it follows entry 0: what stood between was removed"),
        ("DELETE FROM ledger WHERE number = 6", 7, "it follows entry 5: what stood between was removed"),
        ("UPDATE ledger SET number = number + 5 WHERE number = 12", 17, "it follows entry 11"),
        (
            "UPDATE ledger SET content = CAST(content AS TEXT) WHERE number = 4",
            4,
            "column content holds str, not bytes",
        ),
        ("UPDATE ledger SET recorded_us = 'now' WHERE number = 3", 3, "column recorded_us holds str, not int"),
        ("UPDATE ledger SET session = NULL WHERE number = 2", 2, "it was changed after it was entered"),
    ],
)
def test_h16_removed_renumbered_and_retyped_entries_are_found(
    path: Path, statement: str, first_bad: int, words: str
) -> None:
    tamper(path, statement)
    found = verify(path)
    assert (found.exit_status, found.first_bad) == (1, first_bad)
    assert words in found.problems[0]
    assert f"entry {first_bad}" in render(found)


def test_h16_two_swapped_entries_are_found(path: Path) -> None:
    tamper(
        path,
        "UPDATE ledger SET number = -1 WHERE number = 4",
        "UPDATE ledger SET number = 4 WHERE number = 5",
        "UPDATE ledger SET number = 5 WHERE number = -1",
    )
    assert verify(path).first_bad == 4


def test_h16_a_changed_entry_with_a_recomputed_hash_breaks_the_link_to_the_next(path: Path) -> None:
    replace_entry(path, 4, lambda draft: canonical(draft.content.replace(b"45.1", b"41.1")))
    found = verify(path)
    assert found.first_bad == 5
    assert "previous_hash is not the hash of the entry before" in found.problems[0]


def test_h16_the_cut_off_end_needs_the_head_that_was_noted(path: Path) -> None:
    head = verify(path).head_hash
    assert verify(path, expected_head=head).good
    tamper(path, "DELETE FROM ledger WHERE number = 12")
    assert verify(path).good, "a chain alone cannot show this: the report says so"
    assert "only a head noted earlier" in render(verify(path))
    cut = verify(path, expected_head=head)
    assert cut.exit_status == 1
    assert "its end was cut off or rewritten" in render(cut)


def test_h16_a_head_noted_earlier_still_stands_in_a_ledger_that_grew(path: Path) -> None:
    earlier = verify(path).head_hash
    ledger = open_ledger(path)
    topic, payload = transition(9)
    ledger.append([draft for draft in [read(SITE, topic, payload, received_us=2)] if draft], 2)
    ledger.close()
    found = verify(path, expected_head=earlier)
    assert found.good
    assert found.count == ENTRIES + 1


@pytest.mark.parametrize("name", SQLITE_TRIGGERS)
def test_a14_a_missing_or_weakened_trigger_is_found(path: Path, name: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"DROP TRIGGER {name}")
    assert f"trigger {name}, which keeps the ledger append-only, is missing" in render(verify(path))
    connection.execute(f"CREATE TRIGGER {name} BEFORE UPDATE ON ledger BEGIN SELECT 1; END")
    assert verify(path).exit_status == 1
    connection.close()


def test_a14_a_foreign_trigger_is_found(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TRIGGER sly AFTER INSERT ON ledger BEGIN SELECT 1; END")
    connection.close()
    assert "trigger sly does not belong to a ledger" in verify(path).problems[0]


def replace_entry(path: Path, number: int, change: Callable[[Draft], bytes]) -> None:
    """Forge one entry with a right hash of its own."""
    ledger = open_ledger(path)
    old = ledger.entries()[number - 1]
    ledger.close()
    draft = Draft(
        site=old.site,
        room=old.room,
        procedure=old.procedure,
        session=old.session,
        kind=old.kind,
        key=old.key,
        at_us=old.at_us,
        content=change(old),
    )
    new = seal(draft, number=number, recorded_us=old.recorded_us, previous_hash=old.previous_hash)
    tamper(
        path,
        f"UPDATE ledger SET content = x'{new.content.hex()}', hash = '{new.hash}' WHERE number = {number}",  # noqa: S608
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda _: b'{"session": "s-1"}', "not in canonical form"),
        (lambda _: b"{", "its content is no JSON"),
        (lambda _: b'{"session":"s-1"}', "its content is no case"),
        (lambda draft: draft.content.replace(b'"s-1"', b'"s-7"'), "its column key says 's-1#0', its content 's-7#0'"),
        (lambda draft: draft.content.replace(b'"p-1"', b'"p-7"'), "its column procedure says 'p-1', its content 'p-7'"),
    ],
)
def test_h16_content_that_no_message_could_have_had_is_found(
    path: Path, change: Callable[[Draft], bytes], words: str
) -> None:
    replace_entry(path, 2, change)
    found = verify(path)
    assert found.first_bad == 2
    assert words in found.problems[0]


@pytest.mark.parametrize("kept_pages", [1, 2, 4])
def test_h16_a_truncated_file_is_never_good(path: Path, kept_pages: int) -> None:
    content = path.read_bytes()
    assert len(content) > 4 * 4096
    path.write_bytes(content[: kept_pages * 4096 + 100])
    found = verify(path)
    assert found.exit_status in {1, 2}
    assert "damaged" in render(found)


@pytest.mark.parametrize("content", [b"", b"a letter", b"a letter\n" * 1000])
def test_what_is_no_ledger_is_refused_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "some.db"
    path.write_bytes(content)
    found = verify(path)
    assert found.exit_status == 2
    assert re.match(r"NO LEDGER: .*some\.db: .*(this is no ledger|no such table)", render(found))


def test_a_missing_file_and_another_database_are_refused_with_a_sentence(tmp_path: Path) -> None:
    assert "there is no such file" in render(verify(tmp_path / "nowhere.db"))
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE patients (name)")
    other.close()
    found = verify(tmp_path / "other.db")
    assert found.exit_status == 2
    assert "Traceback" not in render(found)


def test_verifying_changes_no_byte_and_leaves_no_file(path: Path) -> None:
    before = path.read_bytes()
    verify(path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_sessions_without_a_final_summary_are_named(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "ledger.db")
    sent = [case("s-1"), summary("s-2", 1), transition(1, session="s-3")]
    drafts = [read(SITE, topic, payload, received_us=1) for topic, payload in sent]
    ledger.append([draft for draft in drafts if draft], 1)
    ledger.close()
    text = render(verify(tmp_path / "ledger.db"))
    assert "Session s-1 (procedure p-1): no summary yet" in text
    assert "Session s-2 (procedure p-1): no final summary, revision 1" in text
    assert "Session s-3 (procedure not named): no summary yet" in text


def test_an_empty_ledger_is_good_and_has_the_genesis_head(tmp_path: Path) -> None:
    open_ledger(tmp_path / "ledger.db").close()
    found = verify(tmp_path / "ledger.db")
    assert (found.exit_status, found.count, found.head_hash) == (0, 0, GENESIS)


def test_a_draft_can_be_made_again_from_any_entry(whole: Path) -> None:
    ledger = open_ledger(whole)
    for entry in ledger.entries():
        fact = fact_of(entry)
        if entry.kind in {"case", "mark", "command", "transition", "summary"}:
            assert fact is not None
            again = draft_of(fact, site=entry.site, room=entry.room, content=entry.content)  # type: ignore[arg-type]
            assert (again.kind, again.key) == (entry.kind, entry.key)
    ledger.close()
