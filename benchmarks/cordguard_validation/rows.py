"""One line of the table: what was measured, what the model says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A measured span and our figure."""

    what: str
    unit: str
    low: float
    high: float
    ours: float
    source: str

    @property
    def inside(self) -> bool:
        """Whether ours lies within the span; no figure at all does not."""
        return self.low <= self.ours <= self.high

    def markdown(self) -> str:
        """As a line of a table."""
        verdict = "inside" if self.inside else "**outside**"
        span = f"{self.low:g} to {self.high:g}"
        return f"| {self.what} | {span} {self.unit} | {self.ours:.3g} {self.unit} | {verdict} | {self.source} |"
