"""How often samples come, and how evenly. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from statistics import median
from typing import Final

from cordguard.cli.devicecheck.listening import TELEMETRY, US_PER_S, Finding, Listening
from cordguard.contract.lenient import Unreadable, read_generator, read_temperature
from cordguard.contract.topics import GENERATOR, Topic

LEAST_HZ: Final = 1.0
"""A slope over seconds needs samples; thermocouple amplifiers give 6 to 10 a second."""
MEASURED_HZ: Final = 0.95
"""What counts as ``LEAST_HZ``: clocks are not exact."""
UNEVEN: Final = 0.5
"""An interval that is off the usual one by more than this share of it is uneven."""
UNEVEN_SHARE: Final = 0.05
"""More uneven intervals than this are told."""
FEWEST: Final = 10
"""With fewer intervals nothing is said about evenness."""


def rate_hz(listening: Listening, kind: Topic) -> float:
    """Messages of a kind per second of listening."""
    return len(listening.live(kind)) / listening.seconds if listening.seconds else 0.0


def check_pace(listening: Listening) -> Iterator[Finding]:
    """Rates and intervals of what is streamed. A kind that never comes is none that the device has."""
    for kind in TELEMETRY:
        if not listening.live(kind):
            continue
        if rate_hz(listening, kind) < MEASURED_HZ * LEAST_HZ:
            words = (
                f"{kind.name} comes {rate_hz(listening, kind):.2f} times a second: at least {LEAST_HZ:g} is needed to "
                f"see a trend, 4 to 10 are usual."
            )
            yield Finding("rate-low", words)
        intervals_us = _intervals_us(listening, kind)
        if len(intervals_us) < FEWEST:
            continue
        usual_us = median(intervals_us)
        uneven = [found for found in intervals_us if abs(found - usual_us) > UNEVEN * usual_us]
        if len(uneven) > UNEVEN_SHARE * len(intervals_us):
            words = (
                f"{kind.name} is sampled unevenly: {len(uneven)} of {len(intervals_us)} intervals are far from the "
                f"usual {usual_us / US_PER_S:.2f} s (up to {max(uneven) / US_PER_S:.2f} s, by its own clock)."
            )
            yield Finding("uneven", words)


def _intervals_us(listening: Listening, kind: Topic) -> list[int]:
    """Between samples that follow each other by number: what is lost on the way says nothing about the device."""
    reader = read_generator if kind is GENERATOR else read_temperature
    frames = (reader(heard.payload) for heard in listening.live(kind))
    stamps = [(frame.seq, frame.at_us) for frame in frames if not isinstance(frame, Unreadable)]
    return [at_us - before_us for (before, before_us), (seq, at_us) in pairwise(stamps) if seq == before + 1]
