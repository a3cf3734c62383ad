"""How late a loop is, by a clock that the test moves."""

from __future__ import annotations

from cordguard.runtime.lag import LoopLag


def test_a_turn_is_late_by_what_it_took_beyond_the_wait_that_it_was_allowed() -> None:
    lag = LoopLag()
    lag.turn(1_000_000, 0.05)
    lag.turn(1_050_000, 0.05)
    assert lag.worst_ms == 0.0
    lag.turn(1_100_700, 0.05)
    assert lag.worst_ms == 0.7


def test_a_turn_that_ended_early_makes_up_for_no_late_one() -> None:
    lag = LoopLag()
    for now_us in (0, 60_000, 61_000):
        lag.turn(now_us, 0.05)
    assert lag.take_ms() == 10.0


def test_the_worst_is_told_once_and_shown_until_the_next_is_told() -> None:
    lag = LoopLag()
    for now_us in (0, 600_000, 601_000):
        lag.turn(now_us, 0.0)
    assert (lag.take_ms(), lag.worst_ms) == (600.0, 600.0)
    assert (lag.take_ms(), lag.worst_ms) == (0.0, 0.0)


def test_waiting_on_purpose_is_no_lag() -> None:
    lag = LoopLag()
    lag.turn(0, 0.05)
    lag.waited(700_000)
    lag.turn(760_000, 0.05)
    assert lag.take_ms() == 10.0
