"""Chaos by hand: hundreds of real SIGKILLs, and a verdict. ``scripts/chaos --help``."""
