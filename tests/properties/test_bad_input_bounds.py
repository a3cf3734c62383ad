"""Whoever makes up names fills no room: it stays quick, small and sighted."""

from __future__ import annotations

import json
from typing import Any

from cordguard.contract.capture import CapturedInput
from cordguard.contract.case import CASE_SENSORS_MAX
from cordguard.engine.admission import SENSORS_MAX, SOURCES_MAX
from cordguard.engine.intake import REJECTED_PER_SECOND
from cordguard.engine.room import RoomEngine
from support.bad_input import engine, play
from support.room import CANAL, CASE_SENSORS, ROOM, SITE, SOURCE, START_US, Room


def named(count: int, content: object, *, beginning: str = "new") -> dict[str, Any]:
    """The same for so many made-up sensors."""
    return {f"{beginning}{number}": content for number in range(count)}


def flood(room: Room, count: int = 1_500) -> None:
    """A frame as large as it may be, of sensors that nobody heard of."""
    room.now_us += 100_000
    room.temperature(source="other", **named(count, "open"))


def test_r01_a_frame_of_1500_made_up_sensors_costs_one_dead_letter_and_no_sight() -> None:
    room = Room()
    room.status(canal="neural", tip="probe")
    flood(room)
    assert len(room.vitals().sensors) == SENSORS_MAX
    assert [str(SENSORS_MAX) in letter.reason for letter in room.rejected] == [True]
    room.wait(10)
    room.run(3, canal=46.0, tip=40.0)
    assert "R01 raised high" in room.story()


def test_r01_what_the_case_lists_has_a_place_however_full_the_room_is() -> None:
    room = Room()
    flood(room)
    for number in range(100):
        room.temperature(source=f"g{number}", x=37.0)
        room.generator(source=f"g{number}")
    assert len(room.engine.snapshot()["sources"]) == SOURCES_MAX
    room.case(sensors=CASE_SENSORS)
    room.run(3, canal=46.0, tip=40.0)
    assert room.alarm("R01", CANAL) is not None


def test_sensors_that_are_known_go_on_when_others_are_refused() -> None:
    room = Room()
    room.run(1, canal=37.0, tip=40.0)
    for _ in range(30):
        flood(room, 300)
        room.temperature(canal=46.0, tip=40.0, **named(200, 37.0))
    assert room.alarm("R01", CANAL) is not None
    assert len(room.vitals().sensors) == SENSORS_MAX


def test_a_status_that_names_made_up_sensors_again_and_again_fills_no_room() -> None:
    room = Room()
    for number in range(20):
        room.status(source="other", **named(64, "neural", beginning=f"s{number}-"))
    assert len(room.vitals().sensors) == SENSORS_MAX
    assert room.rejected


def test_made_up_sources_share_the_dead_letters_of_one() -> None:
    room = engine()
    inputs = [
        CapturedInput(START_US + number, f"cordguard/v1/{SITE}/{ROOM}/g{number}/temperature", b"no")
        for number in range(2_000)
    ]
    letters = play(inputs, room)
    assert len(letters) <= SOURCES_MAX + REJECTED_PER_SECOND
    assert len(json.dumps(room.snapshot()["rejected"])) < 2_000
    again = CapturedInput(START_US + 5_000_000, f"cordguard/v1/{SITE}/{ROOM}/{SOURCE}/temperature", b"no")
    assert len(play([again], room)) == 1


def test_gaps_in_the_numbers_of_a_hurried_clock_are_counted_and_forgotten() -> None:
    room = Room()
    for number in range(3_000):
        room.now_us += 1_000
        room.temperature(canal=37.0, seq=2 * number, at_us=START_US + number)
    stream = room.engine.snapshot()["sources"][SOURCE]["streams"]["temperature"]
    assert len(stream["missing"]) < 300
    assert "R15 escalated medium" in room.story()


def test_a_case_that_swaps_all_its_sensors_under_rf_can_still_be_written_down_and_read_again() -> None:
    room = Room()
    room.case(sensors={f"a{number}": ("neural", 12.0) for number in range(40)})
    room.run(1, power_w=10.0)
    room.amend(sensors={f"b{number}": ("neural" if number % 2 else "probe", 12.0) for number in range(40)})
    state = room.engine.snapshot()
    listed = state["watch"]["case"]["sensors"]
    assert len(listed) == CASE_SENSORS_MAX
    assert [sensor["role"] for sensor in listed].count("neural") == 60
    assert RoomEngine.restore(json.loads(json.dumps(state))).snapshot() == state
