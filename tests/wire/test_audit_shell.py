"""The audit service on a bus in memory: kept before acknowledged, each once, whatever the order."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cordguard.audit import shell as audit_shell
from cordguard.audit.ledger import Ledger, open_ledger
from cordguard.audit.reader import read_ledger
from cordguard.audit.shell import AuditService, build
from cordguard.audit.throttle import UNREADABLE_PER_S
from cordguard.audit.verify import verify
from cordguard.bus.memory import MemoryBroker, MemoryBus
from cordguard.bus.port import Connection, Handlers
from cordguard.contract import topics
from cordguard.contract.health import ClockReading, Health
from cordguard.runtime.clock import SimulatedClock
from cordguard.runtime.service import SetupError
from cordguard.runtime.settings import ServiceSettings
from support.audit_messages import ALARM_ID, OPENED_US, SITE, case, mark, summary, transition, whole_session

CLIENT_ID = "audit-site-main"
HEALTH_TOPIC = topics.HEALTH.at(SITE, service="audit", instance="main")


class World:
    """A broker, somebody who publishes, and an audit service that may die and come again."""

    def __init__(self, data_dir: Path) -> None:
        self.broker = MemoryBroker()
        self.path = data_dir / "ledger.db"
        self.clock = SimulatedClock()
        self.settings = ServiceSettings(site=SITE, data_dir=data_dir, simulated_clock=True)
        self.publisher = self.broker.open(Connection("publisher", clean=True), Handlers(lambda _: None))
        self.publisher.poll(0)
        self.now_s = 100.0
        self.connections: list[sqlite3.Connection] = []
        self.running: list[tuple[AuditService, Ledger]] = []
        self.service = self.start()

    def start(self) -> AuditService:
        ledger = open_ledger(self.path, self._connect)
        self.service = AuditService(self.settings, self.broker.open, ledger, self.clock, monotonic_s=lambda: self.now_s)
        self.running.append((self.service, ledger))
        self.service.step(0)
        return self.service

    def kill(self) -> None:
        """Gone without a word: the connection is cut, nothing is flushed."""
        self.broker.cut(CLIENT_ID)
        _, ledger = self.running.pop()
        ledger.close()

    def say(self, *sent: tuple[str, bytes], retain: bool = False) -> None:
        for topic, payload in sent:
            self.publisher.publish(topic, payload, retain=retain)

    def step(self, times: int = 1) -> None:
        for _ in range(times):
            self.now_s += 0.5
            self.service.step(0)

    def kinds(self) -> list[str]:
        reader = read_ledger(self.path)
        kinds: list[str] = [entry.kind for entry in reader.entries() if entry.kind != "opened"]
        reader.close()
        return kinds

    def health(self) -> Health:
        message = self.broker.retained(HEALTH_TOPIC)
        assert message is not None
        return Health.model_validate_json(message.payload)

    def lock(self) -> sqlite3.Connection:
        other = sqlite3.connect(self.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        return other

    def _connect(self, *args: object, **options: object) -> sqlite3.Connection:
        self.connections.append(sqlite3.connect(*args, **options))  # type: ignore[call-overload]
        return self.connections[-1]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    for service, _ in world.running:
        service.close()


def test_a13_everything_that_is_said_in_a_session_is_kept_then_acknowledged(world: World) -> None:
    world.say(*whole_session())
    assert len(world.broker.queued(CLIENT_ID)) == 9
    world.step()
    assert world.kinds() == [
        "case",
        "mark",
        "transition",
        "command",
        "transition",
        "case",
        "summary",
        "mark",
        "summary",
    ]
    assert world.broker.unacknowledged(CLIENT_ID) == ()
    assert verify(world.path).good


def test_what_was_said_while_the_service_was_away_is_kept_when_it_comes_back(world: World) -> None:
    world.say(case(), retain=True)
    world.step()
    world.kill()
    world.say(*whole_session()[1:])
    world.start()
    world.step()
    assert len(world.kinds()) == 9
    reader = read_ledger(world.path)
    assert [entry.key for entry in reader.of_session("s-1") if entry.kind == "mark"] == ["m-1", "m-2"]
    reader.close()


def test_killed_between_commit_and_acknowledgement_it_keeps_each_message_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(Exception):
        pass

    def die(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr("cordguard.bus.memory._Delivery.acknowledge", die)
        world.say(*whole_session())
        with pytest.raises(KilledError):
            world.step()
    assert len(world.broker.unacknowledged(CLIENT_ID)) == 9
    world.kill()
    world.start()
    world.step()
    assert len(world.kinds()) == 9
    assert world.broker.unacknowledged(CLIENT_ID) == ()
    assert verify(world.path).good


def test_retained_case_and_redelivery_out_of_order_change_nothing(world: World) -> None:
    world.say(*whole_session()[::-1])
    lock = world.lock()
    world.step()
    world.broker.redeliver(CLIENT_ID, order=[8, 0, 4, 2, 6, 1, 3, 5, 7])
    world.step()
    lock.close()
    world.step(4)
    assert len(world.kinds()) == 9
    assert world.broker.unacknowledged(CLIENT_ID) == ()


@pytest.mark.parametrize("redeliver", [False, True])
def test_a_locked_ledger_acknowledges_nothing_says_so_and_goes_on(
    world: World, caplog: pytest.LogCaptureFixture, *, redeliver: bool
) -> None:
    lock = world.lock()
    world.say(*whole_session())
    world.step(2)
    assert len(world.broker.unacknowledged(CLIENT_ID)) == 9
    assert not world.service.ready
    assert world.health().state == "failed"
    assert "another program holds the ledger locked" in str(world.health().detail["trouble"])
    for _ in range(3 if redeliver else 0):
        world.broker.redeliver(CLIENT_ID)
        world.step()
    world.step()
    assert world.health().queue == 9, "a message that comes again does not wait twice"
    lock.close()
    world.step(4)
    assert len(world.kinds()) == 9
    assert world.broker.unacknowledged(CLIENT_ID) == ()
    assert world.service.ready
    assert world.health().state == "ok"
    assert "trouble" not in world.health().detail
    errors = [record.message for record in caplog.records if record.levelname == "ERROR"]
    assert len(errors) == 1, "said once, not at every attempt"
    assert "messages stay with the broker" in errors[0]


def test_a_full_disk_acknowledges_nothing_and_loses_nothing(world: World, caplog: pytest.LogCaptureFixture) -> None:
    connection = world.connections[-1]
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    sent = [mark(f"m-{number}") for number in range(100)]
    world.say(*sent)
    world.step(2)
    assert len(world.broker.unacknowledged(CLIENT_ID)) == 100
    assert "the disk is full; free some space" in caplog.text
    connection.execute("PRAGMA max_page_count = 1000000")
    world.step(4)
    assert len(world.kinds()) == 100
    assert world.broker.unacknowledged(CLIENT_ID) == ()


def test_what_the_disk_did_not_take_is_kept_even_if_the_connection_is_lost_meanwhile(world: World) -> None:
    lock = world.lock()
    world.say(*whole_session())
    world.step()
    for _ in range(3):
        world.broker.cut(CLIENT_ID)
        world.step(4)
    assert world.health().queue == 9
    lock.close()
    world.step(4)
    assert len(world.kinds()) == 9
    assert world.broker.unacknowledged(CLIENT_ID) == ()


def test_a_long_queue_is_entered_part_by_part_and_whole_at_the_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_shell, "COMMIT_MAX", 4)
    world.say(*whole_session())
    world.step()
    assert (len(world.kinds()), len(world.broker.unacknowledged(CLIENT_ID))) == (4, 5)
    world.service.close()
    assert len(world.kinds()) == 9
    assert verify(world.path).good


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("cordguard/v1/site/room-1/mark", b"{", "message: Invalid JSON"),
        ("cordguard/v1/site/room-1/mark", b'{"mark_id":"m","at_us":1}', "mark: Field required"),
        ("cordguard/v1/site/room-1/mark", b'{"mark_id":"m","at_us":1,"mark":"note","x":1e999}', "no canonical JSON"),
        ("cordguard/v1/site/room-1/case", b"", "message: "),
        ("cordguard/v1/site/room-1/case", b'{"session":"s","colour":"red"}', "revision: Field required"),
        ("cordguard/v1/site/room-1/command", b"\xff\xfe", "message: Invalid JSON"),
        ("cordguard/v1/site/Room_1/mark", b"{}", "topic: a level is malformed"),
        ("cordguard/v1/site/room-1/mark", b"[" * 70_000, "at most 65536 are read"),
        ("cordguard/v1/site/room-1/summary", b"[" * 1_100_000, "at most 1048576 are read"),
    ],
)
def test_what_cannot_be_read_is_acknowledged_and_kept_with_the_reason(
    world: World, topic: str, payload: bytes, reason: str
) -> None:
    world.say((topic, payload), (topic, payload), mark())
    world.step()
    assert world.broker.unacknowledged(CLIENT_ID) == ()
    assert sorted(world.kinds()) == ["mark", "unreadable"]
    reader = read_ledger(world.path)
    entry = next(entry for entry in reader.entries() if entry.kind == "unreadable")
    reader.close()
    kept = json.loads(entry.content)
    assert reason in kept["reason"]
    assert kept["topic"] == topic
    assert len(entry.content) < 7_000
    assert verify(world.path).good


def test_a_flood_of_rubbish_does_not_fill_the_ledger(world: World) -> None:
    world.say(*(("cordguard/v1/site/room-1/mark", b"%d" % number) for number in range(500)), mark())
    world.step()
    assert world.kinds().count("unreadable") == UNREADABLE_PER_S
    assert "mark" in world.kinds()
    assert world.broker.unacknowledged(CLIENT_ID) == ()
    world.step(2)
    assert world.health().detail["unreadable_not_kept"] == 500 - UNREADABLE_PER_S


def test_the_canarys_transitions_are_no_part_of_the_record(world: World) -> None:
    topic = topics.CANARY_TRANSITION.at(SITE)
    world.say((topic, transition()[1]))
    world.step()
    assert world.kinds() == []
    assert world.broker.unacknowledged(CLIENT_ID) == ()


def test_a_contradiction_is_kept_and_said(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.say(case(level="T8"), case(level="T9"))
    world.step()
    assert world.kinds() == ["case", "conflict"]
    assert "case s-1#0 came again with another content: both are kept" in caplog.text


def test_an_entry_carries_the_time_of_the_simulated_clock(world: World) -> None:
    clock = topics.CLOCK.at(SITE, instance="main"), ClockReading(at_us=OPENED_US + 5).to_wire()
    world.say(clock, mark(), (clock[0], b"nonsense"))
    world.step()
    reader = read_ledger(world.path)
    assert [(entry.kind, entry.recorded_us) for entry in reader.entries()] == [("opened", 0), ("mark", OPENED_US + 5)]
    reader.close()
    assert world.broker.unacknowledged(CLIENT_ID) == ()


def test_every_start_is_entered(world: World) -> None:
    world.kill()
    world.start()
    reader = read_ledger(world.path)
    assert [entry.key for entry in reader.entries()] == ["main:1", "main:2"]
    reader.close()


def test_health_tells_the_head_of_the_chain_and_the_last_will_that_it_failed(world: World) -> None:
    world.say(summary(), transition(alarm_id=ALARM_ID))
    world.step(4)
    head = verify(world.path).head_hash
    assert (world.health().detail["head"], world.health().detail["entries"]) == (head, 3)
    world.broker.cut(CLIENT_ID)
    assert world.health().state == "failed"


def test_it_stops_in_good_order(world: World) -> None:
    world.say(mark())
    world.running.clear()
    world.service.close()
    world.publisher.poll(0)
    assert world.health().state == "stopped"
    assert verify(world.path).good


def test_build_makes_the_data_folder_and_the_ledger(tmp_path: Path) -> None:
    broker = MemoryBroker()
    service = build(ServiceSettings(data_dir=tmp_path / "new" / "data"), broker.open)
    assert not service.ready
    service.step(0)
    assert service.ready
    service.close()
    assert verify(tmp_path / "new" / "data" / "ledger.db").count == 1


def _file_in_the_way(folder: Path) -> None:
    folder.write_text("a file")


def _other_database(folder: Path) -> None:
    folder.mkdir()
    other = sqlite3.connect(folder / "ledger.db")
    other.execute("CREATE TABLE patients (name)")
    other.close()


def _folder_in_the_way(folder: Path) -> None:
    (folder / "ledger.db").mkdir(parents=True)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_file_in_the_way, "the data folder cannot be made"),
        (_other_database, "this is another database, not a ledger"),
        (_folder_in_the_way, "the ledger cannot be opened"),
    ],
)
def test_a_set_up_that_cannot_work_is_refused_with_a_sentence(
    tmp_path: Path, spoil: Callable[[Path], None], words: str
) -> None:
    spoil(tmp_path / "data")

    def never(connection: Connection, handlers: Handlers) -> MemoryBus:
        raise AssertionError((connection, handlers))

    with pytest.raises(SetupError, match=words):
        build(ServiceSettings(data_dir=tmp_path / "data"), never)
