from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import pytest

from cordguard.simulators.tissue.electrical import constant_conductivity, relative_conductivity
from cordguard.simulators.tissue.model import BODY_TEMPERATURE_C, TissueModel
from cordguard.simulators.tissue.properties import TISSUES
from cordguard.simulators.tissue.spherical import SphereGrid, SphericalTissue

LYTIC: Final = TISSUES["lytic-tumour"]
BLOODLESS: Final = replace(LYTIC, perfusion_per_s=0.0)
AGES_S: Final = 1e9


def heated(tissue: TissueModel, power_w: float, seconds: float, dt_s: float = 0.5) -> None:
    for _ in range(round(seconds / dt_s)):
        tissue.step(power_w, dt_s)


@pytest.mark.parametrize(("radius_mm", "exact_c"), [(4.0, 80.765), (6.0, 70.361), (10.0, 57.137), (20.0, 44.336)])
def test_steady_state_meets_the_exact_solution_within_50_mk(radius_mm: float, exact_c: float) -> None:
    tissue = SphericalTissue(BLOODLESS, SphereGrid(3.0, 40.0), conductivity=constant_conductivity)
    tissue.step(2.0, AGES_S)
    assert tissue.temperature_c((0.0, 0.0, radius_mm)) == pytest.approx(exact_c, abs=0.05)


def test_position_counts_by_its_distance_from_the_centre_and_far_away_lies_the_body() -> None:
    tissue = SphericalTissue(LYTIC, SphereGrid(3.0))
    heated(tissue, 10.0, 60.0)
    assert tissue.temperature_c((6.0, 8.0, 0.0)) == tissue.temperature_c((0.0, 0.0, -10.0))
    assert tissue.temperature_c((0.0, 0.0, 0.0)) == tissue.temperature_c((0.0, 3.0, 0.0))
    assert tissue.temperature_c((0.0, 80.0, 0.0)) == BODY_TEMPERATURE_C


def test_energy_goes_nowhere_unaccounted() -> None:
    tissue = SphericalTissue(LYTIC, SphereGrid(4.0, 30.0, 260))
    heated(tissue, 15.0, 120.0)
    heated(tissue, 0.0, 300.0)
    balance = tissue.balance
    assert balance.deposited_j == pytest.approx(1_800.0)
    assert balance.stored_j + balance.perfused_j + balance.conducted_j == pytest.approx(balance.deposited_j, rel=1e-9)
    assert min(balance.stored_j, balance.perfused_j, balance.conducted_j) > 1.0


def test_refining_grid_and_step_changes_less_and_less() -> None:
    def at_10_mm(shells: int, dt_s: float) -> float:
        tissue = SphericalTissue(BLOODLESS, SphereGrid(4.0, 44.0, shells), conductivity=constant_conductivity)
        heated(tissue, 10.0, 60.0, dt_s)
        return tissue.temperature_c((10.0, 0.0, 0.0))

    by_grid = [at_10_mm(shells, 0.5) for shells in (50, 100, 200, 400)]
    by_step = [at_10_mm(200, dt_s) for dt_s in (2.0, 1.0, 0.5, 0.25)]
    grid_changes, step_changes = np.abs(np.diff(by_grid)), np.abs(np.diff(by_step))
    assert grid_changes[1] / grid_changes[2] == pytest.approx(4.0, rel=0.25)  # second order in space
    assert step_changes[1] / step_changes[2] == pytest.approx(2.0, rel=0.25)  # first order in time
    assert grid_changes[2] < 0.05
    assert step_changes[2] < 0.05


@pytest.mark.parametrize(
    ("electrode_mm", "power_w", "rf_s", "sensor_mm", "at_off_c", "peak_c", "peak_after_s"),
    [
        (3.0, 20.0, 60.0, 12.0, 42.9, 46.9, 76.0),
        (3.0, 20.0, 60.0, 15.0, 39.0, 41.3, 127.0),
        (3.0, 20.0, 120.0, 15.0, 42.6, 46.2, 118.0),
        (5.0, 40.0, 60.0, 15.0, 43.6, 46.7, 92.0),
    ],
)
def test_temperature_goes_on_rising_after_rf_off_as_published(
    electrode_mm: float,
    power_w: float,
    rf_s: float,
    sensor_mm: float,
    at_off_c: float,
    peak_c: float,
    peak_after_s: float,
) -> None:
    # The published rows know no drying: conductivity is uniform in them.
    tissue = SphericalTissue(LYTIC, SphereGrid(electrode_mm, 60.0, 600), conductivity=constant_conductivity)
    heated(tissue, power_w, rf_s)
    assert tissue.temperature_c((sensor_mm, 0.0, 0.0)) == pytest.approx(at_off_c, abs=0.2)
    after_c = []
    for _ in range(400):
        tissue.step(0.0, 0.5)
        after_c.append(tissue.temperature_c((sensor_mm, 0.0, 0.0)))
    assert max(after_c) == pytest.approx(peak_c, abs=0.2)
    assert 0.5 * (int(np.argmax(after_c)) + 1) == pytest.approx(peak_after_s, abs=6.0)


def test_perfusion_cools_and_stops_for_good_where_tissue_was_coagulated() -> None:
    cold, hot = (SphericalTissue(LYTIC, SphereGrid(3.0)) for _ in range(2))
    heated(cold, 1.0, 60.0)
    heated(hot, 10.0, 60.0)
    assert hot.temperature_c((3.0, 0.0, 0.0)) > 60.0
    before_j = hot.balance.perfused_j
    bloodless = SphericalTissue(BLOODLESS, SphereGrid(3.0))
    heated(bloodless, 10.0, 60.0)
    assert bloodless.balance.perfused_j == 0.0
    assert bloodless.temperature_c((10.0, 0.0, 0.0)) > hot.temperature_c((10.0, 0.0, 0.0))
    heated(hot, 0.0, 1e4, 10.0)
    assert hot.balance.perfused_j > before_j
    assert hot.temperature_c((3.0, 0.0, 0.0)) == pytest.approx(BODY_TEMPERATURE_C, abs=0.5)


def test_impedance_falls_as_tissue_warms_and_soars_when_it_dries() -> None:
    tissue = SphericalTissue(LYTIC, SphereGrid(4.0))
    start_ohm = tissue.impedance_ohm()
    uniform_ohm = (1 / 0.004 - 1 / 0.05) / (4 * np.pi * LYTIC.conductivity_s_per_m)
    assert start_ohm == pytest.approx(uniform_ohm, rel=1e-9)
    heated(tissue, 10.0, 60.0, 0.1)
    warm_ohm = tissue.impedance_ohm()
    assert 0.5 * start_ohm < warm_ohm < 0.9 * start_ohm
    heated(tissue, 40.0, 60.0, 0.1)
    assert tissue.impedance_ohm() > 2.0 * warm_ohm


def test_conductivity_rises_by_under_two_percent_per_degree_and_collapses_near_100_c() -> None:
    at = relative_conductivity(np.array([37.0, 47.0, 80.0, 95.0, 105.0, 150.0]))
    assert at[0] == pytest.approx(1.0)
    assert 1.15 <= at[1] <= 1.20
    assert at[3] == pytest.approx(at[2])
    assert at[4] == pytest.approx(at[2] / 100.0)
    assert at[5] == at[4]
    sweep = relative_conductivity(np.linspace(20.0, 160.0, 2_000))
    assert np.all(np.abs(np.diff(sweep)) < 0.1)  # no jump that a solver would stumble over


def test_every_tissue_says_where_its_numbers_come_from() -> None:
    for name, tissue in TISSUES.items():
        assert len(tissue.source) > 20, name
        assert tissue.density_kg_per_m3 > 900.0
        assert 0.2 <= tissue.conductivity_w_per_m_k <= 0.8
        assert 0.0 <= tissue.perfusion_per_s < 0.03
