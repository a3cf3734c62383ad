"""``python -m cordguard.cli``: how our own processes start one another."""

from cordguard.cli import main

main()
