"""Which limits hold: the stricter of what people named and what the anatomy demands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cordguard.contract.case import Case
from cordguard.contract.units import ProfileName, Role
from cordguard.engine.policy import HIGHER_IS_STRICTER, Policy, Profile

NEAR_MM: Final = 10.0
"""Closer than this, limits tighten (inclusion criterion of Nakatsuka 2009)."""

_STRICTNESS: Final[tuple[ProfileName, ...]] = ("standard", "near", "breached", "unknown")
_ROLE_STRICTNESS: Final[tuple[Role, ...]] = ("probe", "edge", "tissue", "neural")


@dataclass(frozen=True, slots=True)
class BoundLimits:
    """A profile's name and the limits that hold under it."""

    profile: ProfileName
    limits: Profile


def stricter_role(first: Role | None, second: Role | None) -> Role | None:
    """Of two roles the one that is guarded more; None only if neither is known."""
    if first is None or first == second:
        return second
    return first if second is None else max(first, second, key=_ROLE_STRICTNESS.index)


def strictest(first: Profile, second: Profile) -> Profile:
    """Limit by limit the stricter of two profiles."""
    values = {
        name: (max if name == HIGHER_IS_STRICTER else min)(getattr(first, name), getattr(second, name))
        for name in Profile.model_fields
    }
    return Profile.model_construct(**values)


def anatomical_profile(case: Case) -> ProfileName | None:
    """What wall and distance demand; None if they say too little to demand anything."""
    if case.posterior_wall == "breached":
        return "breached"
    distances = [
        sensor.distance_mm for sensor in case.sensors if sensor.role == "neural" and sensor.distance_mm is not None
    ]
    if distances and min(distances) < NEAR_MM:
        return "near" if case.posterior_wall == "intact" or case.profile is not None else None
    return "standard" if distances and case.posterior_wall == "intact" else None


def resolve(policy: Policy, case: Case | None) -> BoundLimits:
    """The limits for a case: named profile and anatomy, the stricter counts; nothing known is the strictest."""
    if case is None:
        return BoundLimits("unknown", policy.profiles.unknown)
    demanded = anatomical_profile(case)
    if case.profile is None:
        name = demanded or "unknown"
        return BoundLimits(name, policy.profile(name))
    if demanded is None:
        return BoundLimits(case.profile, policy.profile(case.profile))
    return combine(
        BoundLimits(case.profile, policy.profile(case.profile)), BoundLimits(demanded, policy.profile(demanded))
    )


def combine(first: BoundLimits, second: BoundLimits) -> BoundLimits:
    """The stricter of two, limit by limit, under the name of the stricter profile."""
    name = max(first.profile, second.profile, key=_STRICTNESS.index)
    return BoundLimits(name, strictest(first.limits, second.limits))
