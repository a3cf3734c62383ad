"""A disk that says no (H16): alarms go on, R42 says so once, and a new file with the whole state ends it."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cordguard.contract.alarms import Transition
from cordguard.contract.capture import CapturedInput, read_lines, split_torn_tail
from cordguard.engine import local
from cordguard.engine.alarms import Emission
from cordguard.safety.files import AppendFile, open_file
from cordguard.safety.journal import journal_files
from cordguard.safety.keeper import RoomKeeper, open_room
from cordguard.safety.playback import play_room
from cordguard.safety.replay import replay_file
from support.journals import POLICY, POLICY_TEXT, ROOM, SITE, START_US, S, topic, whole_state


class Disk:
    """The file port on a disk that may be full. What does not fit is written in part, as a real one does."""

    def __init__(self) -> None:
        self.free_bytes: int | None = None
        """None: as much as one likes."""
        self.opens = True
        self.cuts = True
        self.syncs = True
        self.attempts = 0

    def __call__(self, path: Path) -> AppendFile:
        self.attempts += 1
        if not self.opens:
            raise OSError(errno.ENOSPC, "No space left on device")
        return _File(self, open_file(path))


class _File:
    def __init__(self, disk: Disk, file: AppendFile) -> None:
        self._disk = disk
        self._file = file

    def append(self, data: bytes) -> None:
        free = self._disk.free_bytes
        self._file.append(data if free is None else data[:free])
        if free is not None and len(data) > free:
            self._disk.free_bytes = 0
            raise OSError(errno.ENOSPC, "No space left on device")
        if free is not None:
            self._disk.free_bytes = free - len(data)

    def cut(self, size: int) -> None:
        if not self._disk.cuts:
            raise OSError(errno.EIO, "Input/output error")
        self._file.cut(size)

    def sync(self) -> None:
        if not self._disk.syncs:
            raise OSError(errno.EIO, "Input/output error")
        self._file.sync()

    def close(self) -> None:
        self._file.close()


@pytest.fixture
def disk() -> Disk:
    return Disk()


def start(folder: Path, disk: Disk, now_us: int = START_US) -> tuple[RoomKeeper, list[Transition]]:
    keeper, out = open_room(folder, SITE, ROOM, POLICY, POLICY_TEXT, now_us, ended="crash", open_port=disk)
    return keeper, said(out)


def said(emissions: list[Emission]) -> list[Transition]:
    return [emission.message for emission in emissions if isinstance(emission.message, Transition)]


def frame(number: int, canal_c: float = 37.0) -> CapturedInput:
    at_us = START_US + number * S // 10
    message = {"seq": number, "at_us": at_us, "readings": [{"sensor": "canal", "temperature_c": canal_c}]}
    return CapturedInput(at_us, topic("gen-1/temperature"), json.dumps(message).encode())


def case(number: int, session: str = "s-1", state: str = "open", revision: int = 1) -> CapturedInput:
    at_us = START_US + number * S // 10
    message = {"session": session, "revision": revision, "state": state, "opened_us": at_us, "closed_us": at_us}
    return CapturedInput(at_us, topic("case"), json.dumps(message).encode())


def feed(keeper: RoomKeeper, entries: Iterator[CapturedInput] | list[CapturedInput]) -> list[Transition]:
    return [transition for entry in entries for transition in said(keeper.take(entry))]


def about_disk(transitions: list[Transition]) -> list[tuple[str, str]]:
    return [(each.change, each.priority) for each in transitions if each.rule == "R42"]


def assert_good_journal(folder: Path, keeper: RoomKeeper) -> None:
    """Every file holds whole lines, and the newest alone brings back the whole state."""
    keeper.close()
    files = journal_files(folder)
    for path in files:
        whole, torn = split_torn_tail(path.read_bytes())
        assert torn is None
        list(read_lines(whole))
    first = next(iter(read_lines(files[-1].read_bytes())))
    assert first.topic == local.CONTINUED
    played = play_room(files[-1].read_bytes(), SITE, ROOM, POLICY)
    assert whole_state(played.engine) == whole_state(keeper.engine)


@pytest.mark.parametrize("free_bytes", [0, 1, 40, 200, 1_000])
def test_r42_h16_full_while_appending(tmp_path: Path, disk: Disk, free_bytes: int) -> None:
    keeper, _ = start(tmp_path, disk)
    feed(keeper, [frame(number) for number in range(1, 20)])
    disk.free_bytes = free_bytes
    full = feed(keeper, [frame(number, 46.0) for number in range(20, 60)])
    assert about_disk(full) == [("raised", "high")]
    assert any(transition.rule == "R01" and transition.change == "raised" for transition in full)
    assert keeper.journal_trouble is not None
    assert "No space left on device" in keeper.journal_trouble
    disk.free_bytes = None
    after = feed(keeper, [frame(number, 46.0) for number in range(60, 80)])
    assert about_disk(after) == [("ended", "high")]
    assert keeper.journal_trouble is None
    assert_good_journal(tmp_path, keeper)
    assert len(journal_files(tmp_path)) == 2


def test_r42_replaying_the_new_file_gives_what_was_published_since(tmp_path: Path, disk: Disk) -> None:
    keeper, _ = start(tmp_path, disk)
    feed(keeper, [frame(1)])
    disk.free_bytes = 0
    feed(keeper, [frame(number, 46.0) for number in range(2, 40)])
    disk.free_bytes = None
    published = feed(keeper, [frame(number, 46.0 if number < 55 else 40.0) for number in range(40, 80)])
    keeper.close()
    _, found = replay_file(journal_files(tmp_path)[-1])
    since = published[[each.rule for each in published].index("R42") :]
    assert list(found) == since
    assert (since[0].rule, since[0].change) == ("R42", "ended")
    assert ("R01", "ended") in [(each.rule, each.change) for each in since]


@pytest.mark.parametrize("opens", [True, False])
def test_r42_h16_full_while_a_case_begins_a_new_file(tmp_path: Path, disk: Disk, *, opens: bool) -> None:
    keeper, _ = start(tmp_path, disk)
    feed(keeper, [frame(number) for number in range(1, 20)])
    disk.free_bytes, disk.opens = 100, opens
    out = feed(keeper, [case(20), *(frame(number, 46.0) for number in range(21, 40))])
    assert about_disk(out) == [("raised", "high")]
    assert keeper.engine.watched_session == "s-1"
    assert any(transition.rule == "R01" and transition.session == "s-1" for transition in out)
    disk.free_bytes, disk.opens = None, True
    assert about_disk(feed(keeper, [frame(number, 46.0) for number in range(40, 60)])) == [("ended", "high")]
    assert len(journal_files(tmp_path)) == 2
    assert_good_journal(tmp_path, keeper)


@pytest.mark.parametrize("opens", [True, False])
def test_r42_h16_full_at_the_very_first(tmp_path: Path, disk: Disk, *, opens: bool) -> None:
    disk.free_bytes, disk.opens = 10, opens
    keeper, first = start(tmp_path, disk)
    assert about_disk(first) == [("raised", "high")]
    out = feed(keeper, [case(1), *(frame(number, 46.0) for number in range(2, 30))])
    assert about_disk(out) == []
    assert any(transition.rule == "R01" for transition in out)
    assert journal_files(tmp_path) == []
    disk.free_bytes, disk.opens = None, True
    assert about_disk(feed(keeper, [frame(number, 46.0) for number in range(30, 50)])) == [("ended", "high")]
    assert_good_journal(tmp_path, keeper)


def test_r42_full_when_the_journal_is_found_again(tmp_path: Path, disk: Disk) -> None:
    keeper, _ = start(tmp_path, disk)
    feed(keeper, [case(1), *(frame(number, 46.0) for number in range(2, 20))])
    keeper.close()
    disk.opens = False
    again, first = start(tmp_path, disk, START_US + 60 * S)
    assert about_disk(first) == [("raised", "high")]
    assert again.engine.watched_session == "s-1"
    assert [transition.rule for transition in first if transition.change == "raised"] == ["R42", "R41"]
    disk.opens = True
    assert about_disk(feed(again, [frame(700)])) == [("ended", "high")]
    assert_good_journal(tmp_path, again)


def test_r42_is_not_ended_by_what_we_find_out_about_ourselves_meanwhile(tmp_path: Path, disk: Disk) -> None:
    keeper, _ = start(tmp_path, disk)
    disk.free_bytes, disk.opens = 0, False
    assert about_disk(feed(keeper, [frame(1)])) == [("raised", "high")]
    now_us = START_US + 5 * S
    out = said(keeper.check(now_us, confirmed=1)) + said(keeper.check(now_us, latency_ms={"p50": 1.0, "p99": 2.0}))
    out += said(keeper.check(now_us + 2 * S, stalled_from_us=now_us))
    assert about_disk(out) == []
    assert keeper.journal_trouble is not None
    disk.free_bytes, disk.opens = None, True
    assert about_disk(said(keeper.check(now_us + 4 * S, confirmed=1))) == [("ended", "high")]
    assert_good_journal(tmp_path, keeper)


def test_r42_an_idle_room_too_finds_out_that_its_disk_takes_data_again(tmp_path: Path, disk: Disk) -> None:
    keeper, _ = start(tmp_path, disk)
    disk.free_bytes, disk.opens = 0, False
    feed(keeper, [frame(1)])
    before = disk.attempts
    for ms in range(0, 5_000, 50):
        assert about_disk(said(keeper.tick(START_US + S + ms * 1_000))) == []
    assert disk.attempts - before == 5
    disk.free_bytes, disk.opens = None, True
    assert about_disk(said(keeper.tick(START_US + 10 * S))) == [("ended", "high")]
    assert_good_journal(tmp_path, keeper)


def test_r42_a_disk_that_cannot_force_what_it_took_is_one_that_says_no(tmp_path: Path, disk: Disk) -> None:
    keeper, _ = start(tmp_path, disk)
    feed(keeper, [frame(1)])
    disk.syncs = False
    assert about_disk(said(keeper.sync(START_US + S))) == [("raised", "high")]
    assert keeper.sync(START_US + S) == []
    disk.syncs = True
    assert about_disk(said(keeper.tick(START_US + 3 * S))) == [("ended", "high")]
    assert_good_journal(tmp_path, keeper)


def test_h16_killed_while_full_what_was_kept_is_found_again(tmp_path: Path, disk: Disk) -> None:
    """Not even the torn line could be taken back."""
    keeper, _ = start(tmp_path, disk)
    feed(keeper, [case(1), *(frame(number) for number in range(2, 20))])
    kept = whole_state(keeper.engine)
    disk.free_bytes, disk.cuts = 30, False
    feed(keeper, [frame(number, 46.0) for number in range(20, 30)])
    (path,) = journal_files(tmp_path)[-1:]
    played = play_room(path.read_bytes(), SITE, ROOM, POLICY)
    assert played.torn is not None
    assert played.torn.length == 30
    assert whole_state(played.engine) == kept
    disk.free_bytes, disk.cuts = None, True
    again, out = start(tmp_path, disk, START_US + 60 * S)
    assert [each.rule for each in out if each.change == "raised"] == ["R41"]
    feed(again, [frame(700)])
    again.close()
    assert split_torn_tail(path.read_bytes())[1] is None


def test_h16_a_line_damaged_in_the_middle_is_set_aside_with_all_behind_it(tmp_path: Path, disk: Disk) -> None:
    keeper, _ = start(tmp_path, disk)
    feed(keeper, [case(1), *(frame(number) for number in range(2, 10))])
    kept = whole_state(keeper.engine)
    feed(keeper, [frame(number) for number in range(10, 20)])
    keeper.close()
    path = journal_files(tmp_path)[-1]
    lines = path.read_bytes().splitlines(keepends=True)
    damaged = [*lines[:10], b"\0" * 200 + b"\n", *lines[11:]]
    path.write_bytes(b"".join(damaged))
    assert whole_state(play_room(path.read_bytes(), SITE, ROOM, POLICY).engine) == kept
    again, _ = start(tmp_path, disk, START_US + 2 * S)
    assert again.engine.watched_session == "s-1"
    assert path.with_suffix(".damaged").read_bytes() == b"".join(damaged)
    feed(again, [frame(30)])
    assert_good_journal(tmp_path, again)


def test_h16_a_damaged_line_on_a_full_disk_stays_until_the_new_file_stands(tmp_path: Path, disk: Disk) -> None:
    keeper, _ = start(tmp_path, disk)
    feed(keeper, [case(1), *(frame(number) for number in range(2, 10))])
    keeper.close()
    path = journal_files(tmp_path)[-1]
    path.write_bytes(path.read_bytes() + b"damaged\n")
    disk.opens = False
    _, first = start(tmp_path, disk, START_US + 2 * S)
    assert ("raised", "high") in about_disk(first)
    assert path.exists()
    disk.opens = True
    again, _ = start(tmp_path, disk, START_US + 3 * S)
    assert again.engine.watched_session == "s-1"
    assert_good_journal(tmp_path, again)


@pytest.mark.parametrize("line_one", [b"", b'{"received_us":17900', b"\0\0\0\n", b'{"topic":"local/continued"}\n'])
def test_h16_a_file_whose_line_one_is_torn_or_damaged_falls_back_to_the_one_before(
    tmp_path: Path, disk: Disk, line_one: bytes
) -> None:
    keeper, _ = start(tmp_path, disk)
    feed(keeper, [case(1), *(frame(number) for number in range(2, 10))])
    keeper.close()
    before = journal_files(tmp_path)
    broken = tmp_path / before[-1].name.replace("179", "180", 1)
    broken.write_bytes(line_one)
    again, _ = start(tmp_path, disk, keeper.engine.received_us)
    assert again.engine.watched_session == "s-1"
    assert broken.with_suffix(".damaged").read_bytes() == line_one
    assert journal_files(tmp_path) == before
    assert_good_journal(tmp_path, again)
