"""What holds for every test: no leaks, and the same examples in every run."""

from __future__ import annotations

from hypothesis import settings

pytest_plugins = ["support.broker", "support.chromium", "support.influx", "support.leaks"]

# Same examples in every run: a failure is a failure for everybody. No deadline: two cores may be busy.
settings.register_profile("cordguard", derandomize=True, deadline=None)
settings.load_profile("cordguard")
