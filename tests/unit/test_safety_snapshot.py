"""The state beside the journal: a restart in a long case is quick, and nothing hangs on it but time."""

from __future__ import annotations

import errno
import hashlib
import json
from pathlib import Path

import pytest

from cordguard.contract.capture import CapturedInput
from cordguard.safety.files import AppendFile, open_file
from cordguard.safety.journal import journal_files
from cordguard.safety.keeper import RoomKeeper
from cordguard.safety.rooms import Rooms
from cordguard.safety.snapshot import SNAPSHOT_LINES, read_snapshot, snapshot_path
from support.journals import POLICY, POLICY_TEXT, SITE, START_US, open_journal, recover_journal, topic, whole_state
from support.long_case import long_case
from support.safety_shell import Stage, frame


def long_journal(folder: Path, seconds: int = 20) -> tuple[RoomKeeper, Path]:
    """A case with a snapshot after half of its time."""
    keeper, _ = open_journal(folder)
    entries = list(long_case(seconds))
    for entry in entries[: len(entries) // 2]:
        keeper.take(entry)
    assert keeper.snapshot() is None
    for entry in entries[len(entries) // 2 :]:
        keeper.take(entry)
    keeper.close()
    return keeper, journal_files(folder)[-1]


def assert_recovers(folder: Path, keeper: RoomKeeper) -> None:
    again = recover_journal(folder)
    assert again is not None
    again.close()
    assert whole_state(again.engine) == whole_state(keeper.engine)


def test_only_what_follows_a_snapshot_is_read_again(tmp_path: Path) -> None:
    keeper, path = long_journal(tmp_path)
    begun = read_snapshot(path, path.read_bytes())
    assert begun is not None
    assert begun.running.lines == path.read_bytes().count(b"\n") - keeper.lines_since_snapshot
    again = recover_journal(tmp_path)
    assert again is not None
    assert again.lines_since_snapshot == keeper.lines_since_snapshot > 0
    again.close()
    assert_recovers(tmp_path, keeper)


def test_the_recording_of_a_summary_is_hashed_whole_behind_a_snapshot_too(tmp_path: Path) -> None:
    _, path = long_journal(tmp_path)
    again = recover_journal(tmp_path)
    assert again is not None
    content = path.read_bytes()
    reference = again._journal.reference()  # noqa: SLF001 - what summaries are given
    assert reference.sha256 == hashlib.sha256(content).hexdigest()
    assert reference.lines == content.count(b"\n")
    assert (reference.from_us, reference.to_us) == (START_US, again.engine.received_us)
    again.close()


@pytest.mark.parametrize("damage", ["header", "state", "short", "empty", "monitor", "version", "journal", "folder"])
def test_a_snapshot_that_is_not_what_was_written_is_passed_over(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    keeper, path = long_journal(tmp_path)
    beside = snapshot_path(path)
    head, _, state = beside.read_bytes().partition(b"\n")
    fields = json.loads(head)
    contents = {
        "header": b"x" + head + b"\n" + state,
        "state": head + b"\n" + state.replace(b"37.", b"38.", 1),
        "short": head + b"\n" + state[:-1],
        "empty": b"",
        "monitor": json.dumps(fields | {"monitor": "cordguard 0.0.0"}).encode() + b"\n" + state,
        "version": json.dumps(fields | {"state_version": 0}).encode() + b"\n" + state,
        "journal": json.dumps(fields | {"prefix_sha256": "0" * 64}).encode() + b"\n" + state,
    }
    beside.unlink()
    if damage == "folder":
        beside.mkdir()
    else:
        beside.write_bytes(contents[damage])
    assert read_snapshot(path, path.read_bytes()) is None
    assert f"{beside}: passed over" in caplog.text
    assert_recovers(tmp_path, keeper)


def test_a_snapshot_beyond_a_cut_is_ignored(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    _, path = long_journal(tmp_path)
    content = path.read_bytes()
    begun = read_snapshot(path, content)
    assert begun is not None
    assert read_snapshot(path, content[: begun.running.size_bytes]) is not None
    assert read_snapshot(path, content[: begun.running.size_bytes - 1]) is None
    assert "it stands for" in caplog.text


def test_a_new_file_needs_no_snapshot_and_the_old_one_goes(tmp_path: Path) -> None:
    keeper, path = long_journal(tmp_path)
    again, _ = open_journal(tmp_path)
    assert snapshot_path(path).exists()
    case = {"session": "s-2", "revision": 1, "state": "open", "opened_us": keeper.engine.received_us}
    again.take(CapturedInput(keeper.engine.received_us, topic("case"), json.dumps(case).encode()))
    assert len(journal_files(tmp_path)) > 1
    assert list(tmp_path.glob("*.snapshot")) == []
    assert again.lines_since_snapshot < 10
    again.close()


class _NoSnapshots:
    """A disk that takes journals alone."""

    def __call__(self, path: Path) -> AppendFile:
        if path.suffix == ".draft":
            raise OSError(errno.ENOSPC, "No space left on device")
        return open_file(path)


def test_a_snapshot_that_cannot_be_written_is_a_warning_and_no_alarm(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rooms = Rooms(tmp_path, SITE, POLICY, POLICY_TEXT, _NoSnapshots())
    keeper, _ = rooms.get("or-1", START_US)
    entries = long_case(SNAPSHOT_LINES // 20)
    for _ in range(SNAPSHOT_LINES + 10):
        keeper.take(next(entries))
    rooms.snapshot()
    rooms.snapshot()
    assert caplog.text.count("no snapshot could be written") == 1
    assert "No space left on device" in caplog.text
    assert keeper.journal_trouble is None
    rooms.close()
    assert list(tmp_path.rglob("*.draft")) == []


def test_one_room_at_a_time_gets_its_snapshot_when_it_is_due(tmp_path: Path) -> None:
    rooms = Rooms(tmp_path, SITE, POLICY, POLICY_TEXT, open_file)
    keepers = [rooms.get(name, START_US)[0] for name in ("or-1", "or-2")]
    entries = list(long_case(SNAPSHOT_LINES // 20))
    for entry in entries[: SNAPSHOT_LINES - 10]:
        keepers[0].take(entry)
    rooms.snapshot()
    assert list(tmp_path.rglob("*.snapshot")) == []
    for keeper, count in zip(keepers, (20, SNAPSHOT_LINES + 100), strict=True):
        for entry in entries[-count:]:
            keeper.take(entry)
    for written in (1, 2, 2):
        rooms.snapshot()
        assert len(list(tmp_path.rglob("*.snapshot"))) == written
    assert list(tmp_path.rglob("*.draft")) == []
    rooms.close()


def test_the_service_writes_one_as_it_works_and_begins_with_it_when_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cordguard.safety.rooms.SNAPSHOT_LINES", 20)
    stage = Stage(tmp_path, monkeypatch)
    safety = stage.start()
    for number in range(1, 50):
        stage.say("gen-1/temperature", frame(number, stage.clock.us))
        stage.live(safety, 0.1)
    (path,) = tmp_path.rglob("*.snapshot")
    stage.kill(safety)
    state = whole_state(dict(safety._rooms)["or-1"].engine)  # noqa: SLF001 - compared, not touched
    again = recover_journal(path.parent)
    assert again is not None
    assert again.lines_since_snapshot < path.with_suffix(".capture.jsonl").read_bytes().count(b"\n")
    assert whole_state(again.engine) == state
    again.close()
