"""A cube of equal cells: where they lie, what flows between them, and heat in them by explicit steps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from cordguard.simulators.tissue.media import Field, Indices, MediaFields
from cordguard.simulators.tissue.model import PositionMm
from cordguard.simulators.tissue.state import TissueState

STABLE_SHARE: Final = 0.8
"""Of the longest stable time step."""
PLACES_MAX: Final = 256
"""Points whose weights are kept."""
_MM: Final = 1e-3


@dataclass(frozen=True)
class Box:
    """Cells of a cube whose middle is the middle of the needle's active part; the needle lies along z."""

    cells: int
    """Along each edge."""
    spacing_mm: float

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of its fields."""
        return (self.cells, self.cells, self.cells)

    @cached_property
    def centres_mm(self) -> Field:
        """Of the cells, along each axis."""
        return np.asarray((np.arange(self.cells) + 0.5) * self.spacing_mm - self.cells * self.spacing_mm / 2.0)

    @property
    def volume_m3(self) -> float:
        """Of one cell."""
        return (self.spacing_mm * _MM) ** 3

    def mesh(self) -> tuple[Field, Field, Field]:
        """x, y and z of every cell, mm."""
        x, y, z = np.meshgrid(self.centres_mm, self.centres_mm, self.centres_mm, indexing="ij")
        return x, y, z

    @cached_property
    def neighbours(self) -> tuple[Indices, Indices]:
        """Pairs of cells that share a face: all along x, then along y, then along z."""
        numbers = np.arange(self.cells**3).reshape(self.shape)
        first = [numbers[:-1].ravel(), numbers[:, :-1].ravel(), numbers[:, :, :-1].ravel()]
        second = [numbers[1:].ravel(), numbers[:, 1:].ravel(), numbers[:, :, 1:].ravel()]
        return np.concatenate(first), np.concatenate(second)

    def conductances(self, conductivity: Field) -> Field:
        """Between neighbours, in the order of ``neighbours``: two half cells in a row."""
        pairs = (
            (conductivity[:-1], conductivity[1:]),
            (conductivity[:, :-1], conductivity[:, 1:]),
            (conductivity[:, :, :-1], conductivity[:, :, 1:]),
        )
        spacing_m = self.spacing_mm * _MM
        return np.concatenate([(2.0 * spacing_m * a * b / (a + b)).ravel() for a, b in pairs])

    def to_faces(self, conductivity: Field) -> Field:
        """From each cell to the cube's outside, over half a cell; 0 for inner cells."""
        out, doubled = np.zeros(self.shape), 2.0 * self.spacing_mm * _MM * conductivity
        for end in (0, -1):
            out[end] += doubled[end]
            out[:, end] += doubled[:, end]
            out[:, :, end] += doubled[:, :, end]
        return out


class HeatBox:
    """Heat in a box whose faces are held at one temperature. Explicit: a step costs one sparse product."""

    def __init__(self, box: Box, media: MediaFields, start_c: float, boundary_c: float, step_s: float) -> None:
        """All at ``start_c``; within a step of ``step_s`` it takes as many equal ones as stability wants."""
        self.box: Final = box
        self.state: Final = TissueState(media, box.volume_m3, start_c)
        between = box.conductances(media.conductivity_w_per_m_k)
        to_faces = box.to_faces(media.conductivity_w_per_m_k).ravel()
        self._faces: Final[Indices] = np.nonzero(to_faces)[0]
        """The cells at the cube's faces."""
        self._to_faces: Final[Field] = to_faces[self._faces]
        self._boundary_c: Final = boundary_c
        first, second = box.neighbours
        count, heat = box.cells**3, self.state.heat_j_per_k.ravel()
        leaving = np.bincount(first, between, count) + np.bincount(second, between, count) + to_faces
        longest_s = STABLE_SHARE * float((heat / leaving).min())
        self.step_s: Final = step_s
        """Time of one step."""
        self._parts: Final = max(1, int(np.ceil(step_s / longest_s)))
        part_s = step_s / self._parts
        share = part_s / heat
        own = np.arange(count)
        rows = np.concatenate([own, first, second])
        columns = np.concatenate([own, second, first])
        values = np.concatenate([1.0 - share * leaving, share[first] * between, share[second] * between])
        self._advance: Final = sparse.csr_matrix((values, (rows, columns)), shape=(count, count))
        self._from_faces: Final[Field] = (share * to_faces * boundary_c)[self._faces]
        self.lost_j = 0.0
        """Gone through the faces since the start."""
        self.perfused_j = 0.0
        """Carried away by blood since the start."""

    def step(self, added_j: Field) -> None:
        """One step with this much heat added to each cell."""
        # In place, and the faces by their own list: with millions of cells a pass costs as much as a product.
        state, part_s, faces = self.state, self.step_s / self._parts, self._faces
        part_j = added_j / self._parts
        for _ in range(self._parts):
            before = state.temperature_c.ravel()
            self.lost_j += part_s * float(self._to_faces @ (before[faces] - self._boundary_c))
            after = self._advance @ before
            after[faces] += self._from_faces
            rise = np.multiply(part_s, state.blood_takes_w())
            self.perfused_j += float(rise.sum())
            rise = np.subtract(part_j, rise, out=rise if rise.ndim else None)
            rise /= state.heat_j_per_k
            rise += after.reshape(self.box.shape)
            state.temperature_c = rise
        state.age(self.step_s)


class Places:
    """Weights of single points of a box, kept: sensors ask for the same places all the time."""

    def __init__(self, box: Box) -> None:
        """Nobody has asked yet."""
        self._box: Final = box
        self._weights: Final[dict[PositionMm, sparse.csr_matrix]] = {}

    def weights(self, position_mm: PositionMm) -> sparse.csr_matrix:
        """By which a field of the box gives its value there; of one row."""
        weights = self._weights.get(position_mm)
        if weights is None:
            weights = interpolation(self._box, *(np.array([[value]]) for value in position_mm))
            if len(self._weights) < PLACES_MAX:
                self._weights[position_mm] = weights
        return weights


def interpolation(box: Box, x_mm: Field, y_mm: Field, z_mm: Field) -> sparse.csr_matrix:
    """Trilinear values of a box's field at points, averaged over the first axis of the coordinates.

    Coordinates have the shape (averaged, points); beyond the outermost centres the nearest counts.
    """
    averaged, points = x_mm.shape
    place = (np.stack([x_mm, y_mm, z_mm]) - box.centres_mm[0]) / box.spacing_mm
    corner = np.clip(np.floor(place).astype(np.intp), 0, box.cells - 2)
    along = np.clip(place - corner, 0.0, 1.0)
    columns, values = [], []
    for number in range(8):
        bits = (number >> 2 & 1, number >> 1 & 1, number & 1)
        x, y, z = (corner[axis] + bits[axis] for axis in range(3))
        shares = [along[axis] if bits[axis] else 1.0 - along[axis] for axis in range(3)]
        columns.append(((x * box.cells + y) * box.cells + z).ravel())
        values.append((shares[0] * shares[1] * shares[2] / averaged).ravel())
    rows = np.tile(np.tile(np.arange(points), averaged), 8)
    shape = (points, box.cells**3)
    return sparse.csr_matrix((np.concatenate(values), (rows, np.concatenate(columns))), shape=shape)
