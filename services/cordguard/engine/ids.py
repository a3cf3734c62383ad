"""How alarms get their names: the same cause has the same name in every engine that saw it."""

from __future__ import annotations

import hashlib


def alarm_id(site: str, room: str, rule: str, sensor: str | None, onset_us: int) -> str:
    """Name of an alarm: hex of the first 16 bytes of SHA-256 over its place, rule, sensor and onset (event time)."""
    return _digest(site, room, rule, sensor or "-", str(onset_us))


def answer_id(site: str, room: str, command_id: str) -> str:
    """Name of the answer to a command that changed no alarm (rule R00)."""
    return _digest(site, room, "R00", command_id)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
