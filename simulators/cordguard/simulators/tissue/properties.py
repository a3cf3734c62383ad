"""Thermal and electrical properties of tissue: the one table, with where each row comes from.

Electrical conductivities are at 480 kHz and 37 °C. Perfusion is the volume of blood that passes a volume of tissue in
a second. Spread is wide: bone conducts 0.3 to 0.8 W/(m K) depending on who measured, and perfusion of a lumbar
vertebra is six times what tables give for cancellous bone. A credible study sweeps both.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

_GABRIEL: Final = "Gabriel 1996, 4-Cole-Cole model evaluated at 480 kHz"
_ITIS: Final = "IT'IS tissue database V4/V5, as quoted in the literature; to be confirmed against the table itself"


@dataclass(frozen=True, slots=True)
class Tissue:
    """One kind of tissue at body temperature."""

    density_kg_per_m3: float
    """Mass per volume."""
    heat_capacity_j_per_kg_k: float
    """Specific heat capacity."""
    conductivity_w_per_m_k: float
    """Thermal conductivity."""
    perfusion_per_s: float
    """Blood volume per tissue volume and second; 0 for none."""
    conductivity_s_per_m: float
    """Electrical conductivity at 480 kHz and 37 °C."""
    source: str
    """Where the numbers come from."""
    conductivity_rise_per_c: float = 0.018
    """Relative rise of the electrical conductivity per degree above 37 °C; the literature gives 1.5 to 2 %."""
    rise_ends_c: float = 80.0
    """From here on it stays as it is, until the tissue dries."""
    water_share: float = 0.7
    """Share of the mass that is water and can boil away."""


BLOOD_DENSITY_KG_PER_M3: Final = 1050.0
BLOOD_HEAT_CAPACITY_J_PER_KG_K: Final = 3617.0
BLOOD_HEAT_J_PER_M3_K: Final = BLOOD_DENSITY_KG_PER_M3 * BLOOD_HEAT_CAPACITY_J_PER_KG_K
"""Heat that a volume of blood carries per kelvin (IT'IS)."""

TISSUES: Final = MappingProxyType(
    {
        "lytic-tumour": Tissue(
            1050.0,
            3600.0,
            0.52,
            3.0e-3,
            0.2,
            "soft-tissue like; perfusion near PET of lumbar marrow, 17.6 mL/min/100 g (Blood 1994;83:958); "
            "0.2-0.5 S/m in the literature, lower end taken",
        ),
        "bone-cancellous": Tissue(1178.0, 2274.0, 0.31, 5.9e-4, 0.0866, f"{_ITIS}; {_GABRIEL}"),
        "bone-cortical": Tissue(1908.0, 1313.0, 0.32, 3.2e-4, 0.0221, f"{_ITIS}; {_GABRIEL}"),
        "marrow-red": Tissue(1029.0, 2666.0, 0.28, 2.3e-3, 0.1035, f"{_ITIS}; {_GABRIEL}"),
        "spinal-cord": Tissue(1075.0, 3630.0, 0.51, 2.9e-3, 0.1100, f"{_ITIS}; {_GABRIEL}"),
        "nerve": Tissue(1075.0, 3613.0, 0.49, 2.9e-3, 0.1100, f"{_ITIS}; {_GABRIEL}"),
        "cerebrospinal-fluid": Tissue(
            1007.0, 4096.0, 0.57, 0.0, 2.0, f"{_ITIS}; {_GABRIEL}; at rest: its flow is not in this row"
        ),
        "muscle": Tissue(1090.0, 3421.0, 0.49, 6.7e-4, 0.443, f"{_ITIS}; {_GABRIEL}"),
        "fat": Tissue(911.0, 2348.0, 0.21, 5.0e-4, 0.0437, f"{_ITIS}; {_GABRIEL}"),
    }
)
"""Tissues by name, as scenarios name them."""
