"""The table of ``alarm_latency.py``, and whether our aims are met."""

from __future__ import annotations

import math
import statistics
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cordguard_bench.contestants.contestant import Contestant
from cordguard_bench.contestants.roster import CORDGUARD, CORDGUARD_TIMED, PAHO_NODELAY
from cordguard_bench.figures import Spread, figure, percentile, spread, table
from cordguard_bench.measuring import Measurement

HEAD: Final = ("", "p50 ms", "p99 ms", "max ms", "alarms", "CPU µs/msg", "RSS MB", "broker µs/msg")

WIDTH: Final = 120
P99_AIM_MS: Final = 5.0
ABOVE_CALLBACK_AIM_US: Final = 40.0
ENGINE_AIM_US: Final = 20.0
ABOVE_FASTEST_AIM_MS: Final = 1.0
OURS: Final = (CORDGUARD.name, CORDGUARD_TIMED.name)
BEHIND_MS: Final = 500.0
"""A median like this is no latency any more, but a queue."""

Runs = Mapping[str, Sequence[Measurement]]
"""By contestant's name, in the order in which they were done; on one broker."""


@dataclass(frozen=True)
class Aim:
    """Something that we want to hold."""

    what: str
    found: float
    limit: float
    unit: str

    @property
    def text(self) -> str:
        """Aim, figure, verdict."""
        if math.isnan(self.found):
            return f"  {self.what}: not measured"
        verdict = "met" if self.found <= self.limit else "NOT MET"
        return f"  {self.what}: {figure(self.found, 1)} {self.unit}, {verdict}"


def report(contestants: Sequence[Contestant], runs: Runs, absent: Mapping[str, str]) -> str:
    """One broker's table: everybody, also who is missing."""
    rows: list[Sequence[str]] = []
    notes: list[str] = []
    for contestant in contestants:
        found = runs.get(contestant.name, ())
        if found:
            rows += list(_rows(contestant, found))
        else:
            rows.append((contestant.title, "MISSING", *[""] * (len(HEAD) - 2)))
            notes.append(f"{contestant.title} is missing: {absent.get(contestant.name, 'no run came to an end')}.")
    notes += _live_engine(runs.get(CORDGUARD_TIMED.name, ()))
    notes += _doubts([run for found in runs.values() for run in found])
    return "\n".join([table(HEAD, rows), "", *notes, "Aims", *(aim.text for aim in aims(runs))])


def _live_engine(runs: Sequence[Measurement]) -> Iterator[str]:
    for run in runs:
        if run.live_engine_us is not None:
            yield (
                f"In one more run, with a stop watch inside the service, its engine took {run.live_engine_us:.0f} µs "
                f"of {run.cpu_us:.0f}: more than in a row, since caches go cold between two messages."
            )


def _doubts(runs: Sequence[Measurement]) -> Iterator[str]:
    """What a reader has to know before believing a figure."""
    late_ms = [run.devices.late_p99_ms for run in runs]
    if late_ms:
        yield f"Devices sent later than they should by {min(late_ms):.2f} to {max(late_ms):.2f} ms (p99 of each run)."
    behind = sorted({run.contestant for run in runs if percentile(run.alarms.delays_ms, 0.5) > BEHIND_MS})
    if behind:
        yield f"Fell behind, so that the CPU figure leaves out what was still to be done: {', '.join(behind)}."
    lost = [run for run in runs if run.kept is not None and run.kept != run.devices.sent]
    if lost:
        yield f"In {len(lost)} of {len(runs)} runs the journal did not hold every message that was sent."
    if any(run.devices.unconfirmed or run.devices.backed_up for run in runs):
        yield "The broker left messages unconfirmed, or a socket was full: see the JSON."


def _rows(contestant: Contestant, runs: Sequence[Measurement]) -> Iterator[Sequence[str]]:
    def of(share: float) -> Spread:
        return spread([percentile(run.alarms.delays_ms, share) for run in runs])

    yield (
        contestant.title,
        of(0.5).text(2),
        of(0.99).text(2),
        of(1.0).text(1),
        _delivered(runs),
        spread([run.cpu_us for run in runs]).text(0),
        spread([run.rss_mb[-1] for run in runs]).text(0),
        spread([run.broker_us for run in runs]).text(0),
    )
    engine_us = [run.engine_us for run in runs if run.engine_us is not None]
    if engine_us:
        share = statistics.median(
            run.engine_us / run.cpu_us for run in runs if run.engine_us is not None and run.cpu_us
        )
        yield "  its engine, judging again", *[""] * 4, f"{spread(engine_us).text(0)} ({share:.0%})", *[""] * 2


def _delivered(runs: Sequence[Measurement]) -> str:
    """All runs together; what should not have come stands behind."""
    delivered = sum(len(run.alarms.delays) for run in runs)
    expected = sum(run.alarms.expected for run in runs)
    repeated, unexpected = sum(run.alarms.repeated for run in runs), sum(run.alarms.unexpected for run in runs)
    more = [f"{count} {what}" for count, what in ((repeated, "twice"), (unexpected, "unasked")) if count]
    return f"{delivered}/{expected}" + (f" ({', '.join(more)})" if more else "")


def aims(runs: Runs) -> list[Aim]:
    """What the project wants of itself, with what was found: medians over the runs."""
    ours = runs.get(CORDGUARD.name, ())
    p99_ms = [percentile(run.alarms.delays_ms, 0.99) for run in ours]
    engine_us = [run.engine_us for run in ours if run.engine_us is not None]
    callback = runs.get(PAHO_NODELAY.name, ())
    above_us = _median([run.cpu_us for run in ours]) - _median([run.cpu_us for run in callback])
    return [
        Aim(f"p99 at most {P99_AIM_MS:g} ms", _median(p99_ms), P99_AIM_MS, "ms"),
        Aim(
            f"CPU at most {ABOVE_CALLBACK_AIM_US:g} µs a message above paho with the same socket option",
            above_us,
            ABOVE_CALLBACK_AIM_US,
            "µs",
        ),
        Aim(f"engine at most {ENGINE_AIM_US:g} µs a message", _median(engine_us), ENGINE_AIM_US, "µs"),
        Aim(
            f"p99 at most {ABOVE_FASTEST_AIM_MS:g} ms above the fastest of the others in the same round",
            _median(list(_above_fastest(ours, runs))),
            ABOVE_FASTEST_AIM_MS,
            "ms",
        ),
    ]


def _above_fastest(ours: Sequence[Measurement], runs: Runs) -> Iterator[float]:
    """Of each round: our p99 less the least of the others'."""
    others = [run for name, found in runs.items() if name not in OURS for run in found]
    for run in ours:
        least_ms = min(
            (percentile(other.alarms.delays_ms, 0.99) for other in others if other.round == run.round), default=None
        )
        if least_ms is not None:
            yield percentile(run.alarms.delays_ms, 0.99) - least_ms


def _median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else math.nan


def legend(contestants: Sequence[Contestant]) -> str:
    """What each contestant is, and from where its time counts."""
    samples = {1: "first", 2: "second"}
    margin = max(len(one.title) for one in contestants) + 4
    return "\n".join(
        textwrap.fill(
            f"{one.about}; its {samples[one.decides_at]} hot sample decides",
            width=WIDTH,
            initial_indent=f"  {one.title}".ljust(margin),
            subsequent_indent=" " * margin,
        )
        for one in contestants
    )
