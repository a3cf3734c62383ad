"""What order of arrival may and may not change: never whether the stop limit is seen, never a dose."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from support.room import START_US, Room, us

COURSE = st.lists(st.sampled_from([37.0, 41.0, 44.9, 45.0, 47.0]), min_size=5, max_size=25)


def watched() -> Room:
    room = Room()
    room.case()
    return room


def deliver(course: list[float], order: list[int], *, repeats: int = 1) -> Room:
    """Send these frames, taken at 10 Hz, in an order of arrival."""
    room = watched()
    room.now_us = START_US + us(len(course) / 10)
    for number in order:
        room.now_us += 1_000
        for _ in range(repeats):
            room.temperature(at_us=START_US + us((number + 1) / 10), seq=number, canal=course[number])
    return room


@settings(max_examples=100)
@given(st.data(), COURSE)
def test_r01_is_seen_in_every_order_of_arrival_in_which_it_would_be_seen_in_order(
    data: st.DataObject, course: list[float]
) -> None:
    in_order = list(range(len(course)))
    order = data.draw(st.permutations(in_order))
    if "R01 raised high" in deliver(course, in_order).story("R01"):
        assert "R01 raised high" in deliver(course, order).story("R01")


@settings(max_examples=50)
@given(st.data(), COURSE, st.integers(2, 4))
def test_h7_repeats_change_nothing_in_any_order_of_arrival(
    data: st.DataObject, course: list[float], repeats: int
) -> None:
    order = data.draw(st.permutations(list(range(len(course)))))
    once, often = deliver(course, order), deliver(course, order, repeats=repeats)
    assert often.transitions == once.transitions
    assert often.sensor() == once.sensor()


@settings(max_examples=50)
@given(st.data(), COURSE)
def test_h7_dose_is_that_of_the_samples_that_came_in_order(data: st.DataObject, course: list[float]) -> None:
    order = data.draw(st.permutations(list(range(len(course)))))
    newest = [number for place, number in enumerate(order) if number == max(order[: place + 1])]
    shuffled = deliver(course, order).sensor().cem43_min
    assert shuffled == deliver(course, newest).sensor().cem43_min
