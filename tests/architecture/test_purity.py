"""The engine and the tissue compute the same from the same input: no clock, and no dice that nobody seeded."""

from __future__ import annotations

import ast

import pytest

from support.sources import ROOT, imports, modules, name_of, tree_of

CLOCKS = {"time", "datetime", "calendar", "sched"}
PURE_FOLDERS = ("services/cordguard/engine", "simulators/cordguard/simulators/tissue", "schemas/cordguard/contract")
CLOCK_READERS = {"services/cordguard/runtime"}


@pytest.mark.parametrize("folder", PURE_FOLDERS)
def test_no_clock_is_imported(folder: str) -> None:
    assert modules(folder)
    found = [f"{name_of(path)}: {name}" for path in modules(folder) for name in imports(path) if root(name) in CLOCKS]
    assert found == []


@pytest.mark.parametrize("folder", PURE_FOLDERS)
def test_no_file_or_process_is_touched(folder: str) -> None:
    allowed = {"schemas/cordguard/contract/capture.py", "schemas/cordguard/contract/jsonschema.py"}
    forbidden = {"open", "print", "input", "exec", "eval", "__import__"}
    found = [
        f"{name_of(path)}:{node.lineno} {node.func.id}"
        for path in modules(folder)
        if name_of(path) not in allowed
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in forbidden
    ]
    assert found == []


@pytest.mark.parametrize("folder", ["services/cordguard/engine", "simulators", "services/cordguard/safety"])
def test_no_random_number_comes_from_an_unseeded_source(folder: str) -> None:
    found = [
        f"{name_of(path)}: {ast.unparse(node)}"
        for path in modules(folder)
        for node in ast.walk(tree_of(path))
        if is_unseeded(node)
    ]
    assert found == []


def test_the_wall_clock_is_read_in_the_runtime_alone() -> None:
    found = [
        f"{name_of(path)}:{node.lineno} {ast.unparse(node)}"
        for path in modules("services")
        if path.parent.relative_to(ROOT).as_posix() not in CLOCK_READERS
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"time.time", "time.time_ns", "datetime.now"}
    ]
    assert found == []


@pytest.mark.parametrize(
    ("code", "unseeded"),
    [
        ("default_rng()", True),
        ("np.random.default_rng()", True),
        ("np.random.default_rng(seed)", False),
        ("random.Random()", True),
        ("random.Random(7)", False),
        ("random.gauss(0, 1)", True),
        ("np.random.normal()", True),
        ("rng.normal()", False),
    ],
)
def test_the_search_for_unseeded_sources_finds_them(code: str, *, unseeded: bool) -> None:
    assert is_unseeded(ast.parse(code, mode="eval").body) is unseeded


def is_unseeded(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    called = ast.unparse(node.func).split(".")
    if called[-1] in ("default_rng", "Random", "RandomState"):
        return not node.args and not node.keywords
    return "random" in called[:-1]


def root(module: str) -> str:
    return module.split(".", maxsplit=1)[0]
