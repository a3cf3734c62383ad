"""Devices as the load generator has them: a connection each, and frames that are bytes already."""

from __future__ import annotations

import socket
import struct
import time
from dataclasses import dataclass
from typing import Final

from cordguard.contract import topics
from cordguard.contract.health import ClockReading
from cordguard_bench import packets
from cordguard_bench.frames import (
    COOL_C,
    FIRST_SEQ,
    HOT_C,
    VARIANTS,
    case_of,
    generator_frames,
    status_of,
    temperature_frames,
)
from cordguard_bench.packets import ANSWER_S, HOST
from cordguard_bench.workload import SOURCE, US_PER_S, Load, room_name, telemetry_topic

CLOCK_PERIOD_S: Final = 0.1
"""Simulated time between two messages of the run's clock."""


@dataclass(frozen=True)
class Order:
    """What to send where."""

    load: Load
    port: int
    username: str
    password: str


class Link:
    """One device's connection."""

    def __init__(self, order: Order, name: str) -> None:
        """Connected on return."""
        self.sent = 0
        self.backed_up = 0
        self._confirmed_bytes = 0
        self._pending = b""
        self._socket = socket.create_connection((HOST, order.port), timeout=ANSWER_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(packets.connect(f"bench-{name}", order.username, order.password))
        answer = self._socket.recv(4)
        if answer != b"\x20\x02\x00\x00":
            msg = f"the broker refused {name}: {answer.hex()}"
            raise ConnectionError(msg)
        self._socket.setblocking(False)  # noqa: FBT003 - the library's own signature

    @property
    def unconfirmed(self) -> int:
        """Packets that the broker has not confirmed."""
        return self.sent - self._confirmed_bytes // packets.PUBACK_BYTES

    def number(self) -> bytes:
        """The next packet's number."""
        self.sent += 1
        return struct.pack(">H", (self.sent - 1) % packets.NUMBERS + 1)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Send one message that is not part of the load."""
        self.send(packets.publish_head(topic, len(payload), retain=retain) + self.number() + payload)

    def send(self, data: bytes) -> None:
        """Give bytes to the socket; what it does not take goes first the next time."""
        if self._pending:
            data, self._pending = self._pending + data, b""
        try:
            taken = self._socket.send(data)
        except BlockingIOError:
            taken = 0
        if taken < len(data):
            self.backed_up += 1
            self._pending = data[taken:]

    def receive(self) -> None:
        """Count confirmations: nothing else comes on a connection without subscriptions."""
        try:
            self._confirmed_bytes += len(self._socket.recv(65_536))
        except BlockingIOError:
            return

    def settle(self) -> None:
        """Wait until everything is confirmed, or for as long as a broker may take."""
        deadline_s = time.monotonic() + ANSWER_S
        while (self.unconfirmed or self._pending) and time.monotonic() < deadline_s:
            if self._pending:
                self.send(b"")
            self.receive()
            time.sleep(0.002)

    def close(self) -> None:
        """Say goodbye."""
        self._socket.setblocking(True)  # noqa: FBT003 - as above
        self._socket.sendall(packets.packet(0xE0, b""))
        self._socket.close()


class Device:
    """One room's device: its link, and its frames as bytes."""

    def __init__(self, order: Order, room: int) -> None:
        """Connected on return; nothing is sent."""
        load, seed = order.load, order.load.seed * 1_000 + room
        self.room = room
        self.link = Link(order, room_name(room))
        self._generator = _packets(telemetry_topic(load, room, topics.GENERATOR), generator_frames(seed))
        temperature = telemetry_topic(load, room, topics.TEMPERATURE)
        self._cool = _packets(temperature, temperature_frames(seed, COOL_C))
        self._hot = _packets(temperature, temperature_frames(seed, HOT_C))

    def appear(self, load: Load, now_us: int) -> None:
        """Say who is there, and open the room's case."""
        site, room = load.site(self.room), room_name(self.room)
        status = topics.STATUS.at(site, room=room, source=SOURCE)
        self.link.publish(status, status_of(now_us).to_wire(), retain=True)
        self.link.publish(topics.CASE.at(site, room=room), case_of(self.room, now_us).to_wire(), retain=True)

    def cycle(self, cycle: int, at_us: int, *, hot: bool) -> bytes:
        """One cycle's two packets."""
        variant, number = cycle % VARIANTS, (FIRST_SEQ + cycle, at_us)
        head, body = self._generator[variant]
        first = head + self.link.number() + body % number
        head, body = self._hot[variant] if hot else self._cool[variant]
        return first + head + self.link.number() + body % number


def _packets(topic: str, frames: list[bytes]) -> list[tuple[bytes, bytes]]:
    return [(packets.publish_head(topic, len(frame % (FIRST_SEQ, time.time_ns() // 1_000))), frame) for frame in frames]


class Clock:
    """The clock of a run that is faster than time; does nothing in one that is not."""

    def __init__(self, order: Order, start_us: int) -> None:
        """The first word is said at once."""
        self._load = order.load
        self._start_us = start_us
        self._due_us = 0
        fast = order.load.speed != 1
        self._links = {site: Link(order, f"clock-{site}") for site in order.load.sites} if fast else {}
        self.tell(0)

    def tell(self, elapsed_us: int) -> None:
        """Say the time, if it is time to."""
        if not self._links or elapsed_us < self._due_us:
            return
        self._due_us += int(CLOCK_PERIOD_S * US_PER_S)
        payload = ClockReading(at_us=self._start_us + elapsed_us).to_wire()
        for site, link in self._links.items():
            link.publish(topics.CLOCK.at(site, instance="bench"), payload)
            link.receive()

    def close(self) -> None:
        """No more."""
        for link in self._links.values():
            link.close()
