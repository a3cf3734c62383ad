"""What holds for every test: no leaks, and the same examples in every run."""

from __future__ import annotations

from pathlib import Path

from hypothesis import settings

SUPPORT = Path(__file__).parent / "support"

pytest_plugins = [
    f"support.{name}"
    for name in ("leaks", "broker", "influx", "chromium", "processes")
    if (SUPPORT / f"{name}.py").exists()
]

# Same examples in every run: a failure is a failure for everybody. No deadline: two cores may be busy.
settings.register_profile("cordguard", derandomize=True, deadline=None)
settings.load_profile("cordguard")
