"""Thermal and electrical properties of tissue: the one table, with where each row comes from.

Electrical conductivities are at 480 kHz and 37 °C. Perfusion is the volume of blood that passes a volume of tissue in
a second. Spread is wide: bone conducts 0.3 to 0.8 W/(m K) depending on who measured, and perfusion of a lumbar
vertebra is six times what tables give for cancellous bone. A credible study sweeps both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from numpy.random import Generator

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
        "mixed-tumour": Tissue(
            1300.0,
            2700.0,
            0.42,
            2.0e-3,
            0.12,
            "half lytic tumour, half new bone: means of the two rows, rounded",
        ),
        "sclerotic-tumour": Tissue(
            1600.0,
            1700.0,
            0.33,
            1.0e-3,
            0.04,
            "new bone, denser than cancellous and less than cortical: between these two rows; impedance of sclerotic "
            "lesions is several times that of lytic ones",
            water_share=0.25,
        ),
        "bone-cement": Tissue(
            1190.0,
            1460.0,
            0.2,
            0.0,
            1e-6,
            "PMMA: density 1.19 g/cm³, 1,460 J/(kg K), 0.2 W/(m K) in handbooks; an insulator; no water",
            water_share=0.0,
        ),
        "bone-cancellous": Tissue(1178.0, 2274.0, 0.31, 5.9e-4, 0.0866, f"{_ITIS}; {_GABRIEL}"),
        "bone-cortical": Tissue(1908.0, 1313.0, 0.32, 3.2e-4, 0.0221, f"{_ITIS}; {_GABRIEL}"),
        "marrow-red": Tissue(1029.0, 2666.0, 0.28, 2.3e-3, 0.1035, f"{_ITIS}; {_GABRIEL}"),
        "spinal-cord": Tissue(1075.0, 3630.0, 0.51, 2.9e-3, 0.1100, f"{_ITIS}; {_GABRIEL}"),
        "nerve": Tissue(1075.0, 3613.0, 0.49, 2.9e-3, 0.1100, f"{_ITIS}; {_GABRIEL}"),
        "cerebrospinal-fluid": Tissue(
            1007.0,
            4096.0,
            0.57,
            2.0e-2,
            2.0,
            f"{_ITIS}; {_GABRIEL}; its flow as an exchange with fluid at 37 °C, 1.2 times a minute: a proposal, to be "
            "swept (fluid moves to and fro by some millimetres with each heartbeat)",
        ),
        "intervertebral-disc": Tissue(
            1100.0, 3568.0, 0.49, 6.0e-4, 0.26, f"{_ITIS}; conductivity between muscle and bone"
        ),
        "muscle": Tissue(1090.0, 3421.0, 0.49, 6.7e-4, 0.443, f"{_ITIS}; {_GABRIEL}"),
        "fat": Tissue(911.0, 2348.0, 0.21, 5.0e-4, 0.0437, f"{_ITIS}; {_GABRIEL}"),
    }
)
"""Tissues by name, as scenarios name them."""


@dataclass(frozen=True, slots=True)
class Range:
    """What a property of a tissue may be, by those who measured it."""

    low: float
    high: float
    source: str


RANGES: Final = MappingProxyType(
    {
        ("bone-cancellous", "conductivity_w_per_m_k"): Range(0.29, 0.80, "beef 0.29; human femur 0.3; equine to 0.80"),
        ("bone-cortical", "conductivity_w_per_m_k"): Range(0.30, 0.80, "bovine 0.55; equine 0.70 dry, 0.80 wet"),
        ("bone-cancellous", "perfusion_per_s"): Range(
            5.9e-4, 3.5e-3, f"{_ITIS}; PET of lumbar marrow, Blood 1994;83:958"
        ),
        ("bone-cancellous", "conductivity_s_per_m"): Range(0.06, 0.20, "yellow to red marrow between the trabeculae"),
        ("lytic-tumour", "perfusion_per_s"): Range(
            6e-4, 6.2e-3, "necrotic centre; renal metastases; PMC6721488 upper end"
        ),
        ("lytic-tumour", "conductivity_s_per_m"): Range(0.2, 0.5, "soft-tissue tumours in the literature"),
        ("lytic-tumour", "conductivity_w_per_m_k"): Range(0.45, 0.60, "PMC6721488, IT'IS"),
        ("mixed-tumour", "conductivity_s_per_m"): Range(0.06, 0.30, "between lytic and sclerotic"),
        ("sclerotic-tumour", "conductivity_s_per_m"): Range(0.02, 0.0866, "cortical to cancellous bone"),
        ("cerebrospinal-fluid", "perfusion_per_s"): Range(
            0.0, 0.2, "a block above the level; fluid that is always fresh"
        ),
        ("spinal-cord", "perfusion_per_s"): Range(1.5e-3, 4.0e-3, "cold or compressed; grey matter"),
        ("muscle", "perfusion_per_s"): Range(4e-4, 3e-3, "at rest; warmed"),
        ("muscle", "conductivity_s_per_m"): Range(0.2, 0.5, "across and along its fibres"),
    }
)
"""What a sweep goes over, by tissue and property; what is not named hardly matters (Hall 2015) or is well known."""


def swept(name: str, rng: Generator) -> Tissue:
    """A tissue with every property that has a range drawn from it, evenly by its logarithm (a low end of 0: evenly)."""
    drawn: dict[str, Any] = {}
    for (tissue, property_name), span in RANGES.items():
        if tissue == name:
            share = float(rng.random())
            even = span.low + share * (span.high - span.low)
            drawn[property_name] = span.low * (span.high / span.low) ** share if span.low > 0.0 else even
    return replace(TISSUES[name], **drawn)
