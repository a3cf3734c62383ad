"""A needle in a vertebra: the tissue block with anatomy around the needle, asked in the patient's frame."""

from __future__ import annotations

from typing import Final

from cordguard.simulators.tissue.anatomy import MEDIA, Vertebra
from cordguard.simulators.tissue.block import Surroundings, TissueBlock
from cordguard.simulators.tissue.media import Field, Indices
from cordguard.simulators.tissue.model import PositionMm
from cordguard.simulators.tissue.needle import Needle
from cordguard.simulators.tissue.placement import Placement

SIZE_MM: Final = 80.0
SPACING_MM: Final = 1.0


class SpineTissue:
    """A ``TissueModel`` whose positions are mm in the patient's frame (see ``anatomy``), however the needle lies."""

    def __init__(
        self,
        vertebra: Vertebra,
        needle: Needle,
        placement: Placement,
        *,
        size_mm: float = SIZE_MM,
        spacing_mm: float = SPACING_MM,
    ) -> None:
        """Warm, without RF; the block is a cube around the needle's active part, its edges along the needle."""

        def layout(x_mm: Field, y_mm: Field, z_mm: Field) -> Indices:
            return vertebra.layout(*placement.to_patient(x_mm, y_mm, z_mm))

        self.vertebra: Final = vertebra
        self.needle: Final = needle
        self.placement: Final = placement
        self.block: Final = TissueBlock(needle, Surroundings(MEDIA, layout, size_mm, spacing_mm))
        """The same in the needle's frame."""

    def step(self, power_w: float, dt_s: float) -> None:
        """Let ``dt_s`` seconds pass while the needle delivers ``power_w`` (0 or more)."""
        self.block.step(power_w, dt_s)

    def temperature_c(self, position_mm: PositionMm) -> float:
        """Temperature at a point of the patient, which stays where it is when the needle misses its target."""
        return self.block.temperature_c(self.placement.to_needle(position_mm))

    def temperatures_c(self, x_mm: Field, y_mm: Field, z_mm: Field) -> Field:
        """The same at many points, in the shape of their coordinates."""
        return self.block.temperatures_c(*self.placement.to_needle_frame(x_mm, y_mm, z_mm))

    def impedance_ohm(self) -> float:
        """Load that the generator sees now."""
        return self.block.impedance_ohm()
