"""One meaning of percentile for everything that is measured here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def nearest_rank(ordered: Sequence[T], percent: int) -> T:
    """The smallest value that at least ``percent`` (1–100) of the values do not exceed: always one that was measured.

    ``ordered`` rises and is not empty. Of fewer than 100 values the 99th percentile is the greatest: where little was
    measured, one bad value is not rounded away.
    """
    return ordered[-(-len(ordered) * percent // 100) - 1]
