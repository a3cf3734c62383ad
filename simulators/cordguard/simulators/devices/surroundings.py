"""What devices know of tissue: a load, temperatures at named places, and that it takes power. No grid, no shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Surroundings(Protocol):
    """Whatever the needle and the sensors lie in."""

    def impedance_ohm(self) -> float:
        """The load that a generator sees now."""

    def temperatures_c(self) -> Mapping[str, float]:
        """How warm it is now at each sensor, by its name."""

    def take(self, power_w: float, dt_s: float) -> None:
        """Let ``dt_s`` seconds pass while the needle delivers ``power_w``."""
