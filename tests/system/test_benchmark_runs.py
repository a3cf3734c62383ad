"""The benchmarks' harness, for a moment: real broker, real processes, everything that a table needs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import engine_cost
from alarm_latency import main
from cordguard_bench import machine


@pytest.mark.slow
def test_we_and_a_bare_callback_are_measured_side_by_side(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = machine.Share(2.0, (), 30.0, 0.0)
    monkeypatch.setattr(machine, "look", lambda: busy)  # takes two seconds each time
    file = tmp_path / "figures.json"
    size = ["--runs", "1", "--seconds", "0.8", "--warm-up", "0.4", "--rooms", "2", "--rate", "100"]
    choice = ["--only", "cordguard", "paho-nodelay", "--broker", "mosquitto", "--crossing-every", "0.25"]
    assert main([*size, *choice, "--no-stop-watch", "--json", str(file)]) == 0
    ours, callback = json.loads(file.read_text())["runs"]
    for run, name in ((ours, "cordguard"), (callback, "paho-nodelay")):
        assert run["contestant"] == name
        assert run["alarms"]["expected"] == len(run["alarms"]["delays"]) > 0
        assert (run["alarms"]["repeated"], run["alarms"]["unexpected"]) == (0, 0)
        assert run["devices"]["unconfirmed"] == 0
        assert run["rss_mb"][-1] > 5
    assert ours["kept"] == ours["devices"]["sent"] == 120
    assert ours["engine_us"] > 0
    said = capsys.readouterr().out
    assert re.search(r"^Cordguard safety +\d", said, re.MULTILINE)
    assert re.search(r"^paho with TCP_NODELAY +\d", said, re.MULTILINE)
    assert "p99 at most 5 ms" in said
    assert "Before: THE MACHINE IS BUSY: others use 30 %" in said


def test_the_engine_is_measured_alone_by_room_by_kind_in_a_replay_and_in_memory(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "look", lambda: machine.Share(2.0, (), 1.0, 0.0))
    monkeypatch.setattr(engine_cost, "ROOMS", (1, 3))
    assert engine_cost.main(["--runs", "2", "--messages", "900", "--minutes", "1"]) == 0
    said = capsys.readouterr().out
    for row in ("3 rooms", "temperature", "generator", "a turn of a plain loop", "after 1 min"):
        assert re.search(rf"^{row} +\d", said, re.MULTILINE), row
    for capture in ("status, case, telemetry", "telemetry alone"):
        alarms = re.search(rf"^{capture} +\d.*\] +(\d+) *$", said, re.MULTILINE)
        assert alarms is not None, capture
        assert int(alarms[1]) > 0
