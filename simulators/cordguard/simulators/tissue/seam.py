"""Where sleeve and box meet: what one tells the other. Heat that crosses over is neither lost nor made."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from cordguard.simulators.tissue.box import Box, interpolation
from cordguard.simulators.tissue.media import AZIMUTHS, Field
from cordguard.simulators.tissue.sleeve import Outside
from cordguard.simulators.tissue.sleeve_grid import SleeveGrid

FINENESS: Final = 20
"""Points along each side of a cell by which shares of its area are counted."""


class OutsideOf:
    """Values of a box at the outside of a sleeve, averaged around the needle."""

    def __init__(self, grid: SleeveGrid, box: Box) -> None:
        """For this pair of grids."""
        low_mm, high_mm = float(grid.z_edges_mm[0]), float(grid.z_edges_mm[-1])
        outer_mm = np.full(grid.shape[1], grid.r_edges_mm[-1])
        self._outer: Final = _around(box, outer_mm, grid.z_mm)
        self._top: Final = _around(box, grid.r_mm, np.full(grid.shape[0], high_mm))
        self._bottom: Final = _around(box, grid.r_mm, np.full(grid.shape[0], low_mm))

    def of(self, field: Field) -> Outside:
        """The values of a field of the box."""
        flat = field.ravel()
        return Outside(self._outer @ flat, self._top @ flat, self._bottom @ flat)


class Core:
    """The innermost rings, whose Joule heat the sleeve computes and the box is given."""

    def __init__(self, grid: SleeveGrid, box: Box, radius_mm: float) -> None:
        """All rings within ``radius_mm``, over the sleeve's whole length."""
        self.rings: Final = int(np.searchsorted(grid.r_edges_mm, radius_mm - 1e-9))
        """How many."""
        self.radius_mm: Final = float(grid.r_edges_mm[self.rings])
        """Of the outermost of them."""
        margin = int(np.ceil(self.radius_mm / box.spacing_mm)) + 1
        middle = box.cells / 2.0
        self._across: Final = slice(int(np.floor(middle)) - margin, int(np.ceil(middle)) + margin)
        self._shape: Final = box.shape
        self._by_ring: Final[Field] = self._shares_across(grid, box)
        edges_mm = np.append(box.centres_mm, box.centres_mm[-1] + box.spacing_mm) - box.spacing_mm / 2.0
        self._by_slice: Final[Field] = _overlaps(grid.z_edges_mm, edges_mm)
        self.outside_share: Final[Field] = self._outside_share(grid, box)
        """Share of each cell of the box that lies outside the core."""

    def to_box(self, amounts: Field) -> Field:
        """Amounts in the core's rings (ring by slice), shared out over the box's cells; their sum stays the same."""
        out = np.zeros(self._shape)
        width = self._across.stop - self._across.start
        shared = self._by_ring.T @ (amounts[: self.rings] @ self._by_slice)
        out[self._across, self._across] = shared.reshape(width, width, -1)
        return out

    def _outside_share(self, grid: SleeveGrid, box: Box) -> Field:
        low_mm, high_mm = grid.z_edges_mm[0], grid.z_edges_mm[-1]
        half_mm, spacing_mm = box.spacing_mm / 2.0, box.spacing_mm
        distance_mm = _distances(box.centres_mm, spacing_mm)
        inside = _mean_by_cell((distance_mm < self.radius_mm).astype(np.float64), box.cells)
        top = np.minimum(box.centres_mm + half_mm, high_mm)
        along = np.clip(top - np.maximum(box.centres_mm - half_mm, low_mm), 0.0, None) / spacing_mm
        return np.asarray(1.0 - inside[:, :, None] * along)

    def _shares_across(self, grid: SleeveGrid, box: Box) -> Field:
        centres_mm = box.centres_mm[self._across]
        ring_of = np.searchsorted(grid.r_edges_mm, _distances(centres_mm, box.spacing_mm)) - 1
        area = [
            _mean_by_cell((ring_of == ring).astype(np.float64), centres_mm.size).ravel() for ring in range(self.rings)
        ]
        return _rows_sum_to_one(_with_thin_rings(np.array(area), grid, centres_mm, box.spacing_mm))


def _with_thin_rings(area: Field, grid: SleeveGrid, centres_mm: Field, spacing_mm: float) -> Field:
    """Rings thinner than the points lie: shared out like a circle."""
    angle = (np.arange(360) + 0.5) * (np.pi / 180.0)
    low_mm = centres_mm[0] - spacing_mm / 2.0
    for ring in np.nonzero(area.sum(axis=1) == 0.0)[0]:
        x, y = (np.floor((grid.r_mm[ring] * f(angle) - low_mm) / spacing_mm).astype(int) for f in (np.cos, np.sin))
        np.add.at(area[ring], x * centres_mm.size + y, 1.0)
    return area


def _rows_sum_to_one(shares: Field) -> Field:
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def _around(box: Box, r_mm: Field, z_mm: Field) -> sparse.csr_matrix:
    angle = ((np.arange(AZIMUTHS) + 0.5) * (2.0 * np.pi / AZIMUTHS))[:, None]
    return interpolation(box, r_mm * np.cos(angle), r_mm * np.sin(angle), np.broadcast_to(z_mm, (AZIMUTHS, z_mm.size)))


def _distances(centres_mm: Field, spacing_mm: float) -> Field:
    """From the axis, at fine points over the cells across the needle."""
    points = ((np.arange(FINENESS) + 0.5) / FINENESS - 0.5) * spacing_mm
    along = (centres_mm[:, None] + points).ravel()
    return np.asarray(np.hypot(along[:, None], along[None, :]))


def _mean_by_cell(fine: Field, cells: int) -> Field:
    return np.asarray(fine.reshape(cells, FINENESS, cells, FINENESS).mean(axis=(1, 3)))


def _overlaps(from_edges: Field, to_edges: Field) -> Field:
    """Share of each interval of the first edges that lies in each of the second."""
    low = np.maximum(from_edges[:-1, None], to_edges[None, :-1])
    high = np.minimum(from_edges[1:, None], to_edges[None, 1:])
    return np.asarray(np.clip(high - low, 0.0, None) / np.diff(from_edges)[:, None])
