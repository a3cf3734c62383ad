"""Late samples: judged by level rules only; they raise, and never clear."""

from __future__ import annotations

from support.room import CANAL, Room, named, told, us

TENTH = us(0.1)


class Lossy:
    """A watched room that loses a stretch of frames, which arrive afterwards."""

    def __init__(self, lost: int, canal: float = 37.0) -> None:
        self.room = Room()
        self.room.case()
        self.room.run(3.0, canal=37.0)
        self.lost_from_us = self.room.now_us + TENTH
        self.first = self.room.skip("temperature", lost)
        self.room.now_us += lost * TENTH
        self.room.run(1.0, canal=canal)

    def deliver(self, number: int, canal: float) -> list[str]:
        """One of the lost frames arrives."""
        at_us = self.lost_from_us + number * TENTH
        return told(self.room.temperature(at_us=at_us, seq=self.first + number, canal=canal))


def test_r01_is_raised_by_late_samples_at_their_own_time() -> None:
    lossy = Lossy(5)
    assert lossy.deliver(1, 46.0) == []
    assert lossy.deliver(2, 46.0) == ["R01 raised high"]
    (raised,) = lossy.room.of("R01")
    assert raised.event_us == lossy.lost_from_us + 2 * TENTH
    assert raised.alarm_id == named("R01", CANAL, lossy.lost_from_us + TENTH)
    assert not raised.late


def test_r01_is_raised_by_late_samples_in_any_order() -> None:
    lossy = Lossy(5)
    assert lossy.deliver(3, 46.0) == []
    assert lossy.deliver(2, 46.0) == ["R01 raised high"]
    (raised,) = lossy.room.of("R01")
    assert raised.alarm_id == named("R01", CANAL, lossy.lost_from_us + 2 * TENTH)


def test_r01_takes_a_late_sample_together_with_its_neighbours_on_time() -> None:
    room = Room()
    room.case()
    room.run(1.0, canal=37.0)
    lost = room.skip("temperature")
    lost_us = room.now_us + TENTH
    room.now_us += TENTH
    room.run(0.1, canal=45.5)
    assert room.story("R01") == []
    room.temperature(at_us=lost_us, seq=lost, canal=45.5)
    assert room.story("R01") == ["R01 raised high"]


def test_one_hot_late_sample_alone_raises_nothing() -> None:
    lossy = Lossy(30)
    assert lossy.deliver(10, 60.0) == []
    assert lossy.deliver(11, 37.0) == []


def test_r01_is_not_cleared_by_late_samples() -> None:
    lossy = Lossy(5, canal=46.0)
    assert lossy.room.story("R01") == ["R01 raised high"]
    for number in range(5):
        assert lossy.deliver(number, 30.0) == []
    assert lossy.room.story("R01") == ["R01 raised high"]


def test_r02_is_raised_by_late_samples_that_hold_for_2_s() -> None:
    lossy = Lossy(30)
    said = [text for number in range(30) for text in lossy.deliver(number, 42.5)]
    assert said == ["R02 raised medium"]
    (raised,) = lossy.room.of("R02")
    assert raised.event_us == lossy.lost_from_us + 20 * TENTH
    assert raised.alarm_id == named("R02", CANAL, lossy.lost_from_us)
    lossy.room.run(0.1, canal=37.0)
    assert lossy.room.story("R02") == ["R02 raised medium", "R02 ended medium"]


def test_r02_is_not_raised_by_late_samples_that_hold_for_less() -> None:
    lossy = Lossy(30)
    assert [text for number in range(20) for text in lossy.deliver(number, 42.5)] == []
    assert lossy.deliver(20, 41.9) == []
    assert [text for number in range(21, 30) for text in lossy.deliver(number, 42.5)] == []


def test_r02_is_raised_by_late_samples_in_any_order() -> None:
    lossy = Lossy(30)
    said = [text for number in reversed(range(30)) for text in lossy.deliver(number, 42.5)]
    assert said == ["R02 raised medium"]


def test_r02_is_not_raised_by_two_late_samples_with_a_cool_minute_between_them() -> None:
    lossy = Lossy(3)
    assert lossy.deliver(1, 42.5) == []
    lossy.room.run(60.0, canal=37.0)
    first, at_us = lossy.room.skip("temperature"), lossy.room.now_us + TENTH
    lossy.room.now_us += TENTH
    lossy.room.run(1.0, canal=37.0)
    assert lossy.room.temperature(at_us=at_us, seq=first, canal=42.5) == []


def test_r02_is_not_cleared_by_late_samples() -> None:
    lossy = Lossy(5, canal=42.5)
    lossy.room.run(2.0, canal=42.5)
    assert lossy.room.story("R02") == ["R02 raised medium"]
    for number in range(5):
        assert lossy.deliver(number, 30.0) == []


def test_late_samples_move_no_slope_no_forecast_and_no_fault() -> None:
    lossy = Lossy(30)
    before = lossy.room.sensor()
    for number in range(30):
        lossy.deliver(number, 41.0)
    assert lossy.room.sensor() == before


def test_a_transition_about_something_older_than_2_s_says_late() -> None:
    lossy = Lossy(30)
    lossy.deliver(0, 46.0)
    lossy.deliver(1, 46.0)
    (raised,) = lossy.room.of("R01")
    assert raised.received_us - raised.event_us > us(2.0)
    assert raised.late


def test_a_late_sample_that_joins_a_warm_run_which_was_told_and_is_over_tells_it_not_again() -> None:
    room = Room()
    room.case()
    room.run(1.0, canal=37.0)
    onset_us = room.now_us + TENTH
    room.run(2.1, canal=42.0)
    lost = room.skip("temperature")
    lost_us = room.now_us + TENTH
    room.now_us += TENTH
    room.run(0.5, canal=37.0)
    room.temperature(at_us=lost_us, seq=lost, canal=42.0)
    room.run(0.1, canal=37.0)
    said = room.of("R02")
    assert {entry.alarm_id for entry in said} == {named("R02", CANAL, onset_us)}
    assert [entry.change for entry in said] == ["raised", "ended"]
