"""Bone cement sets in the vertebra after the needle has been withdrawn, and heats what lies around it.

Setting is a reaction that feeds on itself: the share of monomer that has reacted, a, grows by
``k(T) a^M (1 - a)^N`` with an Arrhenius ``k``, slowly, then at once, then to its end. Its speed is fixed by one number
that manufacturers state, the setting time at 23 °C; its heat by chemistry. Nothing is fitted to temperatures.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from cordguard.simulators.tissue.anatomy import MEDIA, MEDIA_NAMES, Mask, Vertebra
from cordguard.simulators.tissue.block import BOX_STEP_S, HeatBalance
from cordguard.simulators.tissue.box import Box, HeatBox, Places
from cordguard.simulators.tissue.media import Field, Indices, MediaFields, fields_at
from cordguard.simulators.tissue.model import BODY_TEMPERATURE_C, PositionMm
from cordguard.simulators.tissue.properties import TISSUES
from cordguard.simulators.tissue.state import GAS_J_PER_MOL_K, KELVIN

HEAT_J_PER_KG: Final = 1.3e5
"""Of mixed cement, as calorimetry finds (100 to 130 J/g). Chemistry allows 173: 32 % of it is monomer, of 57 kJ/mol."""
ACTIVATION_J_PER_MOL: Final = 6.3e4
"""Of the setting reaction: ten degrees more double its speed, as everybody who mixes cement knows."""
M: Final = 0.9
N: Final = 1.1
"""Orders of the reaction: it feeds on what has reacted, and starves of what has not."""
STARTED: Final = 1e-3
"""Share that has reacted when mixing ends."""
SET: Final = 0.5
"""Share at the setting time: heat comes fastest then."""
ROOM_C: Final = 23.0
"""Temperature at which setting times are stated (ISO 5833)."""
FLAT: Final = 4.0
"""A leak spreads in front of the dura so much wider than it is thick."""


Warmth = Callable[[Field, Field, Field], Field]
"""Temperatures at points of the patient."""


@dataclass(frozen=True, slots=True)
class CementFill:
    """Where cement goes and how it sets."""

    volume_ml: float
    """Of cement in the body."""
    middle_mm: PositionMm = (0.0, -15.0, 0.0)
    """Of the fill, a ball within the body; patient's frame."""
    leak_ml: float = 0.0
    """So much more runs through the posterior wall and lies in the canal's front."""
    share: float = 0.75
    """Of the filled bone that is cement: it soaks into bone whose trabeculae stay. 1 for a cavity (kyphoplasty)."""
    setting_s: float = 690.0
    """Setting time at 23 °C, from the end of mixing; 10 to 13 min for cements for the spine."""
    age_s: float = 300.0
    """From the end of mixing to injection: cement for the spine is injected as a paste."""
    temperature_c: float = ROOM_C
    """At injection."""


class CementedTissue:
    """A ``TissueModel`` without needle: power must be 0. Positions are mm in the patient's frame."""

    def __init__(
        self,
        vertebra: Vertebra,
        fill: CementFill,
        *,
        size_mm: float = 80.0,
        spacing_mm: float = 1.0,
        before: Warmth | None = None,
    ) -> None:
        """Just injected; the block's middle is the fill's. ``before``: how warm the patient was; else body-warm."""
        self._middle_mm: Final = fill.middle_mm
        self.box: Final = Box(round(size_mm / spacing_mm), spacing_mm)
        self._places: Final = Places(self.box)
        x, y, z = (axis + middle for axis, middle in zip(self.box.mesh(), fill.middle_mm, strict=True))
        numbers = vertebra.layout(x, y, z)
        self._share: Final[Field] = _filled(vertebra, fill, (x, y, z), numbers, self.box.volume_m3 * 1e6)
        self.cement: Final[Mask] = self._share > 0.0
        fields = _soaked(fields_at(MEDIA, numbers), self._share)
        self.heat: Final = HeatBox(self.box, fields, BODY_TEMPERATURE_C, BODY_TEMPERATURE_C, BOX_STEP_S)
        if before is not None:
            self.heat.state.temperature_c[:] = before(x, y, z)
        self._mix(fill.temperature_c)
        self._start_j: Final = self.heat.state.stored_j
        self._reacted: Field = np.full(int(self.cement.sum()), reacted_at_room(fill.age_s, fill.setting_s))
        self._speed_per_s: Final = _speed_per_s(fill.setting_s)
        self._heat_j: Final[Field] = self._share[self.cement] * (self.box.volume_m3 * heat_j_per_m3())
        self._time_s = self._stepped_s = self._released_j = 0.0

    def step(self, power_w: float, dt_s: float) -> None:
        """Let ``dt_s`` seconds pass; the needle is gone, so ``power_w`` must be 0."""
        if power_w > 0.0:
            msg = "the needle has been withdrawn: no power can be delivered"
            raise ValueError(msg)
        self._time_s += dt_s
        while self._stepped_s + BOX_STEP_S <= self._time_s + 1e-9:
            self._set(BOX_STEP_S)
            self._stepped_s += BOX_STEP_S

    def temperature_c(self, position_mm: PositionMm) -> float:
        """Temperature at a point of the patient."""
        x, y, z = (a - middle for a, middle in zip(position_mm, self._middle_mm, strict=True))
        return float((self._places.weights((x, y, z)) @ self.heat.state.temperature_c.ravel())[0])

    def impedance_ohm(self) -> float:
        """Nothing is connected."""
        return math.inf

    @property
    def reacted(self) -> float:
        """Mean share of the monomer that has reacted."""
        return float(self._reacted.mean()) if self._reacted.size else 0.0

    @property
    def balance(self) -> HeatBalance:
        """Where the heat of the reaction went."""
        stored_j = self.heat.state.stored_j - self._start_j
        return HeatBalance(self._released_j, stored_j, self.heat.perfused_j, self.heat.lost_j, 0.0)

    def _mix(self, cement_c: float) -> None:
        """Cement takes its temperature along: cells come to what their two parts agree on."""
        own = TISSUES["bone-cement"]
        brought = self._share * (own.density_kg_per_m3 * own.heat_capacity_j_per_kg_k * self.box.volume_m3)
        state = self.heat.state
        state.temperature_c += brought / state.heat_j_per_k * (cement_c - state.temperature_c)

    def _set(self, dt_s: float) -> None:
        hot = self.heat.state.temperature_c[self.cement]
        after = _react(self._reacted, self._speed_per_s * np.exp(-_exponent(hot)), dt_s)
        added_j = np.zeros(self.box.shape)
        added_j[self.cement] = (after - self._reacted) * self._heat_j
        self._released_j += float(added_j.sum())
        self._reacted = after
        self.heat.step(added_j)


def heat_j_per_m3() -> float:
    """All the heat of a volume of cement: 155 MJ/m³, enough for 89 degrees if none of it left."""
    return TISSUES["bone-cement"].density_kg_per_m3 * HEAT_J_PER_KG


def reacted_at_room(age_s: float, setting_s: float) -> float:
    """Share that has reacted after so long at 23 °C, its heat being carried away."""
    if age_s <= 0.0:
        return STARTED
    rate_per_s = _speed_per_s(setting_s) * math.exp(-_exponent(ROOM_C))
    share = np.array([STARTED])
    for _ in range(round(age_s)):
        share = _react(share, np.array([rate_per_s]), 1.0)
    return float(share[0])


def _filled(
    vertebra: Vertebra, fill: CementFill, points: tuple[Field, Field, Field], numbers: Indices, cell_ml: float
) -> Field:
    """Share of cement in each cell: bone around the fill's middle, and what lies before the dura, up to the volumes."""
    x, y, z = points
    spongy = [number for number, name in enumerate(MEDIA_NAMES) if name == "bone-cancellous" or "tumour" in name]
    body = np.isin(numbers, spongy) & (y < 0.0) & (np.abs(z) < vertebra.height_mm / 2.0)
    loose = [MEDIA_NAMES.index(name) for name in ("fat", "cerebrospinal-fluid")]
    canal = np.isin(numbers, loose) & (y > 0.0) & (y < vertebra.canal_depth_mm / 2.0)
    spread = np.sqrt(x**2 + (FLAT * y) ** 2 + (z - fill.middle_mm[2]) ** 2)
    ball = np.sqrt(sum((a - middle) ** 2 for a, middle in zip(points, fill.middle_mm, strict=True)))
    in_bone = _nearest(body, ball, fill.volume_ml / fill.share / cell_ml)
    return np.asarray(np.where(in_bone, fill.share, 0.0) + _nearest(canal, spread, fill.leak_ml / cell_ml))


def _soaked(tissue: MediaFields, share: Field) -> MediaFields:
    """The properties of tissue with this share of cement in it; blood flows no more where there is any."""
    cement = fields_at([TISSUES["bone-cement"]], np.zeros(share.shape, dtype=np.intp))
    names = MediaFields.__dataclass_fields__
    mixed = {name: (1.0 - share) * getattr(tissue, name) + share * getattr(cement, name) for name in names}
    mixed["blood_w_per_m3_k"] = np.where(share > 0.0, 0.0, tissue.blood_w_per_m3_k)
    return MediaFields(**mixed)


def _nearest(allowed: Mask, distance: Field, wanted: float) -> Mask:
    """The nearest cells that are allowed; all of them if more are wanted."""
    out = np.zeros(allowed.shape, dtype=np.bool_)
    places = np.nonzero(allowed.ravel())[0]
    order = np.argsort(distance.ravel()[places], kind="stable")
    out.ravel()[places[order[: round(wanted)]]] = True
    return out


def _react(share: Field, rate_per_s: Field, dt_s: float) -> Field:
    """One step by the midpoint rule: the reaction is smooth, but for its end, which it must not pass."""
    half = np.minimum(share + 0.5 * dt_s * rate_per_s * _pull(share), 1.0)
    return np.minimum(share + dt_s * rate_per_s * _pull(half), 1.0)


def _pull(share: Field) -> Field:
    return np.asarray(share**M * (1.0 - share) ** N)


def _exponent(temperature_c: Field | float) -> Field | float:
    return ACTIVATION_J_PER_MOL / (GAS_J_PER_MOL_K * (np.asarray(temperature_c) + KELVIN))


@lru_cache(maxsize=16)
def _speed_per_s(setting_s: float) -> float:
    """The reaction's speed before its exponential, so that half has reacted at the setting time at 23 °C."""
    shares = np.linspace(STARTED, SET, 20_001)
    middles = (shares[1:] + shares[:-1]) / 2.0
    needed = float(np.sum(np.diff(shares) / _pull(middles)))
    return needed / setting_s * math.exp(_exponent(ROOM_C))
