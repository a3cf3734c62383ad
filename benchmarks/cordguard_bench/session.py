"""A benchmark from its start to its end: one run after another, with progress, whatever becomes of one of them."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, TextIO

from cordguard.cli.terminal import Progress
from cordguard_bench import brokers, machine
from cordguard_bench.contestants.contestant import Contestant
from cordguard_bench.figures import figure, percentile
from cordguard_bench.measuring import Measurement, measure
from cordguard_bench.processes import BenchmarkError
from cordguard_bench.workload import Load

LOOK_S: Final = 1.0
OVERHEAD_S: Final = 6.0
"""Of a run beside its load: start, answer, end."""


@dataclass(frozen=True)
class Turn:
    """One run that is to be done."""

    contestant: Contestant
    broker: str
    load: Load
    looks: int = 1
    round: int = 0

    @property
    def seconds(self) -> float:
        """About how long it takes."""
        return (self.load.warm_up_s + self.load.seconds) / self.load.speed + OVERHEAD_S


@dataclass(frozen=True)
class Failure:
    """A run that came to nothing."""

    contestant: str
    broker: str
    reason: str


Outcome = Measurement | Failure


def run_all(turns: Sequence[Turn], *, patience_s: float = 0.0, out: TextIO = sys.stderr) -> list[Outcome]:
    """Do them in order; Ctrl-C ends it with what was measured by then.

    Args:
        turns: what is to be done.
        patience_s: how long to wait in all for the machine to be quiet before a run.
        out: for progress.
    """
    began_s, outcomes = time.monotonic(), list[Outcome]()
    try:
        _run_each(turns, outcomes, patience_s, out)
    except KeyboardInterrupt:
        out.write(f"\nstopped: {len(outcomes)} of {len(turns)} runs were done\n")
    out.write(f"{len(outcomes)} runs took {(time.monotonic() - began_s) / 60:.1f} min\n")
    return outcomes


def _run_each(turns: Sequence[Turn], outcomes: list[Outcome], patience_s: float, out: TextIO) -> None:
    progress = Progress(out)
    for number, turn in enumerate(turns):
        head = _head(number, turns)
        left_s = sum(later.seconds for later in turns[number + 1 :])
        patience_s = _await_quiet(patience_s, progress, head)
        outcome = _run(turn, partial(_show, progress, head, turn, left_s))
        progress.clear()
        out.write(f"{head}: {_brief(outcome)}\n")
        out.flush()
        outcomes.append(outcome)


def _show(progress: Progress, head: str, turn: Turn, left_s: float, share: float) -> None:
    rest_s = left_s + (1 - share) * turn.load.seconds / turn.load.speed
    progress.show(lambda: f"{head}: {max(share, 0):.0%}, about {rest_s / 60:.0f} min left")


def _await_quiet(patience_s: float, progress: Progress, head: str) -> float:
    """Wait until the machine is quiet, or patience is over; what is left of it."""
    while patience_s > 0:
        if machine.look(LOOK_S).quiet:
            return patience_s
        progress.show(lambda: f"{head}: waits until nobody else uses the machine")
        patience_s -= LOOK_S
    return 0.0


def prepare(contestants: Iterable[Contestant], out: TextIO = sys.stderr) -> dict[str, str]:
    """Install what has to be installed; who is missing, and why."""
    absent = {}
    for contestant in contestants:
        began_s = time.monotonic()
        reason = contestant.install()
        took_s = time.monotonic() - began_s
        if reason is not None:
            absent[contestant.name] = reason
            out.write(f"{contestant.title} is MISSING: {reason}\n")
        elif took_s > 1:
            out.write(f"{contestant.title} was installed in {took_s:.0f} s\n")
    return absent


def present_brokers(names: Iterable[str], out: TextIO = sys.stderr) -> list[str]:
    """Those that can be started here."""
    absent = {name: reason for name in names if (reason := brokers.missing(name)) is not None}
    for name, reason in absent.items():
        out.write(f"broker {name} is MISSING: {reason}\n")
    return [name for name in names if name not in absent]


def write_json(path: Path, outcomes: Sequence[Outcome], **facts: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
    """Everything that was measured, for other programs."""
    content = {
        "machine": machine.describe(),
        **facts,
        "runs": [asdict(outcome) for outcome in outcomes],
    }
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")


def _run(turn: Turn, on_time: Callable[[float], None]) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="cordguard-bench-") as folder:
        try:
            run = measure(
                turn.contestant, turn.broker, turn.load, Path(folder) / "run", looks=turn.looks, on_time=on_time
            )
            return replace(run, round=turn.round)
        except (BenchmarkError, OSError) as error:
            return Failure(turn.contestant.name, turn.broker, str(error))


def _head(number: int, turns: Sequence[Turn]) -> str:
    turn = turns[number]
    return f"run {number + 1} of {len(turns)}, {turn.broker}, {turn.load.rooms} rooms, {turn.contestant.title}"


def _brief(outcome: Outcome) -> str:
    if isinstance(outcome, Failure):
        return f"FAILED: {outcome.reason}"
    delays_ms = outcome.alarms.delays_ms
    p50_ms, p99_ms = (percentile(delays_ms, share) for share in (0.5, 0.99))
    alarms = f"{len(outcome.alarms.delays)}/{outcome.alarms.expected} alarms"
    busy = "" if outcome.share.quiet else f", others used {outcome.share.others_percent:.0f} %"
    return f"p50 {figure(p50_ms, 2)} ms, p99 {figure(p99_ms, 2)} ms, {alarms}, {outcome.cpu_us:.0f} µs a message{busy}"
