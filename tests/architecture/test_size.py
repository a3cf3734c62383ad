"""Files and functions stay small enough to be read at once."""

from __future__ import annotations

import ast

from support.sources import ROOT, SOURCE_ROOTS, functions, modules, name_of

FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 40
FOLDERS = (*SOURCE_ROOTS, "benchmarks")


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from ``def`` to the end, without the docstring."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    match function.body[0]:
        case ast.Expr(value=ast.Constant(value=str()), lineno=first, end_lineno=int(last)):
            return lines - (last - first + 1)
    return lines


def test_no_file_is_longer_than_300_lines() -> None:
    page = (ROOT / "services" / "cordguard" / "console" / "static").iterdir()
    lines = {name_of(path): path.read_text(encoding="utf-8").count("\n") for path in (*modules(*FOLDERS), *page)}
    assert {name: count for name, count in lines.items() if count > FILE_LINES_MAX} == {}


def test_no_function_is_longer_than_40_lines() -> None:
    lines = {f"{name_of(path)}:{node.name}": code_lines(node) for path in modules(*FOLDERS) for node in functions(path)}
    assert {name: count for name, count in lines.items() if count > FUNCTION_LINES_MAX} == {}
