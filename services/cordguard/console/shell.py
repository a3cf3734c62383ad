"""The console's shell: the bus in the calling thread, the web server in one of its own, an exchange between them."""

from __future__ import annotations

import logging
from typing import Final

from cordguard.bus.paho import open_paho
from cordguard.bus.port import Connection, Delivery, Handlers, OpenBus, Subscription
from cordguard.console.access import Access
from cordguard.console.app import build_app
from cordguard.console.commands import Person
from cordguard.console.desk import Desk
from cordguard.console.exchange import Exchange
from cordguard.console.live import Incoming
from cordguard.console.moments import Moment
from cordguard.console.server import WebThread, listen
from cordguard.console.settings import ConsoleSettings, new_secret
from cordguard.contract import topics
from cordguard.runtime.clock import Clock, SimulatedClock, WallClock
from cordguard.runtime.health import HealthReporter
from cordguard.runtime.run_clock import follow, tells_time
from cordguard.runtime.service import ServiceFailedError

LOG: Final = logging.getLogger(__name__)

TELEMETRY: Final = (topics.GENERATOR, topics.TEMPERATURE, topics.VITALS)
KEPT_BY_OTHERS: Final = (
    topics.STATUS,
    topics.ALARMS,
    topics.TRANSITION,
    topics.CASE,
    topics.SUMMARY,
    topics.REJECTED,
    topics.HEALTH,
    topics.FAILURE,
    topics.CLOCK,
)


def subscriptions(site: str) -> tuple[Subscription, ...]:
    """What the console listens to: telemetry as it flies by, everything else at least once while it is connected."""
    return (
        *(Subscription(topic.filter(site), 0) for topic in TELEMETRY),
        *(Subscription(topic.filter(site), 1) for topic in KEPT_BY_OTHERS),
    )


class Console:
    """The service: shows live truth, and passes on what people ask."""

    def __init__(
        self, settings: ConsoleSettings, *, open_bus: OpenBus, clock: Clock, own_clock: Clock | None = None
    ) -> None:
        """Take the port, open the bus, start to serve.

        ``clock`` is the run's, ``own_clock`` the console's own, which also runs when the run's stands still.

        Raises:
            SetupError: the port cannot be had.
        """
        self._clock = clock
        self._own_clock = own_clock if own_clock is not None else clock
        self._exchange = Exchange()
        listener = listen(settings.http_host, settings.http_port)
        port = int(listener.getsockname()[1])
        self.url = f"http://127.0.0.1:{port}"
        """Where the page is."""
        self._health = HealthReporter("console", settings.site, settings.instance, clock)
        self._bus = open_bus(self._connection(settings), Handlers(self._on_delivery))
        access = _access(settings, port)
        self.desk = Desk(settings.site, self._exchange, access, self._now, simulated=settings.simulated_clock)
        person = Person(actor=settings.actor, role=settings.role)
        self._web = WebThread(lambda thread: build_app(self.desk, person, failed=thread.stop), listener)

    @property
    def ready(self) -> bool:
        """Whether pages are answered and the bus is connected."""
        return self._web.serving and self._bus.connected

    def step(self, timeout_s: float) -> None:
        """Move messages both ways.

        Raises:
            ServiceFailedError: the web server has ended by itself.
        """
        if self._web.ended:
            msg = "the console's web server has ended by a fault of its own: see the log, and start the console again"
            raise ServiceFailedError(msg)
        self._bus.poll(timeout_s)
        self._exchange.connected = self._bus.connected
        for outgoing in self._exchange.take_outgoing():
            self._bus.publish(outgoing.topic, outgoing.payload, qos=outgoing.qos, retain=outgoing.retain)
        self._health.beat(self._bus, "ok", queue=self._exchange.waiting, detail={"viewers": self.desk.hub.count})

    def close(self) -> None:
        """End the web server, then say goodbye on the bus."""
        self._web.close()
        self._health.stopped(self._bus)
        self._bus.close()

    def _connection(self, settings: ConsoleSettings) -> Connection:
        client_id = f"console-{settings.site}-{settings.instance}"
        return settings.connection(client_id, subscriptions(settings.site), clean=True, will=self._health.will)

    def _now(self) -> Moment:
        return Moment(self._clock.now_us(), self._own_clock.now_us())

    def _on_delivery(self, delivery: Delivery) -> None:
        message = delivery.message
        if tells_time(message.topic):
            follow(self._clock, message.payload)
        self._exchange.bring(Incoming(message.topic, message.payload, message.retained, self._now()))
        delivery.acknowledge()


def build(settings: ConsoleSettings, open_bus: OpenBus = open_paho) -> Console:
    """The console as a process runs it.

    Raises:
        SetupError: the port cannot be had.
    """
    wall = WallClock()
    return Console(
        settings, open_bus=open_bus, clock=SimulatedClock() if settings.simulated_clock else wall, own_clock=wall
    )


def _access(settings: ConsoleSettings, port: int) -> Access:
    token = settings.login_token
    if token is None:
        token = new_secret()
        LOG.warning("open http://127.0.0.1:%d/login?token=%s (this link works once)", port, token)
    return Access(token, cookie=f"cordguard-{port}", names=frozenset(settings.http_names), new_secret=new_secret)
