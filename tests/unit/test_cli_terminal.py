"""Progress on a terminal and elsewhere."""

from __future__ import annotations

import io
from functools import partial

import pytest

from cordguard.cli.terminal import AFRESH, EVERY_S, REWRITE_EVERY_S, Progress, complain, say


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


class Time:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_elsewhere_a_line_is_written_now_and_then() -> None:
    out, time_s = io.StringIO(), Time()
    progress = Progress(out, monotonic_s=time_s)
    for number in range(100):
        progress.show(partial("line {}".format, number))
        time_s.now_s += EVERY_S / 10
    progress.clear()
    assert out.getvalue().splitlines() == [f"line {number}" for number in range(0, 100, 10)]


def test_on_a_terminal_the_line_is_rewritten_in_place() -> None:
    out, time_s = Screen(), Time()
    progress = Progress(out, monotonic_s=time_s)
    progress.show(lambda: "a long line")
    time_s.now_s += REWRITE_EVERY_S
    progress.show(lambda: "short")
    assert out.getvalue() == f"{AFRESH}a long line{AFRESH}short"


def test_the_line_is_taken_off_a_terminal_before_other_words() -> None:
    out = Screen()
    progress = Progress(out)
    progress.show(lambda: "words")
    progress.clear()
    progress.clear()
    assert out.getvalue() == f"{AFRESH}words{AFRESH}"


def test_words_that_are_not_due_are_not_made() -> None:
    progress = Progress(io.StringIO(), monotonic_s=Time())
    made = iter(("first", "second"))
    for _ in range(3):
        progress.show(lambda: next(made))
    assert next(made) == "second"


def test_trouble_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    say("good")
    complain("bad.")
    assert capsys.readouterr() == ("good\n", "cordguard: bad.\n")
