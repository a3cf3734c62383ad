"""The supervisor's decisions, without processes."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Literal

import pytest

from cordguard.runtime.log import OneLine
from cordguard.runtime.supervision import (
    LAST_WORD_CHARACTERS,
    ProcessSpec,
    ProcessView,
    Trouble,
    describe_status,
    due_signal,
    first_trouble,
    last_word,
    sentence,
    start_order,
    stop_order,
)

Sent = Literal["nothing", "terminate", "kill"]

BROKER = ProcessSpec("broker", ("b",), stage=0)
SAFETY = ProcessSpec("safety", ("s",), stage=1, ready_within_s=5)
AUDIT = ProcessSpec("audit", ("a",), stage=1)
SIMULATOR = ProcessSpec("simulator", ("d",), stage=2, may_end=True)


def view(spec: ProcessSpec, *, ready: bool = True, status: int | None = None) -> ProcessView:
    return ProcessView(spec, started_s=100.0, ready=ready, status=status)


def test_stages_start_in_ascending_order_and_keep_the_given_order_inside() -> None:
    assert start_order([SIMULATOR, SAFETY, BROKER, AUDIT]) == ((BROKER,), (SAFETY, AUDIT), (SIMULATOR,))


def test_stop_order_is_simulator_then_services_then_broker() -> None:
    assert stop_order([BROKER, SAFETY, AUDIT, SIMULATOR]) == ((SIMULATOR,), (SAFETY, AUDIT), (BROKER,))


def test_all_well_is_no_trouble() -> None:
    assert first_trouble([view(BROKER), view(SAFETY), view(SIMULATOR)], 1_000.0) is None


@pytest.mark.parametrize("status", [0, 1, -9])
def test_a_service_may_not_end_whatever_its_status(status: int) -> None:
    trouble = first_trouble([view(BROKER), view(SAFETY, status=status)], 101.0)
    assert trouble is not None
    assert trouble.name == "safety"


def test_a_simulator_may_end_with_status_zero_only() -> None:
    assert first_trouble([view(SIMULATOR, status=0)], 101.0) is None
    assert first_trouble([view(SIMULATOR, status=2)], 101.0) == Trouble("simulator", "ended with status 2")


def test_the_first_started_is_blamed_since_the_others_may_have_died_of_it() -> None:
    trouble = first_trouble([view(BROKER, status=-9), view(SAFETY, status=1)], 101.0)
    assert trouble == Trouble("broker", "was killed by SIGKILL")


def test_not_ready_is_trouble_after_the_deadline_and_not_before() -> None:
    assert first_trouble([view(SAFETY, ready=False)], 105.0) is None
    assert first_trouble([view(SAFETY, ready=False)], 105.1) == Trouble("safety", "was not ready within 5 s")
    assert first_trouble([view(SAFETY, ready=True)], 1_000.0) is None


@pytest.mark.parametrize(
    ("sent", "waited_s", "hurry", "due"),
    [
        ("nothing", 0.0, False, "terminate"),
        ("terminate", 7.9, False, None),
        ("terminate", 8.1, False, "kill"),
        ("nothing", 0.0, True, "kill"),
        ("terminate", 0.0, True, "kill"),
        ("kill", 100.0, True, None),
        ("kill", 100.0, False, None),
    ],
)
def test_sigterm_first_then_sigkill_when_patience_ends(
    sent: Sent,
    waited_s: float,
    hurry: bool,  # noqa: FBT001 - a column of the table
    due: str | None,
) -> None:
    assert due_signal(sent, waited_s, 8.0, hurry=hurry) == due


def test_statuses_in_words() -> None:
    assert describe_status(3) == "ended with status 3"
    assert describe_status(-15) == "was killed by SIGTERM"
    assert describe_status(-63) == "was killed by signal 63"


def test_the_last_word_is_the_last_line_that_is_not_empty(tmp_path: Path) -> None:
    log = tmp_path / "safety.log"
    log.write_text("first\nthe disk is full.\n\n  \n", encoding="utf-8")
    assert last_word(log) == "the disk is full."
    assert sentence(Trouble("safety", "ended with status 1"), log) == (
        f"safety ended with status 1; its last word: the disk is full (log: {log})."
    )


def test_the_last_word_of_a_service_comes_without_time_and_logger(tmp_path: Path) -> None:
    log = tmp_path / "safety.log"
    with log.open("w", encoding="utf-8") as stream:
        handler = logging.StreamHandler(stream)
        handler.setFormatter(OneLine())
        words = "the journal: it cannot be written"
        handler.emit(logging.LogRecord("cordguard.safety.journal_2", logging.ERROR, "", 0, words, None, None))
    assert last_word(log) == "the journal: it cannot be written"


def test_a_silent_or_missing_log_is_said(tmp_path: Path) -> None:
    missing = tmp_path / "none.log"
    assert last_word(missing) is None
    assert "left no word" in sentence(Trouble("audit", "ended with status 1"), missing)


def test_the_last_word_of_a_huge_log_of_bad_bytes_is_short(tmp_path: Path) -> None:
    log = tmp_path / "huge.log"
    log.write_bytes(b"x" * 1_000_000 + b"\n" + b"\xff" * 20_000 + b"\n")
    word = last_word(log)
    assert word is not None
    assert len(word) == LAST_WORD_CHARACTERS
