"""One frame's place in time: its order among its source's, its times, and the interval that lies before it."""

from __future__ import annotations

from cordguard.engine.clocks import LATE_US
from cordguard.engine.state import Generator, Sensor
from cordguard.engine.streams import Order


class Moment:
    """Where one frame stands: its order, its times, and whether it may count for the open case."""

    __slots__ = ("at_us", "backlog", "counts", "event_us", "late", "received_us", "record_us", "stamp")

    def __init__(self, order: Order, at_us: int, event_us: int, received_us: int) -> None:
        """Whose record it counts for is found out by its stamp."""
        self.at_us = at_us
        self.event_us = event_us
        self.received_us = received_us
        self.late = order == "late"
        """Older than the newest of its stream."""
        self.backlog = received_us - event_us > LATE_US
        self.record_us = received_us if event_us - received_us > LATE_US else event_us
        """Event time for the record: nothing that was received lies in the future, whatever its source's clock says."""
        self.stamp: str | None = None
        self.counts = True

    def step_us(self, sensor: Sensor) -> int | None:
        """Since the temperature before (this one is in order), by the source's clock; by ours if that was set since."""
        newest_at_us = sensor.dose.newest_at_us
        if newest_at_us is None:
            return None
        return self.received_us - sensor.measured_us if sensor.stepped else self.at_us - newest_at_us

    def generator_step_us(self, generator: Generator) -> int | None:
        """The same for a generator's readings."""
        if generator.stepped:
            return self.received_us - generator.heard_us
        return self.at_us - generator.newest_at_us if generator.newest_at_us is not None else None
