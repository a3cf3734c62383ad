"""From what was measured to what is said: percentiles, medians with their spread, tables."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

SPARKS: Final = "▁▂▃▄▅▆▇█"
NOTHING: Final = "–"
NEVER: Final = "∞"


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of all values do not exceed (nearest rank); NaN of none."""
    if not values:
        return math.nan
    return sorted(values)[max(math.ceil(share * len(values)) - 1, 0)]


@dataclass(frozen=True)
class Spread:
    """The median of several runs, with the least and the most of them."""

    median: float
    least: float
    most: float

    def text(self, digits: int = 1) -> str:
        """``median [least – most]``; the median alone of one run."""
        middle, least, most = (figure(value, digits) for value in (self.median, self.least, self.most))
        return middle if least == most else f"{middle} [{least} – {most}]"


def figure(value: float, digits: int) -> str:
    """A figure; what never came is ``∞``, what was not asked for ``–``."""
    if math.isnan(value):
        return NOTHING
    return f"{value:.{digits}f}" if math.isfinite(value) else NEVER


def spread(values: Sequence[float]) -> Spread:
    """Of several runs' figures; NaN of none."""
    if not values:
        return Spread(math.nan, math.nan, math.nan)
    return Spread(statistics.median(values), min(values), max(values))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns in line: the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cells[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)),
        ]
        return "  ".join(padded).rstrip()

    rule = "  ".join("─" * width for width in widths)
    return "\n".join([line(head), rule, *map(line, rows)])


def spark(values: Sequence[float]) -> str:
    """A picture of one line: the lowest block is 0, the highest the largest value; a gap where there is none."""
    most = max((value for value in values if not math.isnan(value)), default=0.0)
    top = len(SPARKS) - 1
    return "".join(
        " " if math.isnan(value) else SPARKS[round(value / most * top) if most > 0 else 0] for value in values
    )


def binned(pairs: Sequence[tuple[float, float]], bins: int, width_s: float) -> list[float]:
    """The largest value in each stretch of time; NaN where there was none.

    Args:
        pairs: time in seconds and value.
        bins: number of stretches.
        width_s: length of one.
    """
    largest = [math.nan] * bins
    for at_s, value in pairs:
        index = int(at_s // width_s)
        if 0 <= index < bins:
            largest[index] = value if math.isnan(largest[index]) else max(largest[index], value)
    return largest
