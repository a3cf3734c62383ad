"""What cases do to limits, roles and doses, as plainly as the sentences say it."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from support.reference_signals import PROFILES, STRICTER

ROLES = (None, "probe", "edge", "tissue", "neural")


def stricter_role(first: str | None, second: str | None) -> str | None:
    """Of two roles the one that is guarded more."""
    return max(first, second, key=ROLES.index)


def stricter_profile(*names: str) -> str:
    """The strictest of these profiles; each is at least as strict as those before it in the table."""
    return max(names, key=STRICTER.index)


def profile_of(case: Mapping[str, Any]) -> str:
    """The stricter of the named profile and the one that follows from distance and wall."""
    wall, named = case.get("posterior_wall"), case.get("profile")
    near = [
        sensor["distance_mm"] < 10.0
        for sensor in case["sensors"]
        if sensor["role"] == "neural" and "distance_mm" in sensor
    ]
    if wall == "breached":
        demanded = "breached"
    elif near and (named is not None or wall == "intact"):
        demanded = "near" if any(near) else "standard"
    else:
        demanded = "standard" if named is not None else "unknown"
    return demanded if named is None else stricter_profile(named, demanded)


def roles_of(case: Mapping[str, Any]) -> dict[str, str]:
    """Sensor to role."""
    return {sensor["sensor"]: sensor["role"] for sensor in case["sensors"]}


class CaseBook:
    """The case under watch, and what is known of those before."""

    def __init__(self) -> None:
        """No case was ever opened."""
        self.watch: dict[str, Any] | None = None
        self.pending: dict[str, Any] | None = None
        self.profile = "unknown"
        self.last_profile = "unknown"
        self.roles: dict[str, str] = {}
        self.revisions: dict[str, int] = {}
        self.scope: tuple[Any, Any] | None = None
        self.cement_us: int | None = None
        self.tried_us = 0
        """When the release of a silent room was tried in vain."""

    @property
    def open(self) -> bool:
        """Whether a case is open."""
        return self.watch is not None and self.watch["state"] == "open"

    @property
    def closed(self) -> bool:
        """Whether a case is closed, and still watched."""
        return self.watch is not None and self.watch["state"] == "closed"

    @property
    def session(self) -> str | None:
        """The session under watch."""
        return self.watch["session"] if self.watch is not None else None

    def take(self, case: Mapping[str, Any], *, rf_on: bool, unlisted: AbstractSet[str]) -> str:
        """Take in a case: ``refused``, ``afresh`` (doses start anew), ``closed`` (just now) or ``taken``.

        ``unlisted``: sensors that deliver and that nobody listed.
        """
        session, known = case["session"], self.revisions.get(case["session"])
        if known is not None and case["revision"] <= known:
            return "refused"
        if known is None and case["state"] == "open":
            return self._open(dict(case))
        if session != self.session:
            self.revisions[session] = case["revision"]
            return "refused"
        self.revisions[session] = case["revision"]
        was_open = self.open
        self._amend(dict(case), rf_on=rf_on, unlisted=unlisted)
        return "closed" if was_open and self.closed else "taken"

    def apply_pending(self) -> None:
        """RF is off: what an amendment wanted to loosen takes effect."""
        if self.pending is not None:
            self._hold(self.pending)

    def release(self) -> None:
        """The watch is over."""
        self.watch = self.pending = self.cement_us = None
        self.profile, self.roles = "unknown", {}

    def _open(self, case: dict[str, Any]) -> str:
        self.revisions[case["session"]] = case["revision"]
        self.cement_us = None
        before = self.scope
        self._hold(case)
        goes_on = before is not None and before == self.scope and self.scope[0] is not None
        return "taken" if goes_on else "afresh"

    def _amend(self, case: dict[str, Any], *, rf_on: bool, unlisted: AbstractSet[str]) -> None:
        profile, roles = profile_of(case), roles_of(case)
        loosens = (
            PROFILES[stricter_profile(self.profile, profile)] != PROFILES[profile]
            or any(role == "neural" and roles.get(key) != "neural" for key, role in self.roles.items())
            or any(key in unlisted for key in roles)
        )
        if not (rf_on and loosens) or self.watch is None:
            self._hold(case)
            return
        self.pending = case
        self.profile = self.last_profile = stricter_profile(self.profile, profile)
        self.watch["state"] = case["state"]
        for key in roles.keys() - unlisted:
            self.roles[key] = stricter_role(roles[key], self.roles.get(key)) or roles[key]

    def _hold(self, case: dict[str, Any]) -> None:
        """A case is in force as it says."""
        self.watch, self.pending = case, None
        self.profile = self.last_profile = profile_of(case)
        self.roles = roles_of(case)
        self.scope = (case.get("procedure"), case.get("level"))
