"""From one state to many viewers: each has a bounded buffer of its own, and a slow one never delays another.

``latest`` frames replace each other, ``record`` frames too; ``batch`` frames queue up, and when a viewer does not keep
up the oldest are dropped and counted. The count goes out with every message, and the page shows it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Literal

from cordguard.console.moments import Moment

BATCHES_MAX: Final = 50
"""Batches that wait for one viewer: 5 seconds' worth."""

SoundOwner = Literal["here", "elsewhere", "nobody"]
"""Which page sounds the alarms of a room, as one page is told it."""


@dataclass(slots=True)
class Viewer:
    """One open page, and what waits to be sent to it."""

    room: str | None
    """The room it looks at; None until there is one."""
    wake: Callable[[], None] = lambda: None
    """Called when something waits."""
    record_version: int | None = None
    """The version of the room's record it has; None: nothing yet, it wants everything."""
    dropped: int = 0
    """Points that were dropped because it did not keep up."""
    spoke: Moment | None = None
    """When it last said whether its sound is on."""
    audible: bool = False
    """Whether its sound was on then."""
    sound: SoundOwner = "nobody"
    _sequence: int = 0
    _latest: bytes | None = None
    _record: bytes | None = None
    _batches: deque[tuple[bytes, int]] = field(default_factory=deque)

    @property
    def waiting(self) -> int:
        """How many batches wait to be sent."""
        return len(self._batches)

    def offer_latest(self, frame: bytes) -> None:
        """The newest numbers; older ones that still wait are worthless now."""
        self._latest = frame
        self.wake()

    def offer_record(self, frame: bytes) -> None:
        """Case, summary and events, as a whole."""
        self._record = frame
        self.wake()

    def offer_batch(self, frame: bytes, points: int) -> None:
        """New points of traces; the oldest waiting batch makes room."""
        if len(self._batches) >= BATCHES_MAX:
            self.dropped += self._batches.popleft()[1]
        self._batches.append((frame, points))
        self.wake()

    def start_over(self, frame: bytes) -> None:
        """A whole picture of the traces: what waited is part of it."""
        self._batches.clear()
        self._batches.append((frame, 0))
        self.wake()

    def take(self) -> list[bytes]:
        """Everything that waits, numbered, ready to send."""
        waiting = [frame for frame, _ in self._batches]
        waiting += [frame for frame in (self._record, self._latest) if frame is not None]
        self._batches.clear()
        self._latest = self._record = None
        return [self._envelope(frame) for frame in waiting]

    def _envelope(self, frame: bytes) -> bytes:
        self._sequence += 1
        head = b'{"seq":%d,"dropped":%d,"sound":"%s"' % (self._sequence, self.dropped, self.sound.encode())
        return b'%s,"frame":%s}' % (head, frame)


class Hub:
    """All open pages."""

    def __init__(self) -> None:
        """Nobody looks yet."""
        self.viewers: list[Viewer] = []

    @contextmanager
    def viewer(self, room: str | None, wake: Callable[[], None]) -> Iterator[Viewer]:
        """A viewer for as long as its page is open."""
        viewer = Viewer(room, wake)
        self.viewers.append(viewer)
        try:
            yield viewer
        finally:
            self.viewers.remove(viewer)

    @property
    def count(self) -> int:
        """How many pages are open."""
        return len(self.viewers)

    def rooms(self) -> dict[str | None, list[Viewer]]:
        """Who looks at which room."""
        by_room: dict[str | None, list[Viewer]] = {}
        for viewer in self.viewers:
            by_room.setdefault(viewer.room, []).append(viewer)
        return by_room
