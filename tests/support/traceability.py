"""Which test proves which rule, alarm requirement or hazard control: by the ids at the front of its name.

``test_a8_…`` proves A8, ``test_h11_a13_…`` proves H11 and A13. Everything is found by reading the files of ``tests/``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
HOW_TO_WRITE: Final = "PYTHONPATH=tests .venv/bin/python -m support.reference_pages"

_FRONT: Final = re.compile(r"test((?:_[ahr]\d+)+)_")


class FoundTest(NamedTuple):
    """A test, and where it stands below ``tests/``."""

    path: str
    name: str


def found_tests(folder: Path = ROOT / "tests") -> list[FoundTest]:
    """Every test of the project, by path and then in the order of its file."""
    return [
        FoundTest(path.relative_to(folder).as_posix(), node.name)
        for path in sorted(folder.rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]


def ids_of(name: str) -> frozenset[str]:
    """The ids at the front of a test's name, as people write them: ``A8``, ``H11``, ``R04``."""
    front = _FRONT.match(name)
    return frozenset(front.group(1).upper().split("_")[1:]) if front else frozenset()


def proving(tests: Iterable[FoundTest], *ids: str) -> list[FoundTest]:
    """The tests that carry any of these ids."""
    return [test for test in tests if ids_of(test.name) & set(ids)]


def listed(tests: Iterable[FoundTest]) -> list[str]:
    """Tests as lines of a page, one file after the other."""
    return [f"    - `{test.name}` ({test.path})" for test in tests]
