"""What holds for every test: no leaks, and the same examples in every run."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does, before numpy is loaded

SUPPORT = Path(__file__).parent / "support"

# A script's background jobs are deaf to Ctrl-C, and what runs without a terminal may be deaf to its closing or have it
# held back; tests of just these signals, and every process they start, want them as a person's shell leaves them.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))

# Every module of tests/support that has fixtures: their names are known to all tests.
pytest_plugins = [
    f"support.{path.stem}" for path in sorted(SUPPORT.glob("*.py")) if "@pytest.fixture" in path.read_text("utf-8")
]

# Same examples in every run: a failure is a failure for everybody. No deadline: two cores may be busy.
settings.register_profile("cordguard", derandomize=True, deadline=None)
settings.load_profile("cordguard")


@pytest.fixture(autouse=True)
def signals_given_back() -> Iterator[None]:
    """A command that has finished is deaf to signals on its way out; the next test in this process is not."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
