"""A disk that takes nothing more, on the real process and broker: alarms go on, and R42 says so (H16)."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cordguard.bus.broker import EmbeddedBroker
from cordguard.contract.capture import read_lines
from cordguard.contract.health import Health
from cordguard.engine import local
from cordguard.safety.journal import journal_files
from cordguard.safety.replay import replay_file
from support.safety_process import ROOM, World

pytestmark = pytest.mark.slow

LIMIT_BYTES = 4_096
"""Less than the journal has by then, and less than a room's whole state: no new file helps."""


@pytest.fixture
def world(nats_broker: EmbeddedBroker, site: str, tmp_path: Path) -> Iterator[World]:
    with ExitStack() as stack:
        yield World(nats_broker, tmp_path / "data", site, stack)


TINY_BUDGET_GIB = "0.000001"
"""About a kilobyte: line one of a journal, with the policy's text, is more."""


def heard(world: World, rule: str) -> list[tuple[str, str]]:
    return [(each.change, each.priority) for each in world.transitions() if each.rule == rule]


def degraded(health: Health | None, why: str) -> bool:
    return health is not None and health.state == "degraded" and why in str(health.detail)


def test_r42_h16_a_disk_that_takes_nothing_silences_no_alarm_and_is_told_until_it_takes_again(world: World) -> None:
    safety = world.run_safety()
    world.open_case()
    for tick in range(20):
        world.tick(37.0, rf_on=tick > 5)

    before = resource.prlimit(safety.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(safety.pid, resource.RLIMIT_FSIZE, (LIMIT_BYTES, before[1]))
    kept = len(world.journal())
    for _ in range(30):
        world.tick(46.0)
    assert heard(world, "R42") == [("raised", "high")]
    assert heard(world, "R01") == [("raised", "high")]
    assert len(world.journal()) <= kept + 5
    assert degraded(world.health(), "File too large")

    resource.prlimit(safety.pid, resource.RLIMIT_FSIZE, before)
    # The canal stays hot until safety keeps again: how soon it tries is its own affair.
    world.tick_until(lambda: heard(world, "R42") == [("raised", "high"), ("ended", "high")], canal_c=46.0, rf_on=True)
    world.tick_until(lambda: heard(world, "R01") == [("raised", "high"), ("ended", "high")])
    world.tick_until(lambda: (health := world.health()) is not None and health.state == "ok")
    os.kill(safety.pid, signal.SIGKILL)
    safety.process.wait()
    newest = journal_files(world.data_dir / "journal" / ROOM)[-1]
    assert next(iter(read_lines(newest.read_bytes()))).topic == local.CONTINUED
    _, found = replay_file(newest)
    since = [transition for transition in found if transition.rule in ("R01", "R42")]
    assert [(each.rule, each.change) for each in since] == [("R42", "ended"), ("R01", "ended")]
    assert all(each in world.transitions() for each in since)


def test_r39_h16_beyond_its_budget_the_journal_goes_on_and_people_are_told(world: World) -> None:
    first = world.run_safety()
    world.open_case()
    world.tick_until(lambda: (health := world.health()) is not None and health.state == "ok")
    os.kill(first.pid, signal.SIGKILL)
    first.process.wait()
    kept = len(world.journal())

    world.run_safety(CORDGUARD_SAFETY_JOURNAL_BUDGET_GIB=TINY_BUDGET_GIB)
    world.tick_until(lambda: ("raised", "low") in heard(world, "R39"))
    world.tick_until(lambda: degraded(world.health(), "are still written"))
    world.tick_until(lambda: ("raised", "high") in heard(world, "R01"), canal_c=46.0, rf_on=True)
    world.tick_until(lambda: len(world.journal()) > kept + 30)
    assert len(journal_files(world.data_dir / "journal" / ROOM)) == 2  # before the case, and the case
    assert heard(world, "R42") == []
