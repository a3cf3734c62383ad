"""The whole check: what was heard in, findings out. Pure."""

from __future__ import annotations

from typing import Final

from cordguard.cli.devicecheck.content import check_keys, check_roles, check_values, says_who_it_is
from cordguard.cli.devicecheck.judged import check_by_engine
from cordguard.cli.devicecheck.listening import KINDS, Finding, Listening
from cordguard.cli.devicecheck.pace import check_pace, rate_hz
from cordguard.cli.devicecheck.placing import check_life, check_manner, check_presence, check_topics
from cordguard.engine.policy import Policy

CHECKS: Final = (
    check_presence,
    check_topics,
    check_manner,
    check_life,
    check_pace,
    check_values,
    check_keys,
    check_roles,
)

LAST_WILL: Final = "A last will cannot be seen while a device lives: pull its cable once while this command listens."
NAMELESS: Final = "No status tells which device it is; model and serial number would stand in the record."


def check(listening: Listening, policy: Policy) -> list[Finding]:
    """What is wrong, what weighs most first."""
    own = [finding for one in CHECKS for finding in one(listening)]
    return [*own, *check_by_engine(listening, policy)]


def notes(listening: Listening) -> list[str]:
    """What is not wrong, but good to know."""
    if not any(listening.live(kind) for kind in KINDS):
        return []
    return [LAST_WILL] if says_who_it_is(listening) else [NAMELESS, LAST_WILL]


def tally(listening: Listening) -> str:
    """How much was heard, in one line."""
    heard = (f"{kind.name} {len(listening.live(kind))} ({rate_hz(listening, kind):.1f}/s)" for kind in KINDS)
    return f"Heard in {listening.seconds:.0f} s: {', '.join(heard)}."
