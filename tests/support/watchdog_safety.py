"""A stand-in for safety that knows the canary only: rule R47, a persistent session, health with a last will."""

from __future__ import annotations

from cordguard.bus.port import Connection, Delivery, Handlers, OpenBus
from cordguard.contract import topics
from cordguard.contract.alarms import Transition
from cordguard.contract.telemetry import TemperatureReading
from cordguard.runtime.clock import Clock
from cordguard.runtime.health import HealthReporter


class CanarySafety:
    """Raises R47 at 45 °C and above, ends it below, and says so with the sample's own time."""

    def __init__(self, open_bus: OpenBus, connection: Connection, site: str, health: HealthReporter) -> None:
        """Open a bus; nothing happens before it is polled. ``connection`` subscribes to the canary."""
        self._site = site
        self._health = health
        self._raised = False
        self._step = 0
        self.bus = open_bus(connection, Handlers(self._on_delivery))

    @staticmethod
    def health_of(site: str, clock: Clock) -> HealthReporter:
        """The health of an instance called main, by wall time."""
        return HealthReporter("safety", site, "main", clock, monotonic_s=lambda: clock.now_us() / 1_000_000)

    def poll(self, timeout_s: float = 0) -> None:
        """Do what is there to do."""
        self.bus.poll(timeout_s)
        self._health.beat(self.bus, "ok")

    def stop(self) -> None:
        """Stop in good order."""
        self._health.stopped(self.bus)
        self.bus.close()

    def _on_delivery(self, delivery: Delivery) -> None:
        frame = TemperatureReading.model_validate_json(delivery.message.payload)
        hot = (frame.readings[0].temperature_c or 0.0) >= 45.0
        if hot is not self._raised:
            self._raised = hot
            self._step += 1
            self.bus.publish(topics.CANARY_TRANSITION.at(self._site), self._transition(frame.at_us).to_wire())
        delivery.acknowledge()

    def _transition(self, event_us: int) -> Transition:
        return Transition(
            alarm_id="c" * 32,
            step=self._step,
            rule="R47",
            name="canary",
            sensor="watchdog/canary",
            kind="technical",
            priority="info",
            change="raised" if self._raised else "ended",
            condition=self._raised,
            latched=False,
            acknowledged=False,
            event_us=event_us,
            received_us=event_us,
            message="The canary sings",
            policy="sha256:" + "a" * 64,
            late=False,
        )
