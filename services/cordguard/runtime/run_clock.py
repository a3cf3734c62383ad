"""The clock of a simulated run, as the simulator publishes it: every process of that run takes its time from it."""

from __future__ import annotations

from cordguard.contract import topics
from cordguard.contract.health import ClockReading
from cordguard.contract.lenient import read
from cordguard.runtime.clock import Clock, SimulatedClock


def tells_time(topic: str) -> bool:
    """Whether messages on this topic tell a run's time."""
    parsed = topics.parse(topic)
    return parsed is not None and parsed.topic is topics.CLOCK


def follow(clock: Clock, payload: bytes) -> None:
    """Take over the time that a message tells; a clock that is not simulated, and an ill message, change nothing."""
    reading = read(ClockReading, payload)
    if isinstance(clock, SimulatedClock) and isinstance(reading, ClockReading):
        clock.advance_to(reading.at_us)
