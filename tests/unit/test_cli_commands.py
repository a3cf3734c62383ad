"""The command line: what each command does with its words, and how trouble looks."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cordguard.cli import main
from cordguard.cli.rules import rules_text
from cordguard.cli.simulate import Reporter, Simulation, settings_of
from cordguard.engine.rules.catalogue import CATALOGUE
from cordguard.runtime.service import SetupError
from cordguard.simulators.scenario import available_scenarios
from cordguard.simulators.simulation import Progress, SimulateSettings
from support.processes import taken_port

Result = tuple[int, str, str]
Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: str | Path) -> Result:
        monkeypatch.setattr(sys, "argv", ["cordguard", *(str(word) for word in words)])
        with pytest.raises(SystemExit) as caught:
            main()
        return int(caught.value.code or 0), *capsys.readouterr()

    return call


def test_help_names_every_command(run: Run) -> None:
    status, out, _ = run("--help")
    assert status == 0
    for command in ("demo", "up", "service", "simulate", "verify", "rules", "check-device", "doctor", "broker-config"):
        assert f"  {command} " in out


@pytest.mark.parametrize("words", [["demo", "--speed", "0"], ["nonsense"], ["demo", "--nonsense"], ["verify"]])
def test_wrong_words_end_with_status_2_and_no_traceback(run: Run, words: list[str]) -> None:
    status, _, err = run(*words)
    assert status == 2
    assert "Traceback" not in err


def test_an_unknown_service_names_the_known_ones(run: Run) -> None:
    status, _, err = run("service", "telepathy")
    assert status == 2
    assert err == (
        "cordguard: there is no service 'telepathy'; the services are safety, recorder, audit, watchdog, console.\n"
    )


def test_service_without_a_name_explains_itself(run: Run) -> None:
    for words in (["service"], ["service", "--help"]):
        status, out, _ = run(*words)
        assert status == 0
        assert "One of safety, recorder, audit, watchdog, console." in out


def test_an_option_of_a_service_that_is_missing_is_one_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CORDGUARD_DATA_DIR", raising=False)
    status, _, err = run("service", "audit")
    assert status == 2
    assert err == "cordguard: --data-dir (CORDGUARD_DATA_DIR): field required.\n"


def test_the_scenarios_are_listed_each_with_the_first_sentence_of_its_sense(run: Run) -> None:
    status, out, _ = run("simulate", "--list")
    assert status == 0
    names, sentences = out.splitlines()[::2], out.splitlines()[1::2]
    assert names == list(available_scenarios())
    assert all(re.fullmatch(r" {4}[A-Z][^\n]{29,199}[.!?]", sentence) for sentence in sentences)


@pytest.mark.parametrize("words", [["simulate"], ["simulate", "no-such"], ["demo", "--scenario", "no-such"]])
def test_a_scenario_that_is_missing_or_unknown_is_one_sentence(run: Run, words: list[str]) -> None:
    status, _, err = run(*words)
    assert status == 2
    assert err.startswith("cordguard: ")
    assert err.count("\n") == 1


def test_a_taken_port_stops_the_demo_before_it_starts(run: Run, tmp_path: Path) -> None:
    for option in ("--port", "--http-port"):
        with taken_port() as port:
            status, _, err = run("demo", "--data", tmp_path / "data", option, str(port))
        assert status == 2
        assert f"port {port}" in err
        assert option in err
    assert not (tmp_path / "data").exists()


def test_a_folder_with_an_earlier_run_stops_the_demo(run: Run, tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"evidence")
    status, _, err = run("demo", "--data", tmp_path)
    assert status == 2
    assert "holds an earlier run" in err
    assert (tmp_path / "ledger.db").read_bytes() == b"evidence"


def test_verify_of_what_is_no_ledger_ends_with_status_2(run: Run, tmp_path: Path) -> None:
    status, out, _ = run("verify", tmp_path / "none.db")
    assert status == 2
    assert "NO LEDGER" in out


def test_rules_are_listed_with_their_priority_and_guidance() -> None:
    text = rules_text()
    for rule in CATALOGUE:
        assert f"{rule.id} {rule.name} (" in text
        for level in rule.levels:
            assert f"{level.priority.upper()} when " in text
    assert "Stop RF now." in text


def settings_from(room: str) -> SimulateSettings:
    return settings_of(
        Simulation(scenario="x", site="s", room=room, host="127.0.0.1", port=1, speed=None, seed=None),
        {"CORDGUARD_BROKER_USERNAME": "simulator", "CORDGUARD_BROKER_PASSWORD": "secret"},
    )


def test_the_simulator_takes_its_account_from_the_environment() -> None:
    settings = settings_from("room-1")
    assert settings.broker_username == "simulator"
    assert settings.broker_password == "secret"
    assert "secret" not in repr(settings)


def test_a_wrong_option_of_the_simulator_is_one_sentence() -> None:
    with pytest.raises(SetupError, match=r"^--room: string should match"):
        settings_from("NOT A ROOM")


def test_the_simulator_is_ready_once_and_speaks_once_a_second_of_the_wall(capsys: pytest.CaptureFixture[str]) -> None:
    report = Reporter(speed=20.0)
    for second in range(41):
        report(Progress(at_us=0, elapsed_s=float(second), maximum_s=900.0, stage="rf-on", session="s"))
    assert capsys.readouterr().out.splitlines() == ["ready", "00:00 RF on", "00:20 RF on", "00:40 RF on"]
