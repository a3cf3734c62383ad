"""Comparisons of the tissue model with exact, finer and measured results."""
