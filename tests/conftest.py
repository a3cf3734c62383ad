"""What holds for every test: no leaks, and the same examples in every run."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import settings

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does, before numpy is loaded

SUPPORT = Path(__file__).parent / "support"

# Every module of tests/support that has fixtures: their names are known to all tests.
pytest_plugins = [
    f"support.{path.stem}" for path in sorted(SUPPORT.glob("*.py")) if "@pytest.fixture" in path.read_text("utf-8")
]

# Same examples in every run: a failure is a failure for everybody. No deadline: two cores may be busy.
settings.register_profile("cordguard", derandomize=True, deadline=None)
settings.load_profile("cordguard")
