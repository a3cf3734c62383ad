"""Times at the edges of what a message may claim: used like any other, and never the end of the monitor."""

from __future__ import annotations

import pytest

from support.room import CANAL, SOURCE, START_US, Room, us

LATEST_US = 9_000_000_000_000_000
FRAME = {"seq": 1, "readings": [{"sensor": "canal", "temperature_c": 37.0}]}


@pytest.mark.parametrize("at_us", [0, 1, 500_000, LATEST_US - 1, LATEST_US])
def test_r14_and_r17_speak_of_a_source_whose_only_sample_lies_at_the_edge_of_time(at_us: int) -> None:
    room = Room()
    room.send(f"{SOURCE}/temperature", FRAME | {"at_us": at_us})
    room.wait(10)
    assert {"R14 raised medium", "R17 raised medium"} <= set(room.story())


@pytest.mark.parametrize("offset_us", [us(3600), us(-3600)])
def test_a_corrected_source_that_claims_the_edge_of_time_is_still_judged(offset_us: int) -> None:
    room = Room()
    room.case()
    room.clock_us[SOURCE] = offset_us
    room.run(8, canal=37.0, tip=40.0)
    assert room.story("R16") == ["R16 raised medium"]
    for number, at_us in enumerate((LATEST_US, 0, LATEST_US - 1, 1)):
        room.now_us += 100_000
        room.temperature(canal="open", tip=40.0, at_us=at_us, seq=10_000 + number)
    room.run(3, canal=46.0, tip=40.0)
    room.wait(10)
    assert "R01 raised high" in room.story()


def test_r01_has_an_onset_that_can_be_said_however_early_the_samples_are() -> None:
    room = Room()
    room.clock_us[SOURCE] = -START_US
    room.run(2, canal=50.0)
    (raised,) = room.of("R01")
    assert raised.event_us == 200_000
    assert room.alarm("R01", CANAL) is not None
