"""The recorder's shell: commits what the bus brings, and only then acknowledges it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from pydantic import JsonValue

from cordguard.bus.paho import open_paho
from cordguard.bus.port import Delivery, Handlers, OpenBus, Subscription
from cordguard.contract import topics
from cordguard.contract.lenient import Unreadable
from cordguard.contract.units import HealthState
from cordguard.recorder.batch import Batch
from cordguard.recorder.influx import open_influx
from cordguard.recorder.intake import rows_of
from cordguard.recorder.outbox import Outbox
from cordguard.recorder.settings import RecorderSettings
from cordguard.recorder.shipper import Shipper, ShipperThread, ShippingState
from cordguard.recorder.store import FILE_NAME, Store, StoreError, Trouble, open_store
from cordguard.runtime.clock import MICROS_PER_S, Clock, SimulatedClock, WallClock
from cordguard.runtime.health import HealthReporter
from cordguard.runtime.run_clock import follow, tells_time
from cordguard.runtime.service import SetupError

BATCH_US: Final = 50_000
"""Longest wait of a message for its commit."""
BATCH_MESSAGES: Final = 500
"""So many messages are committed at once, however short they have waited."""
RETRY_US: Final = MICROS_PER_S
"""Pause after a commit that failed."""

KEPT: Final = (
    topics.TEMPERATURE,
    topics.GENERATOR,
    topics.VITALS,
    topics.TRANSITION,
    topics.CASE,
    topics.MARK,
    topics.REJECTED,
)
"""What is kept."""

_log = logging.getLogger(__name__)


def subscriptions(site: str, *, simulated_clock: bool) -> tuple[Subscription, ...]:
    """What the recorder listens to, each at the quality that it is published with."""
    kept = tuple(Subscription(topic.filter(site), topic.qos) for topic in KEPT)
    return (*kept, Subscription(topics.CLOCK.filter(site), topics.CLOCK.qos)) if simulated_clock else kept


class Shipping(Protocol):
    """Somebody ships what is kept, beside the loop."""

    @property
    def state(self) -> ShippingState:
        """How it goes."""

    def close(self) -> None:
        """End it, and wait for its end."""


@dataclass(slots=True)
class Counts:
    """What happened since start."""

    stored: int = 0
    repeated: int = 0
    conflicting: int = 0
    unreadable: int = 0


class Recorder:
    """The service. Everything but shipping happens in the thread that calls ``step``."""

    def __init__(
        self,
        settings: RecorderSettings,
        *,
        open_bus: OpenBus,
        store: Store,
        clock: Clock,
        own_clock: Clock,
        shipping: Shipping | None = None,
    ) -> None:
        """Over an open store, which it closes, as it does shipping; ``own_clock`` paces commits in every run."""
        self._store = store
        self._clock = clock
        self._own_clock = own_clock
        self._shipping = shipping
        self._health = HealthReporter("recorder", settings.site, settings.instance, clock)
        self._batch = Batch()
        self._counts = Counts()
        self._trouble: str | None = None
        self._due_us = 0
        """When the next commit is due, by our own clock; says something only while messages wait."""
        connection = settings.connection(
            f"recorder-{settings.site}-{settings.instance}",
            subscriptions(settings.site, simulated_clock=settings.simulated_clock),
            will=self._health.will,
        )
        self._bus = open_bus(connection, Handlers(self._on_delivery))

    @property
    def ready(self) -> bool:
        """Whether it is connected and its store takes what comes."""
        return self._bus.connected and self._trouble is None

    def step(self, timeout_s: float) -> None:
        """Take in what comes, commit what is due, report."""
        wait_us = self._due_us - self._own_clock.now_us()
        self._bus.poll(min(timeout_s, max(0, wait_us) / MICROS_PER_S) if self._batch else timeout_s)
        if self._batch and self._own_clock.now_us() >= self._due_us:
            self._commit()
        state, detail = self._report()
        self._health.beat(self._bus, state, queue=len(self._batch), detail=detail)

    def close(self) -> None:
        """Commit and acknowledge what waits, end shipping, say goodbye."""
        if self._batch:
            self._commit()
        if self._shipping is not None:
            self._shipping.close()
        self._health.stopped(self._bus)
        self._bus.close()
        self._store.close()

    def _on_delivery(self, delivery: Delivery) -> None:
        message = delivery.message
        if tells_time(message.topic):
            follow(self._clock, message.payload)
        rows = rows_of(message.topic, message.payload)
        if isinstance(rows, Unreadable):
            # Safety publishes the dead letter of what no one can read; here it is only counted.
            self._counts.unreadable += 1
            rows = ()
        if not rows:
            delivery.acknowledge()
            return
        if not self._batch:
            self._due_us = max(self._due_us, self._own_clock.now_us() + BATCH_US)
        self._batch.add(delivery, rows)
        if len(self._batch) >= BATCH_MESSAGES and self._trouble is None:
            self._commit()

    def _commit(self) -> None:
        outcome = self._store.keep(self._batch.rows())
        if isinstance(outcome, Trouble):
            if outcome.reason != self._trouble:
                _log.error("%s; until then nothing more is acknowledged", outcome.reason)
            self._trouble = outcome.reason
            self._due_us = self._own_clock.now_us() + RETRY_US
            return
        self._batch.acknowledge()
        if self._trouble is not None:
            _log.info("the store takes rows again")
        self._trouble = None
        self._due_us = 0
        self._counts.stored += outcome.new
        self._counts.repeated += outcome.repeated
        self._counts.conflicting += outcome.conflicting

    def _report(self) -> tuple[HealthState, dict[str, JsonValue]]:
        shipping = self._shipping.state if self._shipping is not None else None
        detail: dict[str, JsonValue] = {
            "store": self._trouble or "ok",
            "stored": self._counts.stored,
            "repeated": self._counts.repeated,
            "conflicting": self._counts.conflicting,
            "unreadable": self._counts.unreadable,
            "vitals_dropped": self._batch.dropped,
            "influx": "off" if shipping is None else shipping.trouble or "ok",
        }
        if shipping is not None:
            detail["influx_backlog"] = shipping.backlog
            detail["influx_written"] = shipping.written
            detail["influx_expired"] = shipping.expired
            detail["influx_quarantined"] = shipping.quarantined
        degraded = shipping is not None and (shipping.trouble is not None or shipping.refused > 0)
        return "failed" if self._trouble else "degraded" if degraded else "ok", detail


def build(settings: RecorderSettings, open_bus: OpenBus = open_paho) -> Recorder:
    """The recorder as its process runs it.

    Raises:
        SetupError: the store cannot be opened.
    """
    path = settings.data_dir / FILE_NAME
    try:
        store = open_store(path)
    except StoreError as error:
        raise SetupError(str(error)) from None
    shipping = _start_shipping(settings, path)
    clock = SimulatedClock() if settings.simulated_clock else WallClock()
    return Recorder(settings, open_bus=open_bus, store=store, clock=clock, own_clock=WallClock(), shipping=shipping)


def _start_shipping(settings: RecorderSettings, path: Path) -> ShipperThread | None:
    """Ship to the InfluxDB of the settings, if they name one; each InfluxDB and bucket gets everything once."""
    if settings.influx_url is None:
        return None
    target = f"{settings.influx_url} {settings.influx_org}/{settings.influx_bucket}"
    return ShipperThread(lambda: Shipper(Outbox(path, target), open_influx(settings)))
