"""The short ways give what the long ways give, bit for bit: frames read at once, readings tallied many at a time."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordguard.contract import capture, lenient
from cordguard.contract.capture import CapturedInput, decode_line, encode_line
from cordguard.engine import session
from cordguard.engine.dose import Dose
from support.room import Room

FRAGMENTS: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(
        [0, 1, -1, 2**63, 0.5, 0.51, 37.0, 37, 400.1, -50.1, 1e999, True, False, None, "", "37.0", "a", []]
    ),
    st.floats(min_value=-60.0, max_value=410.0),
)
"""Values, some of which no field takes."""
SENSORS = st.sampled_from(["canal", "tip", "edge", "canal", "Canal", "-x", "", 7, None])
FAULTS = st.sampled_from(["open", "short", "range", "invalid", "loose", None, 3])
READING_KEYS: dict[str, st.SearchStrategy[Any]] = {
    "temperature_c": FRAGMENTS,
    "fault": FAULTS,
    "cold_junction_c": FRAGMENTS,
    "humidity": FRAGMENTS,
}
READINGS = st.one_of(
    st.fixed_dictionaries({"sensor": SENSORS, "temperature_c": st.floats(min_value=20.0, max_value=60.0)}),
    st.fixed_dictionaries({"sensor": SENSORS}, optional=READING_KEYS),
    FRAGMENTS,
)
HEAD: dict[str, st.SearchStrategy[Any]] = {
    "seq": st.one_of(st.integers(min_value=0, max_value=99), FRAGMENTS),
    "at_us": st.one_of(st.integers(min_value=0, max_value=10**15), FRAGMENTS),
}
MORE: dict[str, st.SearchStrategy[Any]] = {
    "session": st.sampled_from(["s-1", "", None, 4]),
    **dict.fromkeys(("unknown_keys", "complaints", "samples", "firmware"), FRAGMENTS),
}
POWERS: dict[str, st.SearchStrategy[Any]] = dict.fromkeys(
    (
        "impedance_ohm",
        "power_set_w",
        "voltage_v",
        "current_a",
        "temperature_set_c",
        "pump_flow_ml_min",
        "pad_impedance_ohm",
    ),
    FRAGMENTS,
)
RF = {"rf_on": st.one_of(st.booleans(), FRAGMENTS), "power_w": st.one_of(st.floats(0.0, 1.0), FRAGMENTS)}
TEMPERATURE_FRAMES = st.fixed_dictionaries(HEAD | {"readings": st.lists(READINGS, max_size=4)}, optional=MORE)
GENERATOR_FRAMES = st.fixed_dictionaries(HEAD | RF, optional=MORE | POWERS)


@given(frame=TEMPERATURE_FRAMES, repeated=st.sampled_from(["", '"seq":3,', '"readings":[],', '"unknown_keys":0,']))
def test_a_temperature_frame_read_at_once_is_the_frame_read_with_care(frame: dict[str, Any], repeated: str) -> None:
    payload = ("{" + repeated + json.dumps(frame)[1:]).encode()
    read = lenient.read_temperature(payload)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lenient, "well_formed_temperature", lambda _: None)
        assert lenient.read_temperature(payload) == read


@given(frame=GENERATOR_FRAMES, repeated=st.sampled_from(["", '"rf_on":true,', '"power_w":0.1,', '"complaints":[],']))
def test_a_generator_frame_read_at_once_is_the_frame_read_with_care(frame: dict[str, Any], repeated: str) -> None:
    payload = ("{" + repeated + json.dumps(frame)[1:]).encode()
    read = lenient.read_generator(payload)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lenient, "well_formed_generator", lambda _: None)
        careful = lenient.read_generator(payload)
    used = ("seq", "at_us", "session", "rf_on", "power_w", "impedance_ohm", "temperature_set_c", "unknown_keys")
    if isinstance(read, lenient.Unreadable) or isinstance(careful, lenient.Unreadable):
        assert read == careful
        return
    assert [getattr(read, name) for name in used] == [getattr(careful, name) for name in used]
    assert read.complaints == careful.complaints


@given(
    frame=st.one_of(TEMPERATURE_FRAMES, st.text(), st.lists(FRAGMENTS)),
    tail=st.sampled_from(["", " ", "\t", "}", "\r"]),
    flags=st.tuples(st.booleans(), st.booleans()),
    topic=st.sampled_from(["cordguard/v1/site/or-1/gen-1/temperature", "local/tick", 'a"b', "é", "a\\b", ""]),
)
def test_a_line_decoded_at_once_is_the_line_decoded_with_care(
    frame: object, tail: str, flags: tuple[bool, bool], topic: str
) -> None:
    entry = CapturedInput(7, topic, (json.dumps(frame, ensure_ascii=False) + tail).encode(), *flags)
    line = encode_line(entry)
    assert decode_line(line) == decode_line(line[:-1]) == entry
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(capture, "_PLAIN_LINE", re.compile(rb"(?!)"))
        assert decode_line(line) == entry


COURSES = st.lists(
    st.tuples(st.integers(1, 3_000_000), st.floats(min_value=20.0, max_value=60.0), st.booleans()),
    min_size=1,
    max_size=30,
)


@given(COURSES, st.data())
def test_a_dose_that_follows_a_course_is_the_dose_of_its_temperatures_one_by_one(
    course: list[tuple[int, float, bool]], data: st.DataObject
) -> None:
    readings, at_us = [], 0
    for step_us, temperature_c, estimated in course:
        at_us += step_us
        readings.append((at_us, temperature_c, step_us, estimated))
    cut = data.draw(st.integers(0, len(readings)))
    at_once, one_by_one = Dose(), Dose()
    at_once.follow(readings[:cut])
    at_once.follow(readings[cut:])
    for reading in readings:
        one_by_one.add(*reading)
    assert at_once == one_by_one


@given(data=st.data())
def test_a_summary_does_not_depend_on_how_many_readings_were_tallied_at_once(data: st.DataObject) -> None:
    plan = data.draw(
        st.lists(st.sampled_from(["cool", "hot", "fault", "late", "rf", "off", "mark", "look"]), max_size=40)
    )
    degrees = iter(data.draw(st.lists(st.floats(20.0, 60.0), min_size=40, max_size=40)))
    said = []
    courses = [next(degrees) for _ in plan]
    for at_once in (1, 3, session.TALLIED_AT_ONCE):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(session, "TALLIED_AT_ONCE", at_once)
            said.append(_summary_of(plan, courses))
    assert said[0] == said[1] == said[2]


def _summary_of(plan: list[str], degrees: list[float]) -> object:
    room = Room()
    room.case()
    for what, temperature_c in zip(plan, degrees, strict=True):
        match what:
            case "cool" | "hot":
                room.run(0.5, canal=37.0 if what == "cool" else temperature_c, tip=temperature_c)
            case "fault":
                room.run(0.2, canal="open", tip=temperature_c)
            case "late":
                room.temperature(canal=temperature_c, at_us=room.now_us - 300_000)
            case "rf" | "off":
                room.run(0.3, power_w=10.0 if what == "rf" else 0.0, canal=temperature_c)
            case "mark":
                room.mark("ablation-started")
            case _:
                room.engine.summary_so_far()
                room.engine.snapshot()
    return room.engine.summary_so_far()
