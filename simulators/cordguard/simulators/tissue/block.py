"""A block of tissue with a needle in it: the electric field heats it, blood and its surroundings cool it.

Two grids lie over each other. A *box* of equal cells covers everything, anatomy included. A *sleeve* of fine rings
around the needle covers the nearest centimetre, where the box is too coarse; in it the media are averaged around the
needle. They meet as follows (alternating Schwarz, after which both say the same where they overlap):

- Potential: the sleeve solves for given potentials at its outside, which the box gives; the box solves outside a core
  of 4 mm, whose potential the sleeve gives. Impedance is the sleeve's current, so the needle's true surface counts.
- Heat: the box holds all heat, and loses none. Joule heat of the core, and what coolant and steam take there, come
  from the sleeve, ring by ring; the sleeve's temperatures follow from that heat and from the box's around it.

Nothing here is fitted: no factor stands for the needle. Cells of 1 mm see directions: 6 mm from the axis one point of
a circle differs from another by up to 9 % of the rise, while their mean is right. What is left out: the heat that the
metal carries and holds, and anything that is not symmetric around the needle within 4 mm of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from cordguard.simulators.tissue.box import Box, HeatBox, Places, interpolation
from cordguard.simulators.tissue.joule import JouleHeat
from cordguard.simulators.tissue.media import AZIMUTHS, Field, Layout, fields_around, fields_at
from cordguard.simulators.tissue.model import BODY_TEMPERATURE_C
from cordguard.simulators.tissue.needle import Needle
from cordguard.simulators.tissue.properties import Tissue
from cordguard.simulators.tissue.seam import Core, OutsideOf
from cordguard.simulators.tissue.sleeve import Outside, Sleeve
from cordguard.simulators.tissue.sleeve_grid import SleeveGrid

SLEEVE_MM: Final = 10.0
"""Thickness of the sleeve around the active part, at its side and at its ends."""
CORE_MM: Final = 4.0
"""Within this distance of the axis the sleeve's word counts."""
SLEEVE_STEP_S: Final = 0.1
BOX_STEP_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the block is made of and what holds at its start and its faces."""

    media: Sequence[Tissue]
    layout: Layout
    size_mm: float
    """Length of the block's edges."""
    spacing_mm: float
    """Of the cells of heat."""
    start_c: float = BODY_TEMPERATURE_C
    boundary_c: float = BODY_TEMPERATURE_C


@dataclass(frozen=True, slots=True)
class HeatBalance:
    """Where the delivered energy is, J since the start; stored + perfused + conducted + taken = deposited."""

    deposited_j: float
    """Delivered by the needle."""
    stored_j: float
    """In the tissue, above what it held at the start."""
    perfused_j: float
    """Carried away by blood."""
    conducted_j: float
    """Gone through the faces."""
    taken_j: float
    """By coolant and steam."""

    @property
    def error(self) -> float:
        """Share of what was delivered, or of what coolant took, that is not accounted for."""
        left_j = self.deposited_j - self.stored_j - self.perfused_j - self.conducted_j - self.taken_j
        return abs(left_j) / max(self.deposited_j, abs(self.taken_j), 1e-9)


class TissueBlock:
    """A ``TissueModel``; positions are mm from the middle of the needle's active part, the needle along z."""

    def __init__(self, needle: Needle, around: Surroundings) -> None:
        """At the start temperature, without RF."""
        media, layout = around.media, around.layout
        low_mm, high_mm = needle.tip_mm - SLEEVE_MM, needle.contacts_mm[-1][1] + SLEEVE_MM
        grid = SleeveGrid(needle, SLEEVE_MM, low_mm, high_mm)
        self.sleeve: Final = Sleeve(
            grid, needle, fields_around(media, layout, grid.r_mm, grid.z_mm), around.start_c, SLEEVE_STEP_S
        )
        self.box: Final = Box(round(around.size_mm / around.spacing_mm), around.spacing_mm)
        fields = fields_at(media, layout(*self.box.mesh()))
        self.heat: Final = HeatBox(self.box, fields, around.start_c, around.boundary_c, BOX_STEP_S)
        self._places: Final = Places(self.box)
        self._outside_heat: Final = OutsideOf(grid, self.box)
        self._core: Final = Core(grid, self.box, CORE_MM)
        self._low_mm, self._high_mm = low_mm, high_mm
        self._joule: Final = JouleHeat(self.sleeve, self.heat, self._core, faces_return=not needle.bipolar)
        self._start_j: Final = self.heat.state.stored_j
        self._deposited_j = self._taken_j = 0.0
        self._time_s = self._boxed_s = 0.0
        self._small_steps = 0
        """Of the sleeve, since the box's last."""
        self._pending_j = self._interval_j = 0.0
        self._taken: Field = np.zeros(grid.shape)
        self._rate_c_per_s: Field = np.zeros(self.box.shape)
        self._outside: Outside = self._outside_heat.of(self.heat.state.temperature_c)
        self._outside_rate: Outside = self._outside_heat.of(self._rate_c_per_s)

    # --- what others ask ---

    def step(self, power_w: float, dt_s: float) -> None:
        """Let ``dt_s`` seconds pass while the needle delivers ``power_w`` (0 or more); solved in steps of 0.1 s."""
        self._pending_j += power_w * dt_s
        self._time_s += dt_s
        while self._boxed_s + self._since_box_s + SLEEVE_STEP_S <= self._time_s + 1e-9:
            behind_s = self._time_s - self._boxed_s - self._since_box_s
            share_j = self._pending_j * min(1.0, SLEEVE_STEP_S / behind_s)
            self._pending_j -= share_j
            self._small_step(share_j / SLEEVE_STEP_S)

    def temperature_c(self, position_mm: tuple[float, float, float]) -> float:
        """Temperature at a point; inside the needle that of its surface, outside the block that of its edge."""
        x, y, z = (np.array([value]) for value in position_mm)
        if self._in_sleeve(x, y, z)[0]:
            return float(self.temperatures_c(x, y, z)[0])
        return float(self._boxed_c(self._places.weights(position_mm))[0])

    def temperatures_c(self, x_mm: Field, y_mm: Field, z_mm: Field) -> Field:
        """The same at many points, in the shape of their coordinates."""
        x, y, z = x_mm.ravel(), y_mm.ravel(), z_mm.ravel()
        inner = self._in_sleeve(x, y, z)
        out = np.empty(x.shape)
        out[inner] = self.sleeve.at(self.sleeve.state.temperature_c, np.hypot(x, y)[inner], z[inner])
        if not inner.all():
            out[~inner] = self._boxed_c(interpolation(self.box, x[None, ~inner], y[None, ~inner], z[None, ~inner]))
        return np.asarray(out.reshape(x_mm.shape))

    def _in_sleeve(self, x_mm: Field, y_mm: Field, z_mm: Field) -> NDArray[np.bool_]:
        """Where the sleeve's word counts."""
        return np.asarray((np.hypot(x_mm, y_mm) < CORE_MM) & (self._low_mm < z_mm) & (z_mm < self._high_mm))

    def _boxed_c(self, weights: sparse.csr_matrix) -> Field:
        """The box's temperatures by these weights, carried on from its last step."""
        change_c = weights @ self._rate_c_per_s.ravel()
        return np.asarray(weights @ self.heat.state.temperature_c.ravel() + self._since_box_s * change_c)

    def around_c(self, r_mm: float, z_mm: float) -> float:
        """Mean temperature around the needle, at a distance from its axis: what matters where all is symmetric."""
        angles = np.arange(AZIMUTHS) * (2.0 * np.pi / AZIMUTHS)
        along_mm = np.full(AZIMUTHS, z_mm)
        return float(self.temperatures_c(r_mm * np.cos(angles), r_mm * np.sin(angles), along_mm).mean())

    def impedance_ohm(self) -> float:
        """Voltage over current of the needle, now."""
        self._joule.check(self._time_s)
        return self._joule.impedance_ohm

    def power_to_reach_w(self, surface_c: float) -> float:
        """The power that brings the needle's surface to this temperature within a tenth of a second; may be below 0."""
        rise_c_per_w = self.sleeve.surface_rise_c(self._joule.sleeve_share)
        return (surface_c - self.sleeve.surface_if_idle_c(self._outside)) / rise_c_per_w

    @property
    def balance(self) -> HeatBalance:
        """Where the energy went, up to the last step of the box."""
        heat = self.heat
        stored_j = self.heat.state.stored_j - self._start_j
        return HeatBalance(self._deposited_j, stored_j, heat.perfused_j, heat.lost_j, self._taken_j)

    # --- heat ---

    @property
    def _since_box_s(self) -> float:
        return self._small_steps * SLEEVE_STEP_S

    def _small_step(self, power_w: float) -> None:
        if power_w > 0.0:
            self._joule.check(self._boxed_s + self._since_box_s)
        self._small_steps += 1
        now, rate, ahead_s = self._outside, self._outside_rate, self._since_box_s
        outside = Outside(
            now.outer + ahead_s * rate.outer, now.top + ahead_s * rate.top, now.bottom + ahead_s * rate.bottom
        )
        self._taken += self.sleeve.step(power_w * self._joule.sleeve_share, outside)
        self._interval_j += power_w * SLEEVE_STEP_S
        if self._since_box_s >= self.heat.step_s - 1e-9:
            self._box_step()

    def _box_step(self) -> None:
        heat, before_c = self.heat, self.heat.state.temperature_c
        added_j = self._interval_j * self._joule.box_share
        if self._taken.any():
            added_j = added_j - self._core.to_box(self._taken)
        self._deposited_j += self._interval_j
        self._taken_j += float(self._taken[: self._core.rings].sum())
        heat.step(added_j)
        self.sleeve.state.age(heat.step_s)
        self._boxed_s += heat.step_s
        self._small_steps, self._interval_j = 0, 0.0
        self._taken = np.zeros(self._taken.shape)
        self._rate_c_per_s = (heat.state.temperature_c - before_c) / heat.step_s
        self._outside = self._outside_heat.of(heat.state.temperature_c)
        self._outside_rate = self._outside_heat.of(self._rate_c_per_s)
