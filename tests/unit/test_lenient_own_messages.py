"""What safety says of a whole session grows with it: a record must not lose its summary for being long."""

from __future__ import annotations

import json

import pytest

from cordguard.contract.alarms import PresentAlarms, Transition
from cordguard.contract.case import Case
from cordguard.contract.lenient import Unreadable, read
from cordguard.contract.summary import SessionSummary
from cordguard.contract.units import OWN_MAX_BYTES, PAYLOAD_MAX_BYTES, WireModel
from cordguard.contract.vitals import Vitals
from cordguard.engine.admission import SENSORS_MAX
from support.room import Room


def test_the_summary_of_a_session_with_a_loose_plug_can_be_read() -> None:
    room = Room()
    room.case()
    for _ in range(350):
        room.run(0.7, canal="open", tip=37.0)
        room.run(0.6, canal=37.0, tip=37.0)
    room.close()
    (summary,) = room.summaries
    assert [alarm.times_raised for alarm in summary.alarms if alarm.rule == "R37"] == [1]  # it comes and goes
    assert summary.alarm_counts.medium == 350 + 1
    assert len(summary.to_wire()) > PAYLOAD_MAX_BYTES
    assert read(SessionSummary, summary.to_wire()) == summary


def test_what_is_said_of_a_room_with_as_many_sensors_as_it_takes_can_be_read() -> None:
    room = Room()
    readings = [{"sensor": f"s{number}", "fault": "open"} for number in range(SENSORS_MAX)]
    for number in range(30):
        room.now_us += 100_000
        said = readings if number < 10 else readings[:1]  # all of them faulty, and then all but one silent too
        room.send("dev/temperature", {"seq": number, "at_us": room.now_us, "readings": said})
    vitals, alarms = room.vitals(), room.engine.present_alarms(room.now_us)
    of_sensors = [alarm for alarm in alarms.present if alarm.sensor is not None]
    assert len(of_sensors) == 2 * SENSORS_MAX - 1
    assert len(alarms.to_wire()) > PAYLOAD_MAX_BYTES
    assert read(PresentAlarms, alarms.to_wire()) == alarms
    assert read(Vitals, vitals.to_wire()) == vitals


@pytest.mark.parametrize(
    ("model", "limit"),
    [
        (SessionSummary, OWN_MAX_BYTES),
        (Vitals, OWN_MAX_BYTES),
        (Case, PAYLOAD_MAX_BYTES),
        (Transition, PAYLOAD_MAX_BYTES),
    ],
)
def test_beyond_its_limit_nothing_is_read(model: type[WireModel], limit: int) -> None:
    refused = read(model, json.dumps({"x": "x" * limit}).encode())
    assert isinstance(refused, Unreadable)
    assert refused.reason.endswith(f"at most {limit} are read")
