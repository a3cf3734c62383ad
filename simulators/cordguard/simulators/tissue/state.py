"""What heat does to tissue, cell by cell: boiling, drying, coagulation, thermal dose. The same on every grid."""

from __future__ import annotations

from typing import Final

import numpy as np

from cordguard.simulators.tissue.media import Field, MediaFields
from cordguard.simulators.tissue.model import BODY_TEMPERATURE_C

BOILS_AT_C: Final = 100.0
DRY_FACTOR: Final = 0.01
"""What is left of the electrical conductivity without water; the literature gives 1/10 to 1/1000."""
LEAST_FACTOR: Final = 0.05
"""A linear law must not reach zero in cold tissue."""
FREQUENCY_PER_S: Final = 7.39e39
ACTIVATION_J_PER_MOL: Final = 2.577e5
"""Arrhenius parameters of liver (Jacques), the usual ones in simulations of RF ablation; not for neural safety."""
GAS_J_PER_MOL_K: Final = 8.314462618
REFERENCE_C: Final = 43.0
"""CEM43: minutes at this temperature (Sapareto and Dewey 1984)."""
DOSE_ENDS_C: Final = 60.0
"""Hotter tissue counts as this hot: a dose there means nothing, and its number would only overflow."""
HOT_C: Final = 39.0
"""Below this neither damage nor dose is counted."""
KELVIN: Final = 273.15


class TissueState:
    """Temperature, water, damage and dose of the cells of a grid."""

    def __init__(self, media: MediaFields, volume_m3: Field | float, start_c: float) -> None:
        """Warm, wet, unharmed."""
        shape = media.heat_j_per_m3_k.shape
        self._media: Final = media
        self.heat_j_per_k: Final[Field] = media.heat_j_per_m3_k * volume_m3
        """Heat capacity of each cell."""
        self.blood_w_per_k: Final[Field] = media.blood_w_per_m3_k * volume_m3
        self._water_j: Final[Field] = media.water_j_per_m3 * volume_m3
        self.temperature_c: Field = np.full(shape, float(start_c))
        self._steam_j: Field = np.zeros(shape)
        self.damage: Field = np.zeros(shape)
        """Arrhenius integral; 1 and more is coagulated."""
        self.cem43_min: Field = np.zeros(shape)
        """Thermal dose."""
        self._open_w_per_k: Final[Field] = self.blood_w_per_k.copy()
        """Of the vessels that are still open."""
        self._has_blood: Final = bool((self.blood_w_per_k > 0.0).any())

    @property
    def stored_j(self) -> float:
        """Heat in all cells, above 0 °C."""
        return float((self.heat_j_per_k * self.temperature_c).sum())

    def conductivity_s_per_m(self) -> Field:
        """For current, as it is now: it rises with temperature and collapses as water leaves."""
        media = self._media
        warm = np.minimum(self.temperature_c, media.rise_ends_c) - BODY_TEMPERATURE_C
        wet = media.conductivity_s_per_m * np.maximum(1.0 + media.rise_per_c * warm, LEAST_FACTOR)
        return np.asarray(wet * DRY_FACTOR ** (self._steam_j / np.maximum(self._water_j, 1e-12)))

    def blood_takes_w(self) -> Field | float:
        """Heat that blood carries away from each cell (less than 0: brings); none where tissue has coagulated."""
        if not self._has_blood:
            return 0.0
        taken_w = self.temperature_c - BODY_TEMPERATURE_C
        taken_w *= self._open_w_per_k
        return taken_w

    def boil(self) -> Field | None:
        """Hold cells at 100 °C while they have water to boil away: the heat that it takes, J, or None if none boils."""
        above = self.temperature_c > BOILS_AT_C
        if not above.any():
            return None
        excess_j = np.where(above, (self.temperature_c - BOILS_AT_C) * self.heat_j_per_k, 0.0)
        taken_j = np.minimum(excess_j, self._water_j - self._steam_j)
        self._steam_j = self._steam_j + taken_j
        self.temperature_c = self.temperature_c - taken_j / self.heat_j_per_k
        return np.asarray(taken_j)

    def age(self, dt_s: float) -> None:
        """Count damage and dose of ``dt_s`` at the present temperature; vessels of coagulated tissue close."""
        hot = np.nonzero(self.temperature_c > HOT_C)
        if hot[0].size == 0:
            return
        warm_c = self.temperature_c[hot]
        rate = FREQUENCY_PER_S * np.exp(-ACTIVATION_J_PER_MOL / (GAS_J_PER_MOL_K * (warm_c + KELVIN)))
        self.damage[hot] += dt_s * rate
        halving = np.where(warm_c >= REFERENCE_C, 0.5, 0.25)
        self.cem43_min[hot] += dt_s / 60.0 * halving ** (REFERENCE_C - np.minimum(warm_c, DOSE_ENDS_C))
        if self._has_blood:
            self._open_w_per_k[hot] *= self.damage[hot] < 1.0
