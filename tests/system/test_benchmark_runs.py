"""The benchmarks' harness, for a moment: real broker, real processes, everything that a table needs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

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
