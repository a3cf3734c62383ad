"""Pennes' bioheat equation around a spherical electrode, by implicit finite volumes.

The electrode is a sphere whose surface is insulated for heat; current leaves it radially and returns far away. Heat
is deposited in each shell in proportion to its resistance, which is a source of 1/r⁴ where conductivity is uniform.
Blood carries heat away until a place has been at 60 °C; then its vessels are closed for good. The outer surface is
kept at body temperature. Left out: boiling takes no heat (temperatures above 100 °C are an upper bound), and shape and
anatomy.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_banded  # type: ignore[import-untyped]

from cordguard.simulators.tissue.electrical import relative_conductivity
from cordguard.simulators.tissue.model import BODY_TEMPERATURE_C, PositionMm
from cordguard.simulators.tissue.properties import BLOOD_HEAT_J_PER_M3_K, Tissue

COAGULATION_C: Final = 60.0
"""From here on vessels close and perfusion ends."""

Field = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SphereGrid:
    """Shells of equal thickness between the electrode and the outer surface."""

    electrode_radius_mm: float
    """Radius of the electrode's surface."""
    outer_radius_mm: float = 50.0
    """Where the tissue is at body temperature, whatever happens inside."""
    shells: int = 470
    """How many; 0.1 mm thick by default."""


@dataclass(frozen=True, slots=True)
class HeatBalance:
    """Where the delivered energy is, all in joules since the start; stored + perfused + conducted = deposited."""

    deposited_j: float = 0.0
    """Delivered by the electrode."""
    stored_j: float = 0.0
    """Still in the tissue, above body temperature."""
    perfused_j: float = 0.0
    """Carried away by blood."""
    conducted_j: float = 0.0
    """Gone through the outer surface."""


class SphericalTissue:
    """A ``TissueModel`` with spherical symmetry: of a position only its distance from the centre counts."""

    def __init__(
        self,
        tissue: Tissue,
        grid: SphereGrid,
        *,
        conductivity: Callable[[Field], Field] = relative_conductivity,
    ) -> None:
        """Warm tissue without RF; ``conductivity`` gives the relative electrical conductivity at temperatures in °C."""
        edges_m = np.linspace(grid.electrode_radius_mm, grid.outer_radius_mm, grid.shells + 1) / 1_000.0
        volumes_m3 = 4.0 / 3.0 * math.pi * np.diff(edges_m**3)
        self._centres_mm: Final[Field] = 500.0 * (edges_m[1:] + edges_m[:-1])
        self._outer_mm: Final = grid.outer_radius_mm
        self._capacity_j_per_k: Final[Field] = tissue.density_kg_per_m3 * tissue.heat_capacity_j_per_kg_k * volumes_m3
        self._perfusion_w_per_k: Final[Field] = BLOOD_HEAT_J_PER_M3_K * tissue.perfusion_per_s * volumes_m3
        self._exchange_w_per_k: Final[Field] = _exchange_w_per_k(edges_m, tissue.conductivity_w_per_m_k)
        self._cold_resistance_ohm: Final[Field] = -np.diff(
            1.0 / (4.0 * math.pi * tissue.conductivity_s_per_m * edges_m)
        )
        self._conductivity: Final = conductivity
        self._rise_k: Field = np.zeros(grid.shells)
        self._closed = np.zeros(grid.shells, dtype=np.bool_)
        self._balance = HeatBalance()

    def step(self, power_w: float, dt_s: float) -> None:
        """One implicit (backward Euler) step; conductivity and perfusion are taken at its beginning."""
        self._closed |= self._rise_k >= COAGULATION_C - BODY_TEMPERATURE_C
        perfusion = np.where(self._closed, 0.0, self._perfusion_w_per_k)
        resistance = self._resistance_ohm()
        inertia = self._capacity_j_per_k / dt_s
        bands = np.zeros((3, self._rise_k.size))
        bands[0, 1:] = bands[2, :-1] = -self._exchange_w_per_k[1:-1]
        bands[1] = inertia + perfusion + self._exchange_w_per_k[:-1] + self._exchange_w_per_k[1:]
        source = inertia * self._rise_k + power_w * resistance / resistance.sum()
        self._rise_k = np.asarray(solve_banded((1, 1), bands, source, check_finite=False))
        self._account(power_w, dt_s, perfusion)

    def temperature_c(self, position_mm: PositionMm) -> float:
        """Temperature at a point, linear between the centres of shells."""
        radius_mm = math.hypot(*position_mm)
        if radius_mm >= self._outer_mm:
            return BODY_TEMPERATURE_C
        return BODY_TEMPERATURE_C + float(np.interp(radius_mm, self._centres_mm, self._rise_k))

    def impedance_ohm(self) -> float:
        """Integral of dr / (4 π σ r²) from the electrode outwards."""
        return float(self._resistance_ohm().sum())

    @property
    def balance(self) -> HeatBalance:
        """Where the energy went."""
        return self._balance

    def _resistance_ohm(self) -> Field:
        return self._cold_resistance_ohm / self._conductivity(BODY_TEMPERATURE_C + self._rise_k)

    def _account(self, power_w: float, dt_s: float, perfusion_w_per_k: Field) -> None:
        before = self._balance
        self._balance = HeatBalance(
            deposited_j=before.deposited_j + power_w * dt_s,
            stored_j=float(self._capacity_j_per_k @ self._rise_k),
            perfused_j=before.perfused_j + float(perfusion_w_per_k @ self._rise_k) * dt_s,
            conducted_j=before.conducted_j + float(self._exchange_w_per_k[-1] * self._rise_k[-1]) * dt_s,
        )


def _exchange_w_per_k(edges_m: Field, conductivity_w_per_m_k: float) -> Field:
    """Heat flow per kelvin through each edge: none at the electrode, over half a shell at the outer surface."""
    thickness_m = edges_m[1] - edges_m[0]
    exchange = conductivity_w_per_m_k * 4.0 * math.pi * edges_m**2 / thickness_m
    exchange[0] = 0.0
    exchange[-1] *= 2.0
    return np.asarray(exchange)
