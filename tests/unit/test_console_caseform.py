from __future__ import annotations

from typing import Any

import pytest

from cordguard.console.caseform import SENTENCES, CaseFields, FormErrors, close_case, open_case
from cordguard.contract.case import Case
from support.console_messages import T0_US

GOOD: dict[str, Any] = {
    "procedure": "proc-7",
    "electrode": "bipolar",
    "level": " T8 ",
    "lesion": "lytic",
    "posterior_wall": "intact",
    "profile": "near",
    "sensors": [
        {"sensor": "gen-1/canal", "role": "neural", "structure": "spinal-cord", "distance_mm": "9,5"},
        {"sensor": "gen-1/tip", "role": "probe", "structure": "", "distance_mm": ""},
    ],
}


def opened(**changed: object) -> Case | FormErrors:
    return opened_over(None, **changed)


def opened_over(current: Case | None, **changed: object) -> Case | FormErrors:
    fields = CaseFields.model_validate(GOOD | changed)
    return open_case(fields, current, session="s-1", actor="dr-7", now_us=T0_US)


def errors(made: Case | FormErrors) -> dict[str, str]:
    assert isinstance(made, FormErrors)
    return made.errors


def test_a_good_form_becomes_an_open_case() -> None:
    case = opened()
    assert isinstance(case, Case)
    assert (case.session, case.revision, case.state, case.opened_us, case.level) == ("s-1", 0, "open", T0_US, "T8")
    assert case.sensors[0].distance_mm == 9.5
    assert case.sensors[1].structure is None


def test_fields_left_empty_are_left_out() -> None:
    case = opened(level="", lesion="", sensors=[])
    assert isinstance(case, Case)
    assert b"lesion" not in case.to_wire()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("procedure", ""),
        ("procedure", "Mrs Smith"),
        ("electrode", "tripolar"),
        ("level", "the eighth"),
        ("lesion", "bad"),
        ("posterior_wall", "gone"),
        ("profile", "lenient"),
    ],
)
def test_a_wrong_field_gets_its_own_plain_sentence(field: str, value: str) -> None:
    assert errors(opened(**{field: value})) == {field: SENTENCES[field]}


@pytest.mark.parametrize(
    ("field", "value"),
    [("sensor", "Canal 1"), ("sensor", ""), ("role", "nerve"), ("structure", "the cord"), ("distance_mm", "close")],
)
def test_a_wrong_sensor_field_is_named_with_its_row(field: str, value: str) -> None:
    rows = [GOOD["sensors"][0], GOOD["sensors"][1] | {field: value}]
    assert errors(opened(sensors=rows)) == {f"sensors.1.{field}": SENTENCES[field]}


@pytest.mark.parametrize("value", ["-1", "501", "nan", "inf"])
def test_an_impossible_distance_is_refused(value: str) -> None:
    rows = [GOOD["sensors"][0] | {"distance_mm": value}]
    assert errors(opened(sensors=rows)) == {"sensors.0.distance_mm": SENTENCES["distance_mm"]}


def test_all_wrong_fields_are_told_at_once() -> None:
    assert set(errors(opened(procedure="", level="?", profile="?"))) == {"procedure", "level", "profile"}


def test_a_sensor_listed_twice_is_told_at_its_second_row() -> None:
    assert list(errors(opened(sensors=[GOOD["sensors"][0]] * 2))) == ["sensors.1.sensor"]


def test_no_second_case_is_opened_over_an_open_one() -> None:
    case = opened()
    assert isinstance(case, Case)
    assert "close it first" in errors(opened_over(case))["form"]


def test_closing_sends_the_next_revision_with_everything_else_unchanged() -> None:
    case = opened()
    assert isinstance(case, Case)
    closed = close_case(case, actor="nurse-2", now_us=T0_US + 5)
    assert isinstance(closed, Case)
    assert (closed.state, closed.revision, closed.closed_us, closed.actor) == ("closed", 1, T0_US + 5, "nurse-2")
    assert closed.sensors == case.sensors
    assert Case.model_validate_json(closed.to_wire()) == closed


def test_only_an_open_case_can_be_closed() -> None:
    assert "nothing to close" in errors(close_case(None, actor="a", now_us=T0_US))["form"]


def test_no_case_is_opened_before_the_simulated_clock_has_spoken() -> None:
    unspoken = open_case(CaseFields.model_validate(GOOD), None, session="s-1", actor="dr-7", now_us=0)
    assert "clock has not spoken" in errors(unspoken)["form"]
