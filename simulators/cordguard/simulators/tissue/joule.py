"""Where the current of the needle heats: sleeve and box bring their potentials in line, and share out the power."""

from __future__ import annotations

from typing import Final

import numpy as np

from cordguard.simulators.tissue.box import Box, HeatBox
from cordguard.simulators.tissue.current_box import CurrentBox
from cordguard.simulators.tissue.media import Field
from cordguard.simulators.tissue.seam import Core, OutsideOf
from cordguard.simulators.tissue.sleeve import Sleeve, SleeveCurrent

CURRENT_SPACING_MM: Final = 2.0
"""Cells of the potential are about this large, if cells of heat are not larger: outside the core it is smooth."""
EVERY_S: Final = 5.0
"""The potential is solved anew at least so often while RF is on,"""
CHANGE: Final = 0.02
"""and whenever conductivity somewhere in the sleeve has changed by this share."""
CHECK_S: Final = 0.5
FIRST_ROUNDS: Final = 60
FIRST_TOLERANCE: Final = 1e-5
NEXT_ROUNDS: Final = 4
NEXT_TOLERANCE: Final = 3e-4
"""Of the potential, in V for 1 V between the poles."""


class JouleHeat:
    """Shares of the delivered power by ring of the sleeve and by cell of the box, and the needle's impedance."""

    def __init__(self, sleeve: Sleeve, heat: HeatBox, core: Core, *, faces_return: bool) -> None:
        """Solved for the tissue as it is."""
        self._sleeve: Final = sleeve
        self._heat: Final = heat
        self._core: Final = core
        low_mm, high_mm = sleeve.grid.z_edges_mm[0], sleeve.grid.z_edges_mm[-1]
        self._merged: Final = _merged(heat.box)
        coarse = Box(heat.box.cells // self._merged, self._merged * heat.box.spacing_mm)
        self._field: Final = CurrentBox(coarse, core.radius_mm, low_mm, high_mm, faces_return=faces_return)
        self._outside: Final = OutsideOf(sleeve.grid, coarse)
        self._finer: Final[Field] = _between_centres(coarse.centres_mm, heat.box.centres_mm)
        self._solved_s = self._checked_s = 0.0
        self._solve(FIRST_ROUNDS, FIRST_TOLERANCE)

    @property
    def impedance_ohm(self) -> float:
        """Voltage over current, as conductivity is now.

        Since the last solution only the sleeve's conductivity is followed, the potential is not: of all potentials the
        true one has the least power, so a change of it counts by its square, and 2 % of conductivity by 0.04 %.
        """
        now = self._sleeve.state.conductivity_s_per_m()
        grown_s = float((self._current.power_w * (now / self._conductivity - 1.0)).sum())
        return 1.0 / (self._current.conductance_s + grown_s)

    def check(self, time_s: float) -> None:
        """While RF is on: solve anew if conductivity has changed since, looked at twice a second."""
        if time_s - self._checked_s >= CHECK_S:
            self._checked_s = time_s
            self._follow(time_s)

    def _follow(self, time_s: float) -> None:
        now = self._sleeve.state.conductivity_s_per_m()
        change = np.abs(now / self._conductivity - 1.0)[self._sleeve.grid.tissue].max()
        if change > CHANGE or time_s - self._solved_s >= EVERY_S:
            self._solve(NEXT_ROUNDS, NEXT_TOLERANCE)
            self._solved_s = time_s

    def _solve(self, rounds: int, tolerance: float) -> None:
        """Let sleeve and box give each other their potentials until they agree, or so many rounds."""
        field = self._field
        self._conductivity: Field = self._sleeve.state.conductivity_s_per_m()
        coarse = self._coarse_conductivity()
        for _ in range(rounds):
            self._current: SleeveCurrent = self._sleeve.current(self._outside.of(field.potential_v))
            core_v = self._sleeve.at(self._current.potential_v, field.core_r_mm, field.core_z_mm)
            if field.solve(coarse, core_v, tolerance) < tolerance:
                break
        self._share_out()

    def _coarse_conductivity(self) -> Field:
        field, merged, cells = self._field, self._merged, self._field.box.cells
        fine = self._heat.state.conductivity_s_per_m()
        coarse = fine.reshape(cells, merged, cells, merged, cells, merged).mean(axis=(1, 3, 5)).ravel()
        coarse[field.core] = self._sleeve.at(self._conductivity, field.core_r_mm, field.core_z_mm)
        return np.asarray(coarse.reshape(field.box.shape))

    def _share_out(self) -> None:
        # Times distance squared, around a needle nearly constant: what is steep would not survive interpolation.
        density = self._field.power_w() / self._merged**3 * _distance_squared(self._field.box)
        for _ in range(3):  # each round refines the first axis and makes it the last
            density = np.moveaxis(np.tensordot(self._finer, density, axes=1), 0, 2)
        total = density / _distance_squared(self._heat.box) * self._core.outside_share + self._core.to_box(
            self._current.power_w
        )
        # The two solutions agree within a percent or so; what is delivered is what the generator says.
        self.box_share: Field = total / total.sum()
        """Of the power, by cell of the box."""
        self.sleeve_share: Field = self._current.power_w / total.sum()
        """Of the power, by ring; only its core is in the box as well."""


def _distance_squared(box: Box) -> Field:
    """From the needle's axis, mm², by cell across it; at least that of the middle of a cell beside the axis."""
    across = box.centres_mm[:, None] ** 2 + box.centres_mm**2
    return np.asarray(np.maximum(across, box.spacing_mm**2 / 2.0)[:, :, None])


def _between_centres(from_mm: Field, to_mm: Field) -> Field:
    """Weights of linear interpolation from some places to others, beyond the outermost as there: to by from."""
    return np.array([np.interp(to_mm, from_mm, unit) for unit in np.eye(from_mm.size)]).T


def _merged(box: Box) -> int:
    merged = max(1, int(CURRENT_SPACING_MM // box.spacing_mm))
    while box.cells % merged:
        merged -= 1
    return merged
