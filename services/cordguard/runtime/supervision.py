"""What a supervisor decides, without a process in sight: order of start and stop, what is trouble, which signal is due.

``runtime.supervisor`` carries it out.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Final, Literal

READY_WITHIN_S: Final = 60.0
"""Patience with a starting process: generous, since a cold start on a small machine reads a lot from disk."""

STOPS_WITHIN_S: Final = 8.0
"""Patience between SIGTERM and SIGKILL."""

LAST_WORD_CHARACTERS: Final = 300
_TAIL_BYTES: Final = 8_192
_LOG_PREFIX: Final = re.compile(r"(\S+Z [A-Z]+ [\w.]+|cordguard): ")
"""What ``runtime.log`` and the command line put before the words."""


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One process to run."""

    name: str
    """Names it in sentences and in its log file."""
    command: tuple[str, ...]
    """Program and arguments."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Added to ours; the place for secrets, since everybody may read a command line."""
    stage: int = 0
    """Stages start in ascending order, each when the one before is ready, and stop in descending order."""
    may_end: bool = False
    """Whether ending by itself with status 0 is its normal end. Otherwise any end is trouble."""
    ready_within_s: float = READY_WITHIN_S
    """How long it may take until it prints its ready line."""
    stops_within_s: float = STOPS_WITHIN_S
    """How long after SIGTERM it may take before SIGKILL."""


@dataclass(frozen=True, slots=True)
class ProcessView:
    """One process as it is now."""

    spec: ProcessSpec
    started_s: float
    """When it was started (monotonic)."""
    ready: bool
    """Whether it has said so."""
    status: int | None
    """None while it runs; otherwise its exit status, negative for the signal that killed it."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the whole cannot go on."""

    name: str
    """The process to blame."""
    what: str
    """What it did, as the end of a sentence that begins with its name."""


def start_order(specs: Sequence[ProcessSpec]) -> tuple[tuple[ProcessSpec, ...], ...]:
    """The specs by ascending stage; within a stage as given."""
    ordered = sorted(specs, key=lambda spec: spec.stage)
    return tuple(tuple(group) for _, group in groupby(ordered, key=lambda spec: spec.stage))


def stop_order(specs: Sequence[ProcessSpec]) -> tuple[tuple[ProcessSpec, ...], ...]:
    """The specs by descending stage."""
    return start_order(specs)[::-1]


def first_trouble(views: Sequence[ProcessView], now_s: float) -> Trouble | None:
    """The first process, in order, that died or missed its deadline."""
    return next((trouble for view in views if (trouble := _trouble_of(view, now_s))), None)


def _trouble_of(view: ProcessView, now_s: float) -> Trouble | None:
    if view.status is not None:
        ended_well = view.spec.may_end and view.status == 0
        return None if ended_well else Trouble(view.spec.name, describe_status(view.status))
    if not view.ready and now_s - view.started_s > view.spec.ready_within_s:
        return Trouble(view.spec.name, f"was not ready within {view.spec.ready_within_s:g} s")
    return None


def describe_status(status: int) -> str:
    """An exit status in words: ``ended with status 3``, ``was killed by SIGKILL``."""
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"


def due_signal(
    sent: Literal["nothing", "terminate", "kill"], waited_s: float, patience_s: float, *, hurry: bool
) -> Literal["terminate", "kill"] | None:
    """What to send next to a process that still runs: SIGTERM first, SIGKILL when patience or the user's is over."""
    if sent == "kill":
        return None
    if hurry or (sent == "terminate" and waited_s > patience_s):
        return "kill"
    return "terminate" if sent == "nothing" else None


def last_word(log: Path) -> str | None:
    """The words of the last line in a log file that is not empty, shortened; None if there is none."""
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _TAIL_BYTES))
            lines = file.read().decode("utf-8", errors="replace").split("\n")
    except OSError:
        return None
    line = next((line.strip() for line in reversed(lines) if line.strip()), None)
    return None if line is None else _LOG_PREFIX.sub("", line, count=1)[:LAST_WORD_CHARACTERS]


def sentence(trouble: Trouble, log: Path) -> str:
    """Trouble for a person: who, what, its last word, and where to read on."""
    word = last_word(log)
    said = f"its last word: {word.rstrip('.')}" if word else "it left no word"
    return f"{trouble.name} {trouble.what}; {said} (log: {log})."
