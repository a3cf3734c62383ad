"""Writes the generated pages of the documentation anew, and names what lacks a proof."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final

from support import alarm_figures, alarm_requirements, broker_figures, hazards, scenario_pages
from support.made_tables import Makers, filled
from support.traceability import ROOT, FoundTest, found_tests

DOCS: Final = ROOT / "docs"
ANALYSES: Final = "reference/alarm-analyses.md"
BROKERS: Final = "explanations/brokers.md"
WITH_TABLES: Final[Mapping[str, Makers]] = {ANALYSES: alarm_figures.FIGURES, BROKERS: broker_figures.FIGURES}
"""Pages that people wrote around tables that are made."""


def pages(tests: list[FoundTest]) -> Mapping[str, str]:
    """Every page by its name below ``docs/``, as it should be."""
    with_tables = {
        name: filled((DOCS / name).read_text(encoding="utf-8"), makers) for name, makers in WITH_TABLES.items()
    }
    return with_tables | {
        "reference/alarm-requirements.md": alarm_requirements.page(tests, with_tables[ANALYSES]),
        "reference/hazards.md": hazards.page(tests),
        "reference/scenarios.md": scenario_pages.page(),
    }


def gaps(tests: list[FoundTest], analyses: str) -> list[str]:
    """What lacks a proof, in sentences."""
    on_paper = alarm_requirements.analysed(analyses)
    of_requirements = (alarm_requirements.missing(each, tests, on_paper) for each in alarm_requirements.REQUIREMENTS)
    of_hazards = (hazards.wrong(each, tests) for each in hazards.HAZARDS)
    return [says for found in (*of_requirements, *of_hazards) for says in found]


def main() -> None:
    """Write them, and name the gaps."""
    tests = found_tests()
    made = pages(tests)
    for name, text in made.items():
        (DOCS / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"docs/{name}\n")
    if found := gaps(tests, made[ANALYSES]):
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
