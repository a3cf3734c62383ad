"""A monitor small enough to see through: answers a simulated run as safety would, as late as one likes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from cordguard.bus.port import Bus, Connection, Delivery, Handlers, Message, OpenBus, Publication, QoS
from cordguard.contract import topics
from cordguard.contract.alarms import Transition
from cordguard.contract.case import Case
from cordguard.contract.health import ClockReading
from cordguard.contract.telemetry import TemperatureReading
from cordguard.contract.vitals import Vitals
from cordguard.runtime.clock import Clock

POLICY: Final = "sha256:" + "0" * 64
SHORT: Final = """
title = "Short"
clinical_sense = "A ramp for tests: the canal warms, the alarm comes, RF stops."
maximum_s = 40.0
tissue = { kind = "lytic-tumour", electrode_radius_mm = 4.5 }
generator = { kind = "articulated-bipolar", power_set_w = 22.0, power_step_w = 22.0, ramp_w_per_s = 10.0 }
sensors = [{ name = "canal", role = "neural", position_mm = [0.0, 9.0, 0.0] }]
recording = { rf_off_s = 10.0, until_s = 20.0 }
raises = ["R01"]
silent = []
[case]
electrode = "bipolar"
level = "T8"
lesion = "lytic"
posterior_wall = "intact"
profile = "near"
plan = { ablations = 1 }
[operator]
rf_from_s = 2.0
rf_for_s = 20.0
closes_after_s = 2.0
reaction_s = 1.0
stops_on = ["physiological"]
"""


@dataclass
class Monitor:
    """Answers like safety: vitals five times a second of its clock, an alarm above 38 °C, release 3 s after closing."""

    wall: Clock
    site: str = "site"
    room: str = "room-1"
    """The room it speaks of."""
    simulated: bool = True
    """Whether it goes by the run's clock."""
    ahead_us: int = 0
    """How far its own clock is ahead of the wall, if it does not."""
    every: int = 1
    """At how many chances it gets to work once."""
    deaf_from_us: int | None = None
    """When it ceases to answer."""
    knows_its_room: bool = True
    """Whether it speaks before it has heard of its room."""
    releases: bool = True
    """Whether it releases its watch at all."""
    received: list[Message] = field(default_factory=list)
    """All that it received from others, in order."""
    vitals_us: int = 0
    bus: Bus | None = None
    _chances: int = 0
    _session: str | None = None
    _closed_us: int | None = None
    _raised: bool = False

    def connect(self, open_bus: OpenBus, connection: Connection) -> None:
        """Open its bus; the connection should subscribe to the whole site."""
        self.bus = open_bus(connection, Handlers(self._on_delivery))
        self.bus.poll(0.0)

    def step(self) -> None:
        """A chance to work."""
        self._chances += 1
        if self._chances % self.every == 0 and self.bus is not None:
            self.bus.poll(0.0)
            if not self.simulated and (self.knows_its_room or self.received):
                self._advance(self.wall.now_us() + self.ahead_us)

    def _on_delivery(self, delivery: Delivery) -> None:
        delivery.acknowledge()
        message = delivery.message
        parsed = topics.parse(message.topic)
        if parsed is None or parsed.topic in (topics.VITALS, topics.TRANSITION):
            return
        self.received.append(message)
        if parsed.topic is topics.CLOCK and self.simulated:
            self._advance(ClockReading.model_validate_json(message.payload).at_us)
        elif parsed.topic is topics.CASE:
            case = Case.model_validate_json(message.payload)
            self._session, self._closed_us = case.session, case.closed_us
        elif parsed.topic is topics.TEMPERATURE:
            self._judge(TemperatureReading.model_validate_json(message.payload))

    def _judge(self, frame: TemperatureReading) -> None:
        if not self._raised and (frame.readings[0].temperature_c or 0.0) > 38.0:
            self._raised = True
            self._publish(topics.TRANSITION, alarm(frame.at_us).to_wire(), qos=1)

    def _advance(self, now_us: int) -> None:
        if self.deaf_from_us is not None and now_us >= self.deaf_from_us:
            return
        if self.releases and self._closed_us is not None and now_us >= self._closed_us + 3_000_000:
            self._session = None
        if now_us >= self.vitals_us + 200_000:
            self.vitals_us = now_us
            vitals = Vitals(
                as_of_us=now_us, session=self._session, rf_on=False, profile="near", policy=POLICY, sensors=()
            )
            self._publish(topics.VITALS, vitals.to_wire(), qos=0)

    def _publish(self, topic: topics.Topic, payload: bytes, *, qos: QoS) -> None:
        assert self.bus is not None
        self.bus.publish(topic.at(self.site, room=self.room), payload, qos=qos)


@dataclass
class WatchedBus:
    """A bus at which the monitor gets its chances to work while somebody waits."""

    inner: Bus
    monitor: Monitor | None
    on_wait: Callable[[float], None]
    """Told how long somebody waits, s; before he does."""
    on_publish: Callable[[str], None]

    @property
    def connected(self) -> bool:
        """See ``Bus``."""
        return self.inner.connected

    @property
    def unconfirmed(self) -> int:
        """See ``Bus``."""
        return self.inner.unconfirmed

    def publish(self, topic: str, payload: bytes, *, qos: QoS = 1, retain: bool = False) -> Publication:
        """See ``Bus``."""
        self.on_publish(topic)
        return self.inner.publish(topic, payload, qos=qos, retain=retain)

    def poll(self, timeout_s: float) -> None:
        """See ``Bus``."""
        self.on_wait(timeout_s)
        if self.monitor is not None:
            self.monitor.step()
        self.inner.poll(timeout_s)

    def close(self) -> None:
        """See ``Bus``."""
        self.inner.close()


def alarm(event_us: int) -> Transition:
    """A physiological HIGH about the canal."""
    return Transition(
        alarm_id="0" * 32,
        step=1,
        rule="R01",
        name="neural_abs_stop",
        sensor="gen-1/canal",
        kind="physiological",
        priority="high",
        change="raised",
        condition=True,
        latched=True,
        acknowledged=False,
        event_us=event_us,
        received_us=event_us,
        message="x",
        policy=POLICY,
        late=False,
    )
