"""Any bytes on any topic into safety's real shell: it never falls, loses no neighbour; its journal tells the same."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cordguard.contract.alarms import Transition
from cordguard.contract.topics import REJECTED
from cordguard.safety.journal import journal_files
from cordguard.safety.replay import replay_file
from cordguard.safety.shell import SafetyService
from support.bad_input import NOT_READABLE, PEOPLE, WORDS, payloads, topics, valid_messages
from support.journals import ROOM, SITE
from support.safety_shell import Stage, case, frame, status

FRAMES: Final = 25


Noise = tuple[str, bytes, bool]
"""Topic below the room, payload, whether retained."""


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A message that the contract allows, with bits flipped, a piece cut out, doubled, or put in from another one."""
    payload = bytearray(draw(valid_messages())[1])
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(payload)))
        end = min(len(payload), start + draw(st.integers(1, 20)))
        match draw(st.sampled_from(["flip", "cut", "double", "splice", "digits"])):
            case "flip" if start < len(payload):
                payload[start] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del payload[start:end]
            case "double":
                payload[start:start] = payload[start:end]
            case "splice":
                payload[start:end] = draw(valid_messages())[1][start:end]
            case _:
                payload[start:start] = b"9" * draw(st.sampled_from([1, 20, 400]))
    return bytes(payload)


def noise() -> st.SearchStrategy[list[Noise]]:
    """What comes between the frames of a healthy device: at the broker, topics have no wildcards and no zero byte."""
    topic = topics().filter(lambda each: not set(each) & set("+#\0") and not each.startswith("gen-2/"))
    known = st.sampled_from([*(f"gen-1/{word}" for word in WORDS), *PEOPLE])
    anything = st.tuples(topic, st.one_of(payloads(), mutated()), st.booleans())
    nearly = valid_messages().flatmap(lambda good: st.tuples(st.just(good[0]), st.just(good[1]), st.booleans()))
    wrong = st.tuples(known, mutated(), st.booleans())
    return st.lists(st.one_of(anything, nearly, wrong), max_size=FRAMES)


def live_through(stage: Stage, service: SafetyService, disturbances: list[Noise]) -> list[Transition]:
    """A healthy device's canal gets too hot while all this comes; what safety said."""
    for number in range(1, FRAMES + 1):
        if number <= len(disturbances):
            word, payload, retained = disturbances[number - 1]
            stage.sender.bus.publish(f"cordguard/v1/{SITE}/{ROOM}/{word}", payload, retain=retained)
        hot_c = 37.0 if number < FRAMES // 2 else 46.5
        stage.say("gen-2/temperature", frame(number, stage.clock.us, hot_c))
        stage.live(service, 0.1)
    return stage.transitions()


def check(disturbances: list[Noise]) -> None:
    """Live through it, and look at everything that must hold."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        stage = Stage(Path(folder), patch)
        with stage.running() as service:
            stage.say("gen-2/status", status(stage.clock.us))
            stage.say("case", case(opened_us=stage.clock.us, sensors=[{"sensor": "gen-2/canal", "role": "neural"}]))
            stage.live(service, 0.1)
            stage.hear()
            heard = live_through(stage, service, disturbances)
            assert stage.health().state == "ok"
        raised = [each for each in heard if (each.rule, each.sensor, each.change) == ("R01", "gen-2/canal", "raised")]
        assert len(raised) == 1
        files = journal_files(stage.data_dir / "journal" / ROOM)
        told = {(each.alarm_id, each.step): each for path in files for each in replay_file(path)[1]}
        assert {name: told.get(name) for name in ((each.alarm_id, each.step) for each in heard)} == {
            (each.alarm_id, each.step): each for each in heard
        }


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(noise())
def test_r01_whatever_else_comes_a_neighbours_hot_canal_is_raised_once_and_the_journal_tells_the_same(
    disturbances: list[Noise],
) -> None:
    check(disturbances)


@pytest.mark.long
@pytest.mark.timeout(3_600)
@settings(max_examples=3_000, suppress_health_check=[HealthCheck.too_slow])
@given(noise())
def test_r01_whatever_else_comes_in_3000_rooms(disturbances: list[Noise]) -> None:
    check(disturbances)


@pytest.mark.parametrize("what", NOT_READABLE)
@pytest.mark.parametrize("word", [*(f"gen-1/{word}" for word in WORDS), "case", "mark", "command"])
def test_each_unreadable_message_costs_one_dead_letter(
    what: str, word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(tmp_path, monkeypatch)
    with stage.running() as service:
        stage.sender.bus.publish(f"cordguard/v1/{SITE}/{ROOM}/{word}", NOT_READABLE[what], retain=False)
        stage.live(service, 0.1)
        letters = [each for each in stage.hear() if each.topic == REJECTED.at(SITE, room=ROOM)]
        assert len(letters) == 1


def test_r14_h5_bytes_that_mean_nothing_are_no_sign_of_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that goes mad is as blind as one that is gone: garbage on its topics keeps no value fresh."""
    stage = Stage(tmp_path, monkeypatch)
    with stage.running() as service:
        stage.say("case", case(opened_us=stage.clock.us))
        stage.say("gen-1/temperature", frame(1, stage.clock.us))
        stage.live(service, 0.1)
        for payload in (*NOT_READABLE.values(), *NOT_READABLE.values()):
            stage.say("gen-1/temperature", payload)
            stage.live(service, 0.1)
        assert [(each.rule, each.sensor) for each in stage.transitions()] == [("R14", "gen-1/canal")]
