"""One frame's place in time: its order among its source's, its times, and the interval that lies before it."""

from __future__ import annotations

from cordguard.engine.clocks import LATE_US
from cordguard.engine.state import Generator, Sensor
from cordguard.engine.streams import Order


class Moment:
    """Where one frame stands: its order, its times, and whether it may count for the open case."""

    __slots__ = ("at_us", "backlog", "counts", "event_us", "late", "order", "received_us", "stamp")

    def __init__(self, order: Order, at_us: int, received_us: int, stamp: str | None) -> None:
        """Event time and the rest are found out as the source is judged."""
        self.order = order
        self.late = order == "late"
        """Older than the newest of its stream."""
        self.stamp = stamp
        self.at_us = at_us
        self.received_us = received_us
        self.event_us = at_us
        self.backlog = False
        self.counts = True

    @property
    def record_us(self) -> int:
        """Event time for the record: nothing that was received lies in the future, whatever its source's clock says."""
        return self.received_us if self.event_us - self.received_us > LATE_US else self.event_us

    def step_us(self, sensor: Sensor) -> int | None:
        """Time since the sensor's temperature before, by its source's clock; by ours if that clock was set since."""
        newest_at_us = sensor.dose.newest_at_us
        if self.late or newest_at_us is None:
            return None
        return self.received_us - sensor.measured_us if sensor.stepped else self.at_us - newest_at_us

    def generator_step_us(self, generator: Generator) -> int | None:
        """The same for a generator's readings."""
        if generator.stepped:
            return self.received_us - generator.heard_us
        return self.at_us - generator.newest_at_us if generator.newest_at_us is not None else None
