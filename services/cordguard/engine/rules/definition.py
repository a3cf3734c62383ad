"""What a rule is: its kind, its levels, and a priority that follows from harm and onset (A1, A2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from cordguard.contract.units import Kind, Priority

Harm = Literal["irreversible", "reversible", "minor"]
Onset = Literal["immediate", "prompt", "delayed"]

PRIORITY_OF: Final[dict[tuple[Harm, Onset], Priority]] = {
    ("irreversible", "immediate"): "high",
    ("irreversible", "prompt"): "high",
    ("irreversible", "delayed"): "medium",
    ("reversible", "immediate"): "high",
    ("reversible", "prompt"): "medium",
    ("reversible", "delayed"): "low",
    ("minor", "immediate"): "medium",
    ("minor", "prompt"): "low",
    ("minor", "delayed"): "low",
}
"""What happens if nobody responds, and how soon (after IEC 60601-1-8, table 1)."""


@dataclass(frozen=True, slots=True)
class RuleLevel:
    """One priority of a rule: when it holds."""

    harm: Harm
    onset: Onset
    when: str
    """The condition, with where its limit comes from."""
    persistence: str = "at once"
    clears: str = "when the condition is over"

    @property
    def priority(self) -> Priority:
        """Follows from harm and onset, never set by hand."""
        return PRIORITY_OF[self.harm, self.onset]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule."""

    id: str
    name: str
    kind: Kind
    latching: bool
    levels: tuple[RuleLevel, ...]
    guidance: str
    """What to do, for the person at the table."""
    rationale: str
    source: str
