"""Bad input through the real services on a bus in memory: dead letters out, alarms unharmed, nobody falls over."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cordguard.audit.reader import read_ledger
from cordguard.audit.shell import build as build_audit
from cordguard.audit.verify import verify
from cordguard.bus.memory import MemoryBroker
from cordguard.bus.port import Connection, Delivery, Handlers, Message, Subscription
from cordguard.console.settings import ConsoleSettings
from cordguard.console.shell import build as build_console
from cordguard.contract import topics as table
from cordguard.contract.alarms import Transition
from cordguard.contract.case import Case, CaseSensor
from cordguard.contract.health import Health, Rejected
from cordguard.contract.units import TIME_MAX_US
from cordguard.recorder.settings import RecorderSettings
from cordguard.recorder.shell import build as build_recorder
from cordguard.runtime.clock import SimulatedClock
from cordguard.runtime.service import Service
from cordguard.runtime.settings import ServiceSettings
from cordguard.safety.replay import replay_file
from cordguard.safety.rooms import ROOMS_MAX
from cordguard.safety.settings import SafetySettings
from cordguard.safety.shell import SafetyService
from support.bad_input import NOT_READABLE, UNKNOWN_TOPICS, payloads, topics, unreadable_messages
from support.room import ROOM, SITE, SOURCE, START_US
from support.waiting import wait_until

BEGINNING = f"cordguard/v1/{SITE}/{ROOM}"
FRAME_US = 100_000
TOKEN = "a-one-time-login-token"
ABSURD_TIMES = [
    json.dumps({"seq": 1, "at_us": TIME_MAX_US, "readings": [{"sensor": "canal", "temperature_c": 37.0}]}).encode(),
    json.dumps({"seq": 2**63 - 1, "at_us": 0, "readings": [{"sensor": "x", "fault": "open"}]}).encode(),
]


class Stage:
    """A safety service, somebody who publishes, and somebody who hears what safety says."""

    def __init__(self, data_dir: Path, start_us: int = START_US) -> None:
        """Connect everybody."""
        self.broker = MemoryBroker()
        self.data_dir = data_dir
        self.clock = SimulatedClock(start_us)
        self.heard: list[Message] = []
        spoken = (table.TRANSITION, table.REJECTED, table.VITALS, table.HEALTH)
        self.device = self.broker.open(
            Connection("device", clean=True, subscriptions=tuple(Subscription(topic.filter(SITE)) for topic in spoken)),
            Handlers(self._hear),
        )
        self.device.poll(0)
        self.seq = 0
        self.safety = self.start()

    def start(self) -> SafetyService:
        """A safety service on the same data."""
        service = SafetyService(SafetySettings(site=SITE, data_dir=self.data_dir), self.broker.open, clock=self.clock)
        wait_until(lambda: stepped(service) and service.ready, what="safety")
        return service

    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish below the room."""
        self.device.publish(f"{BEGINNING}/{topic}", payload, retain=retain)

    def open_case(self) -> None:
        """A case with one neural sensor."""
        case = Case(
            session="s-1",
            revision=1,
            state="open",
            opened_us=self.clock.now_us(),
            profile="standard",
            sensors=(CaseSensor(sensor=f"{SOURCE}/canal", role="neural"),),
        )
        self.say("case", case.to_wire(), retain=True)

    def step(self) -> None:
        """Let a tenth of a second pass."""
        self.clock.advance_to(self.clock.now_us() + FRAME_US)
        self.safety.step(0)
        self.device.poll(0)

    def measure(self, temperature_c: float, frames: int = 10) -> None:
        """Good frames of the canal."""
        for _ in range(frames):
            self.seq += 1
            reading = {"sensor": "canal", "temperature_c": temperature_c}
            at_us = self.clock.now_us()
            self.say(
                f"{SOURCE}/temperature", json.dumps({"seq": self.seq, "at_us": at_us, "readings": [reading]}).encode()
            )
            self.step()

    def letters(self) -> list[Rejected]:
        """Every dead letter so far."""
        return [Rejected.model_validate_json(message.payload) for message in self._of("rejected")]

    def transitions(self) -> list[Transition]:
        """Every transition so far."""
        return [Transition.model_validate_json(message.payload) for message in self._of("transition")]

    def story(self) -> list[str]:
        """The transitions in short."""
        return [f"{entry.rule} {entry.change}" for entry in self.transitions()]

    def _of(self, word: str) -> list[Message]:
        return [message for message in self.heard if message.topic == f"{BEGINNING}/{word}"]

    def _hear(self, delivery: Delivery) -> None:
        self.heard.append(delivery.message)
        delivery.acknowledge()

    def close(self) -> None:
        """End in good order."""
        self.safety.close()
        self.device.close()


def stepped(service: Service) -> bool:
    """Let a service do what is there to do."""
    service.step(0)
    return True


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    opened = Stage(tmp_path)
    yield opened
    opened.close()


@pytest.mark.parametrize("payload", NOT_READABLE.values(), ids=NOT_READABLE)
def test_one_unreadable_message_is_one_dead_letter_with_its_reason_and_bytes(stage: Stage, payload: bytes) -> None:
    stage.say(f"{SOURCE}/temperature", payload)
    stage.step()
    (letter,) = stage.letters()
    assert letter.topic == f"{BEGINNING}/{SOURCE}/temperature"
    assert letter.reason
    assert base64.b64decode(letter.bytes_base64 or "") == payload[:4096]
    assert letter.count == 1


def test_a_malformed_level_below_a_room_is_a_dead_letter_and_one_without_a_room_is_counted(stage: Stage) -> None:
    stage.say("GEN-1/temperature", b"{}")
    stage.device.publish(f"cordguard/v1/{SITE}/OR1/gen-1/temperature", b"{}")
    stage.device.publish(f"cordguard/v1/{SITE}/services/gen-1/temperature", b"{}")
    stage.step()
    (letter,) = stage.letters()
    assert letter.topic.endswith("GEN-1/temperature")
    wait_until(lambda: _counters(stage).get("unaddressed") == 2, what="health that counts them")


def _counters(stage: Stage) -> dict[str, object]:
    stage.step()
    said = [Health.model_validate_json(m.payload) for m in stage.heard if "/services/safety/" in m.topic]
    counters = said[-1].detail["counters"] if said else {}
    assert isinstance(counters, dict)
    return dict(counters)


def test_made_up_rooms_are_counted_and_fill_neither_disk_nor_log(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.measure(37.0, frames=1)
    for number in range(200):
        stage.device.publish(f"cordguard/v1/{SITE}/room-{number}/gen-1/temperature", b"{}")
    stage.step()
    assert len(list((stage.data_dir / "journal").iterdir())) == ROOMS_MAX
    assert len([record for record in caplog.records if "names no room" in record.message]) <= 8
    wait_until(lambda: _counters(stage).get("unaddressed") == 200 - ROOMS_MAX + 1, what="health that counts them")
    stage.measure(46.0, frames=3)
    assert "R01 raised" in stage.story()


def test_r01_is_raised_through_a_storm_of_bad_input_as_without_it(stage: Stage) -> None:
    stage.open_case()
    stage.measure(37.0)
    for topic, payload in unreadable_messages():
        stage.say(topic, payload)
    for _ in range(3):
        stage.measure(46.0, frames=1)
    assert "R01 raised" in stage.story()
    (raised,) = [entry for entry in stage.transitions() if entry.rule == "R01"]
    assert raised.event_us == START_US + 11 * FRAME_US
    assert len(stage.letters()) == 10 * 2, "ten a second of one source, ten of the topics that name none"


def test_what_was_written_down_of_a_storm_gives_the_same_alarms_again(stage: Stage) -> None:
    stage.open_case()
    stage.measure(37.0)
    for topic, payload in unreadable_messages():
        stage.say(topic, payload)
    for payload in ABSURD_TIMES:
        stage.say("other/temperature", payload)
    stage.measure(46.0, frames=40)
    stage.safety.close()
    paths = sorted((stage.data_dir / "journal" / ROOM).glob("*.capture.jsonl"))
    assert paths
    _, replayed = replay_file(paths[-1])
    assert list(replayed) == stage.transitions()
    stage.safety = stage.start()
    stage.measure(46.0, frames=20)
    assert stage.safety.ready


def test_retained_garbage_is_met_at_start_and_at_every_reconnect_and_nothing_hangs_on_it(stage: Stage) -> None:
    stage.say("case", b"not a case", retain=True)
    stage.say(f"{SOURCE}/status", b"\xff\xfe", retain=True)
    stage.step()
    stage.broker.cut(f"safety-{SITE}-main")
    wait_until(lambda: stepped(stage.safety) and stage.safety.ready, what="safety again")
    stage.measure(46.0, frames=5)
    assert "R01 raised" in stage.story()
    assert len(stage.letters()) >= 4, "both, at the start and at the reconnect"


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(st.tuples(topics(), payloads(), st.integers(0, 30)), max_size=12))
def test_r01_no_bytes_on_any_topic_end_safety_or_blind_it(
    tmp_path_factory: pytest.TempPathFactory, told: list[tuple[str, bytes, int]]
) -> None:
    stage = Stage(tmp_path_factory.mktemp("safety"))
    try:
        stage.open_case()
        for topic, payload, wait in told:
            if "#" not in topic and "+" not in topic and "\x00" not in topic:
                stage.say(topic, payload)
            for _ in range(wait):
                stage.step()
        stage.measure(50.0, frames=40)
        present = stage.transitions()
        assert any(entry.rule == "R01" and entry.sensor == f"{SOURCE}/canal" for entry in present)
    finally:
        stage.close()


# --- the others hear the same ---


def storm() -> list[tuple[str, bytes]]:
    """Bad messages on every topic of the table, and some below none."""
    rooms = [row.template.format(room=ROOM, source=SOURCE, service="safety", instance="main") for row in table.TABLE]
    wires = [f"cordguard/v1/{SITE}/{template}" for template in rooms]
    wires += [f"{BEGINNING}/{topic}" for topic in UNKNOWN_TOPICS]
    return [(topic, payload) for topic in wires for payload in [*NOT_READABLE.values(), *ABSURD_TIMES, b"{}"]]


def publisher(broker: MemoryBroker) -> None:
    """Publish the storm, some of it retained."""
    bus = broker.open(Connection("storm", clean=True), Handlers(lambda _delivery: None))
    bus.poll(0)
    for number, (topic, payload) in enumerate(storm()):
        bus.publish(topic, payload, retain=number % 7 == 0)
    bus.close()


def test_the_recorder_outlives_the_storm_and_keeps_what_is_good(tmp_path: Path) -> None:
    broker = MemoryBroker()
    recorder = build_recorder(RecorderSettings(site=SITE, data_dir=tmp_path), broker.open)
    recorder.step(0)
    publisher(broker)
    other = broker.open(Connection("device", clean=True), Handlers(lambda _delivery: None))
    other.poll(0)
    good = {"seq": 5, "at_us": START_US, "readings": [{"sensor": "canal", "temperature_c": 41.25}]}
    other.publish(f"{BEGINNING}/{SOURCE}/temperature", json.dumps(good).encode())
    client = f"recorder-{SITE}-main"
    recorder.step(0)
    wait_until(lambda: stepped(recorder) and not broker.unacknowledged(client), what="everything acknowledged")
    assert not broker.queued(client)
    recorder.close()
    other.close()
    with closing(sqlite3.connect(tmp_path / "store.db")) as store:
        rows = store.execute("select count(*) from temperature where temperature_c = 41.25").fetchone()
    assert rows == (1,)


def test_the_audit_outlives_the_storm_and_its_chain_holds(tmp_path: Path) -> None:
    broker = MemoryBroker()
    audit = build_audit(ServiceSettings(site=SITE, data_dir=tmp_path), broker.open)
    audit.step(0)
    publisher(broker)
    other = broker.open(Connection("console", clean=True), Handlers(lambda _delivery: None))
    other.poll(0)
    mark = {"mark_id": "m-1", "at_us": START_US, "mark": "cement-injected"}
    other.publish(f"{BEGINNING}/mark", json.dumps(mark).encode())
    client = f"audit-{SITE}-main"
    wait_until(lambda: stepped(audit) and not broker.unacknowledged(client), what="everything acknowledged")
    assert not broker.queued(client)
    audit.close()
    other.close()
    reader = read_ledger(tmp_path / "ledger.db")
    kinds = [entry.kind for entry in reader.entries()]
    reader.close()
    assert kinds.count("mark") == 1
    assert 0 < kinds.count("unreadable") <= 30
    assert verify(tmp_path / "ledger.db").good


def test_the_console_outlives_the_storm_and_shows_what_is_good(tmp_path: Path) -> None:
    broker = MemoryBroker()
    console = build_console(
        ConsoleSettings.model_validate({"site": SITE, "data_dir": tmp_path, "http_port": 0, "login_token": TOKEN}),
        broker.open,
    )
    try:
        wait_until(lambda: stepped(console) and console.ready, what="the console")
        publisher(broker)
        console.step(0)
        with httpx.Client(base_url=console.url, headers={"origin": console.url}) as client:
            assert client.get(f"/login?token={TOKEN}").status_code == 200
        wait_until(lambda: console.desk.live.unread > 0, what="the storm to be read")
        broker_bus = broker.open(Connection("safety", clean=True), Handlers(lambda _delivery: None))
        broker_bus.poll(0)
        good = {"as_of_us": START_US, "rf_on": True, "profile": "near", "policy": "sha256:" + "a" * 64, "sensors": []}
        broker_bus.publish(f"{BEGINNING}/vitals", json.dumps(good).encode(), qos=0)
        broker_bus.close()

        def shown() -> bool:
            console.step(0)
            room = console.desk.live.rooms.get(ROOM)
            return room is not None and room.vitals is not None and room.vitals.rf_on

        wait_until(shown, what="good vitals on the page")
    finally:
        console.close()
