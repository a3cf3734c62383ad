"""Where chance comes from: one generator for each purpose, so that one more fault changes no other one's noise."""

from __future__ import annotations

import hashlib

import numpy as np


def dice(seed: int, purpose: str) -> np.random.Generator:
    """Random numbers of a run for one purpose; the same seed and purpose give the same ones."""
    digest = hashlib.sha256(purpose.encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:16], "big")])
