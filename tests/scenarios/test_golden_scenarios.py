"""Golden scenarios: a recorded case in, the same alarms and the same summary out, byte by byte.

The captures and what they must give lie in ``golden/``. After a change that is meant to change them, make them anew and
read the difference before committing it::

    python tests/scenarios/test_golden_scenarios.py
"""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from cordguard.contract.alarms import Transition
from cordguard.contract.capture import CapturedInput, encode_line, read_bytes, read_lines
from cordguard.contract.summary import SessionSummary
from cordguard.engine import local
from cordguard.engine.room import RoomEngine
from cordguard.safety.playback import policy_of, shipped_policy_text
from cordguard.safety.replay import replay_file
from cordguard.simulators.recording import record
from cordguard.simulators.scenario import available_scenarios, load_scenario

GOLDEN: Final = Path(__file__).parent / "golden"
START_US: Final = 1_790_000_000_000_000
SEED: Final = 7
SCENARIOS: Final = available_scenarios()


def capture_path(name: str) -> Path:
    return GOLDEN / f"{name}.capture.jsonl.gz"


def transitions_path(name: str) -> Path:
    return GOLDEN / f"{name}.transitions.jsonl"


def summary_path(name: str) -> Path:
    return GOLDEN / f"{name}.summary.json"


@cache
def replayed(name: str) -> tuple[list[Transition], SessionSummary]:
    """What the engine makes of a golden capture."""
    replay, transitions = replay_file(capture_path(name))
    said = list(transitions)
    (summary,) = replay.summaries.values()
    return said, summary


def lines_of(transitions: list[Transition]) -> bytes:
    """Transitions as they go out, one a line."""
    return b"".join(transition.to_wire() + b"\n" for transition in transitions)


def text_of(summary: SessionSummary) -> str:
    """A summary to be read; without the version of the software, which is no result."""
    content = {key: value for key, value in json.loads(summary.to_wire()).items() if key != "monitor"}
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_golden_capture_gives_its_golden_transitions_and_summary(name: str) -> None:
    transitions, summary = replayed(name)
    assert lines_of(transitions).decode() == transitions_path(name).read_text(encoding="utf-8")
    assert text_of(summary) == summary_path(name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_golden_capture_raises_what_its_scenario_expects_and_never_what_it_rules_out(name: str) -> None:
    transitions, _ = replayed(name)
    raised = {transition.rule for transition in transitions if transition.change == "raised"}
    scenario = load_scenario(name)
    assert scenario.raises <= raised
    assert not scenario.silent & raised


def run(inputs: list[CapturedInput], *, tick_every: int = 0, restore_every: int = 0) -> list[Transition]:
    """What a room says to these inputs, with our own ticks and restarts of the engine in between."""
    site, room = inputs[0].topic.split("/")[2:4]
    engine = RoomEngine(site, room, policy_of(shipped_policy_text(), "shipped"))
    out: list[Transition] = []
    for number, entry in enumerate(inputs, start=1):
        said = engine.feed(entry)
        if tick_every and number % tick_every == 0:
            said += engine.feed(CapturedInput(entry.received_us + 37, local.TICK, b"{}"))
        if restore_every and number % restore_every == 0:
            engine = RoomEngine.restore(json.loads(json.dumps(engine.snapshot())))
        out += [emission.message for emission in said if isinstance(emission.message, Transition)]
    return out


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_golden_capture_gives_the_same_bytes_however_often_we_tick_or_restart(name: str) -> None:
    inputs = list(read_lines(read_bytes(capture_path(name))))
    said = run(inputs, tick_every=7, restore_every=997)
    assert lines_of(said).decode() == transitions_path(name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_fresh_recording_with_other_noise_meets_the_expectations_too(name: str) -> None:
    scenario = load_scenario(name)
    said = run(list(record(scenario, SEED + 1, START_US)))
    raised = {transition.rule for transition in said if transition.change == "raised"}
    assert scenario.raises <= raised
    assert not scenario.silent & raised


def regenerate() -> None:
    """Make captures and results of all scenarios anew."""
    GOLDEN.mkdir(exist_ok=True)
    for name in SCENARIOS:
        raw = b"".join(encode_line(entry) for entry in record(load_scenario(name), SEED, START_US))
        capture_path(name).write_bytes(gzip.compress(raw, 9, mtime=0))
        transitions, summary = replayed(name)
        transitions_path(name).write_bytes(lines_of(transitions))
        summary_path(name).write_text(text_of(summary), encoding="utf-8")


if __name__ == "__main__":
    regenerate()
