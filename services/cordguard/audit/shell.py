"""The audit service: what crosses the bus goes into the ledger, and is acknowledged once it is on the disk."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from importlib import metadata
from typing import Final

from pydantic import JsonValue

from cordguard.audit import intake
from cordguard.audit.entry import Draft
from cordguard.audit.ledger import FILE_NAME, Ledger, open_ledger
from cordguard.audit.store import LedgerUnavailableError, NotALedgerError
from cordguard.audit.throttle import Throttle
from cordguard.bus.paho import open_paho
from cordguard.bus.port import Delivery, Handlers, OpenBus, Subscription
from cordguard.contract import topics
from cordguard.contract.health import Rejected
from cordguard.contract.units import HealthState
from cordguard.runtime.clock import Clock, SimulatedClock, WallClock
from cordguard.runtime.health import HealthReporter
from cordguard.runtime.held import Held
from cordguard.runtime.run_clock import follow, tells_time
from cordguard.runtime.service import Service, SetupError
from cordguard.runtime.settings import ServiceSettings

RETRY_S: Final = 1.0
"""Pause between two attempts while the ledger cannot be written."""

COMMIT_MAX: Final = 500
"""Messages of one transaction: a long queue must not keep the connection waiting beyond its keep-alive."""

_log = logging.getLogger(__name__)


class AuditService:
    """Keeps the ledger. What cannot be written now stays the broker's: nothing is acknowledged before it is kept."""

    def __init__(
        self,
        settings: ServiceSettings,
        open_bus: OpenBus,
        ledger: Ledger,
        clock: Clock,
        *,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Enter that the service starts, and open the bus.

        Raises:
            LedgerUnavailableError: the ledger cannot be written.
        """
        self._settings = settings
        self._ledger = ledger
        self._clock = clock
        self._monotonic_s = monotonic_s
        self._held = Held[Draft]()
        """Not yet in the ledger, not yet acknowledged."""
        self._throttle = Throttle()
        self._counts = {"entered": 0, "repeated": 0, "conflict": 0, "unreadable": 0, "unreadable_not_kept": 0}
        self._trouble: str | None = None
        self._retry_at_s = 0.0
        self._enter_start()
        self._head = ledger.head()
        self._health = HealthReporter("audit", settings.site, settings.instance, clock, monotonic_s=monotonic_s)
        client_id = f"audit-{settings.site}-{settings.instance}"
        connection = settings.connection(client_id, self._subscriptions(), will=self._health.will)
        self._bus = open_bus(connection, Handlers(self._receive))

    @property
    def ready(self) -> bool:
        """Connected, and the ledger can be written."""
        return self._bus.connected and self._trouble is None

    def step(self, timeout_s: float) -> None:
        """Take what comes, commit it, acknowledge it."""
        self._bus.poll(timeout_s)
        if self._monotonic_s() >= self._retry_at_s:
            self._commit()
        state: HealthState = "ok" if self._trouble is None else "failed"
        self._health.beat(self._bus, state, queue=len(self._held), detail=self._detail())

    def close(self) -> None:
        """Commit what is there, say that we stop, disconnect."""
        self._commit()
        while self._held and self._trouble is None:
            self._commit()
        self._health.stopped(self._bus)
        self._bus.close()
        self._ledger.close()

    def _subscriptions(self) -> tuple[Subscription, ...]:
        clock = (topics.CLOCK,) if isinstance(self._clock, SimulatedClock) else ()
        return tuple(Subscription(topic.filter(self._settings.site)) for topic in (*intake.AUDITED, *clock))

    def _enter_start(self) -> None:
        note = intake.ServiceNote(
            at_us=self._clock.now_us(), instance=self._settings.instance, version=metadata.version("cordguard")
        )
        number = self._ledger.head().count + 1
        self._ledger.append([intake.opened(note, site=self._settings.site, number=number)], note.at_us)

    def _receive(self, delivery: Delivery) -> None:
        message = delivery.message
        if tells_time(message.topic):
            follow(self._clock, message.payload)
            delivery.acknowledge()
            return
        draft = intake.read(self._settings.site, message.topic, message.payload, received_us=self._clock.now_us())
        if draft is None or not self._is_wanted(draft):
            delivery.acknowledge()
            return
        self._held.add(delivery, draft)

    def _is_wanted(self, draft: Draft) -> bool:
        """Whether it is readable, or one of the few unreadable ones that are kept."""
        if draft.kind != "unreadable":
            return True
        kept = self._throttle.allows(self._monotonic_s())
        self._counts["unreadable" if kept else "unreadable_not_kept"] += 1
        if kept:
            rejected = Rejected.model_validate_json(draft.content)
            _log.warning("%s: unreadable, kept as it is (%s)", rejected.topic, rejected.reason)
        return kept

    def _commit(self) -> None:
        """Write what has waited longest and acknowledge it, or say why not; it then stays where it is."""
        drafts = self._held.oldest(COMMIT_MAX)
        if not drafts:
            return
        try:
            outcomes = self._ledger.append(drafts, self._clock.now_us())
            self._head = self._ledger.head()
        except LedgerUnavailableError as error:
            self._complain(str(error))
            return
        self._held.acknowledge(len(drafts))
        for draft, outcome in zip(drafts, outcomes, strict=True):
            self._counts[outcome] += 1
            if outcome == "conflict":
                _log.warning("%s %s came again with another content: both are kept", draft.kind, draft.key)
        if self._trouble is not None:
            _log.info("the ledger can be written again; nothing was lost")
            self._trouble = None

    def _complain(self, sentence: str) -> None:
        if sentence != self._trouble:
            _log.error("%s; messages stay with the broker until the ledger can be written", sentence)
        self._trouble = sentence
        self._retry_at_s = self._monotonic_s() + RETRY_S

    def _detail(self) -> dict[str, JsonValue]:
        detail: dict[str, JsonValue] = {"entries": self._head.count, "head": self._head.hash, **self._counts}
        if self._trouble is not None:
            detail["trouble"] = self._trouble
        return detail


def build(settings: ServiceSettings, open_bus: OpenBus = open_paho) -> Service:
    """The audit service on the ledger in its data folder.

    Raises:
        SetupError: the ledger cannot be opened or written.
    """
    path = settings.data_dir / FILE_NAME
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        ledger = open_ledger(path)
    except (LedgerUnavailableError, NotALedgerError) as error:
        raise SetupError(str(error)) from None
    except OSError as error:
        msg = f"{settings.data_dir}: the data folder cannot be made ({error.strerror}); name another with --data-dir"
        raise SetupError(msg) from None
    try:
        clock = SimulatedClock() if settings.simulated_clock else WallClock(not_below_us=ledger.newest_recorded_us())
        return AuditService(settings, open_bus, ledger, clock)
    except LedgerUnavailableError as error:
        ledger.close()
        raise SetupError(str(error)) from None
