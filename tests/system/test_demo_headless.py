"""A whole case by one command, from an empty folder to a verified record."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cordguard.audit.reader import read_ledger
from cordguard.contract.summary import SessionSummary
from cordguard.simulators.scenario import load_scenario
from support.processes import cordguard, start

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(300)]


@dataclass(frozen=True, slots=True)
class Run:
    """A demo that has ended."""

    scenario: str
    data: Path
    status: int
    out: str
    err: str
    left: int
    """Processes that outlived it."""

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    def summary(self) -> SessionSummary:
        reader = read_ledger(self.data / "ledger.db")
        try:
            (session,) = reader.sessions()
            summary = reader.latest_summary(session)
        finally:
            reader.close()
        assert summary is not None
        return summary


def identity(transition: dict[str, Any]) -> tuple[str, int]:
    return transition["alarm_id"], transition["step"]


@pytest.fixture(scope="module", params=["overheating-near-canal", "canal-sensor-lost"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    data = tmp_path_factory.mktemp("demo") / "data"
    words = ("--headless", "--speed", "20", "--exit-after-case", "--data", data, "--scenario", request.param)
    with start(cordguard("demo", *words)) as demo:
        status, out, err = demo.end(timeout_s=280)
        yield Run(request.param, data, status, out, err, len(demo.family()))


def test_it_ends_well_and_leaves_no_process(run: Run) -> None:
    assert (run.status, run.err, run.left) == (0, "", 0)


def test_its_last_line_names_the_data_folder(run: Run) -> None:
    assert run.lines[-1] == f"Data folder: {run.data}"


def test_it_shows_progress_while_it_runs(run: Run) -> None:
    assert re.search(r"^\d\d:\d\d .*, \d+ alarms?$", run.out, re.MULTILINE)


def test_it_shows_no_address_since_nobody_looks(run: Run) -> None:
    assert "http" not in run.out


def test_the_final_summary_stands_in_the_ledger_and_says_what_the_scenario_is_about(run: Run) -> None:
    summary, scenario = run.summary(), load_scenario(run.scenario)
    assert summary.final
    raised = {alarm.rule for alarm in summary.alarms}
    assert scenario.raises <= raised
    assert not raised & scenario.silent
    assert summary.energy_j > 0.0
    assert summary.rf_on_s > 0.0


def test_the_printed_summary_is_that_of_the_ledger(run: Run) -> None:
    summary = run.summary()
    for sensor in summary.sensors:
        row = next(line.split() for line in run.lines if line.strip().startswith(sensor.sensor))
        times = [
            f"{seconds:.1f}" for seconds in (sensor.time_above_42_s, sensor.time_above_43_s, sensor.time_above_45_s)
        ]
        assert row[2:6] == [f"{sensor.max_temperature_c:.1f}", *times]
    counts = summary.alarm_counts
    assert f"Alarms: {counts.high} high, {counts.medium} medium, {counts.low} low" in run.lines
    assert any(f"energy {summary.energy_j:.0f} J" in line for line in run.lines)


def test_the_head_of_the_chain_is_printed_and_verify_confirms_it(run: Run) -> None:
    (head,) = re.findall(r"^Head of the chain: ([0-9a-f]{64})$", run.out, re.MULTILINE)
    with start(cordguard("verify", run.data / "ledger.db", "--head", head)) as verify:
        status, out, _ = verify.end()
    assert status == 0
    assert head in out


def test_a_replay_of_the_recording_gives_the_transitions_of_the_ledger(run: Run) -> None:
    replayed = []
    for capture in sorted(run.data.glob("journal/room-1/*.capture.jsonl")):
        with start(cordguard("replay", capture)) as replay:
            status, out, err = replay.end()
        assert (status, err) == (0, "")
        replayed += [json.loads(line) for line in out.splitlines()]
    reader = read_ledger(run.data / "ledger.db")
    kept = [json.loads(entry.content) for entry in reader.entries() if entry.kind == "transition"]
    reader.close()
    assert len(kept) > 0
    assert sorted(replayed, key=identity) == sorted(kept, key=identity)


def test_the_summary_names_the_recording_that_it_stands_on(run: Run) -> None:
    reference = run.summary().capture
    assert reference is not None
    hashes = set()
    for capture in run.data.glob("journal/room-1/*.capture.jsonl"):
        lines = capture.read_bytes().splitlines(keepends=True)[: reference.lines]
        hashes.add(hashlib.sha256(b"".join(lines)).hexdigest())
    assert reference.sha256 in hashes


def test_all_that_is_kept_lies_in_the_data_folder(run: Run) -> None:
    kept = {path.name for path in run.data.iterdir()}
    assert {"ledger.db", "store.db", "journal", "broker", "logs"} <= kept
    assert list(run.data.glob("journal/*/*.capture.jsonl"))
    with sqlite3.connect(f"file:{run.data / 'store.db'}?mode=ro", uri=True) as store:
        tables = {name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    store.close()
    assert tables


def test_no_service_had_a_fault_of_its_own(run: Run) -> None:
    logs = {path.name: path.read_text(encoding="utf-8") for path in (run.data / "logs").iterdir()}
    assert set(logs) == {f"{name}.log" for name in ("safety", "recorder", "audit", "console", "watchdog", "simulator")}
    assert [name for name, text in logs.items() if "Traceback" in text or " ERROR " in text] == []
