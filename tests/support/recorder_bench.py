"""A recorder over a broker in memory, with a clock that the test moves."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

from cordguard.bus.memory import MemoryBroker
from cordguard.bus.port import Connection, Handlers
from cordguard.contract import topics
from cordguard.contract.health import Health
from cordguard.recorder.settings import RecorderSettings
from cordguard.recorder.shell import BATCH_US, Recorder, Shipping
from cordguard.recorder.store import Store, connect, open_store
from cordguard.runtime.clock import SimulatedClock
from support.recorder_messages import AT_US

CLIENT = "recorder-north-main"
TEMPERATURE = topics.TEMPERATURE.at("north", room="or1", source="gen-1")
TRANSITION = topics.TRANSITION.at("north", room="or1")
HEALTH = topics.HEALTH.at("north", service="recorder", instance="main")


def frame(seq: int, temperature_c: float = 38.0) -> bytes:
    """A temperature frame of one sensor; its time follows from its number."""
    reading = {"sensor": "canal", "temperature_c": temperature_c}
    return json.dumps({"seq": seq, "at_us": AT_US + 100_000 * seq, "readings": [reading]}).encode()


class Bench:
    """A recorder over a broker in memory, with a clock that the test moves."""

    def __init__(self, folder: Path) -> None:
        """A broker, a device that is connected, and a recorder that keeps in ``folder``."""
        self.broker = MemoryBroker()
        self.folder = folder
        self.pace = SimulatedClock(1)
        self.device = self.broker.open(Connection("device", clean=True), Handlers(lambda _delivery: None))
        self.device.poll(0)
        self.recorder = self.start()

    def start(
        self, *, store: Store | None = None, shipping: Shipping | None = None, simulated: bool = False
    ) -> Recorder:
        """A recorder that has connected; its predecessor has to be gone."""
        settings = RecorderSettings(site="north", data_dir=self.folder, simulated_clock=simulated)
        recorder = Recorder(
            settings,
            open_bus=self.broker.open,
            store=store or open_store(self.folder / "store.db"),
            clock=SimulatedClock() if simulated else self.pace,
            own_clock=self.pace,
            shipping=shipping,
        )
        recorder.step(0)
        return recorder

    def restart(self, *, store: Store | None = None, shipping: Shipping | None = None, simulated: bool = False) -> None:
        """Close the recorder and start another one."""
        self.recorder.close()
        self.recorder = self.start(store=store, shipping=shipping, simulated=simulated)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish at the quality that the topic table says."""
        parsed = topics.parse(topic)
        qos = parsed.topic.qos if parsed else 1
        self.device.publish(topic, payload, qos=qos, retain=retain)

    def wait(self, wait_us: int = BATCH_US) -> None:
        """Let time pass, with a step before and after."""
        self.recorder.step(0)
        self.pace.advance_to(self.pace.now_us() + wait_us)
        self.recorder.step(0)

    def unacknowledged(self) -> int:
        """How many messages the recorder has in its hands."""
        return len(self.broker.unacknowledged(CLIENT))

    def health(self) -> Health:
        """What it said of itself last."""
        kept = self.broker.retained(HEALTH)
        assert kept is not None
        return Health.model_validate_json(kept.payload)

    def count(self, table: str) -> int:
        """How many rows a table of its store has."""
        with closing(connect(self.folder / "store.db")) as connection:
            return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - our own name
