"""Current and heat in the sleeve around the needle, for given potentials and temperatures at its outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.sparse.linalg import splu  # type: ignore[import-untyped]

from cordguard.simulators.tissue.media import Field, MediaFields
from cordguard.simulators.tissue.needle import Needle
from cordguard.simulators.tissue.sleeve_grid import SleeveGrid
from cordguard.simulators.tissue.state import TissueState


@dataclass(frozen=True, slots=True)
class Outside:
    """Values at the sleeve's outer cylinder (by slice), and at its top and bottom (by ring)."""

    outer: Field
    top: Field
    bottom: Field


@dataclass(frozen=True, slots=True)
class SleeveCurrent:
    """The field of 1 V between the poles."""

    potential_v: Field
    power_w: Field
    """Joule heat in each ring."""
    conductance_s: float
    """Current that leaves the needle, per volt."""


class Sleeve:
    """Rings around the needle; steps of a fixed time, since the system of heat is factored once."""

    def __init__(self, grid: SleeveGrid, needle: Needle, media: MediaFields, start_c: float, dt_s: float) -> None:
        """All at ``start_c``; heat steps by ``dt_s``."""
        self.grid: Final = grid
        self._needle: Final = needle
        self.state: Final = TissueState(media, grid.volume_m3, start_c)
        self.dt_s: Final = dt_s
        self._heat: Final = grid.conductances(media.conductivity_w_per_m_k)
        inertia = self.state.heat_j_per_k / dt_s
        diagonal = inertia.copy()
        diagonal[-1] += self._heat.outer
        diagonal[:, -1] += self._heat.top
        diagonal[:, 0] += self._heat.bottom
        self._touches: Final = grid.contact >= 0
        self._cooled_side: Final[Field] = np.where(self._touches, self._heat.side, 0.0)
        if needle.cooling_c is not None:
            diagonal[grid.first] += self._cooled_side
            diagonal[: grid.first, grid.below] += self._heat.end
        self._inertia: Final[Field] = inertia
        self._factored: Final = splu(grid.matrix(self._heat, diagonal))

    def current(self, outside_v: Outside) -> SleeveCurrent:
        """The potential for 1 V between the poles and the given potentials around, and what it heats."""
        grid, volts = self.grid, np.array(self._needle.potentials_v)
        between = grid.conductances(self.state.conductivity_s_per_m())
        side = np.where(self._touches, between.side, 0.0)
        contact_v = np.where(self._touches, volts[np.maximum(grid.contact, 0)], 0.0)
        diagonal, source = np.zeros(grid.shape), np.zeros(grid.shape)
        for place, conductance, potential_v in (
            ((grid.first, slice(None)), side, contact_v),
            ((slice(None, grid.first), grid.below), between.end, volts[0]),
            ((-1, slice(None)), between.outer, outside_v.outer),
            ((slice(None), -1), between.top, outside_v.top),
            ((slice(None), 0), between.bottom, outside_v.bottom),
        ):
            diagonal[place] += conductance
            source[place] += conductance * potential_v
        potential_v = np.zeros(grid.shape)
        potential_v[grid.tissue] = splu(grid.matrix(between, diagonal)).solve(source[grid.tissue])

        side_v = contact_v - potential_v[grid.first]
        end_v = volts[0] - potential_v[: grid.first, grid.below]
        power_w = np.zeros(grid.shape)
        outwards_w = between.outwards * np.diff(potential_v, axis=0) ** 2 / 2.0
        along_w = between.along * np.diff(potential_v, axis=1) ** 2 / 2.0
        power_w[:-1] += outwards_w
        power_w[1:] += outwards_w
        power_w[:, :-1] += along_w
        power_w[:, 1:] += along_w
        power_w[grid.first] += side * side_v**2
        power_w[: grid.first, grid.below] += between.end * end_v**2
        conductance_s = float((side * side_v) @ contact_v + (between.end @ end_v) * volts[0])
        return SleeveCurrent(potential_v, power_w, conductance_s)

    def step(self, power_w: Field, outside_c: Outside) -> Field:
        """One implicit step with this much heat in each ring: the heat that coolant and steam took from each, J."""
        grid, state, cooling_c = self.grid, self.state, self._needle.cooling_c
        state.temperature_c[grid.tissue] = self._factored.solve(self._source(power_w, outside_c)[grid.tissue])
        taken_j = np.zeros(grid.shape)
        if cooling_c is not None:
            end_w = self._heat.end * (state.temperature_c[: grid.first, grid.below] - cooling_c)
            taken_j[grid.first] += self.dt_s * self._cooled_side * (state.temperature_c[grid.first] - cooling_c)
            taken_j[: grid.first, grid.below] += self.dt_s * end_w
        steam_j = state.boil()
        return taken_j if steam_j is None else taken_j + steam_j

    def surface_c(self) -> float:
        """Mean temperature of the tissue at the needle's active side: what a sensor in its metal would read."""
        return self._mean_at_surface(self.state.temperature_c)

    def surface_rise_c(self, power_w: Field) -> float:
        """What this heat in the rings raises ``surface_c`` by in one step."""
        return self._mean_at_surface(self._solved(power_w))

    def surface_if_idle_c(self, outside_c: Outside) -> float:
        """What ``surface_c`` will be after a step without heat."""
        return self._mean_at_surface(self._solved(self._source(np.zeros(self.grid.shape), outside_c)))

    def _source(self, power_w: Field, outside_c: Outside) -> Field:
        grid, state, cooling_c = self.grid, self.state, self._needle.cooling_c
        source: Field = self._inertia * state.temperature_c + power_w - state.blood_takes_w()
        source[-1] += self._heat.outer * outside_c.outer
        source[:, -1] += self._heat.top * outside_c.top
        source[:, 0] += self._heat.bottom * outside_c.bottom
        if cooling_c is not None:
            source[grid.first] += self._cooled_side * cooling_c
            source[: grid.first, grid.below] += self._heat.end * cooling_c
        return source

    def _solved(self, source: Field) -> Field:
        out = np.zeros(self.grid.shape)
        out[self.grid.tissue] = self._factored.solve(source[self.grid.tissue])
        return out

    def _mean_at_surface(self, field: Field) -> float:
        weights = np.where(self._touches, np.diff(self.grid.z_edges_mm), 0.0)
        return float(weights @ field[self.grid.first] / weights.sum())

    def at(self, field: Field, r_mm: Field, z_mm: Field) -> Field:
        """A field of the sleeve at points of it, bilinear; inside the needle as at its surface."""
        grid = self.grid
        r_mm = np.where(z_mm > self._needle.tip_mm, np.maximum(r_mm, grid.r_mm[grid.first]), r_mm)
        ring = np.clip(np.searchsorted(grid.r_mm, r_mm) - 1, 0, grid.shape[0] - 2)
        piece = np.clip(np.searchsorted(grid.z_mm, z_mm) - 1, 0, grid.shape[1] - 2)
        outward = np.clip((r_mm - grid.r_mm[ring]) / (grid.r_mm[ring + 1] - grid.r_mm[ring]), 0.0, 1.0)
        along = np.clip((z_mm - grid.z_mm[piece]) / (grid.z_mm[piece + 1] - grid.z_mm[piece]), 0.0, 1.0)
        inner = (1.0 - along) * field[ring, piece] + along * field[ring, piece + 1]
        outer = (1.0 - along) * field[ring + 1, piece] + along * field[ring + 1, piece + 1]
        return np.asarray((1.0 - outward) * inner + outward * outer)
