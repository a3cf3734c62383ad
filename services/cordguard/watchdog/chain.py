"""The links between us and an answer, as far as they say themselves how they are. Pure."""

from __future__ import annotations

from cordguard.contract.units import HealthState


class Chain:
    """Broker and safety: what each last said, and when."""

    def __init__(self, now_us: int) -> None:
        """Nothing is known yet."""
        self.never_connected = True
        self._up = False
        self._changed_us = now_us
        """Since when it is up or down."""
        self._taken_us = 0
        """When the broker last confirmed a message of ours."""
        self._safety: dict[str, tuple[HealthState, int]] = {}
        """What each instance of safety last said, and from when on it counts."""

    def connected(self, now_us: int) -> None:
        """The broker is there."""
        self.never_connected = False
        self._up, self._changed_us = True, now_us

    def disconnected(self, now_us: int) -> None:
        """The broker is gone."""
        self._up, self._changed_us = False, now_us

    def broker_took(self, now_us: int) -> None:
        """The broker confirmed a message of ours."""
        self._taken_us = now_us

    def safety_said(self, instance: str, state: HealthState, counts_from_us: int) -> None:
        """Safety, or its last will, told its state. The same word again does not begin to count anew."""
        known, since_us = self._safety.get(instance, (state, counts_from_us))
        self._safety[instance] = (state, since_us if known == state else counts_from_us)

    def safety_failed(self, now_us: int) -> bool:
        """Whether any instance of safety says that it failed."""
        return any(state == "failed" and since_us <= now_us for state, since_us in self._safety.values())

    def broken(self, now_us: int, *, silent_for_us: int) -> str | None:
        """Which link is broken by its own word, for a person; None if none says so."""
        if not self._up:
            return "broker not reachable"
        if now_us - max(self._taken_us, self._changed_us) >= silent_for_us:
            return "broker not answering: it is connected and confirms nothing"
        for state in ("failed", "stopped"):
            for instance, (said, _) in sorted(self._safety.items()):
                if said == state:
                    return f"safety {instance} says {state}"
        return None
