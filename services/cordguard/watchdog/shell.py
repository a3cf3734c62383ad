"""The watchdog service: it shares nothing with safety but the broker, and speaks when the chain does not answer.

Its own death is told by the last will of its health: a page believes a failure message only while that health is good.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import Final

from pydantic import JsonValue

from cordguard.bus.paho import open_paho
from cordguard.bus.port import Delivery, Handlers, OpenBus, Publication, Subscription
from cordguard.contract import lenient, topics
from cordguard.contract.alarms import Transition
from cordguard.contract.health import Failure, Health
from cordguard.contract.units import HealthState
from cordguard.runtime.clock import MICROS_PER_S, Clock, WallClock
from cordguard.runtime.health import HealthReporter
from cordguard.runtime.service import Service
from cordguard.runtime.settings import ServiceSettings
from cordguard.watchdog.canary import PERIOD_US, Canary, Verdict

REPEAT_US: Final = 2 * MICROS_PER_S
"""The verdict is published again after so long: a broker that lost it, or kept an older one, is put right."""

_log = logging.getLogger(__name__)


class WatchdogService:
    """Keeps the canary going and says aloud what it shows. Its clock is wall time, in simulated runs too."""

    def __init__(self, settings: ServiceSettings, open_bus: OpenBus, clock: Clock) -> None:
        """Open the bus, on a clean session: answers from before are no proof."""
        site, instance = settings.site, settings.instance
        self._site = site
        self._clock = clock
        self._canary = Canary(clock.now_us())
        self._unconfirmed: deque[Publication] = deque()
        self._failure_topic = topics.FAILURE.at(site, instance=instance)
        self._told: tuple[Verdict, int] | None = None
        """What was published over this connection, and when."""
        self._logged: Verdict | None = None
        self._health = HealthReporter("watchdog", site, instance, clock, monotonic_s=self._now_s)
        subscriptions = (
            Subscription(topics.CANARY_TRANSITION.filter(site)),
            Subscription(topics.HEALTH.filter(site, service="safety")),
        )
        connection = settings.connection(
            f"watchdog-{site}-{instance}", subscriptions, clean=True, will=self._health.will
        )
        handlers = Handlers(self._receive, self._on_connected, self._on_disconnected)
        self._bus = open_bus(connection, handlers)

    @property
    def ready(self) -> bool:
        """Connected and sending; whether anybody answers is what it is there to find out."""
        return self._bus.connected

    def step(self, timeout_s: float) -> None:
        """Take what comes, send a sample if it is time, judge, and say so."""
        self._bus.poll(timeout_s)
        now_us = self._clock.now_us()
        while self._unconfirmed and self._unconfirmed[0].confirmed:
            self._unconfirmed.popleft()
            self._canary.chain.broker_took(now_us)
        if self._bus.connected:
            self._send_sample(now_us)
        verdict = self._canary.judge(now_us)
        if verdict is not None:
            self._tell(verdict, now_us)
        state: HealthState = "degraded" if verdict is None else "ok"
        self._health.beat(self._bus, state, queue=self._bus.unconfirmed, detail=self._detail(verdict))

    def close(self) -> None:
        """Say that nobody watches any more, and disconnect."""
        self._health.stopped(self._bus)
        self._bus.close()

    def _send_sample(self, now_us: int) -> None:
        sample = self._canary.sample_due(now_us)
        if sample is not None:
            topic = topics.CANARY_TEMPERATURE.at(self._site)
            self._unconfirmed.append(self._bus.publish(topic, sample.to_wire()))

    def _receive(self, delivery: Delivery) -> None:
        delivery.acknowledge()
        message = delivery.message
        parsed = topics.parse(message.topic)
        if parsed is None:
            return
        content = lenient.read(parsed.topic.payload, message.payload)
        match content:
            case Transition():
                self._canary.answered(content, self._clock.now_us())
            case Health() if parsed.instance is not None:
                now_us = self._clock.now_us()
                self._canary.safety_said(parsed.instance, content.state, now_us, retained=message.retained)
            case _:
                _log.warning("%s: not understood (%s)", message.topic, content)

    def _on_connected(self, session_present: bool) -> None:  # noqa: FBT001 - the port's signature
        del session_present
        self._told = None
        self._canary.connected(self._clock.now_us())
        _log.info("broker reached")

    def _on_disconnected(self, reason: str) -> None:
        self._unconfirmed.clear()
        self._canary.disconnected(self._clock.now_us())
        _log.error("broker not reachable: %s; a failure can only be published when it is back", reason)

    def _tell(self, verdict: Verdict, now_us: int) -> None:
        """Log a verdict once and at once; publish it when there is somebody to publish to, and again now and then."""
        if verdict != self._logged:
            self._logged = verdict
            _log.log(logging.ERROR if verdict.failed else logging.INFO, "%s", _sentence(verdict))
        told_now = self._told is not None and self._told[0] == verdict and now_us - self._told[1] < REPEAT_US
        if not self._bus.connected or told_now:
            return
        self._told = (verdict, now_us)
        failure = Failure(
            failed=verdict.failed,
            since_us=verdict.since_us,
            what=verdict.what,
            last_proof_us=self._canary.trips.last_proof_us,
        )
        self._bus.publish(self._failure_topic, failure.to_wire(), retain=True)

    def _detail(self, verdict: Verdict | None) -> dict[str, JsonValue]:
        trips = self._canary.trips
        detail: dict[str, JsonValue] = {
            "verdict": "no proof yet" if verdict is None else verdict.what,
            "self_check_period_ms": PERIOD_US // 1_000,
            "self_check_count": trips.proofs,
            "late_answers": trips.late,
        }
        optional: dict[str, JsonValue] = {
            "last_self_check_us": trips.last_proof_us,
            "round_trip_p50_ms": trips.p50_ms,
            "round_trip_p99_ms": trips.p99_ms,
        }
        return detail | {name: value for name, value in optional.items() if value is not None}

    def _now_s(self) -> float:
        return self._clock.now_us() / MICROS_PER_S


def build(settings: ServiceSettings, open_bus: OpenBus = open_paho) -> Service:
    """The watchdog service, on wall time whatever the run's clock is."""
    return WatchdogService(settings, open_bus, WallClock())


def _sentence(verdict: Verdict) -> str:
    return f"ALARM SYSTEM FAILURE: {verdict.what}" if verdict.failed else verdict.what
