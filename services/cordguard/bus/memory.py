"""The bus in memory: an MQTT 3.1.1 broker without a network, for tests and for whole systems in one process.

It keeps what the real one keeps (sessions, queues, retained messages, wills) and is as unkind: a publication is
confirmed only in a later ``poll`` of its publisher, overlapping filters deliver one copy each, retained messages come
again at every subscribing. Order is deterministic: messages go out as they were published, to sessions in the order
they first came.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from cordguard.bus.filters import matches, require_topic
from cordguard.bus.port import Connection, Delivery, Handlers, Message, Publication, QoS, Subscription


@dataclass(slots=True)
class Session:
    """What the broker remembers of one client."""

    owner: MemoryBus | None = None
    """Its connection, while there is one."""
    persistent: bool = False
    filters: dict[str, QoS] = field(default_factory=dict)
    queue: deque[tuple[int, Message]] = field(default_factory=deque)
    """Not handed out yet, with the number each is acknowledged by (0 for QoS 0)."""
    in_flight: dict[int, Message] = field(default_factory=dict)
    """Handed out and not acknowledged, oldest first."""
    last_number: int = 0

    def offer(self, message: Message, granted: QoS) -> None:
        """Queue a message for it, at the lower of both qualities; a client that is away gets QoS 1 only, and later."""
        qos = min(message.qos, granted)
        if self.owner is None and not (self.persistent and qos):
            return
        self.last_number += qos
        self.queue.append((self.last_number if qos else 0, replace(message, qos=qos)))

    def take(self) -> tuple[int, Message]:
        """Hand out the next message; of QoS 1 it stays in flight."""
        number, message = self.queue.popleft()
        if number:
            self.in_flight[number] = message
        return number, message

    def requeue(self, order: Sequence[int] | None = None) -> None:
        """Put what is in flight before the queue again, marked as duplicate, in the order of these indexes."""
        held = [(number, replace(message, duplicate=True)) for number, message in self.in_flight.items()]
        again = held if order is None else [held[index] for index in order]
        self.queue.extendleft(reversed(again))


class MemoryBroker:
    """A broker and its faults. Nothing is delivered but inside the ``poll`` of its receiver."""

    def __init__(self) -> None:
        """Start empty and running."""
        self.log: list[Message] = []
        """Every message published so far, wills included, in order."""
        self._sessions: dict[str, Session] = {}
        self._retained: dict[str, Message] = {}
        self._running = True
        self._lock = threading.RLock()

    def open(self, connection: Connection, handlers: Handlers) -> MemoryBus:
        """Open a bus; it connects in its first ``poll``."""
        return MemoryBus(self, connection, handlers)

    def retained(self, topic: str) -> Message | None:
        """The message kept for a topic."""
        return self._retained.get(topic)

    def unacknowledged(self, client_id: str) -> tuple[Message, ...]:
        """What a client has in its hands and did not acknowledge, oldest first."""
        return tuple(self._sessions[client_id].in_flight.values())

    def queued(self, client_id: str) -> tuple[Message, ...]:
        """What waits for a client."""
        return tuple(message for _, message in self._sessions[client_id].queue)

    def cut(self, client_id: str) -> None:
        """Lose a client's connection: its last will goes out; its next ``poll`` notices, the one after reconnects."""
        with self._lock:
            session = self._sessions[client_id]
            if session.owner is not None:
                self._drop(client_id, "the connection was cut")

    def stop(self) -> None:
        """Crash the broker: all connections are gone, no will is published, what it keeps stays kept."""
        with self._lock:
            self._running = False
            for client_id, session in tuple(self._sessions.items()):
                if session.owner is not None:
                    self._drop(client_id, "the broker is gone", with_will=False)

    def start(self) -> None:
        """Run again after ``stop``."""
        self._running = True

    def redeliver(self, client_id: str, *, order: Sequence[int] | None = None) -> None:
        """Lose patience: send what a client did not acknowledge again, by these indexes (None: all, oldest first)."""
        with self._lock:
            self._sessions[client_id].requeue(order)

    def attach(self, bus: MemoryBus) -> tuple[Session, bool] | None:
        """Connect a bus and subscribe it: its session, and whether that was there before. None while stopped."""
        with self._lock:
            if not self._running:
                return None
            client_id = bus.connection.client_id
            old = self._sessions.get(client_id)
            if old is not None and old.owner is not None:
                self._drop(client_id, "another client took over this client id")
            kept = None if bus.connection.clean else self._sessions.get(client_id)
            self._sessions[client_id] = session = kept or Session()
            session.owner, session.persistent = bus, not bus.connection.clean
            session.requeue()
            for subscription in bus.connection.subscriptions:
                self._subscribe(session, subscription)
            return session, kept is not None

    def detach(self, bus: MemoryBus) -> None:
        """Disconnect a bus in good order: no will."""
        with self._lock:
            session = self._sessions.get(bus.connection.client_id)
            if session is not None and session.owner is bus:
                self._drop(bus.connection.client_id, None, with_will=False)

    def route(self, message: Message) -> None:
        """Take a publication: keep it if retained, and queue it for everyone it concerns."""
        with self._lock:
            self.log.append(message)
            if message.retained and message.payload:
                self._retained[message.topic] = message
            elif message.retained:
                self._retained.pop(message.topic, None)
            live = replace(message, retained=False, duplicate=False)
            for session in self._sessions.values():
                for topic_filter, granted in session.filters.items():
                    if matches(topic_filter, message.topic):
                        session.offer(live, granted)

    def _subscribe(self, session: Session, subscription: Subscription) -> None:
        session.filters[subscription.filter] = subscription.qos
        for topic, message in self._retained.items():
            if matches(subscription.filter, topic):
                session.offer(message, subscription.qos)

    def _drop(self, client_id: str, reason: str | None, *, with_will: bool = True) -> None:
        session = self._sessions[client_id]
        bus, session.owner = session.owner, None
        if session.persistent:
            session.queue = deque(
                (number, message) for number, message in session.queue if number and number not in session.in_flight
            )
        else:
            del self._sessions[client_id]
        if bus is None:
            return
        bus.lose(reason)
        will = bus.connection.will
        if will is not None and with_will:
            self.route(Message(will.topic, will.payload, retained=will.retained))


@dataclass(slots=True)
class _Publication:
    """One message on its way out."""

    message: Message
    confirmed: bool = False


@dataclass(slots=True)
class _Delivery:
    """A message handed out, good for one connection."""

    message: Message
    bus: MemoryBus
    session: Session
    number: int
    connects: int

    def acknowledge(self) -> None:
        """Take the message out of flight, if the connection it came over still stands."""
        if self.bus.connects == self.connects and self.session.owner is self.bus:
            self.session.in_flight.pop(self.number, None)


class MemoryBus:
    """A connection to a ``MemoryBroker``; satisfies ``port.Bus``."""

    def __init__(self, broker: MemoryBroker, connection: Connection, handlers: Handlers) -> None:
        """Not connected before the first ``poll``."""
        self.connection = connection
        self.connects = 0
        """How often it has connected: acknowledgements belong to one connection."""
        self._broker = broker
        self._handlers = handlers
        self._session: Session | None = None
        self._loss: str | None = None
        self._outbox: list[_Publication] = []
        self._closed = False

    @property
    def connected(self) -> bool:
        """Connected and subscribed."""
        return self._session is not None

    @property
    def unconfirmed(self) -> int:
        """QoS 1 publications that were not confirmed yet."""
        return len(self._outbox)

    def publish(self, topic: str, payload: bytes, *, qos: QoS = 1, retain: bool = False) -> Publication:
        """Hand to the broker if connected; else QoS 1 waits and QoS 0 is dropped.

        Raises:
            ValueError: the topic is empty, has a wildcard or is too long: a bug of ours.
        """
        require_topic(topic)
        publication = _Publication(Message(topic, payload, qos=qos, retained=retain))
        if qos:
            self._outbox.append(publication)
        if self._session is not None:
            self._broker.route(publication.message)
            publication.confirmed = qos == 0
        return publication

    def poll(self, timeout_s: float) -> None:
        """Deliver what was queued when it began. Never waits: in memory nothing comes while we wait."""
        del timeout_s
        if self._closed:
            return
        if self._loss is not None:
            reason, self._loss = self._loss, None
            self._handlers.on_disconnected(reason)
            return
        if self._session is None:
            self._connect()
        else:
            self._confirm()
        self._deliver()

    def close(self) -> None:
        """Disconnect without a will; nothing is called any more."""
        self._closed = True
        if self._session is not None:
            self._outbox.clear()
        self._broker.detach(self)

    def lose(self, reason: str | None) -> None:
        """The broker says that the connection is gone."""
        self._session = None
        self._loss = reason

    def _connect(self) -> None:
        attached = self._broker.attach(self)
        if attached is None:
            return
        self._session, present = attached
        self.connects += 1
        for publication in self._outbox:
            self._broker.route(publication.message)
        self._handlers.on_connected(present)

    def _confirm(self) -> None:
        for publication in self._outbox:
            publication.confirmed = True
        self._outbox.clear()

    def _deliver(self) -> None:
        session = self._session
        for _ in range(len(session.queue) if session is not None else 0):
            if session is None or self._session is not session or not session.queue:
                return
            number, message = session.take()
            delivery: Delivery = _Delivery(message, self, session, number, self.connects)
            self._handlers.on_delivery(delivery)
