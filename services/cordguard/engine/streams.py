"""The order of one stream (one kind of message of one source): newest, late, repeated, or a new epoch."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Final, Literal

Order = Literal["newest", "late", "repeat", "new-epoch"]
"""``late`` is judged by level rules only; ``repeat`` is dropped; ``new-epoch`` restarts the source's windows."""

BACKWARD_STEP_US: Final = 2_000_000
"""A newer sequence number with a time this much older is a clock that was set back."""
FORWARD_STEP_US: Final = 2_000_000
"""A clock that agreed with ours and now claims a time this far in our future was set forward."""
OLDER_FOR_US: Final = 2_000_000
"""Only older samples for this long (received time) is a device that started again."""
STANDS_STILL_US: Final = 2_000_000
"""A clock that gives the same time for longer (received time) does not tick: what it says is late."""
REMEMBERED: Final = 1024
"""How many samples are remembered to recognise repeats; above every broker's in-flight window."""
MISSING_RUNS: Final = 256
"""More gaps than this at a time are counted as lost at once."""
GRACE_US: Final = 3_000_000
"""A missing number counts as lost after this time: brokers resend out of order."""
STALE_US: Final = 1_000_000
STALE_PERIODS: Final = 3
"""Silence is longer than 1 s, or than three of a stream's own periods if that is more."""
QUICK_US: Final = STALE_US // STALE_PERIODS
"""A stream with a shorter period is allowed no more than the 1 s."""
PERIOD_WEIGHT: Final = 8
MAX_PERIOD_US: Final = 5_000_000


@dataclass(slots=True)
class Stream:
    """What is known of one stream."""

    newest_seq: int = -1
    newest_at_us: int = -1
    newest_received_us: int = 0
    advanced_us: int = 0
    """Received time of the sample with which the source's time last moved on."""
    epoch: int = 0
    period_us: int = 0
    """Usual time between samples, 0 until known."""
    older_since_us: int | None = None
    """Received time since which nothing newer came."""
    restart_expected: bool = False
    """The device said goodbye: its numbers may begin anew."""
    remembered: OrderedDict[int, int] = field(default_factory=OrderedDict)
    """seq to at of the last samples, in order of arrival."""
    missing: deque[tuple[int, int, int]] = field(default_factory=deque)
    """(first, last, at): runs of numbers that were skipped, and when that was seen."""

    @property
    def patience_us(self) -> int:
        """How much silence it is allowed: 1 s, or three of its own periods if that is more."""
        return max(STALE_US, STALE_PERIODS * self.period_us)

    def take_next(self, seq: int, at_us: int, received_us: int, offset_us: int) -> bool:
        """Take in a sample that is plainly the next one: True. One that needs judgement is left alone: False."""
        step_us = at_us - self.newest_at_us
        if (
            seq != self.newest_seq + 1
            or not 0 < step_us <= MAX_PERIOD_US
            or at_us - received_us + offset_us > FORWARD_STEP_US
            or self.newest_at_us < 0
            or self.restart_expected
            or seq in self.remembered
        ):
            return False
        self._remember(seq, at_us)
        self._measure(step_us)
        self.newest_seq, self.newest_at_us = seq, at_us
        self.newest_received_us = self.advanced_us = received_us
        self.older_since_us = None
        return True

    def classify(self, seq: int, at_us: int, received_us: int, *, offset_us: int = 0) -> Order:
        """Where a sample stands; call ``accept`` next unless it is a repeat.

        ``offset_us`` is by how much the source's clock is known to be behind ours.
        """
        if self.remembered.get(seq) == at_us:
            return "repeat"
        if self.newest_at_us < 0:
            return "newest"
        if at_us > self.newest_at_us or self._ticks_coarsely(seq, at_us, received_us):
            ahead_us = at_us - received_us + offset_us
            return "new-epoch" if ahead_us > FORWARD_STEP_US and self._agreed(offset_us) else "newest"
        if seq > self.newest_seq:
            return "new-epoch" if self.newest_at_us - at_us > BACKWARD_STEP_US else "late"
        waited = self.older_since_us is not None and received_us - self.older_since_us >= OLDER_FOR_US
        return "new-epoch" if waited and not self._is_missing(seq) else "late"

    def accept(self, seq: int, at_us: int, received_us: int, order: Order) -> int:
        """Take a sample in; 1 if its number is out of order in a way that no resending explains, else 0."""
        self._remember(seq, at_us)
        if order == "late":
            return self._accept_late(seq, received_us)
        first = self.newest_at_us < 0
        fault = not first and not self.restart_expected and seq <= self.newest_seq
        if order == "new-epoch" or self.restart_expected:
            self.epoch += order == "new-epoch"
            self.missing.clear()
            self.restart_expected = False
        elif not first:
            self._measure(at_us - self.newest_at_us)
            if seq > self.newest_seq + 1:
                self.missing.append((self.newest_seq + 1, seq - 1, at_us))
        if at_us != self.newest_at_us:
            self.advanced_us = received_us
        self.newest_seq, self.newest_at_us, self.newest_received_us = seq, at_us, received_us
        self.older_since_us = None
        return int(fault)

    def _accept_late(self, seq: int, received_us: int) -> int:
        if self.older_since_us is None:
            self.older_since_us = received_us
        found = self._fill(seq)
        self.newest_seq = max(self.newest_seq, seq)
        return int(not found)

    def lost(self) -> int:
        """How many numbers have now been missing for too long; they are counted once."""
        count = 0
        while self.missing and (self.newest_at_us - self.missing[0][2] >= GRACE_US or len(self.missing) > MISSING_RUNS):
            first, last, _ = self.missing.popleft()
            count += last - first + 1
        return count

    def _ticks_coarsely(self, seq: int, at_us: int, received_us: int) -> bool:
        """Whether a clock of whole seconds gives equal times; then the number tells which is newer."""
        fresh = received_us - self.advanced_us <= STANDS_STILL_US
        return at_us == self.newest_at_us and seq > self.newest_seq and fresh

    def _agreed(self, offset_us: int) -> bool:
        """Whether the clock agreed with ours, so far as it was known to be off, when its newest sample came."""
        return abs(self.newest_received_us - self.newest_at_us - offset_us) <= FORWARD_STEP_US

    def _is_missing(self, seq: int) -> bool:
        return any(first <= seq <= last and last - first < REMEMBERED for first, last, _ in self.missing)

    def _fill(self, seq: int) -> bool:
        """Take a late number off the missing ones; False if it was not missing."""
        for index, (first, last, at_us) in enumerate(self.missing):
            if first <= seq <= last:
                del self.missing[index]
                for run in ((seq + 1, last, at_us), (first, seq - 1, at_us)):
                    if run[0] <= run[1]:
                        self.missing.insert(index, run)
                return True
        return False

    def _remember(self, seq: int, at_us: int) -> None:
        remembered = self.remembered
        if seq in remembered:
            del remembered[seq]
        remembered[seq] = at_us
        if len(remembered) > REMEMBERED:
            remembered.popitem(last=False)

    def _measure(self, step_us: int) -> None:
        if 0 < step_us <= MAX_PERIOD_US:
            self.period_us = (
                step_us if not self.period_us else self.period_us + (step_us - self.period_us) // PERIOD_WEIGHT
            )
