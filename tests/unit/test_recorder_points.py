"""Messages become rows, rows become points, as the contract says and never half."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordguard.contract import topics
from cordguard.contract.lenient import Unreadable
from cordguard.recorder.intake import rows_of
from cordguard.recorder.points import Point, line_of, point_of
from cordguard.recorder.rows import (
    CaseRow,
    GeneratorRow,
    MarkRow,
    RejectedRow,
    Row,
    TemperatureRow,
    TransitionRow,
    VitalsRow,
)
from support.recorder_messages import AT_US, transition, vitals

PLACE = {"room": "or1", "source": "gen-1"}
TEMPERATURE = topics.TEMPERATURE.at("north", **PLACE)
GENERATOR = topics.GENERATOR.at("north", **PLACE)


def rows(topic: str, content: object) -> tuple[Row, ...]:
    found = rows_of(topic, content if isinstance(content, bytes) else json.dumps(content).encode())
    assert not isinstance(found, Unreadable), found
    return found


def temperature_row(**changes: Any) -> TemperatureRow:  # noqa: ANN401 - any column
    row = TemperatureRow("north", "or1", "gen-1", "canal", AT_US, 7, None, 41.0, None, None)
    return replace(row, **changes)


def test_a_temperature_frame_becomes_one_row_for_each_sensor() -> None:
    frame = {
        "seq": 7,
        "at_us": AT_US,
        "session": "s-1",
        "readings": [
            {"sensor": "canal", "temperature_c": 38.41, "cold_junction_c": 23.9},
            {"sensor": "tip", "fault": "open"},
        ],
    }
    assert rows(TEMPERATURE, frame) == (
        TemperatureRow("north", "or1", "gen-1", "canal", AT_US, 7, "s-1", 38.41, None, 23.9),
        TemperatureRow("north", "or1", "gen-1", "tip", AT_US, 7, "s-1", None, "open", None),
    )


@pytest.mark.parametrize("bad", ["null", "NaN", "Infinity", '"38.4"', "5000.0", "[]"])
def test_r08_an_ill_reading_is_kept_as_invalid_and_its_neighbours_count(bad: str) -> None:
    frame = (
        f'{{"seq":1,"at_us":{AT_US},"readings":[{{"sensor":"canal","temperature_c":{bad}}},'
        f'{{"sensor":"tip","temperature_c":61.5}}]}}'
    )
    found = rows(TEMPERATURE, frame.encode())
    told = {(r.sensor, r.temperature_c, r.fault) for r in found if isinstance(r, TemperatureRow)}
    assert told == {("canal", None, "invalid"), ("tip", 61.5, None)}


@pytest.mark.parametrize("payload", [b"", b"\xff", b"{", b"[]", b'{"seq":1}', b'{"seq":1,"at_us":5,"readings":[]}'])
def test_what_cannot_be_read_at_all_has_no_rows_but_a_reason(payload: bytes) -> None:
    found = rows_of(TEMPERATURE, payload)
    assert isinstance(found, Unreadable)
    assert found.reason


def test_a_generator_frame_keeps_everything_it_says() -> None:
    frame = {
        "seq": 3,
        "at_us": AT_US,
        "rf_on": True,
        "power_w": 9.8,
        "impedance_ohm": 112.4,
        "power_set_w": 10.0,
        "voltage_v": 33.2,
        "current_a": 0.295,
        "temperature_set_c": 70.0,
        "pump_flow_ml_min": 30.0,
        "pad_impedance_ohm": 60.0,
    }
    (row,) = rows(GENERATOR, frame)
    assert asdict(row) == {"site": "north", **PLACE, "session": None, **frame}


def test_a_generator_frame_with_one_ill_value_keeps_the_rest() -> None:
    frame = {"seq": 3, "at_us": AT_US, "rf_on": True, "power_w": 9.8, "impedance_ohm": "high"}
    (row,) = rows(GENERATOR, frame)
    assert isinstance(row, GeneratorRow)
    assert (row.rf_on, row.power_w, row.impedance_ohm) == (True, 9.8, None)


def test_power_alone_counts_as_rf_on() -> None:
    (row,) = rows(GENERATOR, {"seq": 3, "at_us": AT_US, "rf_on": False, "power_w": 4.0})
    assert isinstance(row, GeneratorRow)
    assert row.rf_on


def test_vitals_become_one_row_for_each_sensor_with_its_limits_and_forecast() -> None:
    first, second = rows(topics.VITALS.at("north", room="or1"), vitals().to_wire())
    assert isinstance(first, VitalsRow)
    assert isinstance(second, VitalsRow)
    assert (first.source, first.sensor, first.warn_c, first.stop_c, first.cem43_limit_min) == (
        "gen-1",
        "canal",
        42.0,
        45.0,
        10.0,
    )
    assert (first.limit_in_s, first.peak_if_stopped_c, first.peak_sd_c) == (48.0, 42.6, 0.3)
    assert (second.sensor, second.temperature_c, second.stop_c) == ("tip", None, None)


def test_case_mark_and_dead_letter_are_kept_verbatim() -> None:
    case = b'{"session":"s-1","revision":2,"state":"open","opened_us":5}'
    mark = b'{"mark_id":"m-1","at_us":9,"mark":"cement-injected","shade":"grey"}'
    letter = b'{"topic":"x","received_us":4,"reason":"not JSON","count":1}'
    assert rows(topics.CASE.at("north", room="or1"), case) == (CaseRow("north", "or1", "s-1", 2, case),)
    assert rows(topics.MARK.at("north", room="or1"), mark) == (
        MarkRow("north", "or1", "m-1", 9, "cement-injected", mark),
    )
    (row,) = rows(topics.REJECTED.at("north", room="or1"), letter)
    assert isinstance(row, RejectedRow)
    assert (row.received_us, row.topic, row.reason, row.payload) == (4, "x", "not JSON", letter)


def test_the_canary_leaves_no_rows() -> None:
    assert rows(topics.CANARY_TEMPERATURE.at("north"), b'{"seq":1,"at_us":1,"readings":[]}') == ()
    assert rows(topics.CANARY_TRANSITION.at("north"), transition().to_wire()) == ()


def test_an_unknown_topic_is_unreadable() -> None:
    assert isinstance(rows_of("cordguard/v1/north/or1/gen-1/pressure", b"{}"), Unreadable)


def test_a_temperature_point_has_the_tags_the_contract_names_and_nanoseconds() -> None:
    assert point_of(temperature_row(temperature_c=41.0)) == Point(
        "temperature",
        (("site", "north"), ("room", "or1"), ("source", "gen-1"), ("sensor", "canal")),
        (("seq", 7), ("temperature_c", 41.0)),
        AT_US * 1_000,
    )


def test_floats_stay_floats_and_integers_integers() -> None:
    line = line_of(point_of(temperature_row(temperature_c=41.0)))
    assert line == f"temperature,site=north,room=or1,source=gen-1,sensor=canal seq=7i,temperature_c=41.0 {AT_US}000"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None])
def test_what_is_not_a_number_is_left_out_and_the_point_stays(value: float | None) -> None:
    point = point_of(temperature_row(temperature_c=value, fault="invalid"))
    assert dict(point.fields) == {"seq": 7, "fault": "invalid"}


def test_a_transition_point_has_its_tags_and_no_empty_one() -> None:
    row = rows(topics.TRANSITION.at("north", room="or1"), transition(sensor=None).to_wire())[0]
    assert isinstance(row, TransitionRow)
    assert dict(point_of(row).tags) == {
        "site": "north",
        "room": "or1",
        "rule": "R01",
        "sensor": "-",
        "priority": "high",
        "change": "raised",
    }


@given(steps=st.lists(st.integers(1, 10_000), min_size=2, max_size=2, unique=True))
def test_transitions_of_one_microsecond_stay_within_it(steps: list[int]) -> None:
    times = []
    for step in steps:
        row = rows(topics.TRANSITION.at("north", room="or1"), transition(step=step).to_wire())[0]
        assert isinstance(row, TransitionRow)
        times.append(point_of(row).time_ns)
    assert all(AT_US * 1_000 <= time_ns < AT_US * 1_000 + 512 for time_ns in times)


def test_two_changes_in_one_microsecond_do_not_merge() -> None:
    found = {point_of(row).time_ns for step in (1, 2) for row in _transitions(step)}
    assert len(found) == 2


def _transitions(step: int) -> list[TransitionRow]:
    found = rows(topics.TRANSITION.at("north", room="or1"), transition(step=step).to_wire())
    return [row for row in found if isinstance(row, TransitionRow)]


def test_strings_are_quoted_and_lines_stay_single() -> None:
    (row,) = _transitions(1)
    line = line_of(point_of(replace(row, message='say "stop"\\ now\nor later', sensor="gen-1/a b,c=d")))
    assert 'message="say \\"stop\\"\\\\ now or later"' in line
    assert ",sensor=gen-1/a\\ b\\,c\\=d," in line
    assert "\n" not in line
