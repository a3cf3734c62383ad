"""The bus over MQTT 3.1.1 with paho-mqtt, single-threaded: ``poll`` drives the network in the calling thread.

paho's callbacks only take notes; handlers run after paho has returned. So what a handler publishes goes to the socket
at once (inside a callback paho would hold it back), and what a handler raises comes out of ``poll`` with paho's state
whole.
"""

from __future__ import annotations

import contextlib
import logging
import select
import socket
import time
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from cordguard.bus.port import BusRefusedError, Connection, Handlers, Message, Publication, QoS

if TYPE_CHECKING:
    from collections.abc import Callable

    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

CONNECT_TIMEOUT_S: Final = 2.0
"""Longest time that one attempt to connect may hold up ``poll``."""

SETUP_TIMEOUT_S: Final = 10.0
"""How long the broker may take to accept and subscribe us before we begin anew."""

FIRST_RETRY_S: Final = 0.1
LAST_RETRY_S: Final = 5.0
"""Pause before a new attempt: doubles from the first to the last."""

BATCH_S: Final = 0.02
"""``poll`` returns to its caller after so long, however much is waiting."""

WINDOW: Final = 1_000
"""QoS 1 publications on their way at once; further ones wait here. Far below the 65,535 numbers that MQTT has."""

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
class _Publication:
    """A message on its way out: here, then with paho."""

    topic: str
    payload: bytes
    qos: QoS
    retain: bool
    info: MQTTMessageInfo | None = None

    @property
    def confirmed(self) -> bool:
        """Whether the broker has it (QoS 1), or the network (QoS 0)."""
        return self.info is not None and self.info.is_published()


@dataclass(frozen=True, slots=True)
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
class _Backoff:
    """When to try again: pauses double up to a limit. Times are monotonic seconds."""

    due_s: float = 0.0
    pause_s: float = FIRST_RETRY_S

    def failed(self, now_s: float) -> None:
        """An attempt ended in nothing, or a connection was lost."""
        self.due_s = now_s + self.pause_s
        self.pause_s = min(2 * self.pause_s, LAST_RETRY_S)

    def succeeded(self) -> None:
        """We are connected: the next loss begins with the shortest pause."""
        self.pause_s = FIRST_RETRY_S


@dataclass(slots=True)
class _Setup:
    """How far the present connection is."""

    deadline_s: float = 0.0
    session_present: bool = False
    subscribe_number: int | None = None
    early: list[MQTTMessage] = field(default_factory=list)
    """Messages of our session that came before the subscriptions were confirmed."""


class PahoBus:
    """A connection to an MQTT broker; satisfies ``port.Bus``."""

    def __init__(self, connection: Connection, handlers: Handlers) -> None:
        """Not connected before the first ``poll``."""
        self._connection = connection
        self._handlers = handlers
        self._client = _client(connection)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.on_disconnect = self._on_disconnect
        self._client.on_socket_open = self._on_socket_open
        self._socket: socket.socket | None = None
        self._connected = False
        self._closed = False
        self._connects = 0
        self._refused_subscriptions = 0
        self._setup = _Setup()
        self._backoff = _Backoff()
        self._calls: deque[Callable[[], object]] = deque()
        """What is to be done when paho has returned, in order."""
        self._waiting: deque[_Publication] = deque()
        self._sent: deque[_Publication] = deque()

    @property
    def connected(self) -> bool:
        """Connected and subscribed."""
        return self._connected

    @property
    def unconfirmed(self) -> int:
        """QoS 1 publications that the broker has not confirmed yet."""
        return len(self._waiting) + sum(not publication.confirmed for publication in self._sent)

    def publish(self, topic: str, payload: bytes, *, qos: QoS = 1, retain: bool = False) -> Publication:
        """Send now if connected, else QoS 1 waits and QoS 0 is dropped.

        Raises:
            ValueError: the topic is empty, has a wildcard or is too long: a bug of ours.
        """
        publication = _Publication(topic, payload, qos, retain)
        if qos:
            self._waiting.append(publication)
            self._send_waiting()
        elif self._connected:
            publication.info = self._client.publish(topic, payload, 0, retain)
        return publication

    def poll(self, timeout_s: float) -> None:
        """Wait at most so long for the network, make progress, call the handlers; reconnect when it is time to.

        Raises:
            BusRefusedError: the broker answered and will never accept us as we are.
        """
        deadline_s = time.monotonic() + timeout_s
        self._run_calls()
        if not self._closed and (self._client.socket() is not None or self._connect_when_due(deadline_s)):
            self._progress(deadline_s)

    def close(self) -> None:
        """Wait a moment for confirmations, then disconnect in good order; no handler is called any more."""
        if self._closed:
            return
        self._closed = True
        stop_s = time.monotonic() + CLOSE_TIMEOUT_S
        while self._connected and self.unconfirmed and time.monotonic() < stop_s:
            if self._wait(stop_s - time.monotonic()):
                self._client.loop_read()
                self._send_waiting()
        self._connected = False
        self._client.disconnect()
        while self._client.socket() is not None and time.monotonic() < stop_s + CLOSE_TIMEOUT_S:
            self._wait(CLOSE_TIMEOUT_S)
            self._client.loop_write()
        self._drop()

    def acknowledge(self, number: int, connects: int) -> None:
        """Tell the broker that we kept a message, unless it came over an earlier connection."""
        if connects == self._connects and self._client.socket() is not None:
            self._client.ack(number, 1)

    def _progress(self, deadline_s: float) -> None:
        """Read packet by packet, each one handled before the next, until nothing is there or the batch is over."""
        readable = self._wait(deadline_s - time.monotonic())
        stop_s = time.monotonic() + BATCH_S
        while readable:
            self._client.loop_read()
            self._run_calls()
            self._send_waiting()
            readable = time.monotonic() < stop_s and self._wait(0)
        self._client.loop_misc()
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
            self._client.reconnect()
        except OSError as error:
            self._lose(f"the broker at {self._connection.host}:{self._connection.port} cannot be reached ({error})")
            return False
        return True

    def _wait(self, timeout_s: float) -> bool:
        """Wait for the socket and write what waits to be written; whether there is something to read."""
        sock = self._client.socket()
        if sock is None:
            return False
        poller = select.poll()
        poller.register(sock.fileno(), select.POLLIN | (select.POLLOUT if self._client.want_write() else 0))
        ready = poller.poll(max(0.0, timeout_s) * 1_000)
        if ready and self._client.want_write():
            self._client.loop_write()
        return any(event & ~select.POLLOUT for _, event in ready)

    def _run_calls(self) -> None:
        while self._calls and not self._closed:
            self._calls.popleft()()

    def _send_waiting(self) -> None:
        while self._sent and self._sent[0].confirmed:
            self._sent.popleft()
        while self._connected and self._waiting and len(self._sent) < WINDOW:
            publication = self._waiting[0]
            info = self._client.publish(publication.topic, publication.payload, 1, publication.retain)
            if info.rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
                return  # its number is still taken by an unconfirmed one; the next attempt gets another
            info.rc = MQTTErrorCode.MQTT_ERR_SUCCESS  # paho keeps it and sends it again, whatever this attempt gave
            publication.info = info
            self._sent.append(self._waiting.popleft())

    def _check_setup(self) -> None:
        if not self._connected and self._client.socket() is not None and time.monotonic() > self._setup.deadline_s:
            self._drop()
            self._lose(f"the broker accepts connections but did not subscribe us within {SETUP_TIMEOUT_S:g} s")

    def _subscribe(self) -> None:
        filters = [(subscription.filter, int(subscription.qos)) for subscription in self._connection.subscriptions]
        if filters:
            _, self._setup.subscribe_number = self._client.subscribe(filters)
        else:
            self._enter()

    def _enter(self) -> None:
        self._connected = True
        self._refused_subscriptions = 0
        self._backoff.succeeded()
        early, self._setup.early = self._setup.early, []
        self._calls.append(partial(self._handlers.on_connected, self._setup.session_present))
        self._calls.extend(partial(self._deliver, message, self._connects) for message in early)
        self._calls.append(self._send_waiting)

    def _deliver(self, received: MQTTMessage, connects: int) -> None:
        message = Message(
            received.topic,
            bytes(received.payload),
            qos=1 if received.qos else 0,
            retained=received.retain,
            duplicate=received.dup,
        )
        self._handlers.on_delivery(_Delivery(message, received.mid, connects, self))

    def _lose(self, reason: str) -> None:
        """Note that there is no connection, whether there was one before or not."""
        if self._connected:
            self._calls.append(partial(self._handlers.on_disconnected, reason))
        if self._connected or self._backoff.pause_s == FIRST_RETRY_S:
            _log.warning("%s; trying again", reason)
        self._connected = False
        self._backoff.failed(time.monotonic())

    def _drop(self) -> None:
        """Break the connection off; paho reads what is still there, sees the end and closes."""
        if self._client.socket() is not None and self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        while self._client.socket() is not None:
            self._client.loop_read()

    def _refuse(self, sentence: str) -> None:
        self.close()
        msg = f"the broker at {self._connection.host}:{self._connection.port} refused {self._connection.client_id}: "
        raise BusRefusedError(msg + sentence)

    def _on_socket_open(self, _client: Client, _userdata: object, sock: Any) -> None:  # noqa: ANN401 - paho's loose type
        """Send small packets at once: with Nagle's algorithm an alarm waits 20 to 45 ms for an acknowledgement."""
        self._socket = sock
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _on_connect(
        self, _c: Client, _u: object, flags: ConnectFlags, reason: ReasonCode, _p: Properties | None
    ) -> None:
        if not reason.is_failure:
            self._setup.session_present = flags.session_present
            self._calls.append(self._subscribe)
        elif reason.getName() in _REFUSALS:
            sentence = _REFUSALS[reason.getName()]
            names: dict[str, Any] = {"client_id": self._connection.client_id, "username": self._connection.username}
            self._calls.append(partial(self._refuse, sentence.format(**names)))

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
        sentence = f"account {account!r} may not subscribe to {', '.join(refused)}; check its permissions"
        final = self._refused_subscriptions >= SUBSCRIBE_ATTEMPTS
        self._calls.append(partial(self._refuse, sentence) if final else self._drop)

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        if self._connected:
            self._calls.append(partial(self._deliver, message, self._connects))
        else:
            self._setup.early.append(message)

    def _on_disconnect(
        self, _c: Client, _u: object, _flags: DisconnectFlags, reason: ReasonCode, _p: Properties | None
    ) -> None:
        address = f"{self._connection.host}:{self._connection.port}"
        self._lose(f"the connection to the broker at {address} is lost ({str(reason).lower()})")


def _client(connection: Connection) -> Client:
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=connection.client_id,
        clean_session=connection.clean,
        protocol=MQTTProtocolVersion.MQTTv311,
        reconnect_on_failure=False,
        manual_ack=True,
    )
    client.connect_timeout = CONNECT_TIMEOUT_S
    client.max_inflight_messages = WINDOW
    if connection.username is not None:
        client.username_pw_set(connection.username, connection.password)
    if connection.will is not None:
        client.will_set(connection.will.topic, connection.will.payload, 1, connection.will.retained)
    client.connect_async(connection.host, connection.port, connection.keepalive_s)
    return client
