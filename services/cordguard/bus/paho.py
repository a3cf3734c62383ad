"""The bus over MQTT 3.1.1 with paho-mqtt, single-threaded: ``poll`` drives the network in the calling thread.

Messages do not go through paho (see ``packets``); all else that the broker says does. paho's callbacks only take notes,
handlers run after it has returned: so what a handler publishes goes to the network at once (inside a callback paho
would hold it back), and what a handler raises comes out of ``poll`` with paho's state whole.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage

from cordguard.bus.filters import require_topic
from cordguard.bus.link import Link
from cordguard.bus.outbox import Backoff, Outbox, Outgoing
from cordguard.bus.packets import Received
from cordguard.bus.port import BusRefusedError, Connection, Handlers, Message, Publication, QoS

if TYPE_CHECKING:
    from collections.abc import Callable

    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

SETUP_TIMEOUT_S: Final = 10.0
"""How long the broker may take to accept and subscribe us before we begin anew."""

BATCH_S: Final = 0.02
"""``poll`` returns to its caller after so long, however much is waiting."""

CLOSE_TIMEOUT_S: Final = 1.0
"""How long ``close`` waits for confirmations."""

SUBSCRIBE_ATTEMPTS: Final = 3
"""A broker under load refuses a subscription now and then; only one that keeps refusing means it."""

_REFUSALS: Final = {
    "Client identifier not valid": "it rejects the client id {client_id!r}",
    "Bad user name or password": "user name or password of account {username!r} are wrong; check the broker's accounts",
    "Not authorized": "account {username!r} is unknown, its password wrong or it may not connect; check its accounts",
}
"""Answers that no repeating changes, by paho's names for them."""

_log = logging.getLogger(__name__)


def open_paho(connection: Connection, handlers: Handlers) -> PahoBus:
    """Open a bus; it connects inside ``poll``, which is also where a refusal comes out (``BusRefusedError``)."""
    return PahoBus(connection, handlers)


@dataclass(slots=True)
class _Delivery:
    """A message handed out; its number means something on the connection it came over only."""

    message: Message
    number: int
    connects: int
    bus: PahoBus

    def acknowledge(self) -> None:
        """Tell the broker, if the connection it came over still stands."""
        if self.message.qos:
            self.bus.acknowledge(self.number, self.connects)


@dataclass(slots=True)
class _Setup:
    """How far the present connection is."""

    deadline_s: float = 0.0
    session_present: bool = False
    subscribe_number: int | None = None
    refusal: str | None = None
    """Why the broker will not have us."""
    early: list[Received] = field(default_factory=list)
    """Messages of our session that came before the subscriptions were confirmed."""


class PahoBus:
    """A connection to an MQTT broker; satisfies ``port.Bus``."""

    def __init__(self, connection: Connection, handlers: Handlers) -> None:
        """Not connected before the first ``poll``."""
        self._connection = connection
        self._address = f"{connection.host}:{connection.port}"
        self._handlers = handlers
        self._link = Link(connection)
        self._link.client.on_connect = self._on_connect
        self._link.client.on_subscribe = self._on_subscribe
        self._link.client.on_message = self._on_message
        self._link.client.on_disconnect = self._on_disconnect
        self._connected = False
        self._closed = False
        self._connects = 0
        self._refused_subscriptions = 0
        self._setup = _Setup()
        self._backoff = Backoff()
        self._calls: deque[Callable[[], object]] = deque()
        """What is to be done when paho has returned, in order."""
        self._outbox = Outbox(self._link.client)

    @property
    def connected(self) -> bool:
        """Connected and subscribed."""
        return self._connected

    @property
    def unconfirmed(self) -> int:
        """QoS 1 publications that the broker has not confirmed yet."""
        return self._outbox.unconfirmed

    def publish(self, topic: str, payload: bytes, *, qos: QoS = 1, retain: bool = False) -> Publication:
        """Send now if connected, else QoS 1 waits and QoS 0 is dropped.

        Raises:
            ValueError: the topic is empty, has a wildcard or is too long: a bug of ours.
        """
        require_topic(topic)
        outgoing = Outgoing(topic, payload, qos, retain)
        if qos:
            self._outbox.add(outgoing)
            self._send_waiting()
        elif self._connected:
            outgoing.info = self._link.client.publish(topic, payload, 0, retain)
        self._link.flush()
        return outgoing

    def poll(self, timeout_s: float) -> None:
        """Wait at most so long for the network, make progress, call the handlers; reconnect when it is time to.

        Raises:
            BusRefusedError: the broker answered and will never accept us as we are.
        """
        deadline_s = time.monotonic() + timeout_s
        self._run_calls()
        if not self._closed and (self._link.up or self._connect_when_due(deadline_s)):
            self._progress(deadline_s)

    def close(self) -> None:
        """Wait a moment for confirmations, then disconnect in good order; no handler is called any more."""
        if self._closed:
            return
        self._closed = True
        stop_s = time.monotonic() + CLOSE_TIMEOUT_S
        while self._connected and self.unconfirmed and time.monotonic() < stop_s:
            if self._link.wait(stop_s - time.monotonic()):
                self._link.read()
                self._send_waiting()
        self._connected = False
        self._link.disconnect(CLOSE_TIMEOUT_S)

    def acknowledge(self, number: int, connects: int) -> None:
        """Tell the broker that we kept a message, unless it came over an earlier connection."""
        if number and connects == self._connects and self._link.up:
            self._link.acknowledge(number)

    def _progress(self, deadline_s: float) -> None:
        """Read packet by packet, each one handled before the next, until nothing is there or the batch is over."""
        readable = self._link.wait(deadline_s - time.monotonic())
        stop_s = time.monotonic() + BATCH_S
        while readable:
            received = self._link.read()
            if received is not None:
                self._receive(received)
            self._run_calls()
            self._send_waiting()
            readable = time.monotonic() < stop_s and self._link.wait(0)
        self._link.keep_alive()
        self._check_setup()
        self._run_calls()

    def _connect_when_due(self, deadline_s: float) -> bool:
        pause_s = min(self._backoff.due_s, deadline_s) - time.monotonic()
        if pause_s > 0:
            time.sleep(pause_s)
        if self._backoff.due_s > deadline_s:
            return False
        self._connects += 1
        self._setup = _Setup(deadline_s=time.monotonic() + SETUP_TIMEOUT_S)
        try:
            self._link.connect()
        except (OSError, UnicodeError) as error:  # UnicodeError: a host name that cannot be one
            self._lose(f"the broker at {self._address} cannot be reached ({error})")
            return False
        return True

    def _run_calls(self) -> None:
        while self._calls and not self._closed:
            self._calls.popleft()()

    def _send_waiting(self) -> None:
        if self._connected:
            self._outbox.send()

    def _check_setup(self) -> None:
        if not self._connected and self._link.up and time.monotonic() > self._setup.deadline_s:
            _log.warning("the broker at %s did not subscribe us within %g s", self._address, SETUP_TIMEOUT_S)
            self._link.drop()

    def _subscribe(self) -> None:
        filters = [(subscription.filter, int(subscription.qos)) for subscription in self._connection.subscriptions]
        if filters:
            _, self._setup.subscribe_number = self._link.client.subscribe(filters)
        else:
            self._enter()

    def _enter(self) -> None:
        self._connected = True
        self._refused_subscriptions = 0
        self._backoff.succeeded()
        _log.info("%s is connected to the broker at %s", self._connection.client_id, self._address)
        early, self._setup.early = self._setup.early, []
        self._calls.append(partial(self._handlers.on_connected, self._setup.session_present))
        self._calls.extend(partial(self._deliver, received, self._connects) for received in early)
        self._calls.append(self._send_waiting)

    def _receive(self, received: Received) -> None:
        if self._connected:
            self._deliver(received, self._connects)
        else:
            self._setup.early.append(received)

    def _deliver(self, received: Received, connects: int) -> None:
        message, number = received
        self._handlers.on_delivery(_Delivery(message, number, connects, self))

    def _lose(self, reason: str) -> None:
        """Note that there is no connection, whether there was one before or not."""
        if self._connected:
            self._calls.append(partial(self._handlers.on_disconnected, reason))
        if self._connected or self._backoff.fresh:
            _log.warning("%s; trying again", reason)
        self._connected = False
        self._backoff.failed(time.monotonic())

    def _refuse(self) -> None:
        self.close()
        msg = f"the broker at {self._address} refused {self._connection.client_id}: {self._setup.refusal}"
        raise BusRefusedError(msg)

    def _on_connect(
        self, _c: Client, _u: object, flags: ConnectFlags, reason: ReasonCode, _p: Properties | None
    ) -> None:
        if not reason.is_failure:
            self._setup.session_present = flags.session_present
            self._calls.append(self._subscribe)
        elif reason.getName() in _REFUSALS:
            names: dict[str, Any] = {"client_id": self._connection.client_id, "username": self._connection.username}
            self._setup.refusal = _REFUSALS[reason.getName()].format(**names)
            self._calls.append(self._refuse)

    def _on_subscribe(
        self, _c: Client, _u: object, number: int, reasons: list[ReasonCode], _p: Properties | None
    ) -> None:
        if number != self._setup.subscribe_number:
            return
        pairs = zip(self._connection.subscriptions, reasons, strict=False)
        refused = [subscription.filter for subscription, reason in pairs if reason.is_failure]
        if not refused:
            self._enter()
            return
        self._refused_subscriptions += 1
        account = self._connection.username
        self._setup.refusal = f"account {account!r} may not subscribe to {', '.join(refused)}; check its permissions"
        final = self._refused_subscriptions >= SUBSCRIBE_ATTEMPTS
        self._calls.append(self._refuse if final else self._link.drop)

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        """A message that was left to paho is one that the broker should not have sent."""
        try:
            _ = message.topic
        except UnicodeDecodeError:
            _log.warning("a message was dropped: its topic is no UTF-8, which the broker should not have let through")
            self.acknowledge(message.mid, self._connects)

    def _on_disconnect(
        self, _c: Client, _u: object, _flags: DisconnectFlags, reason: ReasonCode, _p: Properties | None
    ) -> None:
        if self._setup.refusal is not None:
            self._backoff.failed(time.monotonic())
        elif not self._closed:
            self._lose(f"the connection to the broker at {self._address} is lost ({str(reason).lower()})")
