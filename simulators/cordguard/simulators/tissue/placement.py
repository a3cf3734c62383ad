"""How a needle lies in a patient: from the patient's frame to the needle's and back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from cordguard.simulators.tissue.media import Field
from cordguard.simulators.tissue.model import PositionMm


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the middle of the active part lies and where the hand is, seen from there.

    The needle comes from behind (y > 0). An articulated needle is one whose active part points elsewhere than its
    shaft: the angles are those of the active part, and the shaft, which neither conducts nor heats, does not matter.
    """

    target_mm: PositionMm
    """Where the operator means the middle of the active part to be."""
    lateral_deg: float = 0.0
    """The hand is so far to the patient's left (less than 0: right) of straight behind."""
    cranial_deg: float = 0.0
    """The hand is so far towards the head."""
    error_mm: PositionMm = (0.0, 0.0, 0.0)
    """By how much the needle misses its target."""

    @property
    def middle_mm(self) -> PositionMm:
        """Where the middle of the active part is in truth."""
        x, y, z = (meant + missed for meant, missed in zip(self.target_mm, self.error_mm, strict=True))
        return (x, y, z)

    def to_needle(self, position_mm: PositionMm) -> PositionMm:
        """A point of the patient, seen from the needle: its third coordinate is along the needle, towards the hand."""
        x, y, z = self.to_needle_frame(*(np.array([value]) for value in position_mm))
        return (float(x[0]), float(y[0]), float(z[0]))

    def to_patient_point(self, position_mm: PositionMm) -> PositionMm:
        """A point that goes with the needle, seen in the patient's frame."""
        x, y, z = self.to_patient(*(np.array([value]) for value in position_mm))
        return (float(x[0]), float(y[0]), float(z[0]))

    def to_needle_frame(self, x_mm: Field, y_mm: Field, z_mm: Field) -> tuple[Field, Field, Field]:
        """Points of the patient, seen from the needle."""
        from_middle = [axis - middle for axis, middle in zip((x_mm, y_mm, z_mm), self.middle_mm, strict=True)]
        x, y, z = (
            sum(a * b for a, b in zip(axis, from_middle, strict=True))
            for axis in _axes(self.lateral_deg, self.cranial_deg)
        )
        return x, y, z

    def to_patient(self, x_mm: Field, y_mm: Field, z_mm: Field) -> tuple[Field, Field, Field]:
        """Points around the needle, seen in the patient's frame."""
        axes, middle = _axes(self.lateral_deg, self.cranial_deg), self.middle_mm
        x, y, z = (
            axes[0, i] * x_mm + axes[1, i] * y_mm + axes[2, i] * z_mm + middle[i] for i in range(len(self.target_mm))
        )
        return x, y, z


@lru_cache(maxsize=64)  # asked for by every sensor in every frame
def _axes(lateral_deg: float, cranial_deg: float) -> Field:
    """A needle's three axes as rows, in the patient's frame."""
    lateral, cranial = math.radians(lateral_deg), math.radians(cranial_deg)
    along = np.array([math.sin(lateral) * math.cos(cranial), math.cos(lateral) * math.cos(cranial), math.sin(cranial)])
    across = np.array([math.cos(lateral), -math.sin(lateral), 0.0])
    return np.array([across, np.cross(along, across), along])
