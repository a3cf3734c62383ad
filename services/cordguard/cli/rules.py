"""``cordguard rules``: the catalogue of rules as text."""

from __future__ import annotations

import textwrap
from typing import Final

from cordguard.engine.rules.catalogue import CATALOGUE
from cordguard.engine.rules.definition import Rule

WIDTH: Final = 110


def rules_text() -> str:
    """All rules, in the order of the catalogue."""
    return "\n\n".join("\n".join(_lines(rule)) for rule in CATALOGUE)


def _lines(rule: Rule) -> list[str]:
    latching = "latching" if rule.latching else "not latching"
    levels = [
        f"{level.priority.upper()} when {level.when}; persistence: {level.persistence}; clears: {level.clears}"
        for level in rule.levels
    ]
    details = [*levels, f"Do: {rule.guidance}", f"Why: {rule.rationale}", f"From: {rule.source}"]
    return [
        f"{rule.id} {rule.name} ({rule.kind}, {latching})",
        *(textwrap.fill(text, WIDTH, initial_indent="    ", subsequent_indent="        ") for text in details),
    ]
