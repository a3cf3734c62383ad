"""Ships the store to InfluxDB: reads on from a cursor, and moves it only over what was taken or refused for good.

It runs in a thread of its own, over a connection of its own, so that a slow answer never delays an acknowledgement.
Shipping the same rows again is harmless: the same row makes the same point.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from cordguard.recorder.influx import LineWriter, Refused, Unavailable, Written
from cordguard.recorder.outbox import SHIPPED, Line, Outbox, Refusal
from cordguard.recorder.points import PointRow
from cordguard.recorder.store import StoreError, is_trouble

BATCH_LINES: Final = 5_000
"""Most lines of one request."""
IDLE_S: Final = 0.25
"""How often the store is looked at when all is shipped: the lag of a dashboard."""
BACK_OFF_FIRST_S: Final = 1.0
BACK_OFF_LAST_S: Final = 60.0
"""Wait after the first failed request, doubled at each further one up to the last."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivered:
    """All lines are settled: in, or refused for good."""

    refusals: tuple[Refusal, ...]
    expired: int


@dataclass(frozen=True, slots=True)
class ShippingState:
    """How shipping goes, for health."""

    trouble: str | None = None
    """Why it does not go on; None while it does."""
    backlog: int = 0
    """Rows that wait."""
    written: int = 0
    """Lines taken since start."""
    expired: int = 0
    """Lines dropped as older than InfluxDB keeps, since start."""
    refused: int = 0
    """Lines refused for good, since start."""
    quarantined: int = 0
    """Lines refused for good, ever."""


def deliver(writer: LineWriter, lines: Sequence[Line]) -> Delivered | Unavailable:
    """Send lines; if some are refused, halve until each bad one stands alone. Good neighbours always go in."""
    waiting: list[Sequence[Line]] = [lines]
    refusals: list[Refusal] = []
    expired = 0
    while waiting:
        part = waiting.pop()
        answer = writer.write([line.text for line in part])
        match answer:
            case Written():
                expired += answer.expired
            case Unavailable():
                return answer
            case Refused() if len(part) == 1:
                refusals.append(Refusal(part[0], answer.reason))
            case Refused():
                middle = len(part) // 2
                waiting += [part[middle:], part[:middle]]
    return Delivered(tuple(refusals), expired)


class Shipper:
    """One pass after the other; says after each how long to wait."""

    def __init__(self, outbox: Outbox, writer: LineWriter) -> None:
        """Ship from ``outbox`` to ``writer``; both are closed with it."""
        self._outbox = outbox
        self._writer = writer
        self._back_off_s = BACK_OFF_FIRST_S
        self.state = ShippingState()

    def step(self) -> float:
        """Ship at most one batch of each table; the seconds to wait before the next step."""
        try:
            return self._ship_all()
        except sqlite3.DatabaseError as error:
            if not is_trouble(error):
                raise
            return self._trouble(f"the store cannot be read ({error})", None)

    def close(self) -> None:
        """Close store and network."""
        self._outbox.close()
        self._writer.close()

    def _ship_all(self) -> float:
        full = False
        for row in SHIPPED:
            lines = self._outbox.next_lines(row, BATCH_LINES)
            if lines and (failure := self._ship(row, lines)):
                return self._trouble(failure.reason, failure.retry_after_s)
            full = full or len(lines) == BATCH_LINES
        self._settled(None)
        return 0.0 if full else IDLE_S

    def _ship(self, row: type[PointRow], lines: Sequence[Line]) -> Unavailable | None:
        outcome = deliver(self._writer, lines)
        if isinstance(outcome, Unavailable):
            return outcome
        for refusal in outcome.refusals:
            _log.warning("InfluxDB refused a line (%s); now in quarantine: %s", refusal.reason, refusal.line.text)
        self._outbox.mark_shipped(row, lines[-1].row_id, outcome.refusals)
        self._back_off_s = BACK_OFF_FIRST_S
        self.state = replace(
            self.state,
            written=self.state.written + len(lines) - len(outcome.refusals) - outcome.expired,
            expired=self.state.expired + outcome.expired,
            refused=self.state.refused + len(outcome.refusals),
        )
        return None

    def _trouble(self, reason: str, retry_after_s: float | None) -> float:
        if self.state.trouble is None:
            _log.warning("shipping waits: %s", reason)
        self._settled(reason)
        wait_s = max(self._back_off_s, min(retry_after_s or 0.0, BACK_OFF_LAST_S))
        self._back_off_s = min(2 * self._back_off_s, BACK_OFF_LAST_S)
        return wait_s

    def _settled(self, trouble: str | None) -> None:
        if trouble is None and self.state.trouble is not None:
            _log.info("shipping goes on")
        try:
            backlog, quarantined = self._outbox.backlog(), self._outbox.quarantined()
        except sqlite3.DatabaseError:
            backlog, quarantined = self.state.backlog, self.state.quarantined
        self.state = replace(self.state, trouble=trouble, backlog=backlog, quarantined=quarantined)


class ShipperThread:
    """Runs a shipper beside the service's loop. ``state`` may be read from any thread."""

    def __init__(self, open_shipper: Callable[[], Shipper]) -> None:
        """Start; ``open_shipper`` is called in the new thread, whose alone the connection is."""
        self._open_shipper = open_shipper
        self._shipper: Shipper | None = None
        self._failure: str | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shipper", daemon=True)
        self._thread.start()

    @property
    def state(self) -> ShippingState:
        """How shipping goes."""
        if self._failure is not None:
            return ShippingState(trouble=self._failure)
        return ShippingState() if self._shipper is None else self._shipper.state

    def close(self) -> None:
        """Stop after the request under way and wait for the thread's end (bounded by the request's timeout)."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._ship_until_stopped()
        except Exception:  # noqa: BLE001 - whatever it is, keeping must go on, and health must say it
            self._failure = "shipping ended by a fault of ours, see the log; keeping goes on"
            _log.exception("shipping ends")
        finally:
            if self._shipper is not None:
                self._shipper.close()

    def _ship_until_stopped(self) -> None:
        wait_s = 0.0
        while not self._stop.wait(wait_s):
            wait_s = self._open() if self._shipper is None else self._shipper.step()

    def _open(self) -> float:
        try:
            self._shipper = self._open_shipper()
        except StoreError as error:
            self._failure = str(error)
            return BACK_OFF_FIRST_S
        self._failure = None
        return 0.0
