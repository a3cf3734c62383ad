"""A vertebra and what lies around it: which tissue is where.

Positions are mm in the patient's frame: from the middle of the vertebral body's posterior wall towards the patient's
left (x), back (y) and head (z). Shapes are simple on purpose (ellipses, shells, tubes): what counts for heat at the
cord is how thick bone, fat and fluid are between the needle and the nerve, and where these end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from cordguard.simulators.tissue.media import Field, Indices
from cordguard.simulators.tissue.model import PositionMm
from cordguard.simulators.tissue.properties import TISSUES, Tissue

Mask = NDArray[np.bool_]
LesionKind = Literal["lytic", "mixed", "sclerotic"]
Wall = Literal["intact", "breached"]

ROUNDNESS: Final = 2.5
"""Exponent of the body's outline: between an ellipse (2) and a rectangle."""
ARCH_MM: Final = 6.0
"""Thickness of the neural arch around the canal."""
DURA_MM: Final = 1.5
"""Fat between the canal's wall and the fluid."""
FORAMEN_MM: Final = 4.5
"""Radius of the neural foramen."""
ROOT_MM: Final = 2.0
"""Radius of the nerve root in it."""
FORAMEN_Z_MM: Final = -7.0
"""Foramina lie under the pedicles, in the lower half of the vertebra's height."""
FORAMEN_SPAN_MM: Final = (7.0, 24.0)
"""From the dural sac outwards, distance from the midline."""


CORD_MM: Final = (9.0, 7.0)
"""Width and depth of the spinal cord."""


@dataclass(frozen=True, slots=True)
class LesionShape:
    """A metastasis: an ellipsoid within the body."""

    kind: LesionKind = "lytic"
    centre_mm: PositionMm = (0.0, -13.0, 0.0)
    radii_mm: PositionMm = (10.0, 9.0, 9.0)


@dataclass(frozen=True, slots=True)
class Vertebra:
    """One vertebra with its neighbours, discs, canal and foramina; the defaults are those of a lower thoracic one."""

    lesion: LesionShape | None = LesionShape()
    wall: Wall = "intact"
    """Breached: where the lesion reaches the posterior wall, bone is replaced by it."""
    width_mm: float = 38.0
    depth_mm: float = 30.0
    height_mm: float = 25.0
    """Of the body."""
    cortex_mm: float = 1.0
    """Thickness of the compact shell."""
    disc_mm: float = 6.0
    canal_width_mm: float = 20.0
    canal_depth_mm: float = 16.0
    cord_mm: tuple[float, float] | None = CORD_MM
    """None below the first lumbar vertebra, where the sac holds roots."""

    @property
    def canal_middle_mm(self) -> PositionMm:
        """Middle of the canal."""
        return (0.0, self.canal_depth_mm / 2.0, 0.0)

    @property
    def canal_front_mm(self) -> PositionMm:
        """Where a sensor lies that was put into the canal's front, at the posterior wall."""
        return (0.0, 0.5, 0.0)

    def foramen_mm(self, side: Literal["left", "right"]) -> PositionMm:
        """Middle of the nerve root in its foramen."""
        middle_mm = sum(FORAMEN_SPAN_MM) / 2.0
        return (middle_mm if side == "left" else -middle_mm, self.canal_depth_mm / 2.0, FORAMEN_Z_MM)

    def layout(self, x_mm: Field, y_mm: Field, z_mm: Field) -> Indices:
        """Numbers of the media (``MEDIA``) at points of the patient's frame."""
        out = np.full(np.shape(x_mm), _NUMBER["muscle"], dtype=np.intp)
        for name, where in self._painted(x_mm, y_mm, z_mm):
            out[where] = _NUMBER[name]
        return out

    # --- from the outermost to what is painted over it ---

    def _painted(self, x: Field, y: Field, z: Field) -> list[tuple[str, Mask]]:
        half_mm = self.height_mm / 2.0
        column, marrow = self._outline(x, y, 0.0), self._outline(x, y, self.cortex_mm)
        level = np.abs(z) < half_mm
        beyond = np.abs(z) - half_mm - self.disc_mm
        return [
            ("bone-cortical", column),
            ("bone-cancellous", marrow & ((np.abs(z) < half_mm - self.cortex_mm) | (beyond > self.cortex_mm))),
            ("intervertebral-disc", column & ~level & (beyond < 0.0)),
            *self._arch(x, y, z, level),
            *self._canal(x, y),
            *self._foramina(x, y, z),
            *self._lesion(x, y, z),
        ]

    def _outline(self, x: Field, y: Field, inset_mm: float) -> Mask:
        """The column's cross-section, or what lies deeper in it than ``inset_mm``."""
        half_depth_mm = self.depth_mm / 2.0
        along_x = np.abs(x) / (self.width_mm / 2.0 - inset_mm)
        along_y = np.abs(y + half_depth_mm) / (half_depth_mm - inset_mm)
        return np.asarray(along_x**ROUNDNESS + along_y**ROUNDNESS < 1.0)

    def _in_canal(self, x: Field, y: Field, grown_mm: float) -> Mask:
        half_depth_mm = self.canal_depth_mm / 2.0
        along_x = x / (self.canal_width_mm / 2.0 + grown_mm)
        along_y = (y - half_depth_mm) / (half_depth_mm + grown_mm)
        return np.asarray(along_x**2 + along_y**2 < 1.0)

    def _arch(self, x: Field, y: Field, z: Field, level: Mask) -> list[tuple[str, Mask]]:
        """Pedicles and laminae: a ring behind the body, in the upper two thirds of its height."""
        high = level & (z > FORAMEN_Z_MM + FORAMEN_MM)
        behind = high & ~self._outline(x, y, self.cortex_mm) & (y > -self.cortex_mm)
        inner = self._in_canal(x, y, ARCH_MM - self.cortex_mm) & ~self._in_canal(x, y, self.cortex_mm)
        return [
            ("bone-cortical", behind & self._in_canal(x, y, ARCH_MM)),
            ("bone-cancellous", behind & inner & (y > self.cortex_mm)),
        ]

    def _canal(self, x: Field, y: Field) -> list[tuple[str, Mask]]:
        inside = self._in_canal(x, y, 0.0)
        sac = self._in_canal(x, y, -DURA_MM)
        painted = [("fat", inside), ("cerebrospinal-fluid", sac)]
        if self.cord_mm is not None:
            half_x, half_y = self.cord_mm[0] / 2.0, self.cord_mm[1] / 2.0
            cord = (x / half_x) ** 2 + ((y - self.canal_depth_mm / 2.0) / half_y) ** 2 < 1.0
            painted.append(("spinal-cord", np.asarray(cord)))
        return painted

    def _foramina(self, x: Field, y: Field, z: Field) -> list[tuple[str, Mask]]:
        from_axis = np.hypot(y - self.canal_depth_mm / 2.0, z - FORAMEN_Z_MM)
        beside = (np.abs(x) > FORAMEN_SPAN_MM[0]) & (np.abs(x) < FORAMEN_SPAN_MM[1])
        outside = beside & ~self._in_canal(x, y, -DURA_MM)
        return [("fat", outside & (from_axis < FORAMEN_MM)), ("nerve", beside & (from_axis < ROOT_MM))]

    def _lesion(self, x: Field, y: Field, z: Field) -> list[tuple[str, Mask]]:
        if self.lesion is None:
            return []
        middle, radii = self.lesion.centre_mm, self.lesion.radii_mm
        within = sum(((a - m) / r) ** 2 for a, m, r in zip((x, y, z), middle, radii, strict=True)) < 1.0
        spared = self._outline(x, y, self.cortex_mm) & (np.abs(z) < self.height_mm / 2.0 - self.cortex_mm)
        if self.wall == "breached":
            front_of_canal = (y > -self.depth_mm / 2.0) & (np.abs(x) < self.canal_width_mm / 2.0)
            low = np.abs(z) < self.height_mm / 2.0 - self.cortex_mm
            spared |= front_of_canal & low & ~self._in_canal(x, y, -DURA_MM)
        return [(f"{self.lesion.kind}-tumour", np.asarray(within & spared))]


_NAMES: Final = (
    "muscle",
    "bone-cortical",
    "bone-cancellous",
    "intervertebral-disc",
    "fat",
    "cerebrospinal-fluid",
    "spinal-cord",
    "nerve",
    "lytic-tumour",
    "mixed-tumour",
    "sclerotic-tumour",
)
_NUMBER: Final = {name: number for number, name in enumerate(_NAMES)}
MEDIA: Final[tuple[Tissue, ...]] = tuple(TISSUES[name] for name in _NAMES)
"""What a vertebra's numbers mean, at the table's values."""
MEDIA_NAMES: Final = _NAMES
"""The same, by name."""
