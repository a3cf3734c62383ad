"""The store keeps each fact once, in the order it came, and says in a sentence why it cannot."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from cordguard.contract import topics
from cordguard.recorder.intake import rows_of
from cordguard.recorder.outbox import Outbox, Refusal
from cordguard.recorder.rows import Row, TemperatureRow, TransitionRow
from cordguard.recorder.schema import TABLES
from cordguard.recorder.store import Kept, Store, StoreError, Trouble, connect, open_store, read_row
from support.recorder_messages import AT_US, transition, vitals

FIRST = TemperatureRow("north", "or1", "gen-1", "canal", AT_US, 7, None, 41.0, None, None)


def series(count: int) -> list[Row]:
    return [replace(FIRST, at_us=AT_US + 100_000 * n, seq=n) for n in range(count)]


def stored(path: Path, row: type[Row]) -> list[Row]:
    table = TABLES[row]
    with closing(connect(path)) as connection:
        return [read_row(table, values) for _, *values in connection.execute(table.select_after, (0, 10_000))]


def test_rows_come_back_as_they_were_given(tmp_path: Path) -> None:
    given: list[Row] = [FIRST]
    for topic, message in ((topics.VITALS, vitals()), (topics.TRANSITION, transition())):
        found = rows_of(topic.at("north", room="or1"), message.to_wire())
        assert isinstance(found, tuple)
        given += found
    with closing(open_store(tmp_path / "store.db")) as store:
        assert store.keep(given) == Kept(new=len(given))
    kinds = {type(row): None for row in given}
    assert [row for kind in kinds for row in stored(tmp_path / "store.db", kind)] == given


def test_a_repeat_changes_nothing_and_is_counted(tmp_path: Path) -> None:
    with closing(open_store(tmp_path / "store.db")) as store:
        assert store.keep(series(3)) == Kept(new=3)
        assert store.keep(series(4)) == Kept(new=1, repeated=3)
    assert stored(tmp_path / "store.db", TemperatureRow) == series(4)


def test_a_key_never_changes_its_content(tmp_path: Path) -> None:
    with closing(open_store(tmp_path / "store.db")) as store:
        store.keep([FIRST])
        assert store.keep([replace(FIRST, temperature_c=20.0)]) == Kept(new=0, conflicting=1)
    assert stored(tmp_path / "store.db", TemperatureRow) == [FIRST]


def test_the_session_is_no_part_of_a_key(tmp_path: Path) -> None:
    with closing(open_store(tmp_path / "store.db")) as store:
        store.keep([FIRST])
        store.keep([replace(FIRST, session="s-9")])
    assert len(stored(tmp_path / "store.db", TemperatureRow)) == 1


def test_steps_of_one_alarm_are_kept_each(tmp_path: Path) -> None:
    found = [rows_of(topics.TRANSITION.at("north", room="or1"), transition(step=n).to_wire()) for n in (1, 2, 1)]
    with closing(open_store(tmp_path / "store.db")) as store:
        assert store.keep([row for rows in found if isinstance(rows, tuple) for row in rows]) == Kept(2, repeated=1)
    assert len(stored(tmp_path / "store.db", TransitionRow)) == 2


def test_a_locked_store_keeps_nothing_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with closing(open_store(path)) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert store.keep([FIRST]) == Trouble(f"the store {path} is locked by another program; close that program")
        other.execute("ROLLBACK")
        assert store.keep([FIRST]) == Kept(new=1)


def test_a_full_store_keeps_all_or_nothing_and_goes_on_later(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    connection = connect(path)
    with closing(Store(connection, path)) as store:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        outcome = store.keep(series(5_000))
        assert isinstance(outcome, Trouble)
        assert "disk is full" in outcome.reason
        assert stored(path, TemperatureRow) == []
        connection.execute("PRAGMA max_page_count = 1000000")
        assert store.keep(series(5_000)) == Kept(new=5_000)


def test_a_file_that_is_no_store_is_refused_with_advice(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(b"something else entirely, and long enough" * 40)
    with pytest.raises(StoreError, match=r"is no store; move it away"):
        open_store(path)


def test_a_store_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match=r"written by a later version of Cordguard \(store version 99\)"):
        open_store(path)


def test_a_folder_that_cannot_be_made_is_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="give --data-dir a folder you may write to"):
        open_store(tmp_path / "file" / "store.db")


def test_the_outbox_reads_on_from_where_each_target_got(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with closing(open_store(path)) as store:
        store.keep(series(5))
        store.keep(series(7))
    with closing(Outbox(path, "here")) as here, closing(Outbox(path, "there")) as there:
        assert here.backlog() == 7
        first = here.next_lines(TemperatureRow, 4)
        assert [f"seq={n}i" in line.text for n, line in enumerate(first)] == [True] * 4
        here.mark_shipped(TemperatureRow, first[-1].row_id, [Refusal(first[1], "no")])
        assert (here.backlog(), here.quarantined()) == (3, 1)
        assert "seq=4i" in here.next_lines(TemperatureRow, 4)[0].text
        assert (there.backlog(), there.quarantined()) == (7, 0)
