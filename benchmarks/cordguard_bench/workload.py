"""The load, as a function of a few numbers: who sends what when, and which alarms have to come of it.

A device sends a generator frame and a temperature frame, back to back, once a cycle. Devices run at one rate, each with
a phase of its own (seeded). Now and then a temperature crosses 45 °C: it jumps there from below 43 °C, stays for three
cycles, and is cool again. Everything is absolute: what is late now makes nothing later.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from cordguard.contract import topics

SOURCE: Final = "gen-1"
NS_PER_S: Final = 1_000_000_000
US_PER_S: Final = 1_000_000
FRAMES: Final = 2
"""Messages of one cycle: generator and temperature."""
HOT_CYCLES: Final = 3
"""How long a crossing lasts: R01 wants two of three samples at or above the limit, and the third has to be sure."""


@dataclass(frozen=True)
class Load:
    """A load, whole in itself: equal loads send the same."""

    rooms: int
    cycles_per_s: float
    """Of one device; each is ``FRAMES`` messages. In simulated seconds, if it is faster than time."""
    seconds: float
    """The measured window, in seconds of the devices' clock."""
    warm_up_s: float = 3.0
    crossing_every_s: float = 2.0
    """Of one room."""
    speed: float = 1.0
    """How much faster than time; other than 1 the run's clock is published too."""
    rooms_per_site: int = 1_000
    seed: int = 1

    @property
    def messages_per_s(self) -> float:
        """Telemetry, of all rooms together, by the wall clock."""
        return self.rooms * self.cycles_per_s * FRAMES * self.speed

    @property
    def warm_up_cycles(self) -> int:
        """Cycles of a device before the window."""
        return round(self.warm_up_s * self.cycles_per_s)

    @property
    def cycles(self) -> int:
        """Cycles of a device in all."""
        return self.warm_up_cycles + self.window_cycles

    @property
    def window_cycles(self) -> int:
        """Cycles of a device inside the window."""
        return round(self.seconds * self.cycles_per_s)

    @property
    def messages(self) -> int:
        """Telemetry in the window."""
        return self.window_cycles * self.rooms * FRAMES

    @property
    def sites(self) -> tuple[str, ...]:
        """Every site; one, unless there are more rooms than one process of safety watches."""
        return tuple(f"bench-{number}" for number in range(-(-self.rooms // self.rooms_per_site)))

    def site(self, room: int) -> str:
        """The site of a room."""
        return self.sites[room // self.rooms_per_site]

    @property
    def crossing_cycles(self) -> int:
        """Cycles from one crossing of a room to its next."""
        return max(round(self.crossing_every_s * self.cycles_per_s), 2 * HOT_CYCLES)

    @cached_property
    def _phases_ns(self) -> tuple[int, ...]:
        dice = random.Random(self.seed)  # noqa: S311 - phases of devices, no secret
        return tuple(int(dice.random() * self.cycle_ns) for _ in range(self.rooms))

    @cached_property
    def _first_crossings(self) -> tuple[int, ...]:
        dice = random.Random(self.seed + 1)  # noqa: S311 - as above
        return tuple(dice.randrange(HOT_CYCLES, self.crossing_cycles + 1) for _ in range(self.rooms))

    @property
    def cycle_ns(self) -> float:
        """Wall time of a cycle."""
        return NS_PER_S / self.cycles_per_s / self.speed

    @property
    def order(self) -> list[int]:
        """Rooms in the order of their turns within a cycle."""
        return sorted(range(self.rooms), key=lambda room: self._phases_ns[room])

    def due_ns(self, room: int, cycle: int) -> int:
        """When a device's cycle has to be sent, after the start, by the wall clock."""
        return self._phases_ns[room] + int(cycle * self.cycle_ns)

    def at_us(self, room: int, cycle: int) -> int:
        """The same by the device's clock, after its start."""
        return int(self.due_ns(room, cycle) * self.speed) // 1_000

    def hot(self, room: int, cycle: int) -> int:
        """How many hot samples in a row this one makes; 0 if it is cool."""
        into = (cycle - self._first_crossings[room]) % self.crossing_cycles
        return into + 1 if cycle >= self._first_crossings[room] and into < HOT_CYCLES else 0

    @property
    def crossings(self) -> int:
        """Whole crossings in all, warm-up included."""
        return sum(self.hot(room, cycle) == HOT_CYCLES for room in range(self.rooms) for cycle in range(self.cycles))

    def expected(self, decides_at: int) -> Iterator[tuple[int, int]]:
        """The samples that have to raise an alarm: room and cycle.

        Only crossings that lie in the window as a whole count, so that everybody is asked for equally many.

        Args:
            decides_at: which hot sample satisfies the contestant's rule: 1 the first, 2 the second.
        """
        for room in range(self.rooms):
            for cycle in range(self.warm_up_cycles, self.cycles - HOT_CYCLES + 1):
                if self.hot(room, cycle) == 1:
                    yield room, cycle + decides_at - 1


def room_name(room: int) -> str:
    """A room as topics name it."""
    return f"or-{room:03}"


def telemetry_topic(load: Load, room: int, row: topics.Topic) -> str:
    """Where a device's frames of a kind go."""
    return row.at(load.site(room), room=room_name(room), source=SOURCE)


def transition_topic(load: Load, room: int) -> str:
    """Where a room's alarms come."""
    return topics.TRANSITION.at(load.site(room), room=room_name(room))
