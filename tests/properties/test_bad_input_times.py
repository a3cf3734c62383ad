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


@pytest.mark.parametrize("hours", [1, -1])
def test_h25_the_record_of_a_source_whose_clock_is_an_hour_off_is_that_of_a_right_one(hours: int) -> None:
    right, off = Room(), Room()
    off.clock_us[SOURCE] = us(hours * 3600)
    summaries = []
    for room in (right, off):
        room.case()
        room.run(10, power_w=0.0, canal=37.0, tip=37.0)
        room.run(60, power_w=10.0, canal=43.5, tip=60.0)
        room.run(20, power_w=0.0, canal=41.0, tip=50.0)
        summary = room.engine.summary_so_far()
        assert summary is not None
        summaries.append(summary)
    one, other = summaries
    assert (other.rf_on_s, other.energy_j) == (one.rf_on_s, one.energy_j)
    assert [round(entry.rf_on_s) for entry in other.ablations] == [60]
    assert other.ablations[0].energy_j == pytest.approx(600.0, abs=1.0)
    canal, expected = (next(s for s in summary.sensors if s.sensor == CANAL) for summary in (other, one))
    assert canal.time_above_43_s == expected.time_above_43_s
    assert canal.cem43_min == pytest.approx(expected.cem43_min)
    assert not canal.dose_estimated
    assert canal.completeness_percent == pytest.approx(expected.completeness_percent, abs=8.0)
    assert off.sensor().cem43_min == right.sensor().cem43_min


@pytest.mark.parametrize("hours", [1, -1])
def test_r06_telemetry_before_its_case_counts_the_same_while_its_clock_is_corrected(hours: int) -> None:
    room = Room()
    room.clock_us[SOURCE] = us(hours * 3600)
    room.run(20, power_w=10.0, canal=43.0, tip=50.0)
    room.case(opened_us=START_US)
    assert 14.0 / 60 <= room.sensor().cem43_min <= 20.0 / 60
    room.run(10, power_w=10.0, canal=43.0, tip=50.0)
    assert 24.0 / 60 <= room.sensor().cem43_min <= 30.0 / 60


def test_r06_a_single_wrong_time_of_a_corrected_source_adds_no_dose() -> None:
    room = Room()
    room.case()
    room.clock_us[SOURCE] = us(10)
    room.run(20, canal=42.0, tip=50.0)
    assert room.story("R16") == ["R16 raised medium"]
    before_min = room.sensor().cem43_min
    room.now_us += 100_000
    room.temperature(canal=42.0, tip=50.0, at_us=room.now_us + us(7200))
    room.run(5, canal=42.0, tip=50.0)
    assert room.sensor().cem43_min == pytest.approx(before_min + 0.25 * 5.1 / 60, rel=0.01)
    assert not room.of("R06")


def test_r06_what_a_sensor_felt_in_yesterdays_patient_is_no_dose_of_todays() -> None:
    room = Room()
    room.case("s-1")
    room.run(10, power_w=10.0, canal=42.0, tip=50.0)
    room.run(1, power_w=0.0, canal=42.0, tip=50.0)
    room.close()
    room.status("offline")
    room.wait(20 * 3600)
    room.case("s-2", procedure="p-2")
    room.run(10, canal=36.5, tip=36.5)
    assert not room.of("R06")
    assert room.sensor().cem43_min == 0.0


def test_r01_a_source_whose_clock_stands_still_is_judged_and_said_to_be_silent() -> None:
    room = Room()
    room.case()
    room.run(5, power_w=10.0, canal=37.0, tip=50.0)
    stopped_us = room.now_us
    for _ in range(60):
        room.now_us += 100_000
        room.generator()
        room.temperature(canal=46.0, tip=50.0, at_us=stopped_us)
    assert "R01 raised high" in room.story()
    assert "R14 escalated high" in room.story()


def test_what_waits_for_a_case_is_forgotten_after_ten_minutes_whatever_a_clock_says() -> None:
    room = Room()
    room.temperature(source="other", at_us=LATEST_US, canal=37.0)
    room.run(1_300, canal=37.0, period_s=1.0)
    assert len(room.engine.snapshot()["unassigned"]) <= 601


@pytest.mark.parametrize("period_s", [1.05, 2.0, 5.0])
def test_r01_a_sensor_slower_than_1_hz_raises_with_its_third_hot_sample(period_s: float) -> None:
    room = Room()
    room.case()
    room.run(3 * period_s, canal=37.0, tip=40.0, period_s=period_s)
    room.run(2 * period_s, canal=46.0, tip=40.0, period_s=period_s)
    assert not room.of("R01")
    room.run(period_s, canal=46.0, tip=40.0, period_s=period_s)
    (raised,) = room.of("R01")
    assert raised.evidence == {"onset_us": room.now_us - us(2 * period_s)}
