"""Writes the generated pages of ``docs/reference/`` anew, or tells what is wrong with what they should say."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from support import alarm_figures, alarm_requirements, hazards
from support.traceability import REFERENCE, FoundTest, found_tests

ANALYSES: Final = "alarm-analyses.md"


def pages(tests: list[FoundTest], folder: Path = REFERENCE) -> Mapping[str, str]:
    """Every page by its name, as it should be; the analyses are people's words around tables that are made."""
    analyses = alarm_figures.filled((folder / ANALYSES).read_text(encoding="utf-8"))
    return {
        ANALYSES: analyses,
        "alarm-requirements.md": alarm_requirements.page(tests, analyses),
        "hazards.md": hazards.page(tests),
    }


def gaps(tests: list[FoundTest], analyses: str) -> list[str]:
    """What lacks a proof, in sentences."""
    on_paper = alarm_requirements.analysed(analyses)
    found = [
        says for each in alarm_requirements.REQUIREMENTS for says in alarm_requirements.missing(each, tests, on_paper)
    ]
    return found + [says for each in hazards.HAZARDS for says in hazards.wrong(each, tests)]


def main() -> None:
    """Write them, and name the gaps."""
    tests = found_tests()
    made = pages(tests)
    for name, text in made.items():
        (REFERENCE / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"docs/reference/{name}\n")
    if found := gaps(tests, made[ANALYSES]):
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
