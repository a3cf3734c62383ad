"""``cordguard`` as it is, with a stop watch round its engine: what the engine takes inside the running service.

That is more than the same messages take in a row: between two messages the process sleeps, and its caches go cold.
Two readings of the clock a message are added, under a microsecond; so these runs stand beside the others, not for them.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Final

from cordguard.cli import main
from cordguard.contract.capture import CapturedInput
from cordguard.engine.alarms import Emission
from cordguard.engine.room import CaptureSoFar, RoomEngine

VARIABLE: Final = "BENCH_ENGINE_TIME"
"""In the environment: the file that takes the result."""


def run() -> None:
    """The command line, timed."""
    feed = RoomEngine.feed
    spent_ns = inputs = 0

    def timed(self: RoomEngine, entry: CapturedInput, capture: CaptureSoFar | None = None) -> list[Emission]:
        nonlocal spent_ns, inputs
        began_ns = time.thread_time_ns()
        try:
            return feed(self, entry, capture)
        finally:
            spent_ns += time.thread_time_ns() - began_ns
            inputs += 1

    RoomEngine.feed = timed  # type: ignore[method-assign]  # the one place that looks into a running service
    try:
        main()
    finally:
        result = {"spent_us": spent_ns / 1_000, "inputs": inputs}
        Path(os.environ[VARIABLE]).write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    run()
