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
from support.kill_verdict import ABOUT_US, faults
from support.safety_kills import Victim, live_through, random_kills
from support.safety_process import World

pytestmark = pytest.mark.slow


@pytest.fixture
def world(own_broker: EmbeddedBroker, site: str, tmp_path: Path) -> Iterator[World]:
    with ExitStack() as stack:
        yield World(own_broker, tmp_path / "data", site, stack)


def test_h11_a13_killed_twelve_times_nothing_is_missed_and_nothing_is_said_twice(
    own_broker: EmbeddedBroker, site: str, tmp_path: Path
) -> None:
    """Three rooms side by side, four times each; in the first the canal passes 45 °C while we are down for over 3 s."""
    chance = Random(5)  # noqa: S311 - no secret
    first = [chance.randrange(first, first + 8) for first in (25, 69, 138, 164)], [1, 34, 1, 1]
    plans = [first, *(random_kills(chance) for _ in range(2))]
    with ExitStack() as stack:
        victims = [
            Victim(World(own_broker, tmp_path / str(number), f"{site}-{number}", stack), kills, down)
            for number, (kills, down) in enumerate(plans)
        ]
        live_through(victims)
    assert sum(victim.killed for victim in victims) == 12
    for victim in victims:
        assert {each.rule for each in victim.wanted()} - ABOUT_US == {"R01", "R02", "R04"}
        assert faults(victim.evidence()) == []
        assert victim.recovered_s
    assert any(each.late for each in victims[0].world.transitions() if each.rule == "R01")


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
