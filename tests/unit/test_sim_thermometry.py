from __future__ import annotations

import numpy as np
import pytest

from cordguard.simulators.devices.rack import Sampler
from cordguard.simulators.devices.thermometry import SensorSettings, Thermometry, ThermometrySettings, told

FRAME_S = 0.1


def sensor(**changes: object) -> SensorSettings:
    facts = {"name": "canal", "role": "neural", "position_mm": (0.0, 10.0, 0.0), "noise_c": 0.0, "noise_rf_c": 0.0}
    return SensorSettings.model_validate(facts | changes)


def box(*sensors: SensorSettings, seed: int = 1, **settings: float) -> Thermometry:
    start_c = {each.name: 37.0 for each in sensors}
    return Thermometry(ThermometrySettings(**settings), sensors, start_c, seed)


def temperature_c(thermometry: Thermometry, *, rf_on: bool = False) -> float:
    reading = thermometry.frame(0, rf_on=rf_on).readings[0]
    assert reading.temperature_c is not None
    return reading.temperature_c


def test_a_sensor_covers_63_percent_of_a_step_in_one_time_constant() -> None:
    thermometry = box(sensor(lag_s=0.8))
    for _ in range(8):
        thermometry.follow({"canal": 47.0}, FRAME_S)
    assert temperature_c(thermometry) == pytest.approx(37.0 + 10.0 * (1.0 - np.exp(-1.0)), abs=0.01)


def test_without_lag_it_reads_the_tissue_plus_its_offset() -> None:
    thermometry = box(sensor(lag_s=0.0, offset_c=-0.3))
    thermometry.follow({"canal": 41.0}, FRAME_S)
    assert temperature_c(thermometry) == 40.7


@pytest.mark.parametrize(("rf_on", "sd_c"), [(False, 0.05), (True, 0.3)])
def test_noise_has_the_sd_of_the_settings_with_and_without_rf(*, rf_on: bool, sd_c: float) -> None:
    thermometry = box(sensor(noise_c=0.05, noise_rf_c=0.3))
    read_c = [temperature_c(thermometry, rf_on=rf_on) for _ in range(4_000)]
    assert np.mean(read_c) == pytest.approx(37.0, abs=5.0 * sd_c / np.sqrt(4_000))
    assert np.std(read_c) == pytest.approx(sd_c, rel=0.05)


def test_one_more_sensor_changes_no_other_one_s_noise_and_another_seed_changes_all() -> None:
    canal, tip = sensor(noise_c=0.1), sensor(name="tip", role="probe", noise_c=0.1)
    alone, beside, other = box(canal), box(tip, canal), box(canal, seed=2)
    assert alone.frame(0, rf_on=False).readings[0] == beside.frame(0, rf_on=False).readings[1]
    assert alone.frame(0, rf_on=False) != other.frame(0, rf_on=False)


def test_frames_are_numbered_and_carry_the_cold_junction() -> None:
    thermometry = box(sensor(), cold_junction_c=21.0)
    frames = [thermometry.frame(number, rf_on=False) for number in range(3)]
    assert [frame.seq for frame in frames] == [1, 2, 3]
    assert all(abs((frame.readings[0].cold_junction_c or 0.0) - 21.0) < 0.2 for frame in frames)


def test_a_wrong_cold_junction_shifts_every_sensor() -> None:
    shifted = box(sensor(), sensor(name="tip", role="probe"), cold_junction_error_c=1.5).frame(0, rf_on=False)
    assert [reading.temperature_c for reading in shifted.readings] == [38.5, 38.5]


def test_a_temperature_that_no_thermocouple_has_becomes_a_range_fault() -> None:
    assert told("canal", 401.0, 23.0).fault == "range"
    assert told("canal", -51.0, 23.0).fault == "range"
    assert told("canal", 44.004, 23.0).temperature_c == 44.0


@pytest.mark.parametrize("rate_hz", [1.0, 6.0, 8.0, 10.0])
def test_a_device_reports_at_its_own_rate_at_frames_of_100_ms(rate_hz: float) -> None:
    sampler = Sampler(rate_hz)
    taken_us = [at * 100_000 for at in range(600) if sampler.due(at * 100_000)]
    assert len(taken_us) == 60 * rate_hz
    assert max(np.diff(taken_us)) <= 1e6 / rate_hz + 100_000
