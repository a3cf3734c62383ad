"""What the engine costs, on the very messages of a run: its journals are judged again, and only that is timed."""

from __future__ import annotations

import gc
import io
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cordguard.contract.capture import CapturedInput, decode_line, read_bytes, read_lines, split_torn_tail
from cordguard.contract.topics import GENERATOR, TEMPERATURE, parse
from cordguard.safety.journal import RunningHash, journal_files
from cordguard.safety.playback import advance, begin_engine, policy_of, shipped_policy_text

_TELEMETRY: Final = frozenset({GENERATOR.name, TEMPERATURE.name})
_NS_PER_US: Final = 1_000


@dataclass(frozen=True)
class Journalled:
    """What a contestant's journals hold."""

    telemetry: int
    """Different telemetry messages in them."""
    engine_us: float
    """CPU time of the engine for one of them, alarms and timers included."""


def judge_again(folder: Path) -> Journalled:
    """Read every journal below a data folder, and let a fresh engine judge it.

    Raises:
        CaptureError: a journal cannot be read.
    """
    telemetry, spent_ns = 0, 0
    for room in sorted(path for path in folder.rglob("journal/*") if path.is_dir()):
        for path in journal_files(room):
            entries = list(_entries(path))
            telemetry += len({(entry.topic, entry.payload) for entry in entries if _is_telemetry(entry)})
            spent_ns += _time_ns(entries)
    return Journalled(telemetry, spent_ns / _NS_PER_US / telemetry if telemetry else 0.0)


def telemetry_kept(folder: Path) -> int:
    """How many different telemetry messages the journals below a data folder hold by now; a line in the making not."""
    kept = set()
    for path in folder.rglob("journal/*/*.jsonl"):
        whole, _ = split_torn_tail(path.read_bytes())
        kept |= {(entry.topic, entry.payload) for entry in read_lines(whole) if _is_telemetry(entry)}
    return len(kept)


def _entries(path: Path) -> Iterator[CapturedInput]:
    for number, line in enumerate(io.BytesIO(read_bytes(path)), start=1):
        yield decode_line(line, where=f"{path}, line {number}")


def _is_telemetry(entry: CapturedInput) -> bool:
    parsed = parse(entry.topic)
    return parsed is not None and parsed.topic.name in _TELEMETRY


def _time_ns(entries: list[CapturedInput]) -> int:
    """CPU time of the judging alone; the garbage collector stays on, as it is in the service."""
    first, *rest = entries
    policy = policy_of(shipped_policy_text(), "the shipped policy")
    engine = begin_engine(first, "bench", "bench", policy)
    running = RunningHash()
    gc.collect()
    began_ns = time.thread_time_ns()
    for entry in rest:
        advance(engine, entry, running.reference)
    return time.thread_time_ns() - began_ns
