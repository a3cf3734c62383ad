"""How far coagulation reaches: the contour at which the Arrhenius integral is 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cordguard.simulators.tissue.block import CORE_MM, TissueBlock
from cordguard.simulators.tissue.media import Field

_LEAST = 1e-300
"""Damage is looked at by its logarithm, in which it is nearly a straight line over a cell."""


@dataclass(frozen=True, slots=True)
class Lesion:
    """Size of what is coagulated, about the needle's axis; 0 for none."""

    width_mm: float = 0.0
    """Largest diameter across the needle."""
    length_mm: float = 0.0
    """Along the needle."""


def lesion_of(block: TissueBlock) -> Lesion:
    """The lesion so far, averaged over four directions around the needle."""
    r_mm, z_mm, log_damage = _around_needle(block)
    reach_mm = np.array([_reach(r_mm, column) for column in log_damage.T])
    if not (reach_mm > 0.0).any():
        return Lesion()
    along = log_damage.max(axis=0)
    hit = np.nonzero(along >= 0.0)[0]
    low_mm = _crossing(z_mm, along, hit[0] - 1) if hit[0] > 0 else z_mm[0]
    high_mm = _crossing(z_mm, along, hit[-1]) if hit[-1] < z_mm.size - 1 else z_mm[-1]
    return Lesion(2.0 * float(reach_mm.max()), float(high_mm - low_mm))


def _around_needle(block: TissueBlock) -> tuple[Field, Field, Field]:
    """Log Ω by distance from the axis and length along it: the sleeve's rings, then the box's cells."""
    sleeve, box = block.sleeve, block.box
    middle, mirrored = box.cells // 2, (box.cells - 1) // 2
    damage = block.heat.state.damage
    beyond = [damage[middle:, middle], damage[mirrored::-1, middle], damage[middle, middle:]]
    beyond.append(damage[middle, mirrored::-1])
    shortest = min(part.shape[0] for part in beyond)
    outer = np.mean([part[:shortest] for part in beyond], axis=0)
    distances_mm = np.hypot(box.centres_mm[middle : middle + shortest], box.centres_mm[middle])
    kept = distances_mm >= CORE_MM
    z_mm = np.unique(np.concatenate([sleeve.grid.z_mm, box.centres_mm]))
    near = sleeve.grid.r_mm < CORE_MM
    inner = np.array([_along(sleeve.grid.z_mm, row, z_mm) for row in sleeve.state.damage[near]])
    far = np.array([_along(box.centres_mm, row, z_mm) for row in outer[kept]])
    return np.concatenate([sleeve.grid.r_mm[near], distances_mm[kept]]), z_mm, np.concatenate([inner, far])


def _along(from_mm: Field, damage: Field, to_mm: Field) -> Field:
    outside = float(np.log(_LEAST))
    logs = np.log(np.maximum(damage, _LEAST))
    return np.asarray(np.interp(to_mm, from_mm, logs, left=outside, right=outside))


def _reach(r_mm: Field, logs: Field) -> float:
    hit = np.nonzero(logs >= 0.0)[0]
    if hit.size == 0:
        return 0.0
    return float(r_mm[-1] if hit[-1] == r_mm.size - 1 else _crossing(r_mm, logs, hit[-1]))


def _crossing(place_mm: Field, logs: Field, before: int) -> float:
    """Where the line between a point and the next passes Ω = 1."""
    first, second = logs[before], logs[before + 1]
    share = first / (first - second)
    return float(place_mm[before] + share * (place_mm[before + 1] - place_mm[before]))
