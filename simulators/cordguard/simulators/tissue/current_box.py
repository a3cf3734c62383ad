"""The electric potential in a box around the needle's core, whose potential the sleeve gives.

Cells are coarser than those of heat: outside the core the potential is smooth. The equation is solved by conjugate
gradients, from the last solution on: conductivity changes slowly.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]
from scipy.sparse.linalg import LinearOperator, cg  # type: ignore[import-untyped]

from cordguard.simulators.tissue.box import Box
from cordguard.simulators.tissue.media import Field, Indices

MARGIN_MM: Final = 2.0
"""So much shorter than the sleeve is the part of it that gives its potential to the box."""
ITERATIONS_MAX: Final = 500


class CurrentBox:
    """Potential for 1 V between the needle's poles; the faces are its return (0 V), or insulate."""

    def __init__(self, box: Box, radius_mm: float, low_mm: float, high_mm: float, *, faces_return: bool) -> None:
        """The core reaches to ``radius_mm``, and from ``low_mm`` to ``high_mm`` along the needle."""
        self.box: Final = box
        self._faces_return: Final = faces_return
        x_mm, y_mm, z_mm = (axis.ravel() for axis in box.mesh())
        r_mm = np.hypot(x_mm, y_mm)
        self.core: Final = (r_mm < radius_mm) & (z_mm > low_mm + MARGIN_MM) & (z_mm < high_mm - MARGIN_MM)
        """Cells whose potential is given."""
        self.core_r_mm: Final[Field] = r_mm[self.core]
        self.core_z_mm: Final[Field] = z_mm[self.core]
        self.potential_v: Field = np.zeros(box.cells**3)
        self._free: Final = ~self.core
        numbers = np.cumsum(self._free) - 1
        first, second = box.neighbours
        self._both: Final = np.nonzero(self._free[first] & self._free[second])[0]
        rows, columns = numbers[first[self._both]], numbers[second[self._both]]
        self._half = _Symmetric(rows, columns, int(self._free.sum()))

    def solve(self, conductivity: Field, core_v: Field, tolerance: float) -> float:
        """Bring the potential in line with these: the largest change that it made, V."""
        box, (first, second) = self.box, self.box.neighbours
        self._between = box.conductances(conductivity)
        self._to_faces = box.to_faces(conductivity).ravel() if self._faces_return else np.zeros(box.cells**3)
        self.potential_v[self.core] = core_v
        count = box.cells**3
        leaving = np.bincount(first, self._between, count) + np.bincount(second, self._between, count) + self._to_faces
        given = np.where(self.core, self.potential_v, 0.0)
        source = np.bincount(first, self._between * given[second], count).astype(np.float64)
        source += np.bincount(second, self._between * given[first], count)
        self._half.set(leaving[self._free], -self._between[self._both])
        before = self.potential_v[self._free]
        after = self._half.solve(source[self._free], before, tolerance)
        self.potential_v[self._free] = after
        return float(np.max(np.abs(after - before)))

    def power_w(self) -> Field:
        """Joule heat in each cell: half of each face's to either side."""
        box, (first, second) = self.box, self.box.neighbours
        half_w = self._between * (self.potential_v[first] - self.potential_v[second]) ** 2 / 2.0
        count = box.cells**3
        total_w = np.bincount(first, half_w, count) + np.bincount(second, half_w, count)
        return np.asarray(total_w + self._to_faces * self.potential_v**2).reshape(box.shape)


class _Symmetric:
    """A symmetric matrix of fixed pattern, and conjugate gradients over it, scaled by its diagonal."""

    def __init__(self, rows: Indices, columns: Indices, size: int) -> None:
        pairs = np.arange(1, rows.size + 1, dtype=np.float64)
        pattern = (np.concatenate([pairs, pairs]), (np.concatenate([rows, columns]), np.concatenate([columns, rows])))
        self._apart = sparse.csr_matrix(pattern, shape=(size, size))
        self._pair_of = self._apart.data.astype(np.intp) - 1
        self._diagonal: Field = np.ones(size)

    def set(self, diagonal: Field, apart: Field) -> None:
        self._diagonal = diagonal
        self._apart.data = apart[self._pair_of]

    def solve(self, source: Field, start: Field, tolerance: float) -> Field:
        shape = self._apart.shape
        scaled = LinearOperator(shape, matvec=lambda x: x / self._diagonal)
        times = LinearOperator(shape, matvec=lambda x: self._diagonal * x + self._apart @ x)
        x, _ = cg(times, source, start, rtol=tolerance, maxiter=ITERATIONS_MAX, M=scaled)
        return np.asarray(x)
