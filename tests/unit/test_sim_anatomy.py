"""Where which tissue is, how a needle lies in it, and what of its heat reaches the canal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng

from cordguard.simulators.tissue.anatomy import MEDIA_NAMES, LesionShape, Vertebra
from cordguard.simulators.tissue.needle import bipolar
from cordguard.simulators.tissue.placement import Placement
from cordguard.simulators.tissue.properties import RANGES, TISSUES, swept
from cordguard.simulators.tissue.spine import SpineTissue

NEEDLE = bipolar(1.7, 7.0, 7.0, 4.0)
millimetres = st.floats(-40.0, 40.0)
points = st.tuples(millimetres, millimetres, millimetres)
angles = st.floats(-60.0, 60.0)


def tissue_at(vertebra: Vertebra, *position_mm: float) -> str:
    x, y, z = (np.array([value]) for value in position_mm)
    return MEDIA_NAMES[int(vertebra.layout(x, y, z)[0])]


@pytest.mark.parametrize(
    ("position_mm", "name"),
    [
        ((0.0, -13.0, 0.0), "lytic-tumour"),
        ((15.0, -15.0, 0.0), "bone-cancellous"),
        ((0.0, -0.5, 0.0), "bone-cortical"),
        ((0.0, -29.5, 0.0), "bone-cortical"),
        ((0.0, -15.0, 12.0), "bone-cortical"),
        ((0.0, -15.0, 15.0), "intervertebral-disc"),
        ((0.0, -15.0, 25.0), "bone-cancellous"),
        ((0.0, 0.5, 0.0), "fat"),
        ((0.0, 3.0, 0.0), "cerebrospinal-fluid"),
        ((0.0, 8.0, 0.0), "spinal-cord"),
        ((0.0, 19.0, 5.0), "bone-cancellous"),
        ((13.0, 5.0, 5.0), "bone-cancellous"),
        ((15.5, 8.0, -7.0), "nerve"),
        ((-15.5, 11.0, -7.0), "fat"),
        ((0.0, 40.0, 0.0), "muscle"),
        ((35.0, -15.0, 0.0), "muscle"),
    ],
)
def test_each_tissue_is_where_an_anatomist_would_look_for_it(
    position_mm: tuple[float, float, float], name: str
) -> None:
    assert tissue_at(Vertebra(), *position_mm) == name


def test_a_lesion_spares_the_posterior_wall_until_it_breaches_it() -> None:
    near_wall = LesionShape(centre_mm=(0.0, -6.0, 0.0), radii_mm=(9.0, 8.0, 8.0))
    intact, breached = Vertebra(near_wall), Vertebra(near_wall, wall="breached")
    assert tissue_at(intact, 0.0, -0.5, 0.0) == "bone-cortical"
    assert tissue_at(intact, 0.0, 0.5, 0.0) == "fat"
    assert tissue_at(breached, 0.0, -0.5, 0.0) == "lytic-tumour"
    assert tissue_at(breached, 0.0, 0.5, 0.0) == "lytic-tumour"
    for y_mm in (3.0, 8.0):
        assert tissue_at(breached, 0.0, y_mm, 0.0) == tissue_at(intact, 0.0, y_mm, 0.0)


def test_below_the_cord_the_sac_holds_fluid_only() -> None:
    assert tissue_at(Vertebra(cord_mm=None), 0.0, 8.0, 0.0) == "cerebrospinal-fluid"


@pytest.mark.parametrize("kind", ["lytic", "mixed", "sclerotic"])
def test_each_kind_of_lesion_is_a_row_of_the_table(kind: str) -> None:
    assert tissue_at(Vertebra(LesionShape(kind=kind)), 0.0, -13.0, 0.0) == f"{kind}-tumour"  # type: ignore[arg-type]


@given(points, points, points, angles, angles)
def test_a_needle_keeps_distances_and_its_own_middle(
    target_mm: tuple[float, float, float],
    error_mm: tuple[float, float, float],
    point_mm: tuple[float, float, float],
    lateral_deg: float,
    cranial_deg: float,
) -> None:
    placement = Placement(target_mm, lateral_deg, cranial_deg, error_mm)
    assert placement.to_needle(placement.middle_mm) == pytest.approx((0.0, 0.0, 0.0), abs=1e-9)
    seen = placement.to_needle(point_mm)
    assert np.linalg.norm(seen) == pytest.approx(np.linalg.norm(np.subtract(point_mm, placement.middle_mm)), abs=1e-9)
    back = placement.to_patient(*(np.array([value]) for value in seen))
    assert [float(value[0]) for value in back] == pytest.approx(list(point_mm), abs=1e-9)


def test_a_needle_comes_from_where_the_hand_is() -> None:
    x, y, z = (
        float(value[0]) for value in Placement((0, 0, 0), 30.0, 10.0).to_patient(*np.array([[0.0], [0.0], [10.0]]))
    )
    assert x > 0.0
    assert y > x
    assert z == pytest.approx(10.0 * np.sin(np.radians(10.0)))


def heated(vertebra: Vertebra, placement: Placement, seconds: float = 90.0, power_w: float = 2.0) -> SpineTissue:
    tissue = SpineTissue(vertebra, NEEDLE, placement, size_mm=48.0, spacing_mm=1.5)
    for _ in range(round(seconds)):
        tissue.step(power_w, 1.0)
    return tissue


def test_a_needle_that_misses_by_three_millimetres_heats_the_same_sensor_otherwise() -> None:
    vertebra, target_mm = Vertebra(), (0.0, -10.0, 0.0)
    meant = heated(vertebra, Placement(target_mm))
    missed = heated(vertebra, Placement(target_mm, error_mm=(0.0, 3.0, 0.0)))
    front_mm = vertebra.canal_front_mm
    assert missed.temperature_c(front_mm) > meant.temperature_c(front_mm) + 1.5
    assert missed.block.balance.error < 1e-9


def test_a_breached_wall_and_still_fluid_let_more_heat_to_the_cord() -> None:
    near_wall = LesionShape(centre_mm=(0.0, -7.0, 0.0), radii_mm=(9.0, 9.0, 9.0))
    placement = Placement((0.0, -7.0, 0.0), lateral_deg=20.0)
    intact, breached = (heated(Vertebra(near_wall, wall=wall), placement) for wall in ("intact", "breached"))
    cord_mm = (0.0, 5.0, 0.0)
    rises = [tissue.temperature_c(cord_mm) - 37.0 for tissue in (intact, breached)]
    assert 0.05 < rises[0] < rises[1]
    assert breached.impedance_ohm() != pytest.approx(intact.impedance_ohm(), rel=1e-3)


@given(st.integers(0, 2**32), st.sampled_from(sorted(TISSUES)))
def test_a_sweep_stays_in_its_ranges_and_the_same_seed_draws_the_same(seed: int, name: str) -> None:
    drawn = swept(name, default_rng(seed))
    assert drawn == swept(name, default_rng(seed))
    for (tissue, property_name), span in RANGES.items():
        if tissue == name:
            assert span.low <= getattr(drawn, property_name) <= span.high


def test_the_tables_own_values_lie_in_their_ranges() -> None:
    for (name, property_name), span in RANGES.items():
        assert span.low <= getattr(TISSUES[name], property_name) <= span.high, (name, property_name)
