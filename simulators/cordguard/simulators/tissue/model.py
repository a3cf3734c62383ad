"""What the rest of the simulators asks of tissue, whatever solves it: a sphere today, a grid with anatomy later."""

from __future__ import annotations

from typing import Protocol

BODY_TEMPERATURE_C = 37.0

PositionMm = tuple[float, float, float]
"""A point, mm from the centre of the electrode's active part: towards the patient's left, back and head."""


class TissueModel(Protocol):
    """A block of tissue with one electrode (mono- or bipolar) in it. New, it lies in its start state: warm, no RF yet.

    A solver may take as many steps of its own inside one ``step`` as it needs; between steps the field stands still, so
    asking is free of effects. Anatomy, vessels and electrode are the constructor's matter.
    """

    def step(self, power_w: float, dt_s: float) -> None:
        """Let ``dt_s`` seconds pass while the electrode delivers ``power_w`` (0 or more) to the tissue."""

    def temperature_c(self, position_mm: PositionMm) -> float:
        """Temperature at a point; inside the electrode that of its surface, outside the block that of the body."""

    def impedance_ohm(self) -> float:
        """Load that the generator sees now, at its working frequency."""
