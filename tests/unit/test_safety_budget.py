"""The journals' budget on the disk: told before it is taken, in health and as R39, and no file is ever removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from cordguard.contract.capture import read_lines
from cordguard.engine import local
from cordguard.safety import keeper
from cordguard.safety.budget import GIB, LOOK_US, Budget
from cordguard.safety.files import THE_DISK
from cordguard.safety.journal import journal_files
from support.journals import ROOM, START_US, S
from support.safety_shell import Stage, case, frame

HOUR_US = 3_600 * S


class Taken:
    """A folder whose files take as much as a test says."""

    def __init__(self) -> None:
        self.gib: float | None = 0.0
        self.looks = 0

    def __call__(self, folder: Path) -> int | None:
        del folder
        self.looks += 1
        return round(self.gib * GIB) if self.gib is not None else None


@pytest.fixture
def taken() -> Taken:
    return Taken()


@pytest.fixture
def budget(taken: Taken) -> Budget:
    return Budget(Path("journal"), 10.0, taken)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(tmp_path, monkeypatch)


def about_r39(stage: Stage) -> list[tuple[str, str]]:
    return [(each.change, each.priority) for each in stage.transitions() if each.rule == "R39"]


@pytest.mark.parametrize(("gib", "told"), [(7.99, False), (8.0, True), (12.0, True)])
def test_h16_people_are_told_from_80_percent_on(budget: Budget, taken: Taken, gib: float, *, told: bool) -> None:
    assert budget.used_percent is None
    taken.gib = gib
    budget.look(START_US)
    assert budget.used_percent == pytest.approx(10.0 * gib)
    assert (budget.told is not None) == told
    if budget.told is not None:
        assert f"{gib:.1f} of 10 GiB" in budget.told
        assert "archive finished files" in budget.told


def test_h16_hours_left_follow_from_the_last_six_hours(budget: Budget, taken: Taken) -> None:
    for minute in range(8 * 60 + 1):  # two slow hours, then six at half a GiB an hour
        taken.gib = 5.0 + 0.01 * min(minute, 120) / 60 + 0.5 * max(minute - 120, 0) / 60
        budget.look(START_US + minute * LOOK_US)
    assert budget.hours_left == pytest.approx((10.0 - 8.01) / 0.5 / 1.0, rel=0.02)
    assert budget.told is not None
    assert "all of it in 4 h" in budget.told


def test_h16_before_ten_minutes_no_hours_are_made_up(budget: Budget, taken: Taken) -> None:
    taken.gib = 9.0
    budget.look(START_US)
    taken.gib = 9.1
    budget.look(START_US + 9 * LOOK_US)
    assert budget.hours_left is None


def test_h16_without_growth_no_hours_are_made_up(budget: Budget, taken: Taken) -> None:
    for minute in range(60):
        taken.gib = 9.0 if minute < 30 else 8.5
        budget.look(START_US + minute * LOOK_US)
    assert budget.hours_left is None


def test_h16_archiving_does_not_make_the_hours_left_look_longer(budget: Budget, taken: Taken) -> None:
    for minute in range(4 * 60 + 1):  # half a GiB an hour; after two hours two are moved away
        taken.gib = 8.0 + 0.5 * minute / 60 - (2.0 if minute > 120 else 0.0)
        budget.look(START_US + minute * LOOK_US)
    assert budget.used_percent == pytest.approx(80.0)
    assert budget.hours_left == pytest.approx(2.0 / 0.5, rel=0.01)


@pytest.mark.parametrize(
    ("gib", "words"),
    [(9.8, "in less than 1 h if"), (9.99, "in less than 1 h if"), (10.0, "(100 %) and are still written; archive")],
)
def test_h16_the_last_hour_and_what_follows_it_are_told(budget: Budget, taken: Taken, gib: float, words: str) -> None:
    for minute in range(61):
        taken.gib = gib - 1.0 + minute / 60
        budget.look(START_US + minute * LOOK_US)
    assert words in str(budget.told)


def test_h16_the_folder_is_looked_at_once_a_minute_and_what_cannot_be_told_changes_nothing(
    budget: Budget, taken: Taken
) -> None:
    taken.gib = 9.0
    for second in range(60):
        budget.look(START_US + second * S)
    assert taken.looks == 1
    taken.gib = None
    budget.look(START_US + 61 * S)
    assert budget.used_percent == pytest.approx(90.0)


def test_h16_the_real_disk_counts_every_rooms_files(tmp_path: Path) -> None:
    for room, size in (("room-1", 1_000), ("room-2", 234)):
        (tmp_path / room).mkdir()
        (tmp_path / room / "1.capture.jsonl").write_bytes(b"x" * size)
    (tmp_path / "lost+found").mkdir()
    (tmp_path / "lost+found" / "1").write_bytes(b"no room's")
    (tmp_path / "clean-stop").touch()
    assert THE_DISK.used(tmp_path) == 1_234
    assert THE_DISK.used(tmp_path / "nowhere") is None


def test_r39_h16_a_budget_nearly_taken_is_low_rises_with_worse_and_ends_when_files_were_moved(stage: Stage) -> None:
    with stage.running(journal_budget_gib=2.0) as service:
        stage.say("gen-1/temperature", frame(1, stage.clock.us))
        stage.live(service, 1)
        stage.used_bytes = round(1.7 * GIB)
        stage.live(service, 75, step_s=0.5)
        assert about_r39(stage) == [("raised", "low")]
        health = stage.health()
        assert health.state == "degraded"
        assert "1.7 of 2 GiB" in str(health.detail["journal_budget"])
        stage.free_percent = 4.0
        stage.live(service, 12, step_s=0.5)
        assert about_r39(stage) == [("escalated", "high")]
        stage.free_percent = 50.0
        stage.live(service, 25, step_s=0.5)
        assert about_r39(stage) == [("deescalated", "low")]
        stage.used_bytes = GIB
        stage.live(service, 90, step_s=0.5)
        assert about_r39(stage) == [("ended", "low")]
        assert stage.health().state == "ok"


def test_r39_h16_beyond_the_budget_everything_is_still_written(stage: Stage) -> None:
    stage.used_bytes = 3 * GIB
    with stage.running(journal_budget_gib=2.0) as service:
        for number in range(1, 6):
            stage.say("gen-1/temperature", frame(number, stage.clock.us))
            stage.live(service, 15, step_s=0.5)
    entries = [
        entry
        for path in journal_files(stage.data_dir / "journal" / ROOM)
        for entry in read_lines(path.read_bytes())
        if entry.topic.endswith("/temperature")
    ]
    assert len(entries) == 5


def test_h16_a_long_file_without_a_case_ends_and_can_be_moved_away_and_a_cases_file_stays_whole(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "QUIET_LINES", 20)
    folder = stage.data_dir / "journal" / ROOM
    with stage.running() as service:
        for number in range(1, 40):
            stage.say("gen-1/temperature", frame(number, stage.clock.us))
            stage.live(service, 0.2)
        stage.live(service, 1)
        quiet = journal_files(folder)
        assert len(quiet) >= 2
        assert all(next(iter(read_lines(path.read_bytes()))).topic == local.CONTINUED for path in quiet[1:])
        stage.say("case", case(opened_us=stage.clock.us), retain=True)
        for number in range(40, 100):
            stage.say("gen-1/temperature", frame(number, stage.clock.us, 46.0))
            stage.live(service, 0.2)
        assert len(journal_files(folder)) == len(quiet) + 1
        raised = {each.rule: each.alarm_id for each in stage.transitions() if each.change == "raised"}
        stage.kill(service)
    for path in quiet:
        path.replace(tmp_path / path.name)
    with stage.running() as service:
        present = dict(service._rooms)[ROOM].engine.present_alarms(stage.clock.us).present  # noqa: SLF001 - only a test may
        assert raised["R01"] in {alarm.alarm_id for alarm in present}
