"""``cordguard check-device`` on a bus: it hears a device out, asks what the broker kept, and publishes nothing."""

from __future__ import annotations

import json

import pytest

from cordguard.bus.broker import EmbeddedBroker
from cordguard.bus.memory import MemoryBroker
from cordguard.bus.paho import open_paho
from cordguard.bus.port import Bus, Connection, Handlers
from cordguard.cli.devicecheck.shell import NARROW, DeviceToCheck, run_check_device
from cordguard.contract.topics import GENERATOR, STATUS, TEMPERATURE, Party
from cordguard.runtime.clock import Clock, SimulatedClock, WallClock
from cordguard.runtime.service import SetupError
from support.device import FRAME_US, FROM_US, ROOM, SOURCE, frame
from support.staged import staged

KINDS = {"generator": GENERATOR, "temperature": TEMPERATURE, "status": STATUS}


class Device:
    """Speaks as time goes on: 10 frames a second, a status every second."""

    def __init__(self, bus: Bus, clock: Clock, site: str, *, retain: frozenset[str] = frozenset({"status"})) -> None:
        self.bus = bus
        self.retain = retain
        self.kinds = set(KINDS)
        self._clock = clock
        self._site = site
        self._began_us = clock.now_us()
        self._next = 0

    def step(self) -> None:
        """Say what is due."""
        while self._began_us + self._next * FRAME_US <= self._clock.now_us():
            for kind in (
                ("status", "generator", "temperature") if self._next % 10 == 0 else ("generator", "temperature")
            ):
                if kind in self.kinds:
                    self._say(kind)
            self._next += 1
        self.bus.poll(0)

    def _say(self, kind: str) -> None:
        content = frame(kind, self._next) | {"at_us": self._began_us + self._next * FRAME_US}
        topic = KINDS[kind].at(self._site, room=ROOM, source=SOURCE)
        self.bus.publish(topic, json.dumps(content).encode(), retain=kind in self.retain)


def asked(site: str, *, seconds: float = 20.0, port: int = 1883, source: str = SOURCE) -> DeviceToCheck:
    return DeviceToCheck(site=site, room=ROOM, source=source, host="127.0.0.1", port=port, seconds=seconds)


class MemoryStage:
    """A broker in memory, a device, and a clock that goes on by 20 ms at each poll."""

    def __init__(self) -> None:
        self.broker = MemoryBroker()
        self.clock = SimulatedClock(FROM_US)
        bus = self.broker.open(Connection("device"), Handlers(lambda _delivery: None))
        bus.poll(0)
        self.device = Device(bus, self.clock, "lab")

    def run(self, source: str = SOURCE) -> int:
        def meanwhile() -> None:
            self.clock.advance_to(self.clock.now_us() + 20_000)
            self.device.step()

        return run_check_device(
            asked("lab", source=source), {}, open_bus=staged(self.broker.open, meanwhile), clock=self.clock
        )


def test_a_healthy_device_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert MemoryStage().run() == 0
    out = capsys.readouterr().out
    assert out.startswith(f"Listening to {SOURCE} in {ROOM} of lab for 20 s …\nHeard in 20 s: generator 20")
    assert "Nothing wrong was found." in out
    assert NARROW not in out


def test_what_is_wrong_is_numbered_and_the_exit_status_is_1(capsys: pytest.CaptureFixture[str]) -> None:
    stage = MemoryStage()
    stage.device.retain = frozenset({"temperature"})
    assert stage.run() == 1
    out = capsys.readouterr().out
    assert "2 things are wrong:" in out
    assert "  1. The broker holds a retained temperature message" in out
    assert "  2. Status is not retained" in out


def test_a_device_without_a_status_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    stage = MemoryStage()
    stage.device.kinds.discard("status")
    assert stage.run() == 1
    assert "No status came." in capsys.readouterr().out


def test_silence_says_who_speaks_instead(capsys: pytest.CaptureFixture[str]) -> None:
    assert MemoryStage().run("gen-2") == 1
    assert f"Heard in {ROOM} instead: {SOURCE}." in capsys.readouterr().out


@pytest.mark.parametrize("source", ["Gen 1", "gen/1", ""])
def test_a_malformed_name_is_bad_setup(source: str) -> None:
    with pytest.raises(SetupError, match="must match"):
        MemoryStage().run(source)


def test_a_broker_that_does_not_answer_is_bad_setup() -> None:
    stage = MemoryStage()
    stage.broker.stop()
    with pytest.raises(SetupError, match=r"no MQTT broker answered at 127\.0\.0\.1:1883"):
        stage.run()


@pytest.mark.parametrize("party", ["safety", "console"])
def test_on_nats_the_accounts_of_safety_and_console_may_listen(
    nats_broker: EmbeddedBroker, site: str, party: Party, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = WallClock()
    own = Connection(
        f"device-{site}", port=nats_broker.port, username="device", password=nats_broker.credentials["device"]
    )
    bus = open_paho(own, Handlers(lambda _delivery: None))
    while not bus.connected:
        bus.poll(0.01)
    device = Device(bus, clock, site)
    status = run_check_device(
        asked(site, seconds=2.0, port=nats_broker.port),
        {"CORDGUARD_BROKER_USERNAME": party, "CORDGUARD_BROKER_PASSWORD": nats_broker.credentials[party]},
        open_bus=staged(open_paho, device.step),
        clock=clock,
    )
    bus.close()
    out = capsys.readouterr().out
    assert (status, "Nothing wrong was found." in out) == (0, True), out
    assert (NARROW in out) == (party == "console")


def test_a_wrong_password_is_bad_setup_and_says_where_it_comes_from(nats_broker: EmbeddedBroker, site: str) -> None:
    with pytest.raises(SetupError, match="CORDGUARD_BROKER_USERNAME"):
        run_check_device(
            asked(site, port=nats_broker.port),
            {"CORDGUARD_BROKER_USERNAME": "safety", "CORDGUARD_BROKER_PASSWORD": "wrong"},
        )
