"""Nothing is half done: no markers, no empty bodies, no test that is passed over."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from support.sources import SOURCE_ROOTS, committed_texts, functions, modules, name_of, tree_of

MARKERS = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
PASSED_OVER = {"skip", "skipif", "xfail", "importorskip", "skipTest"}


def test_no_file_holds_a_marker_of_unfinished_work() -> None:
    assert [name for name, text in committed_texts().items() if MARKERS.search(text)] == []


def test_no_function_is_empty_outside_a_protocol() -> None:
    found = []
    for path in modules():
        of_protocols = {id(node) for node in protocol_methods(path)}
        found += [
            f"{name_of(path)}:{node.lineno} {node.name}"
            for node in functions(path)
            if id(node) not in of_protocols and is_empty(node)
        ]
    assert found == []


def test_nothing_is_not_implemented() -> None:
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in modules()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Name) and node.id in ("NotImplementedError", "NotImplemented")
    ]
    assert found == []


def test_no_test_is_passed_over() -> None:
    found = [
        f"{name_of(path)}:{node.lineno} {node.attr}"
        for path in modules(*SOURCE_ROOTS, "tests")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute) and node.attr in PASSED_OVER
        if ast.unparse(node).startswith(("pytest.", "unittest.", "self.skip"))
    ]
    assert found == []


def protocol_methods(path: Path) -> list[ast.stmt]:
    return [
        method
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base).startswith("Protocol") for base in node.bases)
        for method in node.body
    ]


def is_empty(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Only a docstring, ``pass`` or ``...``."""

    def says_nothing(statement: ast.stmt) -> bool:
        constant = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        return constant or isinstance(statement, ast.Pass)

    return all(map(says_nothing, node.body))
