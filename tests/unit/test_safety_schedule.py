"""Rooms are served in turn: each once a period, never all at once."""

from __future__ import annotations

from itertools import pairwise

import pytest

from cordguard.safety.schedule import PHASES, Rota, Schedule

PERIOD_US = 200_000
ROOMS = [f"or-{number}" for number in range(20)]


def served(rota: Rota, names: list[str], *, until_us: int, step_us: int = 1_000) -> dict[str, list[int]]:
    times: dict[str, list[int]] = {name: [] for name in names}
    for now_us in range(1_000_000, 1_000_000 + until_us, step_us):
        for name in rota.due(names, now_us):
            times[name].append(now_us)
    return times


def test_a_schedule_is_due_once_a_period_and_catches_nothing_up() -> None:
    schedule = Schedule(100)
    assert [now for now in (1_000, 1_050, 1_100, 1_350, 1_420, 1_450) if schedule.due(now)] == [
        1_000,
        1_100,
        1_350,
        1_450,
    ]


@pytest.mark.parametrize("early", [False, True])
def test_every_room_is_served_at_once_and_then_once_a_period(*, early: bool) -> None:
    for times in served(Rota(PERIOD_US, early=early), ROOMS, until_us=3_000_000).values():
        assert times[0] == 1_000_000
        first_us = times[1] - times[0]
        assert first_us <= PERIOD_US if early else PERIOD_US <= first_us <= 2 * PERIOD_US
        assert {later - sooner for sooner, later in pairwise(times[1:])} == {PERIOD_US}


def test_rooms_that_are_found_at_once_are_soon_served_in_turn() -> None:
    times = served(Rota(PERIOD_US), ROOMS, until_us=3_000_000)
    at_once = [sum(moment in each[2:] for each in times.values()) for moment in range(2_000_000, 2_200_000, 1_000)]
    assert sum(at_once) == len(ROOMS)
    assert max(at_once) == -(-len(ROOMS) // PHASES)


def test_a_clock_that_jumps_serves_everybody_once() -> None:
    rota = Rota(PERIOD_US)
    rota.due(ROOMS, 1_000_000)
    assert sorted(rota.due(ROOMS, 9_000_000)) == sorted(ROOMS)
    assert rota.due(ROOMS, 9_000_001) == []


def test_after_a_stall_rooms_are_served_in_turn_again() -> None:
    rota = Rota(PERIOD_US)
    rota.due(ROOMS, 1_000_000)
    rota.due(ROOMS, 9_000_000)
    served_later = [len(rota.due(ROOMS, now_us)) for now_us in range(9_000_001, 9_202_001, 1_000)]
    assert len(ROOMS) <= sum(served_later) <= len(ROOMS) + 2
    assert max(served_later) == -(-len(ROOMS) // PHASES)
