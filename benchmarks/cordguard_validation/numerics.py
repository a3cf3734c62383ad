"""The model against an exact solution, and against itself on finer cells."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from cordguard.simulators.tissue.block import Surroundings, TissueBlock
from cordguard.simulators.tissue.media import one_medium
from cordguard.simulators.tissue.needle import monopolar
from cordguard.simulators.tissue.properties import TISSUES
from cordguard.simulators.tissue.spherical import SphereGrid, SphericalTissue

POWER_W: Final = 2.0
INNER_MM: Final = 3.0
OUTER_MM: Final = 40.0
CONDUCTIVITY_W_PER_M_K: Final = 0.52
BODY_C: Final = 37.0
RADII_MM: Final = (4.0, 6.0, 10.0, 20.0)
STEADY_S: Final = 1.0e7
"""Implicit steps this long leave nothing of the start."""

SPACINGS_MM: Final = (2.0, 4.0 / 3.0, 1.0, 0.8, 0.5)
CUBE_MM: Final = 40.0
HEATED_S: Final = 60.0
HEATING_W: Final = 3.0
PLACES_MM: Final = ((6.0, 0.0), (8.0, 5.0), (10.0, 0.0))
"""Distance from the axis, and along it."""


def exact_c(r_mm: float) -> float:
    """A sphere that heats without blood: steady temperature at a distance from its centre."""
    r, inner, outer = r_mm / 1e3, INNER_MM / 1e3, OUTER_MM / 1e3
    shape = (1.0 / r - 1.0 / outer) / inner - (1.0 / r**2 - 1.0 / outer**2) / 2.0
    return BODY_C + POWER_W / (4.0 * np.pi * CONDUCTIVITY_W_PER_M_K * (1.0 / inner - 1.0 / outer)) * shape


def sphere_c(shells: int) -> list[float]:
    """What the spherical model says at ``RADII_MM``."""
    tissue = replace(TISSUES["lytic-tumour"], perfusion_per_s=0.0, conductivity_w_per_m_k=CONDUCTIVITY_W_PER_M_K)
    model = SphericalTissue(tissue, SphereGrid(INNER_MM, OUTER_MM, shells), conductivity=np.ones_like)
    for _ in range(20):
        model.step(POWER_W, STEADY_S)
    return [model.temperature_c((r_mm, 0.0, 0.0)) for r_mm in RADII_MM]


@dataclass(frozen=True, slots=True)
class Refined:
    """One size of cells."""

    spacing_mm: float
    impedance_ohm: float
    around_c: list[float]
    """Means of circles around the needle, at ``PLACES_MM``."""
    balance_error: float


def refined(spacing_mm: float) -> Refined:
    """A needle of 10 mm in muscle with its blood, 3 W for a minute."""
    around = Surroundings([TISSUES["muscle"]], one_medium, CUBE_MM, spacing_mm)
    block = TissueBlock(monopolar(1.5, 10.0), around)
    for _ in range(round(HEATED_S / 0.1)):
        block.step(HEATING_W, 0.1)
    around_c = [block.around_c(r_mm, z_mm) for r_mm, z_mm in PLACES_MM]
    return Refined(spacing_mm, block.impedance_ohm(), around_c, block.balance.error)
