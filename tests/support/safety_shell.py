"""Safety's shell in one process: the broker in memory, a clock that a test moves, devices and listeners beside it."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from cordguard.bus.memory import MemoryBroker
from cordguard.bus.port import Connection, Message, Subscription
from cordguard.bus.retained import read_retained
from cordguard.contract.alarms import Transition
from cordguard.contract.health import Health
from cordguard.contract.topics import HEALTH, TRANSITION
from cordguard.safety.files import Disk, OpenFile, open_file
from cordguard.safety.settings import SafetySettings
from cordguard.safety.shell import SafetyService
from support.broker import Client
from support.journals import ROOM, SITE, START_US, S, topic

CLIENT_ID: Final = f"safety-{SITE}-main"


class HandClock:
    """A clock that goes when told."""

    def __init__(self, now_us: int = START_US) -> None:
        """Stand at a moment."""
        self.us = now_us

    def now_us(self) -> int:
        """See ``Clock``."""
        return self.us


class Stage:
    """Safety, whoever publishes to it, and a listener who hears everything."""

    def __init__(self, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nothing runs before ``start``."""
        # The broker in memory hands out all that it keeps at once: no need to wait for more.
        quick = functools.partial(read_retained, quiet_s=0.01)
        monkeypatch.setattr("cordguard.safety.shell.read_retained", quick)
        # Health goes by wall time in production; here by the hand.
        monkeypatch.setattr("cordguard.safety.shell.BEAT_US", 0)
        monkeypatch.setattr("cordguard.runtime.health.PERIOD_S", 0.0)
        self.data_dir = data_dir
        self.broker = MemoryBroker()
        self.clock = HandClock()
        self.files: OpenFile = open_file
        self.free_percent: float | None = 50.0
        self.used_bytes: int | None = 0
        everything = Connection("listener", clean=True, subscriptions=(Subscription("cordguard/v1/#"),))
        self.listener = Client(self.broker.open, everything)
        self.sender = Client(self.broker.open, Connection("sender", clean=True))
        for client in (self.listener, self.sender):
            client.bus.poll(0)

    def start(self, **settings: Any) -> SafetyService:  # noqa: ANN401 - the fields of SafetySettings
        """A safety service; not yet connected. By the hand's clock unless the run's clock is simulated."""
        given = SafetySettings(site=SITE, data_dir=self.data_dir, **settings)
        clock = None if given.simulated_clock else self.clock
        disk = Disk(lambda _folder: self.free_percent, lambda _folder: self.used_bytes)
        return SafetyService(given, self.broker.open, clock=clock, files=self.files, disk=disk)

    @contextmanager
    def running(self, **settings: Any) -> Iterator[SafetyService]:  # noqa: ANN401 - as above
        """A safety service, connected; stopped in good order at the end."""
        service = self.start(**settings)
        service.step(0)
        assert service.ready
        yield service
        service.close()

    def kill(self, service: SafetyService) -> None:
        """What SIGKILL does: nothing is said and nothing is closed; the operating system closes the files."""
        self.broker.cut(CLIENT_ID)
        for _, keeper in service._rooms:  # noqa: SLF001 - nothing but a test may do this
            file = keeper._journal._file  # noqa: SLF001 - as above
            if file is not None:
                file.close()

    def say(self, word: str, payload: object, *, retain: bool = False) -> None:
        """Publish to the room."""
        content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.sender.bus.publish(topic(word), content, retain=retain)

    def hear(self) -> list[Message]:
        """What was published since the last call."""
        self.listener.deliveries.clear()
        for _ in range(3):
            self.listener.bus.poll(0)
        return self.listener.messages

    def transitions(self) -> list[Transition]:
        """The transitions among what was published since the last call."""
        name = TRANSITION.at(SITE, room=ROOM)
        return [Transition.model_validate_json(each.payload) for each in self.hear() if each.topic == name]

    def health(self) -> Health:
        """Safety's newest word on itself."""
        message = self.broker.retained(HEALTH.at(SITE, service="safety", instance="main"))
        assert message is not None
        return Health.model_validate_json(message.payload)

    def live(self, service: SafetyService, seconds: float, *, step_s: float = 0.05) -> None:
        """Let time pass while safety works."""
        for _ in range(round(seconds / step_s)):
            self.clock.us += round(step_s * S)
            service.step(0)


def frame(seq: int, at_us: int, canal_c: float = 37.0) -> dict[str, Any]:
    """A temperature frame of the canal's sensor."""
    return {"seq": seq, "at_us": at_us, "readings": [{"sensor": "canal", "temperature_c": canal_c}]}


def case(session: str = "s-1", opened_us: int = START_US, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """An open case that knows the canal's sensor."""
    sensors = [{"sensor": "gen-1/canal", "role": "neural"}]
    head = {"session": session, "revision": 1, "state": "open", "opened_us": opened_us, "profile": "standard"}
    return {**head, "posterior_wall": "intact", "sensors": sensors, **fields}


def status(at_us: int, state: str = "online") -> dict[str, Any]:
    """A sign of life."""
    return {"state": state, "at_us": at_us, "sensors": [{"sensor": "canal", "role": "neural"}]}
