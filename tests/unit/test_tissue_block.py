"""The tissue block against a finely resolved solution, its own refinement, and the laws it must obey."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from cordguard.simulators.tissue.block import Surroundings, TissueBlock
from cordguard.simulators.tissue.box import Box, HeatBox
from cordguard.simulators.tissue.lesion import lesion_of
from cordguard.simulators.tissue.media import Field, Indices, fields_at
from cordguard.simulators.tissue.needle import Needle, bipolar, monopolar
from cordguard.simulators.tissue.properties import Tissue
from support.axisymmetric import Bench, Cylinder, Medium

GEL = Tissue(1030.0, 4000.0, 0.55, 0.0, 0.2, "gel", 0.02, math.inf)
BONE = Tissue(1178.0, 2274.0, 0.31, 6e-4, 0.1, "bone", 0.018, math.inf)
MUSCLE = Tissue(1090.0, 3421.0, 0.49, 3e-3, 0.44, "muscle", 0.018, math.inf)
PROBES = ((6.0, 0.0), (6.0, 5.0), (8.0, -6.0), (10.0, 0.0), (10.0, 8.0), (14.0, -4.0))
SIZE_MM = 44.0


def halves(x_mm: Field, y_mm: Field, z_mm: Field) -> Indices:
    del x_mm, y_mm
    return np.asarray((z_mm >= 0.0).astype(np.intp))


def block(needle: Needle, *media: Tissue, spacing_mm: float = 1.0, start_c: float = 37.0) -> TissueBlock:
    return TissueBlock(needle, Surroundings([media[0], media[-1]], halves, SIZE_MM, spacing_mm, start_c, start_c))


def run(tissue: TissueBlock, power_w: float, seconds: float, dt_s: float = 0.1) -> TissueBlock:
    for _ in range(round(seconds / dt_s)):
        tissue.step(power_w, dt_s)
    return tissue


def as_medium(tissue: Tissue) -> Medium:
    heat = tissue.density_kg_per_m3 * tissue.heat_capacity_j_per_kg_k
    rise = tissue.conductivity_rise_per_c
    return Medium(tissue.conductivity_s_per_m, rise, tissue.conductivity_w_per_m_k, heat, tissue.perfusion_per_s)


CASES = {
    "monopolar": (monopolar(1.5, 20.0), (GEL,), 8.0, 21.0, 0.5),
    "cooled": (monopolar(1.5, 16.0, cooling_c=10.0), (GEL,), 16.0, 21.0, 1.0),
    "bipolar": (bipolar(1.7, 7.0, 7.0, 4.0), (BONE, MUSCLE), 1.4, 37.0, 0.5),
    "two halves": (monopolar(1.0, 8.0), (MUSCLE, BONE), 1.4, 37.0, 0.5),
}


@pytest.mark.parametrize("name", CASES)
def test_beside_a_finely_resolved_solution_temperatures_and_impedance_agree(name: str) -> None:
    needle, media, power_w, start_c, within_c = CASES[name]
    tissue = run(block(needle, *media, start_c=start_c), power_w, 60.0)
    bench = Bench(
        needle.diameter_mm,
        needle.contacts_mm,
        as_medium(media[0]),
        as_medium(media[-1]),
        power_w,
        start_c,
        SIZE_MM / 2.0,
        needle.cooling_c,
    )
    fine = Cylinder(bench)
    for _ in range(60):
        fine.step()
    assert start_c + 20.0 < fine.t.max() < 100.0
    assert tissue.impedance_ohm() == pytest.approx(fine.impedance_ohm, rel=0.02)
    for r_mm, z_mm in PROBES:
        assert tissue.around_c(r_mm, z_mm) == pytest.approx(fine.temperature_c(r_mm, z_mm), abs=within_c / 2.0)


def test_around_the_needle_it_is_much_the_same_in_every_direction() -> None:
    tissue = run(block(monopolar(1.5, 10.0), GEL), 8.0, 30.0)
    for r_mm, most in ((3.0, 0.0), (6.0, 0.12), (10.0, 0.18)):
        ring = [
            tissue.temperature_c((r_mm * math.cos(angle), r_mm * math.sin(angle), 1.0)) for angle in np.arange(8) / 1.3
        ]
        assert max(ring) - min(ring) < most * (np.mean(ring) - 37.0) + 1e-9


def test_cells_of_half_the_size_change_little() -> None:
    found = [run(block(monopolar(1.5, 10.0), GEL, spacing_mm=mm), 8.0, 20.0) for mm in (2.0, 1.0)]
    values = [tissue.temperature_c((8.0, 0.0, 0.0)) for tissue in found]
    assert values[0] == pytest.approx(values[1], abs=0.3)
    assert found[0].impedance_ohm() == pytest.approx(found[1].impedance_ohm(), rel=0.01)


@pytest.mark.parametrize("dt_s", [0.02, 0.25, 1.0])
def test_how_long_the_callers_steps_are_changes_nothing_but_rounding(dt_s: float) -> None:
    expected = run(block(monopolar(1.5, 10.0), GEL), 8.0, 5.0)
    found = run(block(monopolar(1.5, 10.0), GEL), 8.0, 5.0, dt_s)
    assert found.temperature_c((5.0, 0.0, 0.0)) == pytest.approx(expected.temperature_c((5.0, 0.0, 0.0)), abs=0.01)
    assert found.impedance_ohm() == pytest.approx(expected.impedance_ohm(), rel=1e-3)


@pytest.mark.parametrize(
    ("needle", "medium", "power_w"),
    [
        (monopolar(1.5, 10.0), MUSCLE, 6.0),
        (monopolar(1.5, 10.0, cooling_c=10.0), GEL, 10.0),
        (monopolar(1.0, 5.0), MUSCLE, 8.0),
    ],
    ids=["perfused", "cooled", "boiling"],
)
def test_all_energy_is_accounted_for(needle: Needle, medium: Tissue, power_w: float) -> None:
    balance = run(block(needle, medium), power_w, 30.0).balance
    assert balance.deposited_j == pytest.approx(30.0 * power_w)
    assert balance.error < 0.01
    assert balance.stored_j != 0.0


def test_steam_holds_tissue_at_100_degrees_and_drying_makes_impedance_roll_off() -> None:
    needle = monopolar(1.0, 5.0)
    tissue = block(needle, MUSCLE)
    start_ohm = tissue.impedance_ohm()
    run(tissue, 2.0, 5.0)
    warm_ohm = tissue.impedance_ohm()
    assert warm_ohm < start_ohm
    assert tissue.sleeve.state.temperature_c.max() < 100.0
    run(tissue, 6.0, 5.0)
    assert tissue.sleeve.state.temperature_c.max() == pytest.approx(100.0, abs=0.01)
    run(tissue, 6.0, 60.0)
    assert tissue.impedance_ohm() > 1.3 * warm_ohm


def test_perfusion_ends_where_tissue_is_coagulated() -> None:
    needle = monopolar(1.5, 10.0)
    living = run(block(needle, replace(MUSCLE, perfusion_per_s=2e-2)), 7.0, 30.0)
    bloodless = run(block(needle, replace(MUSCLE, perfusion_per_s=0.0)), 7.0, 30.0)
    lesion = lesion_of(living)
    assert lesion.width_mm > 4.0
    assert lesion.length_mm > lesion.width_mm
    state = living.heat.state
    coagulated = state.damage >= 1.0
    assert coagulated.any()
    assert np.all(np.asarray(state.blood_takes_w())[coagulated] == 0.0)
    assert lesion_of(bloodless).width_mm > lesion.width_mm


def test_without_rf_nothing_happens() -> None:
    tissue = run(block(monopolar(1.5, 10.0), MUSCLE), 0.0, 10.0)
    assert tissue.temperature_c((3.0, 0.0, 0.0)) == pytest.approx(37.0, abs=1e-9)
    assert lesion_of(tissue).width_mm == 0.0


def test_a_box_of_heat_decays_as_the_exact_solution_says() -> None:
    box = Box(20, 1.0)
    media = fields_at([replace(GEL, perfusion_per_s=0.0)], np.zeros(box.shape, dtype=np.intp))
    heat = HeatBox(box, media, 37.0, 37.0, 0.2)
    x_mm, y_mm, z_mm = box.mesh()
    wave = np.cos(np.pi * x_mm / 20.0) * np.cos(np.pi * y_mm / 20.0) * np.cos(np.pi * z_mm / 20.0)
    heat.state.temperature_c = 37.0 + 10.0 * wave
    for _ in range(300):
        heat.step(np.zeros(box.shape))
    diffusivity = GEL.conductivity_w_per_m_k / (GEL.density_kg_per_m3 * GEL.heat_capacity_j_per_kg_k)
    left = math.exp(-3.0 * (math.pi / 0.020) ** 2 * diffusivity * 300 * heat.step_s)
    assert 0.3 < left < 0.7
    assert np.abs(heat.state.temperature_c - (37.0 + 10.0 * left * wave)).max() < 0.05


def test_the_power_that_reaches_a_temperature_reaches_it() -> None:
    tissue = block(monopolar(1.5, 10.0), MUSCLE)
    for _ in range(100):
        tissue.step(min(max(tissue.power_to_reach_w(80.0), 0.0), 20.0), 0.1)
    assert tissue.sleeve.surface_c() == pytest.approx(80.0, abs=0.2)


@cache
def once() -> TissueBlock:
    return run(block(monopolar(1.5, 10.0), GEL), 8.0, 20.0)


def test_the_same_again_gives_the_same_bits() -> None:
    again = run(block(monopolar(1.5, 10.0), GEL), 8.0, 20.0)
    assert again.temperature_c((5.0, 1.0, 2.0)) == once().temperature_c((5.0, 1.0, 2.0))


def test_a_needle_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no needle"):
        Needle(1.5, ((-5.0, 5.0), (4.0, 9.0)))
