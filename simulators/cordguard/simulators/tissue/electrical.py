"""How electrical conductivity follows temperature: it rises while tissue is wet and collapses when it dries out."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from cordguard.simulators.tissue.model import BODY_TEMPERATURE_C

RISE_PER_C: Final = 0.018
"""Relative rise per degree up to ``RISE_ENDS_C``; the literature gives 1.5 to 2 % per degree."""
RISE_ENDS_C: Final = 80.0
"""From here on it stays as it is, until the tissue dries."""
DRYING_BEGINS_C: Final = 97.0
DRYING_ENDS_C: Final = 105.0
"""Between these two, water leaves as steam."""
DRY_FACTOR: Final = 0.01
"""What is left of the conductivity when dry; the literature gives 1/10 to 1/1000."""


def relative_conductivity(temperature_c: NDArray[np.float64]) -> NDArray[np.float64]:
    """Electrical conductivity relative to that at body temperature, for each temperature."""
    wet = 1.0 + RISE_PER_C * (np.minimum(temperature_c, RISE_ENDS_C) - BODY_TEMPERATURE_C)
    dried = np.clip((temperature_c - DRYING_BEGINS_C) / (DRYING_ENDS_C - DRYING_BEGINS_C), 0.0, 1.0)
    return np.asarray(wet * DRY_FACTOR**dried)


def constant_conductivity(temperature_c: NDArray[np.float64]) -> NDArray[np.float64]:
    """No influence of temperature: for comparison with exact solutions."""
    return np.ones_like(temperature_c)
