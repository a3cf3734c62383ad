"""Determinism: the same capture gives the same bytes, however often the shell ticked and in whichever process."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cordguard.contract.capture import CapturedInput
from cordguard.contract.topics import TRANSITION
from cordguard.engine import local
from cordguard.engine.room import RoomEngine
from cordguard.safety.journal import journal_files
from cordguard.safety.playback import MONITOR
from cordguard.safety.replay import replay_file
from support.days import scripted
from support.journals import POLICY, ROOM, SITE, START_US, Day, S, inputs_of, play, topic, whole_state, wire
from support.processes import cordguard

SEEDS = range(6)
_TRANSITION = TRANSITION.name.encode() + b" "


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Day]:
    folder = tmp_path_factory.mktemp("days")
    return {seed: play(folder / str(seed), scripted(seed), ticks=None) for seed in SEEDS}


def transitions(published: list[bytes]) -> list[bytes]:
    return [part.removeprefix(_TRANSITION) for part in published if part.startswith(_TRANSITION)]


def replayed(path: Path) -> list[bytes]:
    _, found = replay_file(path)
    return [transition.to_wire() for transition in found]


def run(entries: list[CapturedInput]) -> tuple[list[bytes], str]:
    engine = RoomEngine(SITE, ROOM, POLICY, monitor=MONITOR)
    out = [part for entry in entries for part in wire(engine.feed(entry))]
    return out, whole_state(engine)


def by_hash_seed(path: Path, hash_seed: str, *options: str) -> bytes:
    """What the command says in a process of its own."""
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    return subprocess.run(cordguard("replay", path, *options), env=environment, capture_output=True, check=True).stdout


@pytest.mark.parametrize("seed", SEEDS)
def test_a_journals_replay_gives_what_was_published_live_byte_for_byte(days: dict[int, Day], seed: int) -> None:
    files = journal_files(days[seed].folder)
    assert len(files) > 2
    assert [part for path in files for part in replayed(path)] == transitions(days[seed].published)


def test_the_same_bytes_again_and_in_processes_with_other_hash_seeds(days: dict[int, Day]) -> None:
    path = max(journal_files(days[0].folder), key=lambda path: path.stat().st_size)
    here = b"".join(part + b"\n" for part in replayed(path))
    assert here
    assert b"".join(part + b"\n" for part in replayed(path)) == here
    assert by_hash_seed(path, "1") == here
    assert by_hash_seed(path, "2") == here
    summaries = by_hash_seed(path, "1", "--summary")
    assert summaries.startswith(b'{"session":')
    assert by_hash_seed(path, "2", "--summary") == summaries


@settings(max_examples=20)
@given(seed=st.sampled_from(SEEDS), dice=st.integers(0, 2**32))
def test_ticks_that_fire_nothing_change_nothing(days: dict[int, Day], seed: int, dice: int) -> None:
    entries = inputs_of(days[seed].content)
    chance = Random(dice)  # noqa: S311 - no secret
    assert run(list(_with_idle_ticks(entries, chance))) == run(entries)


def _with_idle_ticks(entries: list[CapturedInput], chance: Random) -> Iterator[CapturedInput]:
    """Ticks at moments at which nothing is due, which an engine of its own tells."""
    knows = RoomEngine(SITE, ROOM, POLICY, monitor=MONITOR)
    before_us = entries[0].received_us
    for entry in entries:
        for _ in range(chance.choice((0, 0, 1, 4))):
            before_us = chance.randint(before_us, max(entry.received_us, before_us))
            if knows.due_us(before_us) is None:
                yield CapturedInput(before_us, local.TICK, b"{}")
        knows.feed(entry)
        yield entry
        before_us = max(before_us, entry.received_us)


@pytest.mark.parametrize("every_us", [20_000, 330_000])
@pytest.mark.parametrize("seed", SEEDS)
def test_however_often_the_shell_ticks_the_same_is_published(days: dict[int, Day], seed: int, every_us: int) -> None:
    """What no tick made fire in time fires before the next input, as if it had been in time."""
    entries = [entry for entry in inputs_of(days[seed].content) if entry.topic != local.TICK]
    assert run(list(_ticked(entries, every_us))) == run(list(_ticked(entries, None)))


def _ticked(entries: list[CapturedInput], every_us: int | None) -> Iterator[CapturedInput]:
    """What a shell that ticks so often journals; it ticks before it looks at itself, and never while it sleeps."""
    knows = RoomEngine(SITE, ROOM, POLICY, monitor=MONITOR)
    for entry in entries:
        asleep = entry.topic == local.STARTED or b"stalled_from_us" in entry.payload
        begin_us = max(knows.received_us, entry.received_us - 10 * S)
        moments = [] if asleep or every_us is None else range(begin_us, entry.received_us, every_us)
        for now_us in [*moments, *([entry.received_us] if entry.topic == local.SELF_CHECK and not asleep else [])]:
            while (due_us := knows.due_us(now_us)) is not None:
                tick = CapturedInput(due_us, local.TICK, b"{}")
                knows.feed(tick)
                yield tick
        knows.feed(entry)
        yield entry


@pytest.mark.parametrize("slow_us", range(1_500_000, 3_000_000, 300_000))
def test_r14_a_sensor_that_leaves_ever_quicker_frames_is_stale_at_one_moment_only(slow_us: int) -> None:
    """The limit of silence hangs on the stream's period, so neighbours can bring a deadline nearer."""
    entries = list(_leaving_sensor(slow_us))
    published, state = run(entries)
    assert any(b'"rule":"R14"' in part and b"gen-1/root" in part for part in published)
    assert run_restarting(entries) == (published, state)
    assert run(list(_ticked(entries, 10_000))) == (published, state)


def run_restarting(entries: list[CapturedInput]) -> tuple[list[bytes], str]:
    """As ``run``, by an engine that is written down and read back before every input."""
    engine = RoomEngine(SITE, ROOM, POLICY, monitor=MONITOR)
    out: list[bytes] = []
    for entry in entries:
        engine = RoomEngine.restore(json.loads(whole_state(engine)), monitor=MONITOR)
        out += wire(engine.feed(entry))
    return out, whole_state(engine)


@pytest.mark.parametrize("seed", [0, 2])
def test_an_engine_that_is_read_back_before_every_input_says_the_same(days: dict[int, Day], seed: int) -> None:
    entries = inputs_of(days[seed].content)
    assert run_restarting(entries) == run(entries)


def _leaving_sensor(slow_us: int) -> Iterator[CapturedInput]:
    """Slow frames with two sensors, then ten a second with one of them."""
    names = ["canal", "root"]
    at_us = START_US
    for seq in range(1, 60):
        at_us += slow_us if seq < 12 else S // 10
        frame = {"seq": seq, "at_us": at_us, "readings": [{"sensor": name, "temperature_c": 37.0} for name in names]}
        yield CapturedInput(at_us, topic("gen-1/temperature"), json.dumps(frame).encode())
        names = names if seq < 11 else ["canal"]
