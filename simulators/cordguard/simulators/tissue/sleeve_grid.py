"""The rings around a needle: a grid in distance from the axis and length along it, fine where field and heat are steep.

Inside the sleeve everything is taken as symmetric about the needle. That is what lets a needle of 1.5 mm be resolved
beside tissue in cells of a millimetre. Conductances between rings are exact for radial flow (logarithms).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from cordguard.simulators.tissue.media import Field, Indices
from cordguard.simulators.tissue.needle import Needle

FIRST_RING: Final = 0.08
"""Thickness of the first ring, in radii of the needle."""
FIRST_SLICE_MM: Final = 0.12
"""Length of the first slice on either side of a contact's end, where current crowds."""
GROWTH: Final = 1.15
"""Each ring or slice is so much larger than the one before it."""
LARGEST_MM: Final = 1.0
RINGS_BELOW_TIP: Final = 4
"""Rings inside the needle's radius, where there is tissue beyond the tip."""
_MM: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Conductances:
    """Between neighbours (W/K or S): outwards, along the needle, from its surface, and to the sleeve's own outside."""

    outwards: Field
    along: Field
    side: Field
    """From the needle's side to the first ring, by slice; 0 beyond the tip."""
    end: Field
    """From its flat end to the slice below, by ring."""
    outer: Field
    """To the outer cylinder, by slice."""
    top: Field
    bottom: Field


class SleeveGrid:
    """Rings (r) by slices (z). What is metal takes no part."""

    def __init__(self, needle: Needle, outer_mm: float, low_mm: float, high_mm: float) -> None:
        """From the axis to ``outer_mm``, and from ``low_mm`` (beyond the tip) to ``high_mm`` along the needle."""
        radius_mm = needle.radius_mm
        inner = np.linspace(0.0, radius_mm, RINGS_BELOW_TIP + 1)
        self.r_edges_mm: Final[Field] = np.concatenate([inner, graded(radius_mm, outer_mm, FIRST_RING * radius_mm)[1:]])
        self.z_edges_mm: Final[Field] = _slices(needle, low_mm, high_mm)
        self.r_mm: Final[Field] = _middles(self.r_edges_mm)
        self.z_mm: Final[Field] = _middles(self.z_edges_mm)
        self.shape: Final = (self.r_mm.size, self.z_mm.size)
        self.first: Final = RINGS_BELOW_TIP
        """The ring that touches the needle."""
        self.below: Final = int(np.searchsorted(self.z_edges_mm, needle.tip_mm - 1e-9)) - 1
        """The slice that touches its flat end."""
        self.tissue: Final[NDArray[np.bool_]] = ~(
            (self.r_mm[:, None] < radius_mm) & (self.z_mm[None, :] > needle.tip_mm)
        )
        self.cells: Final = int(self.tissue.sum())
        self.contact: Final[Indices] = _contact_of(needle, self.z_mm)
        """Number of the contact that each slice touches; -1 for insulation or no needle."""
        self._radius_mm: Final = radius_mm
        self._dz_m: Final[Field] = np.diff(self.z_edges_mm) * _MM
        self._ring_m2: Final[Field] = np.pi * np.diff(self.r_edges_mm**2) * _MM**2
        self.volume_m3: Final[Field] = self._ring_m2[:, None] * self._dz_m[None, :]
        numbers = np.full(self.shape, -1)
        numbers[self.tissue] = np.arange(self.cells)
        self._below_of, self._above_of = self._pairs(numbers)
        self._past_tip: Final[NDArray[np.bool_]] = self.z_mm > needle.tip_mm

    def conductances(self, conductivity: Field) -> Conductances:
        """What a conductivity (per metre) makes between the rings."""
        r, edges = self.r_mm, self.r_edges_mm
        inner = np.log(edges[1:-1] / r[:-1])[:, None] / conductivity[:-1]
        outwards = 2.0 * np.pi * self._dz_m / (inner + np.log(r[1:] / edges[1:-1])[:, None] / conductivity[1:])
        half_m = self._dz_m / 2.0
        along = self._ring_m2[:, None] / (half_m[:-1] / conductivity[:, :-1] + half_m[1:] / conductivity[:, 1:])
        outwards = np.where(self.tissue[:-1] & self.tissue[1:], outwards, 0.0)
        along = np.where(self.tissue[:, :-1] & self.tissue[:, 1:], along, 0.0)
        side = 2.0 * np.pi * self._dz_m * conductivity[self.first] / np.log(r[self.first] / self._radius_mm)
        return Conductances(
            outwards,
            along,
            np.where(self._past_tip, side, 0.0),
            self._ring_m2[: self.first] * conductivity[: self.first, self.below] / half_m[self.below],
            2.0 * np.pi * self._dz_m * conductivity[-1] / np.log(edges[-1] / r[-1]),
            np.where(self.tissue[:, -1], self._ring_m2 * conductivity[:, -1] / half_m[-1], 0.0),
            np.where(self.tissue[:, 0], self._ring_m2 * conductivity[:, 0] / half_m[0], 0.0),
        )

    def matrix(self, between: Conductances, diagonal: Field) -> sparse.csc_matrix:
        """The system over the tissue's cells: flow to neighbours, and ``diagonal`` (by cell) to all else."""
        flow = np.concatenate([between.outwards.ravel(), between.along.ravel()])[self._joined]
        first, second = self._below_of, self._above_of
        total = diagonal[self.tissue]
        total = total + np.bincount(first, flow, self.cells) + np.bincount(second, flow, self.cells)
        own = np.arange(self.cells)
        rows, columns = np.concatenate([own, first, second]), np.concatenate([own, second, first])
        values = np.concatenate([total, -flow, -flow])
        return sparse.csc_matrix((values, (rows, columns)), shape=(self.cells, self.cells))

    def _pairs(self, numbers: Indices) -> tuple[Indices, Indices]:
        first = np.concatenate([numbers[:-1].ravel(), numbers[:, :-1].ravel()])
        second = np.concatenate([numbers[1:].ravel(), numbers[:, 1:].ravel()])
        self._joined: NDArray[np.bool_] = (first >= 0) & (second >= 0)
        return first[self._joined], second[self._joined]


def graded(start_mm: float, end_mm: float, first_mm: float) -> Field:
    """Edges from one end to the other, the first cell small and each next one larger, up to ``LARGEST_MM``."""
    length_mm, steps = abs(end_mm - start_mm), [first_mm]
    while sum(steps) < length_mm:
        steps.append(min(steps[-1] * GROWTH, LARGEST_MM))
    edges = np.concatenate([[0.0], np.cumsum(steps)])
    return np.asarray(start_mm + np.sign(end_mm - start_mm) * edges * (length_mm / edges[-1]))


def _slices(needle: Needle, low_mm: float, high_mm: float) -> Field:
    ends = sorted({end for span in needle.contacts_mm for end in span})
    parts = [graded(ends[0], low_mm, FIRST_SLICE_MM)[::-1]]
    for low, high in pairwise(ends):
        middle = (low + high) / 2.0
        parts += [graded(low, middle, FIRST_SLICE_MM)[1:], graded(high, middle, FIRST_SLICE_MM)[::-1][1:]]
    parts.append(graded(ends[-1], high_mm, FIRST_SLICE_MM)[1:])
    return np.concatenate(parts)


def _middles(edges: Field) -> Field:
    return np.asarray((edges[1:] + edges[:-1]) / 2.0)


def _contact_of(needle: Needle, z_mm: Field) -> Indices:
    contact = np.full(z_mm.size, -1)
    for number, (low, high) in enumerate(needle.contacts_mm):
        contact[(z_mm > low) & (z_mm < high)] = number
    return contact
