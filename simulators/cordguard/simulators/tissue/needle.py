"""The ablation needle as current and heat see it: a thin metal cylinder, part of whose surface conducts.

Lengths are along the needle, mm from the middle of the active part; towards the tip they are negative. Everything
from the tip to the skin is metal inside: it carries no heat (its conduction is left out) and, apart from its contacts,
is insulated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

Span = tuple[float, float]
"""Lower and upper end, mm along the needle."""

_SHORTEST_MM: Final = 0.5


@dataclass(frozen=True, slots=True)
class Needle:
    """Diameter and contacts of a needle."""

    diameter_mm: float
    """Of the metal, over its whole length."""
    contacts_mm: tuple[Span, ...]
    """One contact (its current returns far away) or two (it returns to the other); the first ends at the tip."""
    cooling_c: float | None = None
    """Temperature at which a coolant holds the active surface; None: not cooled."""

    def __post_init__(self) -> None:
        """Refuse what is no needle."""
        edges = [edge for span in self.contacts_mm for edge in span]
        too_short = any(high - low < _SHORTEST_MM for low, high in self.contacts_mm)
        if len(self.contacts_mm) not in (1, 2) or edges != sorted(edges) or too_short or self.diameter_mm <= 0.0:
            msg = f"no needle: diameter {self.diameter_mm} mm, contacts {self.contacts_mm} mm"
            raise ValueError(msg)

    @property
    def radius_mm(self) -> float:
        """Half the diameter."""
        return self.diameter_mm / 2.0

    @property
    def tip_mm(self) -> float:
        """Where the metal ends."""
        return self.contacts_mm[0][0]

    @property
    def bipolar(self) -> bool:
        """Whether the current returns to the needle's second contact."""
        return len(self.contacts_mm) == 2  # noqa: PLR2004 - two contacts

    @property
    def potentials_v(self) -> tuple[float, ...]:
        """Of the contacts, for 1 V between the poles."""
        return (0.5, -0.5) if self.bipolar else (1.0,)


def monopolar(diameter_mm: float, active_mm: float, *, cooling_c: float | None = None) -> Needle:
    """A needle with one contact; the return is far away."""
    return Needle(diameter_mm, ((-active_mm / 2.0, active_mm / 2.0),), cooling_c)


def bipolar(
    diameter_mm: float, tipward_mm: float, handward_mm: float, gap_mm: float, *, cooling_c: float | None = None
) -> Needle:
    """A needle with two contacts on one axis and an insulating gap between them."""
    half_mm = (tipward_mm + gap_mm + handward_mm) / 2.0
    tipward = (-half_mm, -half_mm + tipward_mm)
    return Needle(diameter_mm, (tipward, (half_mm - handward_mm, half_mm)), cooling_c)
