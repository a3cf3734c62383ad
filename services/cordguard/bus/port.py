"""The bus as services see it. Single-threaded: everything happens in the thread that calls ``poll``.

A delivery of QoS 1 stays the broker's until ``acknowledge`` is called, after its receiver has kept it. What was not
acknowledged comes again after a reconnect, or after the broker's own patience, possibly out of order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

QoS = Literal[0, 1]


@dataclass(slots=True)  # not frozen: one is made for every message, and that would take four times as long
class Message:
    """One message as it came off the wire. Never changed once it is made."""

    topic: str
    payload: bytes
    qos: QoS = 1
    retained: bool = False
    """It was published before we subscribed, and kept by the broker."""
    duplicate: bool = False
    """It may have come before."""


class Delivery(Protocol):
    """A message in our hands, not yet ours."""

    @property
    def message(self) -> Message:
        """The message."""

    def acknowledge(self) -> None:
        """Tell the broker that we kept it. Harmless when repeated, when QoS is 0, or when the connection is gone."""


class Publication(Protocol):
    """A message on its way out."""

    @property
    def confirmed(self) -> bool:
        """Whether the broker has it for certain (QoS 1), or it was handed to the network (QoS 0)."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A topic filter and the most that is asked of the broker for it."""

    filter: str
    qos: QoS = 1


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker publishes for us when we vanish."""

    topic: str
    payload: bytes
    retained: bool = True


@dataclass(frozen=True, slots=True)
class Connection:
    """Everything a bus needs to know to connect, and to connect again."""

    client_id: str
    host: str = "127.0.0.1"
    port: int = 1883
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    clean: bool = False
    """False: the broker keeps our subscriptions and queues QoS 1 messages while we are away."""
    subscriptions: tuple[Subscription, ...] = ()
    """Subscribed at every connect."""
    will: Will | None = None
    keepalive_s: int = 10


@dataclass(frozen=True, slots=True)
class Handlers:
    """What the bus calls, always from inside ``poll``."""

    on_delivery: Callable[[Delivery], None]
    """A message came. An exception out of it is a bug of ours: it ends the service, and the message comes again."""
    on_connected: Callable[[bool], None] = lambda _session_present: None
    """Connected and subscribed; the argument tells whether the broker still had our session."""
    on_disconnected: Callable[[str], None] = lambda _reason: None
    """The connection is gone; the bus goes on trying, with back-off."""


class Bus(Protocol):
    """A connection to the broker that repairs itself."""

    @property
    def connected(self) -> bool:
        """Connected and subscribed."""

    @property
    def unconfirmed(self) -> int:
        """QoS 1 publications that the broker has not confirmed yet; kept and sent again after a reconnect."""

    def publish(self, topic: str, payload: bytes, *, qos: QoS = 1, retain: bool = False) -> Publication:
        """Send now if connected; QoS 1 is queued while not connected, QoS 0 is dropped then."""

    def poll(self, timeout_s: float) -> None:
        """Wait at most so long for the network, make progress, call the handlers; reconnect when it is time to.

        Raises:
            BusRefusedError: the broker answered and will never accept us as we are (bad password, no permission).
        """

    def close(self) -> None:
        """Send what is queued if that is quick, then disconnect in good order (no last will)."""


class OpenBus(Protocol):
    """Opens a bus. It connects inside ``poll``; that is where a refusal comes out."""

    def __call__(self, connection: Connection, handlers: Handlers) -> Bus:
        """Open it."""


class BusRefusedError(Exception):
    """The broker answered and refused us: says what to check."""
