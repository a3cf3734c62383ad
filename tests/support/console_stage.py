"""A room to look at: devices that say what they are told, an alarm system, a console, and a broker, in one thread.

Run as a program it plays such a room until it is ended, and prints the login link: a console process to freeze.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from cordguard.bus.memory import MemoryBroker
from cordguard.bus.port import Bus, Connection, Handlers, OpenBus
from cordguard.console.settings import ConsoleSettings
from cordguard.console.shell import Console
from cordguard.contract import topics
from cordguard.contract.telemetry import GeneratorReading, SensorReading, Status, TemperatureReading
from cordguard.contract.units import WireModel
from cordguard.runtime.clock import Clock, WallClock
from cordguard.runtime.service import Service
from support.console_safety import StandIn

TOKEN: Final = "token-of-one-test-only"
TURN_S: Final = 0.01


@dataclass
class Devices:
    """One gateway with a generator and thermocouples; the test sets what they measure."""

    open_bus: OpenBus
    clock: Clock
    site: str = "site"
    room: str = "theatre-1"
    source: str = "gen-1"
    temperatures_c: dict[str, float | None] = field(default_factory=lambda: {"canal": 37.4, "tip": 41.0})
    power_w: float = 0.0
    impedance_ohm: float = 112.0
    speaking: bool = True
    seq: int = 0
    spoke_us: int = 0

    def __post_init__(self) -> None:
        """Connect."""
        self.bus: Bus = self.open_bus(
            Connection("devices", clean=True), Handlers(lambda delivery: delivery.acknowledge())
        )

    def step(self) -> None:
        """Publish a frame of each kind when a tenth of a second is over."""
        self.bus.poll(0.0)
        now_us = self.clock.now_us()
        if not self.speaking or now_us < self.spoke_us + 100_000:
            return
        self.spoke_us, self.seq = now_us, self.seq + 1
        readings = tuple(
            SensorReading(sensor=name, temperature_c=value, fault="open" if value is None else None)
            for name, value in self.temperatures_c.items()
        )
        self._say(topics.TEMPERATURE, TemperatureReading(seq=self.seq, at_us=now_us, readings=readings))
        generator = GeneratorReading(
            seq=self.seq,
            at_us=now_us,
            rf_on=self.power_w > 0.5,
            power_w=self.power_w,
            impedance_ohm=self.impedance_ohm,
        )
        self._say(topics.GENERATOR, generator)
        if self.seq % 10 == 1:
            self._say(topics.STATUS, Status(state="online", at_us=now_us))

    def close(self) -> None:
        """Disconnect."""
        self.bus.close()

    def _say(self, topic: topics.Topic, message: WireModel) -> None:
        where = topic.at(self.site, room=self.room, source=self.source)
        self.bus.publish(where, message.to_wire(), retain=topic.retained)


class Stage:
    """Everything together, living in a thread of its own."""

    def __init__(
        self, data_dir: Path, *services: Callable[[Path, OpenBus], Service], simulated_clock: bool = False
    ) -> None:
        """Start; with services given, these judge in place of the stand-in."""
        self.broker = MemoryBroker()
        self.clock = WallClock()
        self.devices = Devices(self.broker.open, self.clock)
        self.safety = StandIn(self.broker.open, self.clock)
        """Judges, unless real services do."""
        settings = ConsoleSettings(data_dir=data_dir, http_port=0, login_token=TOKEN, simulated_clock=simulated_clock)
        self.console = Console(settings, open_bus=self.broker.open, clock=self.clock)
        self.link = f"{self.console.url}/login?token={TOKEN}"
        self._build = [partial(build, data_dir, self.broker.open) for build in services]
        self._asked: list[Callable[[], object]] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stage")
        self._thread.start()

    def do(self, action: Callable[[], object]) -> None:
        """Have something done between two turns."""
        self._asked.append(action)

    def close(self) -> None:
        """End it all."""
        self._ending.set()
        self._thread.join()
        self.console.close()
        self.safety.close()
        self.devices.close()

    def _run(self) -> None:
        with ExitStack() as closing:  # services are made, used and closed in one thread: SQLite wants it so
            services = [build() for build in self._build]
            for service in services:
                closing.callback(service.close)
            while not self._ending.wait(TURN_S):
                self._turn(services)

    def _turn(self, services: list[Service]) -> None:
        while self._asked:
            self._asked.pop(0)()
        self.devices.step()
        for service in services:
            service.step(0.0)
        if not services:
            self.safety.step()
        self.console.step(0.0)


def main() -> None:
    """Play until standard input ends."""
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder))
        sys.stdout.write(stage.link + "\n")
        sys.stdout.flush()
        try:
            sys.stdin.read()
        finally:
            stage.close()


if __name__ == "__main__":
    main()
