"""The real process on a real broker: killed and stopped, it misses nothing and calls nobody stale (H11, H18, A13)."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from cordguard.bus.broker import EmbeddedBroker
from cordguard.contract.alarms import Transition
from cordguard.engine.room import RoomEngine
from cordguard.safety.journal import journal_files
from cordguard.safety.replay import replay_file
from support.journals import POLICY
from support.safety_process import ROOM, World

pytestmark = pytest.mark.slow

TICKS = 195
RF = range(20, 115)


@pytest.fixture
def world(own_broker: EmbeddedBroker, site: str, tmp_path: Path) -> Iterator[World]:
    with ExitStack() as stack:
        yield World(own_broker, tmp_path / "data", site, stack)


def canal_c(tick: int) -> float:
    """37 °C, up to 47 °C in 5 s, 2 s there, and down again: straight lines, so that one sample more or less is none."""
    if tick < 40:
        return 37.0
    if tick < 90:
        return 37.0 + 0.2 * (tick - 40)
    return max(47.0 - 0.25 * max(tick - 110, 0), 37.0)


def uninterrupted(world: World) -> list[Transition]:
    """What an engine in this process says to the same inputs."""
    engine = RoomEngine(world.site, ROOM, POLICY)
    emissions = [emission for entry in world.sent for emission in engine.feed(entry)]
    return [emission.message for emission in emissions if isinstance(emission.message, Transition)]


def steps(transitions: list[Transition]) -> set[tuple[str, int, str, str]]:
    """Less what is about ourselves: there a restarted monitor says more."""
    return {(each.alarm_id, each.step, each.rule, each.change) for each in transitions if each.rule != "R41"}


def test_h11_a13_killed_at_any_moment_nothing_is_missed_and_nothing_is_said_twice(world: World) -> None:
    """Four times; the canal passes 45 °C while we are down for more than three seconds.

    Each time it has caught up before: what was on its way to a killed process comes again out of order, by design.
    """
    chance = Random(5)  # noqa: S311 - no secret
    kills = [chance.randrange(first, first + 8) for first in (25, 69, 138, 164)]
    starts = [kills[0] + 1, kills[1] + 34, kills[2] + 1, kills[3] + 1]
    safety = world.run_safety()
    world.open_case()
    for tick in range(TICKS):
        if tick in kills:
            os.kill(safety.pid, signal.SIGKILL)
            safety.process.wait()
        if tick in starts:
            safety = world.run_safety(wait=False)
        world.tick(canal_c(tick), rf_on=tick in RF)
    wanted = uninterrupted(world)
    assert {each.rule for each in wanted} == {"R01", "R02", "R04"}
    world.tick_until(lambda: world.all_kept() and steps(world.transitions()) >= steps(wanted))

    heard = world.transitions()
    assert steps(heard) == steps(wanted)
    assert {each.rule for each in heard} == {"R01", "R02", "R04", "R41"}
    assert any(each.late for each in heard if each.rule == "R01")
    assert all(each.late is (each.received_us - each.event_us > 2_000_000) for each in heard)

    os.kill(safety.pid, signal.SIGKILL)
    safety.process.wait()
    replayed = [part for path in journal_files(world.data_dir / "journal" / ROOM) for part in replay_file(path)[1]]
    assert {(each.alarm_id, each.step): each for each in replayed} == {
        (each.alarm_id, each.step): each for each in heard
    }


def test_h5_h11_stopped_for_three_seconds_no_device_is_called_stale_and_r41_says_so(world: World) -> None:
    safety = world.run_safety()
    world.open_case()
    for tick in range(90):
        if tick == 30:
            os.kill(safety.pid, signal.SIGSTOP)
        if tick == 60:
            os.kill(safety.pid, signal.SIGCONT)
        world.tick(37.0, rf_on=tick > 5)
    world.tick_until(lambda: world.all_kept() and len(world.transitions()) > 1)
    heard = world.transitions()
    assert [(each.rule, each.change) for each in heard] == [("R41", "raised"), ("R41", "ended")]
    assert heard[0].value is not None
    assert 2.5 < heard[0].value < 4.5
    assert "held up" in heard[0].message
