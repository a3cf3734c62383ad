"""What ``sustained_load.py`` says: lag over time, cost over rooms, memory over time."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cordguard_bench.figures import binned, figure, percentile, spark, spread, table
from cordguard_bench.measuring import Measurement
from cordguard_bench.workload import US_PER_S

BINS: Final = 60
"""Blocks of a picture of one line."""
GROWS_MS: Final = 20.0
"""So much more lag in the last quarter than in the first, and it is falling behind."""
SETTLED: Final = 6
"""Memory counts from one part in so many of the run: what comes before is filling up."""
GROWTH_AIM_MB: Final = 5.0
FLAT_AIM: Final = 0.2
"""Cost of one more message with the most rooms may be so much above that with the fewest."""


def lag_report(run: Measurement) -> str:
    """Whether safety keeps up: how long alarms took, from the beginning of the window to its end."""
    load, delays = run.load, run.alarms.delays
    pictured = binned(delays, BINS, load.seconds / BINS)
    worst_ms = max(run.alarms.delays_ms, default=math.nan)
    first_ms, last_ms = (
        percentile([delay_ms for at_s, delay_ms in delays if begin <= at_s / load.seconds < begin + 0.25], 0.5)
        for begin in (0.0, 0.75)
    )
    p99_ms = percentile(run.alarms.delays_ms, 0.99)
    whole = run.kept == run.devices.sent and len(delays) == run.alarms.expected
    keeps_up = whole and last_ms - first_ms < GROWS_MS
    lines = (
        f"{run.broker}: {load.messages_per_s:,.0f} messages/s for {load.seconds:g} s from {load.rooms} rooms",
        f"  worst alarm of each {load.seconds / BINS:.1f} s: |{spark(pictured)}| highest {figure(worst_ms, 1)} ms",
        f"  median of the first quarter {figure(first_ms, 2)} ms, of the last {figure(last_ms, 2)} ms",
        f"  p99 {figure(p99_ms, 2)} ms",
        f"  CPU {run.cpu_us:.0f} µs/msg, broker {run.broker_us:.0f} µs/msg, RSS {run.rss_mb[-1]:.0f} MB",
        _came(run),
        f"  devices sent late by {run.devices.late_p99_ms:.2f} ms (p99)",
        f"  {'keeps up' if keeps_up else 'FALLS BEHIND, or lost something'}",
    )
    return "\n".join(lines)


def _came(run: Measurement) -> str:
    return f"  alarms {len(run.alarms.delays)}/{run.alarms.expected}, messages kept {run.kept:,}/{run.devices.sent:,}"


@dataclass(frozen=True)
class RoomCost:
    """What so many rooms cost, taken apart by measuring at two rates."""

    rooms: int
    processes: int
    slow_us: float
    """CPU for one message at the lower rate."""
    fast_us: float
    """The same at the higher."""
    message_us: float
    """CPU for one more message."""
    standing_ms_per_s: float
    """CPU a second that does not grow with messages, of all rooms: vitals, alarm lists, timers, the loop."""
    rss_mb: float


def room_cost(slow: Sequence[Measurement], fast: Sequence[Measurement]) -> RoomCost:
    """Take the cost apart: cost a second = messages a second × ``message_us`` + ``standing_ms_per_s``."""
    slow_us, fast_us = (statistics.median(run.cpu_us for run in runs) for runs in (slow, fast))
    slow_rate, fast_rate = slow[0].load.messages_per_s, fast[0].load.messages_per_s
    message_us = (fast_us * fast_rate - slow_us * slow_rate) / (fast_rate - slow_rate)
    load = slow[0].load
    standing_s = (slow_us - message_us) * slow_rate / US_PER_S
    return RoomCost(
        load.rooms,
        len(load.sites),
        slow_us,
        fast_us,
        message_us,
        standing_s * 1_000,
        spread([run.rss_mb[-1] for run in fast]).median,
    )


def rooms_report(costs: Sequence[RoomCost], slow_rate: float, fast_rate: float) -> str:
    """The table over numbers of rooms."""
    head = (
        "rooms",
        "processes",
        f"µs/msg at {slow_rate:,.0f}/s",
        f"µs/msg at {fast_rate:,.0f}/s",
        "one more message µs",
        "standing ms/s",
        "RSS MB",
    )
    rows = [
        (
            str(cost.rooms),
            str(cost.processes),
            f"{cost.slow_us:.0f}",
            f"{cost.fast_us:.0f}",
            f"{cost.message_us:.0f}",
            f"{cost.standing_ms_per_s:.0f}",
            f"{cost.rss_mb:.0f}",
        )
        for cost in costs
    ]
    first, last = costs[0], costs[-1]
    grows = last.message_us / first.message_us - 1
    verdict = "flat" if grows <= FLAT_AIM else "NOT FLAT"
    says = f"one more message costs {grows:+.0%} with {last.rooms} rooms beside {first.rooms}: {verdict}"
    return f"{table(head, rows)}\n\n{says}"


def memory_report(run: Measurement) -> str:
    """Whether memory stays flat over the run's own hours."""
    load = run.load
    hours = load.seconds / 3_600
    settled_mb = run.rss_mb[len(run.rss_mb) // SETTLED :]
    growth_mb = settled_mb[-1] - settled_mb[0]
    verdict = "flat" if growth_mb <= GROWTH_AIM_MB else "GROWS"
    lines = (
        f"{run.broker}: {hours:.2g} simulated hours at {load.speed:g} ×, {load.rooms} rooms",
        f"  RSS |{spark(run.rss_mb)}| {run.rss_mb[0]:.1f} MB at first, {run.rss_mb[-1]:.1f} MB at the end",
        f"  after the first {hours * 60 / SETTLED:.0f} min it grew by {growth_mb:+.1f} MB: {verdict}",
        _came(run),
    )
    return "\n".join(lines)
