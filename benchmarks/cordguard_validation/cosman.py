"""Ex vivo lesions of Cosman 2014 (more than 400, muscle): growth of width with time, gauge and temperature."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from cordguard.simulators.tissue.block import Surroundings, TissueBlock
from cordguard.simulators.tissue.lesion import Lesion, lesion_of
from cordguard.simulators.tissue.media import one_medium
from cordguard.simulators.tissue.needle import monopolar
from cordguard.simulators.tissue.properties import TISSUES
from cordguard_validation.rows import Row

GAUGE_MM: Final = {22: 0.72, 20: 0.91, 18: 1.27, 16: 1.65}
"""Outer diameters by the Stubs needle gauge."""
TIP_MM: Final = 10.0
START_C: Final = 37.0
"""Assumed: our source does not say how warm the tissue was,"""
COLD_C: Final = 21.0
"""so that it is run from room temperature as well."""
SIZE_MM: Final = 44.0
MOST_W: Final = 50.0
STEP_S: Final = 0.1
MINUTES: Final = (1, 2, 3)

SOURCE: Final = "Cosman 2014"


def lesions(gauge: int, held_c: float, start_c: float = START_C) -> list[Lesion]:
    """After 1, 2 and 3 min with the needle's surface held at a temperature."""
    dead = replace(TISSUES["muscle"], perfusion_per_s=0.0)
    around = Surroundings([dead], one_medium, SIZE_MM, 1.0, start_c, start_c)
    block = TissueBlock(monopolar(GAUGE_MM[gauge], TIP_MM), around)
    found = []
    for _ in MINUTES:
        for _ in range(round(60.0 / STEP_S)):
            block.step(min(max(block.power_to_reach_w(held_c), 0.0), MOST_W), STEP_S)
        found.append(lesion_of(block))
    return found


def rows(by_case: dict[tuple[int, float], list[Lesion]], from_cold: list[Lesion]) -> list[Row]:
    """What the paper says in per cent and mm, beside ours."""
    wide = {case: [lesion.width_mm for lesion in found] for case, found in by_case.items()}
    thin, thick = wide[22, 80.0], wide[16, 80.0]
    cool, hot = wide[18, 60.0], wide[18, 90.0]
    beyond = [found[1].length_mm - TIP_MM for found in by_case.values()]
    return [
        Row("width, 22 to 16 gauge, 80 °C, 2 min", "%", 58.0, 65.0, 100.0 * (thick[1] / thin[1] - 1.0), SOURCE),
        Row("width, 60 to 90 °C, 18 gauge, 2 min", "%", 108.0, 152.0, _growth(cool[1], hot[1]), SOURCE),
        Row("width, 1 to 2 min, 18 gauge, 80 °C", "%", 11.0, 20.0, _growth(*wide[18, 80.0][:2]), SOURCE),
        Row("width, 1 to 3 min, 18 gauge, 80 °C", "%", 23.0, 32.0, _growth(*wide[18, 80.0][::2]), SOURCE),
        Row(
            "the same, tissue at 21 °C", "%", 23.0, 32.0, _growth(*(found.width_mm for found in from_cold[::2])), SOURCE
        ),
        Row("length beyond the tip, least of all", "mm", 1.0, 5.0, min(beyond), SOURCE),
        Row("length beyond the tip, most of all", "mm", 1.0, 5.0, max(beyond), SOURCE),
    ]


def _growth(first_mm: float, then_mm: float) -> float:
    return 100.0 * (then_mm / first_mm - 1.0) if first_mm > 0.0 else float("nan")
