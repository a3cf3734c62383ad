"""One room on any broker: safety in this process by a clock that a test moves, a device, a gateway and a recorder."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from cordguard.bus.port import Bus, Connection, Delivery, Handlers
from cordguard.contract.alarms import Transition
from cordguard.contract.topics import CASE, GENERATOR, REJECTED, TEMPERATURE, TRANSITION
from cordguard.safety.settings import SafetySettings
from cordguard.safety.shell import SafetyService
from support.broker import POLL_S, Client, Rig
from support.journals import ROOM, START_US, S
from support.rigs import connect
from support.safety_shell import HandClock, case, frame
from support.waiting import wait_until

HOT: Final = range(20, 60)
"""Turns of an excursion that two rules tell: warning and limit."""

COOL_C: Final = 37.0
HOT_C: Final = 46.0

EXCURSION: Final = ("R01", "R02")

Change = tuple[str, str]


def frame_of(number: int) -> bytes:
    """The canal's frame of a turn, at 10 Hz."""
    return json.dumps(frame(number, _at_us(number), HOT_C if number in HOT else COOL_C)).encode()


def _at_us(number: int) -> int:
    return START_US + number * S // 10


@dataclass
class SafetyLine:
    """Safety's connection; satisfies ``Line``."""

    connection: Connection
    bus: Bus


class BrokeredRoom:
    """What a broker does to the messages between device, safety and recorder is done by a real one."""

    def __init__(self, rig: Rig, opened: list[Client], site: str, data_dir: Path) -> None:
        """Everybody is there but safety."""
        self.rig = rig
        self.site = site
        self.clock = HandClock()
        self.taken: list[bytes] = []
        """Payloads that safety took, in order."""
        self.lost: list[bytes] = []
        self.to_lose: set[bytes] = set()
        """Payloads that it neither takes nor acknowledges when they first come: as if it had been killed just then."""
        self.device = connect(rig, opened, "device")
        self.gateway = connect(rig, opened, "gateway")
        self.recorder = connect(rig, opened, "recorder", TRANSITION.filter(site), REJECTED.filter(site))
        self._account = rig.connection("safety")
        self._data_dir = data_dir
        self.safety: SafetyService | None = None
        self.line: SafetyLine | None = None

    def start_safety(self) -> None:
        """Safety, connected."""
        account = self._account
        settings = SafetySettings(
            site=self.site,
            data_dir=self._data_dir,
            broker_port=account.port,
            broker_username=account.username,
            broker_password=account.password,
        )
        safety = self.safety = SafetyService(settings, self._open_bus, clock=self.clock)
        self.drive(lambda: safety.ready, "safety to be ready")

    def stop_safety(self) -> None:
        """End it in good order, if it runs."""
        if self.safety is not None:
            self.safety.close()
        self.safety = None

    def cut(self) -> None:
        """Lose safety's connection."""
        assert self.line is not None
        self.rig.cut(self.line)

    def open_case(self) -> bytes:
        """Publish a case that knows the canal's sensor: its payload."""
        payload = json.dumps(case()).encode()
        self.gateway.bus.publish(CASE.at(self.site, room=ROOM), payload, retain=True)
        self.drive(lambda: self.gateway.bus.unconfirmed == 0, "the broker to have the case")
        return payload

    def send(self, number: int) -> bytes:
        """Publish the frame of a turn, which now is: its payload."""
        self.clock.us = _at_us(number)
        payload = frame_of(number)
        self.device.bus.publish(TEMPERATURE.at(self.site, room=ROOM, source="gen-1"), payload)
        return payload

    def send_generator(self, number: int) -> bytes:
        """Publish what the generator says in a turn, which now is: its payload."""
        self.clock.us = _at_us(number)
        payload = json.dumps({"seq": number, "at_us": _at_us(number), "rf_on": True, "power_w": 10.0}).encode()
        self.device.bus.publish(GENERATOR.at(self.site, room=ROOM, source="gen-1"), payload)
        return payload

    def told(self) -> list[Change]:
        """What the recorder heard by now of the canal's excursions, each transition once."""
        assert {message.topic for message in self.recorder.messages} <= {TRANSITION.at(self.site, room=ROOM)}
        said = [Transition.model_validate_json(payload) for payload in self.recorder.payloads]
        once = {(each.alarm_id, each.step): (each.rule, each.change) for each in said if each.rule in EXCURSION}
        return list(once.values())

    def live(self, numbers: range, *, losing: frozenset[int] = frozenset()) -> None:
        """Frames in their turn, each taken before the next, but for those that are lost."""
        for number in numbers:
            if number in losing:
                self.to_lose.add(frame_of(number))
            payload = self.send(number)
            self.drive(partial(self._has_seen, payload), "safety to have a frame in its hands")

    def _has_seen(self, payload: bytes) -> bool:
        return payload in (*self.taken, *self.lost)

    def _open_bus(self, connection: Connection, handlers: Handlers) -> Bus:
        bus = self.rig.open_bus(connection, replace(handlers, on_delivery=partial(self._take, handlers)))
        if not connection.clean:  # not the session on which it reads what is retained
            self.line = SafetyLine(connection, bus)
        return bus

    def _take(self, handlers: Handlers, delivery: Delivery) -> None:
        payload = delivery.message.payload
        if payload in self.to_lose:
            self.to_lose.discard(payload)
            self.lost.append(payload)
            return
        handlers.on_delivery(delivery)
        self.taken.append(payload)

    def drive(self, condition: Callable[[], object], what: str) -> None:
        """Let everybody work until something is true."""

        def step() -> object:
            self.step()
            return condition()

        wait_until(step, timeout_s=20, what=what)

    def step(self) -> None:
        """Let everybody work once."""
        if self.safety is not None:
            self.safety.step(POLL_S)
        for client in (self.device, self.gateway, self.recorder):
            client.bus.poll(POLL_S)
