"""Media laid out in space: which is where, and their properties as fields over a grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from cordguard.simulators.tissue.properties import BLOOD_HEAT_J_PER_M3_K, Tissue

Field = NDArray[np.float64]
Indices = NDArray[np.intp]

LATENT_HEAT_J_PER_KG: Final = 2.257e6
"""Of water at 100 °C."""
AZIMUTHS: Final = 16
"""Directions around the needle over which the sleeve averages."""


class Layout(Protocol):
    """Where which medium is: coordinates in mm, in the needle's frame, to the number of the medium."""

    def __call__(self, x_mm: Field, y_mm: Field, z_mm: Field) -> Indices:
        """Numbers of the media, in the shape of the coordinates."""


def one_medium(x_mm: Field, y_mm: Field, z_mm: Field) -> Indices:
    """A ``Layout`` of the first medium everywhere."""
    return np.zeros(np.broadcast_shapes(np.shape(x_mm), np.shape(y_mm), np.shape(z_mm)), dtype=np.intp)


@dataclass(frozen=True, slots=True)
class MediaFields:
    """Properties over a grid, each an array of the grid's shape."""

    conductivity_w_per_m_k: Field
    """For heat."""
    heat_j_per_m3_k: Field
    """Heat capacity of a volume."""
    blood_w_per_m3_k: Field
    """Heat that blood takes from a volume per kelvin above its own temperature, while vessels are open."""
    conductivity_s_per_m: Field
    """For current, at 37 °C."""
    rise_per_c: Field
    """Relative rise of that per degree."""
    rise_ends_c: Field
    """Above this temperature it rises no further."""
    water_j_per_m3: Field
    """Heat that boils away all the water of a volume."""


def fields_at(media: Sequence[Tissue], numbers: Indices) -> MediaFields:
    """The properties of the media with these numbers."""

    def pick(value: Callable[[Tissue], float]) -> Field:
        return np.array([value(medium) for medium in media])[numbers]

    return MediaFields(
        pick(lambda medium: medium.conductivity_w_per_m_k),
        pick(lambda medium: medium.density_kg_per_m3 * medium.heat_capacity_j_per_kg_k),
        pick(lambda medium: BLOOD_HEAT_J_PER_M3_K * medium.perfusion_per_s),
        pick(lambda medium: medium.conductivity_s_per_m),
        pick(lambda medium: medium.conductivity_rise_per_c),
        pick(lambda medium: medium.rise_ends_c),
        pick(lambda medium: medium.density_kg_per_m3 * medium.water_share * LATENT_HEAT_J_PER_KG),
    )


def fields_around(media: Sequence[Tissue], layout: Layout, r_mm: Field, z_mm: Field) -> MediaFields:
    """The properties over rings around the needle (r by z), averaged over the directions around it."""
    angles = (np.arange(AZIMUTHS) + 0.5) * (2.0 * np.pi / AZIMUTHS)
    r, z, angle = np.meshgrid(r_mm, z_mm, angles, indexing="ij")
    around = fields_at(media, layout(r * np.cos(angle), r * np.sin(angle), z))
    names = MediaFields.__dataclass_fields__
    return MediaFields(**{name: getattr(around, name).mean(axis=2) for name in names})
