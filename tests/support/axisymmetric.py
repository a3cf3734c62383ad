"""A needle in a cylinder, finely resolved and solved in one piece: what the tissue block is held against.

Finite volumes in r and z with rings of 0.04 mm at the needle; shares no code with the block, only the needle's numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]
from scipy.sparse.linalg import splu  # type: ignore[import-untyped]

Field = NDArray[np.float64]
MM: Final = 1e-3
BLOOD_J_PER_M3_K: Final = 1050.0 * 3617.0
SQUARE_AS_ROUND: Final = 1.0787
"""A square duct conducts like a round one whose radius is so many times half its side (conformal radius)."""


@dataclass(frozen=True)
class Medium:
    """One half of the cylinder."""

    sigma_s_m: float
    sigma_per_c: float
    k_w_mk: float
    heat_j_m3k: float
    perfusion_1_s: float = 0.0


@dataclass(frozen=True)
class Bench:
    """Everything about one run. The faces are held at the start temperature; the return, if any, is at the faces."""

    diameter_mm: float
    contacts_mm: tuple[tuple[float, float], ...]
    tipward: Medium
    handward: Medium
    power_w: float
    start_c: float
    half_mm: float
    cooling_c: float | None = None


class Cylinder:
    """The run: ``step`` by a second, then ask."""

    def __init__(self, bench: Bench) -> None:
        """At its start."""
        self.bench = bench
        outer_mm, radius_mm = SQUARE_AS_ROUND * bench.half_mm, bench.diameter_mm / 2.0
        self.tip_mm = bench.contacts_mm[0][0]
        ends = [end for span in bench.contacts_mm for end in span]
        self.re = np.concatenate([np.linspace(0.0, radius_mm, 6)[:-1], _stretched(radius_mm, outer_mm, 0.04)])
        parts = [_stretched(self.tip_mm, -bench.half_mm, 0.1)[::-1]]
        for low, high in pairwise(ends):
            parts += [_stretched(low, (low + high) / 2, 0.1)[1:], _stretched(high, (low + high) / 2, 0.1)[::-1][1:]]
        self.ze = np.concatenate([*parts, _stretched(ends[-1], bench.half_mm, 0.1)[1:]])
        self.r, self.z = (self.re[1:] + self.re[:-1]) / 2, (self.ze[1:] + self.ze[:-1]) / 2
        self.wet = ~((self.r[:, None] < radius_mm) & (self.z > self.tip_mm))
        self.dz = np.diff(self.ze) * MM
        self.area = np.pi * np.diff(self.re**2) * MM**2
        self.volume = self.area[:, None] * self.dz
        self.first, self.below = 5, int(np.searchsorted(self.ze, self.tip_mm - 1e-9)) - 1
        self.touch = np.full(self.z.size, -1)
        for number, (low, high) in enumerate(bench.contacts_mm):
            self.touch[(self.z > low) & (self.z < high)] = number
        self.t = np.full(self.wet.shape, bench.start_c)
        self.seconds = 0

    def step(self) -> None:
        """One second, implicit; the potential is solved anew every two."""
        if self.seconds % 2 == 0:
            self._solve_current()
        heat = self._field("heat_j_m3k") * self.volume
        blood = BLOOD_J_PER_M3_K * self._field("perfusion_1_s") * self.volume
        diagonal = heat + blood
        source = heat * self.t + self.joule * self.bench.power_w / self.conductance + 37.0 * blood
        k = self._field("k_w_mk")
        for place, flow in self._faces(k):
            diagonal[place] += flow
            source[place] += flow * self.bench.start_c
        if self.bench.cooling_c is not None:
            for place, flow in self._needle(k):
                diagonal[place] += flow
                source[place] += flow * self.bench.cooling_c
        self.t[self.wet] = splu(self._matrix(k, diagonal)).solve(source[self.wet])
        self.seconds += 1

    def temperature_c(self, r_mm: float, z_mm: float) -> float:
        """At a point, bilinear."""
        i = int(np.clip(np.searchsorted(self.r, r_mm) - 1, 0, self.r.size - 2))
        j = int(np.clip(np.searchsorted(self.z, z_mm) - 1, 0, self.z.size - 2))
        u = (r_mm - self.r[i]) / (self.r[i + 1] - self.r[i])
        v = (z_mm - self.z[j]) / (self.z[j + 1] - self.z[j])
        low = (1 - u) * self.t[i, j] + u * self.t[i + 1, j]
        return float((1 - v) * low + v * ((1 - u) * self.t[i, j + 1] + u * self.t[i + 1, j + 1]))

    @property
    def impedance_ohm(self) -> float:
        """When it was solved last."""
        return 1.0 / self.conductance

    def _solve_current(self) -> None:
        sigma = self._field("sigma_s_m") * (1.0 + self._field("sigma_per_c") * (self.t - 37.0))
        volts = np.array([1.0]) if len(self.bench.contacts_mm) == 1 else np.array([0.5, -0.5])
        diagonal, source = np.zeros(self.t.shape), np.zeros(self.t.shape)
        side, end = self._needle(sigma)
        given = [(side[0], side[1], np.where(self.touch >= 0, volts[self.touch], 0.0)), (end[0], end[1], volts[0])]
        faces = self._faces(sigma) if volts.size == 1 else []
        for place, flow, potential in given:
            diagonal[place] += flow
            source[place] += flow * potential
        for place, flow in faces:
            diagonal[place] += flow
        v = np.zeros(self.t.shape)
        v[self.wet] = splu(self._matrix(sigma, diagonal)).solve(source[self.wet])
        out, along = self._between(sigma)
        joule = np.zeros(self.t.shape)
        for power, low, high in (
            (out * np.diff(v, axis=0) ** 2 / 2, np.s_[:-1], np.s_[1:]),
            (along * np.diff(v, axis=1) ** 2 / 2, np.s_[:, :-1], np.s_[:, 1:]),
        ):
            joule[low] += power
            joule[high] += power
        for place, flow, potential in given:
            joule[place] += flow * (potential - v[place]) ** 2
        for place, flow in faces:
            joule[place] += flow * v[place] ** 2
        self.joule, self.conductance = joule, float(joule.sum())

    def _needle(self, k: Field) -> list[tuple[Any, Field]]:
        side = 2 * np.pi * self.dz * k[self.first] / np.log(self.r[self.first] / self.re[self.first])
        end = self.area[: self.first] * k[: self.first, self.below] / (self.dz[self.below] / 2)
        return [
            (np.s_[self.first, :], np.where(self.touch >= 0, side, 0.0)),
            (np.s_[: self.first, self.below], end),
        ]

    def _faces(self, k: Field) -> list[tuple[Any, Field]]:
        outer = 2 * np.pi * self.dz * k[-1] / np.log(self.re[-1] / self.r[-1])
        top = np.where(self.wet[:, -1], self.area * k[:, -1] / (self.dz[-1] / 2), 0.0)
        return [(np.s_[-1, :], outer), (np.s_[:, -1], top), (np.s_[:, 0], self.area * k[:, 0] / (self.dz[0] / 2))]

    def _between(self, k: Field) -> tuple[Field, Field]:
        inner, outer, wet = np.log(self.re[1:-1] / self.r[:-1]), np.log(self.r[1:] / self.re[1:-1]), self.wet
        out = 2 * np.pi * self.dz / (inner[:, None] / k[:-1] + outer[:, None] / k[1:])
        along = self.area[:, None] / (self.dz[:-1] / 2 / k[:, :-1] + self.dz[1:] / 2 / k[:, 1:])
        return np.where(wet[:-1] & wet[1:], out, 0.0), np.where(wet[:, :-1] & wet[:, 1:], along, 0.0)

    def _matrix(self, k: Field, diagonal: Field) -> sparse.csc_matrix:
        number = np.where(self.wet, np.cumsum(self.wet).reshape(self.wet.shape) - 1, -1)
        first = np.concatenate([number[:-1].ravel(), number[:, :-1].ravel()])
        second = np.concatenate([number[1:].ravel(), number[:, 1:].ravel()])
        flow = np.concatenate([part.ravel() for part in self._between(k)])
        kept = flow > 0.0
        first, second, flow = first[kept], second[kept], flow[kept]
        size = int(self.wet.sum())
        total = diagonal[self.wet] + np.bincount(first, flow, size) + np.bincount(second, flow, size)
        own = np.arange(size)
        values = np.concatenate([total, -flow, -flow])
        return sparse.csc_matrix((values, (np.concatenate([own, first, second]), np.concatenate([own, second, first]))))

    def _field(self, name: str) -> Field:
        tipward, handward = getattr(self.bench.tipward, name), getattr(self.bench.handward, name)
        return np.asarray(np.where(self.z < 0.0, tipward, handward) * np.ones((self.r.size, 1)))


def _stretched(start: float, end: float, first: float) -> Field:
    steps = [first]
    while sum(steps) < abs(end - start):
        steps.append(min(steps[-1] * 1.12, 1.0))
    edges = np.concatenate([[0.0], np.cumsum(steps)])
    return np.asarray(start + np.sign(end - start) * edges * abs(end - start) / edges[-1])
