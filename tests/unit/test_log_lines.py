from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator

import pytest

from cordguard.runtime.log import configure_logging


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    for handler in before[0]:
        root.removeHandler(handler)  # or force=True would close pytest's own
    stream = io.StringIO()
    configure_logging(stream=stream)
    yield stream
    for handler in root.handlers[:]:
        root.removeHandler(handler)
    for handler in before[0]:
        root.addHandler(handler)
    root.setLevel(before[1])


def test_a_record_is_a_line_with_utc_time_level_and_name(lines: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    record = logging.LogRecord("cordguard.safety", logging.WARNING, __file__, 1, "%d s late", (3,), None)
    record.created, record.msecs = 1_790_000_000.25, 250.0
    logging.getLogger("cordguard.safety").handle(record)
    assert lines.getvalue() == "2026-09-21T14:13:20.250Z WARNING cordguard.safety: 3 s late\n"


def test_a_traceback_is_one_line_too(lines: io.StringIO) -> None:
    try:
        raise ZeroDivisionError  # noqa: TRY301
    except ZeroDivisionError:
        logging.getLogger("cordguard").exception("first\nsecond")
    [line] = lines.getvalue().splitlines()
    assert re.search(r"ERROR cordguard: first \| second \| Traceback .* \| ZeroDivisionError$", line)


def test_details_for_developers_are_left_out(lines: io.StringIO) -> None:
    logging.getLogger("cordguard").debug("detail")
    assert lines.getvalue() == ""
