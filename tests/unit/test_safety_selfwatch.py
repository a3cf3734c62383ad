"""Safety measures itself: a slow turn and a nearly full disk are R39; the journal has of it what is new."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cordguard.bus.memory import MemoryBus
from cordguard.bus.port import Message
from cordguard.contract.capture import read_lines
from cordguard.engine import local
from cordguard.safety.files import AppendFile, free_percent, open_file
from cordguard.safety.journal import journal_files
from support.journals import ROOM, S
from support.safety_shell import CLIENT_ID, HandClock, Stage, frame


class SlowDisk:
    """The file port on a disk that takes its time for every line."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.takes_ms = 0

    def __call__(self, path: Path) -> AppendFile:
        return _SlowFile(self, open_file(path))


class _SlowFile:
    def __init__(self, disk: SlowDisk, file: AppendFile) -> None:
        self._disk = disk
        self._file = file
        self.cut, self.sync, self.close = file.cut, file.sync, file.close

    def append(self, data: bytes) -> None:
        self._disk.clock.us += self._disk.takes_ms * 1_000
        self._file.append(data)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(tmp_path, monkeypatch)


@pytest.fixture
def disk(stage: Stage) -> SlowDisk:
    disk = SlowDisk(stage.clock)
    stage.files = disk
    return disk


def self_checks(stage: Stage) -> list[dict[str, Any]]:
    """Those in the room's journal."""
    files = journal_files(stage.data_dir / "journal" / ROOM)
    entries = [entry for path in files for entry in read_lines(path.read_bytes())]
    return [json.loads(entry.payload) for entry in entries if entry.topic == local.SELF_CHECK]


def about(stage: Stage, rule: str) -> list[tuple[str, str]]:
    """What was said of a rule since the last look."""
    return [(each.change, each.priority) for each in stage.transitions() if each.rule == rule]


def test_r39_h11_a_slow_turn_is_raised_at_the_next_self_check_and_ends_10_s_after_a_good_one(
    stage: Stage, disk: SlowDisk
) -> None:
    with stage.running() as service:
        stage.say("gen-1/temperature", frame(1, stage.clock.us))
        stage.live(service, 1)
        disk.takes_ms = 550  # and 50 ms until the next turn
        stage.say("gen-1/temperature", frame(2, stage.clock.us))
        service.step(0)
        disk.takes_ms = 0
        stage.live(service, 10)
        (raised,) = [each for each in stage.transitions() if each.rule == "R39"]
        assert (raised.change, raised.priority) == ("raised", "high")
        assert "its loop was 600 ms late" in raised.message
        stage.live(service, 18)
        assert about(stage, "R39") == []
        stage.live(service, 3)
        assert about(stage, "R39") == [("ended", "high")]


def test_r39_a_turn_of_half_a_second_is_within_the_limit(stage: Stage, disk: SlowDisk) -> None:
    with stage.running() as service:
        stage.say("gen-1/temperature", frame(1, stage.clock.us))
        stage.live(service, 1)
        disk.takes_ms = 450  # and 50 ms until the next turn
        stage.say("gen-1/temperature", frame(2, stage.clock.us))
        service.step(0)
        disk.takes_ms = 0
        stage.live(service, 2)
        assert stage.health().lag_ms == 500.0
        stage.live(service, 20)
        assert about(stage, "R39") == []


def test_r39_a_nearly_full_disk_is_raised_once_and_ends_10_s_after_there_is_room_again(stage: Stage) -> None:
    with stage.running() as service:
        stage.say("gen-1/temperature", frame(1, stage.clock.us))
        stage.live(service, 1)
        stage.free_percent = 4.9
        stage.live(service, 10)
        (raised,) = [each for each in stage.transitions() if each.rule == "R39"]
        assert (raised.change, raised.priority) == ("raised", "high")
        assert "4.9 % of its disk is free" in raised.message
        stage.free_percent = None  # it cannot be told any more: that is no proof of room
        stage.live(service, 60)
        assert [each for each in about(stage, "R39") if each[0] != "reminded"] == []
        stage.free_percent = 5.0
        stage.live(service, 9)
        assert [each for each in about(stage, "R39") if each[0] == "ended"] == []
        stage.live(service, 12)
        assert about(stage, "R39") == [("ended", "high")]


def test_r39_a_good_loop_proves_nothing_about_the_disk(stage: Stage, disk: SlowDisk) -> None:
    with stage.running() as service:
        stage.free_percent, disk.takes_ms = 1.0, 300
        stage.say("gen-1/temperature", frame(1, stage.clock.us))
        service.step(0)
        disk.takes_ms = 0
        stage.live(service, 45)
        assert [each for each in about(stage, "R39") if each[0] != "reminded"] == [("raised", "high")]
        stage.free_percent = 50.0
        stage.live(service, 21)
        assert about(stage, "R39")[-1] == ("ended", "high")


def test_what_is_found_of_ourselves_stands_in_the_journal_only_when_it_is_new(stage: Stage) -> None:
    with stage.running() as service:
        stage.say("gen-1/temperature", frame(1, stage.clock.us))
        stage.live(service, 100)
        quiet = self_checks(stage)
        stage.free_percent = 1.0
        stage.live(service, 100)
        stage.free_percent = 60.0
        stage.live(service, 100)
    assert not any("disk_free_percent" in check for check in quiet)
    assert [check["disk_free_percent"] for check in self_checks(stage) if "disk_free_percent" in check] == [1.0, 60.0]


def test_r39_is_found_again_after_a_restart(stage: Stage) -> None:
    with stage.running() as service:
        stage.say("gen-1/temperature", frame(1, stage.clock.us))
        stage.free_percent = 1.0
        stage.live(service, 11)
        assert about(stage, "R39") == [("raised", "high")]
    stage.free_percent = 60.0
    with stage.running() as again:
        stage.live(again, 12)
        assert about(stage, "R39")[-1] == ("ended", "high")


def test_health_tells_the_worst_lag_of_the_last_10_to_20_s(stage: Stage, disk: SlowDisk) -> None:
    with stage.running() as service:
        stage.say("gen-1/temperature", frame(1, stage.clock.us))
        stage.live(service, 1)
        assert stage.health().lag_ms == 50.0  # the test's own step
        disk.takes_ms = 350
        stage.say("gen-1/temperature", frame(2, stage.clock.us))
        service.step(0)
        disk.takes_ms = 0
        stage.live(service, 9)
        assert stage.health().lag_ms == 400.0
        stage.live(service, 20)
        assert stage.health().lag_ms == 50.0


def test_r39_to_wait_for_what_the_broker_keeps_is_no_lag(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    with stage.running() as service:
        stage.say("gen-1/temperature", frame(1, stage.clock.us))
        stage.live(service, 1)

        def slow(*_: object) -> tuple[Message, ...]:
            stage.clock.us += 9 * S // 10
            return ()

        monkeypatch.setattr("cordguard.safety.shell.read_retained", slow)
        stage.broker.cut(CLIENT_ID)
        stage.live(service, 12)
        assert about(stage, "R39") == []


def test_r43_h19_a_slow_disk_is_measured_raised_told_by_health_and_over_when_no_alarm_follows(
    stage: Stage, disk: SlowDisk
) -> None:
    with stage.running() as service:
        stage.say("gen-1/temperature", frame(1, stage.clock.us))
        service.step(0)
        disk.takes_ms = 1_100
        for number in (2, 3, 4):
            stage.say("gen-1/temperature", frame(number, stage.clock.us + number, 46.0))
        service.step(0)
        assert about(stage, "R01") == [("raised", "high")]
        disk.takes_ms = 0
        stage.live(service, 10)
        (raised,) = [each for each in stage.transitions() if each.rule == "R43"]
        assert (raised.change, raised.priority, raised.value) == ("raised", "medium", 1_100.0)
        stage.live(service, 50)
        assert about(stage, "R43") == []
        detail = stage.health().detail
        assert detail["latency_ms"] == {"p50": 1_100.0, "p99": 1_100.0}
        stage.live(service, 15)
        assert about(stage, "R43") == [("ended", "medium")]


def test_r43_the_latency_of_a_quick_disk_is_told_too(stage: Stage, disk: SlowDisk) -> None:
    with stage.running() as service:
        disk.takes_ms = 2
        for number in (1, 2, 3):
            stage.say("gen-1/temperature", frame(number, stage.clock.us + number, 46.0))
        stage.live(service, 11)
        assert about(stage, "R43") == []
        assert [check["latency_ms"]["p99"] for check in self_checks(stage) if "latency_ms" in check] == [2.0]


def test_r39_to_look_for_a_broker_that_is_away_is_no_lag(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    with stage.running() as service:
        stage.say("gen-1/temperature", frame(1, stage.clock.us))
        stage.live(service, 1)
        stage.hear()
        stage.broker.stop()
        with monkeypatch.context() as away:
            poll = type(service._bus).poll  # noqa: SLF001 - an attempt to connect that takes its time

            def slow(bus: MemoryBus, timeout_s: float) -> None:
                stage.clock.us += 2 * S
                poll(bus, timeout_s)

            away.setattr(MemoryBus, "poll", slow)
            stage.live(service, 1)
        stage.broker.start()
        stage.hear()  # whoever listens is back, too
        stage.live(service, 12)
        assert [check for check in self_checks(stage) if "loop_lag_ms" in check] == []
        assert about(stage, "R39") == []


def test_the_free_part_of_a_disk_is_between_nothing_and_all_of_it_and_unknown_where_there_is_none(
    tmp_path: Path,
) -> None:
    free = free_percent(tmp_path)
    assert free is not None
    assert 0.0 <= free <= 100.0
    assert free_percent(tmp_path / "taken-away") is None
