"""When the next frame may be played: by the wall, by the run's speed, and never too far ahead of the monitor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cordguard.bus.port import Bus
from cordguard.runtime.clock import Clock
from cordguard.simulators.checked import MICROS_PER_S
from cordguard.simulators.room import FRAME_US

POLL_S: Final = 0.05
"""Longest wait for the network before asking again whether somebody wants us to stop."""
LEAD_US: Final = 1 * MICROS_PER_S
"""A simulated run stays closer than this to the newest vitals.

Whatever happened 1 s ago has then been judged, and heard, before a frame is played: vitals of a moment are published
after all that was received before it. So an operator who takes at least 1 s always acts at the same frame.
"""


class Pace:
    """Frames by the wall clock: one every 100 ms divided by the speed."""

    def __init__(self, now_us: int, speed: float | None) -> None:
        """The first frame is due now; ``speed`` None is real time.

        In real time, frames that are late are caught up with, since devices go on measuring when a host stalls. In
        simulated time they are not: the run takes longer instead.
        """
        self._period_us: Final = FRAME_US / (speed or 1.0)
        self._catches_up: Final = speed is None
        self._due_us = float(now_us)

    def wait_s(self, now_us: int) -> float:
        """How long until the next frame is due; 0 if it is."""
        return max(0.0, self._due_us - now_us) / MICROS_PER_S

    def played(self, now_us: int) -> None:
        """A frame went out: plan the next."""
        due_us = self._due_us + self._period_us
        self._due_us = due_us if self._catches_up else max(due_us, float(now_us))


class Lead:
    """How far a simulated run may go ahead of the monitor."""

    def __init__(self, start_us: int) -> None:
        """The monitor counts as being at the start until it speaks."""
        self._newest_us = start_us

    @property
    def newest_us(self) -> int:
        """Where the monitor is, by its own word."""
        return self._newest_us

    def heard(self, as_of_us: int) -> None:
        """Vitals came that describe this moment."""
        self._newest_us = max(self._newest_us, as_of_us)

    def allows(self, at_us: int) -> bool:
        """Whether the frame of this moment may be played."""
        return at_us - self._newest_us < LEAD_US


class Patience:
    """Waiting, with the network served meanwhile and an ear for whoever wants us to stop."""

    def __init__(self, bus: Bus, wall: Clock, stopping: Callable[[], bool]) -> None:
        """``wall`` is the wall's clock, also in simulated time."""
        self.bus: Final = bus
        self.wall: Final = wall
        self.stopping: Final = stopping

    def wait_for(self, condition: Callable[[], bool], limit_us: int) -> bool:
        """Whether the condition came to hold before so much wall time was over, or somebody wanted us to stop."""
        deadline_us = self.wall.now_us() + limit_us
        while not condition():
            left_us = deadline_us - self.wall.now_us()
            if left_us <= 0 or self.stopping():
                return False
            self.bus.poll(min(POLL_S, left_us / MICROS_PER_S))
        return True
