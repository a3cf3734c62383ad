"""Brings alarms together with the samples that they are about: what was delivered, how late, what was not asked for."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from cordguard_bench.workload import NS_PER_S, Load, transition_topic

NS_PER_MS: Final = 1_000_000

HotSample = tuple[int, int, int]
"""Room, cycle, and when it was published, in nanoseconds of CLOCK_MONOTONIC."""
Arrival = tuple[str, int, int]
"""An alarm's topic, its ``event_us``, and when it came, in nanoseconds of CLOCK_MONOTONIC."""


@dataclass(frozen=True)
class Alarms:
    """What was expected in the window, and what came."""

    expected: int
    delays: list[tuple[float, float]]
    """Of each expected alarm that came: when its sample was published, in seconds of wall time after the window began,
    and the milliseconds from there until it was received."""
    repeated: int
    """Came again for the same crossing."""
    unexpected: int
    """Not about a hot sample."""

    @property
    def delays_ms(self) -> list[float]:
        """How long each took; one that never came took forever, or whoever loses alarms would look fast."""
        return [delay_ms for _, delay_ms in self.delays] + [math.inf] * (self.expected - len(self.delays))


def match(
    load: Load,
    decides_at: int,
    *,
    start_us: int,
    start_ns: int,
    hot: Collection[HotSample],
    came: Iterable[Arrival],
) -> Alarms:
    """Match by room and sample, whose time every alarm carries.

    An alarm about another hot sample than the one that decides (samples can come out of order) is about the same
    crossing all the same, and its delay still counts from the one that decides.

    Args:
        load: what was sent.
        decides_at: which hot sample in a row satisfies the contestant's rule.
        start_us: the devices' start by their clock.
        start_ns: the same by CLOCK_MONOTONIC.
        hot: when hot samples were published.
        came: the alarms.
    """
    deciding_ns = {
        (room, cycle - decides_at): at_ns for room, cycle, at_ns in hot if load.hot(room, cycle) == decides_at
    }
    """By crossing, which is named by its room and the cycle before it."""
    about = {
        (transition_topic(load, room), start_us + load.at_us(room, cycle)): (room, cycle - load.hot(room, cycle))
        for room, cycle, _ in hot
    }
    expected = {(room, cycle - decides_at) for room, cycle in load.expected(decides_at)}
    window_ns = start_ns + int(load.warm_up_s / load.speed * NS_PER_S)
    first_ns: dict[tuple[int, int], int] = {}
    repeated = unexpected = 0
    for topic, event_us, at_ns in came:
        crossing = about.get((topic, event_us))
        if crossing is None:
            unexpected += 1
        elif crossing in first_ns:
            repeated += 1
        else:
            first_ns[crossing] = at_ns
    delays = [
        ((deciding_ns[crossing] - window_ns) / NS_PER_S, (at_ns - deciding_ns[crossing]) / NS_PER_MS)
        for crossing, at_ns in first_ns.items()
        if crossing in expected
    ]
    return Alarms(len(expected), sorted(delays), repeated, unexpected)
