"""What safety says of itself in its health: whether all is well, and what is not."""

from __future__ import annotations

from pydantic import JsonValue

from cordguard.contract.units import HealthState
from cordguard.safety.policy_file import PolicyFile
from cordguard.safety.rooms import Rooms
from cordguard.safety.selfwatch import SelfWatch


def wellbeing(rooms: Rooms, policy: PolicyFile, watch: SelfWatch) -> tuple[HealthState, dict[str, JsonValue]]:
    """State and detail."""
    troubles = rooms.journal_troubles()
    detail: dict[str, JsonValue] = {"rooms": sum(1 for _ in rooms)}
    if troubles:
        detail["journal"] = "; ".join(f"{room}: {reason}" for room, reason in troubles.items())
    if policy.refused is not None:
        detail["policy_refused"] = policy.refused
    detail |= {"counters": dict(rooms.counters()), **watch.detail()}
    worrying = troubles or policy.refused is not None or watch.budget.told is not None
    return "degraded" if worrying else "ok", detail
