"""A summary as a person reads it."""

from __future__ import annotations

from cordguard.cli.report import clock_time, summary_lines, table
from cordguard.contract.summary import SessionSummary
from support.examples import AT_US, EXAMPLES, SENSOR_SUMMARY


def shown(**changes: object) -> str:
    summary = SessionSummary.model_validate(EXAMPLES[SessionSummary] | changes)
    return "\n".join(summary_lines(summary))


def row_of(text: str, start: str) -> list[str]:
    return next(line.split() for line in text.splitlines() if line.strip().startswith(start))


def test_each_sensor_has_its_maximum_its_times_above_and_its_dose() -> None:
    assert row_of(shown(), "gen-1/canal") == ["gen-1/canal", "neural", "43.4", "31.0", "4.5", "0.0", "0.6"]


def test_a_sensor_that_never_delivered_shows_dashes_and_no_number() -> None:
    sensor = {key: value for key, value in SENSOR_SUMMARY.items() if not key.startswith("max_")}
    assert row_of(shown(sensors=[sensor]), "gen-1/canal")[2] == "---"


def test_an_estimated_dose_says_so() -> None:
    assert "0.6 (estimated)" in shown(sensors=[SENSOR_SUMMARY | {"dose_estimated": True}])


def test_energy_rf_time_and_alarms_by_priority_are_there() -> None:
    text = shown()
    assert "RF on 420.0 s, energy 4100 J, 1 ablation" in text
    assert "Alarms: 1 high, 0 medium, 0 low" in text


def test_each_alarm_has_its_rule_place_moment_and_answer() -> None:
    alarm = EXAMPLES[SessionSummary]["alarms"][0] | {"raised_us": AT_US + 61_000_000, "ended_us": AT_US + 125_000_000}
    words = row_of(shown(alarms=[alarm]), "HIGH")
    assert words == ["HIGH", "R04", "predicted_peak", "gen-1/canal", "01:01", "after", "3.2", "s", "02:05"]


def test_an_alarm_that_nobody_answered_and_that_never_ended_shows_dashes() -> None:
    alarm = {
        key: value
        for key, value in EXAMPLES[SessionSummary]["alarms"][0].items()
        if key not in {"ended_us", "acknowledged_after_s", "sensor"}
    }
    assert row_of(shown(alarms=[alarm]), "HIGH") == ["HIGH", "R04", "predicted_peak", "---", "00:00", "---", "---"]


def test_a_session_without_alarms_has_no_empty_table() -> None:
    assert "priority" not in shown(alarms=[])


def test_whether_the_watch_was_released_is_said() -> None:
    assert "watch released" in shown(final=True)
    assert "watch not released yet" in shown(final=False)


def test_columns_line_up() -> None:
    assert table(("a", "bb"), [("ccc", "d")]) == ["  a    bb", "  ccc  d"]


def test_spans_are_minutes_and_seconds() -> None:
    assert [clock_time(us) for us in (0, 59_999_999, 60_000_000, 6_000_000_000, -1)] == [
        "00:00",
        "00:59",
        "01:00",
        "100:00",
        "00:00",
    ]
