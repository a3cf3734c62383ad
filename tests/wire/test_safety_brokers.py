"""Safety on every broker: what that does to the messages of a case changes nothing about its alarms."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.broker import Client, NatsRig, Rig
from support.brokered_room import BrokeredRoom, frame_of

EXCURSION = [("R01", "raised"), ("R02", "raised"), ("R01", "ended"), ("R02", "ended")]
"""What is told of the canal, once, whatever happens on the way."""

OpenRoom = Callable[[Rig], BrokeredRoom]


@pytest.fixture
def open_room(opened: list[Client], site: str, tmp_path: Path) -> Iterator[OpenRoom]:
    rooms: list[BrokeredRoom] = []

    def open_room(rig: Rig) -> BrokeredRoom:
        rooms.append(BrokeredRoom(rig, opened, site, tmp_path / "data"))
        rooms[-1].start_safety()
        return rooms[-1]

    yield open_room
    for room in rooms:
        room.stop_safety()


def assert_told_once(room: BrokeredRoom) -> None:
    """Wait for all that is to be told, and a moment for what is not."""
    room.drive(lambda: len(room.told()) >= len(EXCURSION), "all to be told")
    end_s = time.monotonic() + 0.2
    room.drive(lambda: time.monotonic() > end_s, "nothing")
    assert room.told() == EXCURSION


def test_a_case_that_comes_retained_and_queued_is_one_case(rig: Rig, open_room: OpenRoom) -> None:
    room = open_room(rig)
    room.stop_safety()
    case = room.open_case()
    room.start_safety()
    room.drive(lambda: room.taken.count(case) >= 2, "the case to come twice")
    room.live(range(1, 100))
    assert_told_once(room)


def test_frames_that_come_again_out_of_order_tell_an_excursion_once(rig: Rig, open_room: OpenRoom) -> None:
    room = open_room(rig)
    case = room.open_case()
    room.drive(lambda: case in room.taken, "safety to take the case")
    held = (25, 40, 50, 51, 58)
    room.live(range(1, 80), losing=frozenset(held))
    if not isinstance(rig, NatsRig):  # that one sends again while the connection stands
        room.cut()
    room.drive(lambda: {frame_of(number) for number in held} <= set(room.taken), "what was held to come again")
    assert room.taken.index(frame_of(25)) > room.taken.index(frame_of(79))
    room.live(range(80, 100))
    assert_told_once(room)


def test_h11_a_broker_that_is_killed_in_the_middle_of_a_case_costs_no_alarm(own_rig: Rig, open_room: OpenRoom) -> None:
    room = open_room(own_rig)
    case = room.open_case()
    room.drive(lambda: case in room.taken, "safety to take the case")
    room.live(range(1, 35))
    own_rig.crash()
    for number in range(35, 70):  # the excursion ends while there is no broker
        room.send(number)
        room.step()
    assert frame_of(35) not in room.taken
    own_rig.recover()
    room.drive(lambda: frame_of(69) in room.taken, "safety to take what the device kept")
    room.live(range(70, 100))
    assert_told_once(room)


def test_h11_what_waited_for_safety_comes_as_it_was_said_whatever_it_is(rig: Rig, open_room: OpenRoom) -> None:
    """Generator and temperatures alternate: were one ahead, samples would be judged by another time's RF."""
    room = open_room(rig)
    case = room.open_case()
    room.drive(lambda: case in room.taken, "safety to take the case")
    room.stop_safety()
    said = [payload for number in range(1, 150) for payload in (room.send_generator(number), room.send(number))]
    room.drive(lambda: room.device.bus.unconfirmed == 0, "the broker to have it all")
    room.taken.clear()
    room.start_safety()
    room.drive(lambda: set(said) <= set(room.taken), "safety to take what waited")
    assert [payload for payload in dict.fromkeys(room.taken) if payload in set(said)] == said
