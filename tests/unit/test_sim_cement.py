"""Cement: it sets when it should, gives all its heat away, and reaches what others measured at the canal."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from cordguard.simulators.tissue.anatomy import Vertebra
from cordguard.simulators.tissue.cement import SET, CementedTissue, CementFill, heat_j_per_m3, reacted_at_room

HUMAN = Vertebra(lesion=None)
PIG = Vertebra(lesion=None, width_mm=30.0, depth_mm=22.0, height_mm=30.0)
PIG_FILL = CementFill(3.0, middle_mm=(0.0, -11.0, 0.0))
PIG_LEAK = CementFill(3.0, middle_mm=(0.0, -11.0, 0.0), leak_ml=0.6)


@cache
def peaks_c(vertebra: Vertebra, fill: CementFill) -> dict[str, float]:
    """Highest temperatures of eight minutes, and seconds above 50 °C at the canal."""
    tissue = CementedTissue(vertebra, fill, size_mm=56.0, spacing_mm=1.4)
    places = {"centre": fill.middle_mm, "wall": (0.0, -0.5, 0.0), "canal": vertebra.canal_front_mm}
    series = {name: [] for name in places}  # type: dict[str, list[float]]
    for _ in range(240):
        tissue.step(0.0, 2.0)
        for name, place_mm in places.items():
            series[name].append(tissue.temperature_c(place_mm))
    assert tissue.balance.error < 1e-9
    assert tissue.reacted > 0.99
    return {name: max(values) for name, values in series.items()} | {
        "canal_above_50_s": 2.0 * sum(value > 50.0 for value in series["canal"])
    }


def test_half_has_reacted_at_the_setting_time() -> None:
    for setting_s in (480.0, 690.0, 900.0):
        assert reacted_at_room(setting_s, setting_s) == pytest.approx(SET, abs=0.01)
    assert reacted_at_room(0.0, 690.0) < 0.01


def test_all_the_heat_of_all_the_cement_comes_out() -> None:
    fill = CementFill(4.0, setting_s=480.0)
    tissue = CementedTissue(HUMAN, fill, size_mm=48.0, spacing_mm=1.5)
    before = tissue.reacted
    tissue.step(0.0, 900.0)
    cells_ml = float(tissue.cement.sum()) * tissue.box.volume_m3 * 1e6
    assert cells_ml * fill.share == pytest.approx(fill.volume_ml, rel=0.01)
    all_j = fill.volume_ml * 1e-6 * heat_j_per_m3() * (1.0 - before)
    assert tissue.balance.deposited_j == pytest.approx(all_j, rel=0.01)


def test_a_kyphoplasty_cavity_is_cement_through_and_through_and_hotter() -> None:
    soaked, cavity = (CementedTissue(HUMAN, CementFill(4.0, share=share), size_mm=44.0) for share in (0.75, 1.0))
    assert cavity.cement.sum() < soaked.cement.sum()
    for tissue in (soaked, cavity):
        tissue.step(0.0, 120.0)
    assert cavity.temperature_c((0.0, -15.0, 0.0)) > soaked.temperature_c((0.0, -15.0, 0.0))


def test_six_and_ten_millilitres_reach_what_was_measured_in_cadavers() -> None:
    """Belkoff and Molloy 2003, at 37 °C: canal 39 to 57 °C, above 50 for at most 2.5 min; centre 49 to 112."""
    for volume_ml in (6.0, 10.0):
        peaks = peaks_c(HUMAN, CementFill(volume_ml))
        assert 39.0 <= peaks["canal"] <= 57.0
        assert 49.0 <= peaks["centre"] <= 112.0
        assert peaks["canal_above_50_s"] <= 150.0


def test_a_leak_heats_the_wall_as_measured_in_pigs() -> None:
    """BMC Musculoskelet Disord 2011;12:116: posterior cortex 59.1 ± 7.6 °C with a leak into the canal."""
    assert peaks_c(PIG, PIG_LEAK)["wall"] == pytest.approx(59.1, abs=7.6)
    assert peaks_c(PIG, PIG_LEAK)["canal"] > peaks_c(PIG, PIG_FILL)["canal"] + 10.0


def test_power_without_a_needle_is_refused() -> None:
    tissue = CementedTissue(HUMAN, CementFill(1.0), size_mm=44.0, spacing_mm=2.0)
    with pytest.raises(ValueError, match="withdrawn"):
        tissue.step(1.0, 1.0)
    assert np.isinf(tissue.impedance_ohm())
