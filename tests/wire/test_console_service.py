from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import ClientConnection

from cordguard.bus.memory import MemoryBroker, MemoryBus
from cordguard.bus.port import Connection, Delivery, Handlers, Subscription
from cordguard.console.settings import ConsoleSettings
from cordguard.console.shell import Console, build, subscriptions
from cordguard.contract import topics
from cordguard.contract.case import Case
from cordguard.contract.commands import AnnunciatorBeat
from cordguard.contract.health import ClockReading, Health
from cordguard.runtime.clock import SimulatedClock, WallClock
from cordguard.runtime.service import SetupError
from support.console_messages import ROOM, SITE, at, vitals
from support.console_web import Json, next_frame, open_socket
from support.processes import taken_port
from support.waiting import wait_until

TOKEN = "the-one-time-token"


@pytest.fixture
def broker() -> MemoryBroker:
    return MemoryBroker()


@pytest.fixture
def other(broker: MemoryBroker) -> Iterator[MemoryBus]:
    bus = broker.open(Connection("other", clean=True), Handlers(lambda delivery: delivery.acknowledge()))
    bus.poll(0.0)
    yield bus
    bus.close()


def settings(data_dir: Path, **more: object) -> ConsoleSettings:
    return ConsoleSettings.model_validate({"data_dir": data_dir, "http_port": 0, "login_token": TOKEN} | more)


@pytest.fixture
def console(broker: MemoryBroker, tmp_path: Path) -> Iterator[Console]:
    service = build(settings(tmp_path), broker.open)
    wait_until(lambda: step(service).ready, what="a console that is ready")
    yield service
    service.close()


def step(service: Console) -> Console:
    service.step(0.0)
    return service


@contextmanager
def browser(service: Console) -> Iterator[httpx.Client]:
    """A browser that has opened the login link."""
    with httpx.Client(base_url=service.url, headers={"origin": service.url}) as client:
        assert client.get(f"/login?token={TOKEN}").status_code == 200
        yield client


def socket(service: Console, client: httpx.Client) -> ClientConnection:
    return open_socket(service.url, client, ROOM)


def drain(connection: ClientConnection) -> None:
    """Read until there is no more."""
    while connection.recv(timeout=5):
        pass


def shown(connection: ClientConnection) -> Json:
    return next_frame(connection, "latest")


def test_vitals_go_from_the_bus_to_an_open_page(console: Console, other: MemoryBus) -> None:
    with browser(console) as client, socket(console, client) as connection:
        now = WallClock().now_us()
        said = vitals(at(0)).model_copy(update={"as_of_us": now})
        other.publish(topics.VITALS.at(SITE, room=ROOM), said.to_wire(), qos=0)
        step(console)
        wait_until(lambda: (shown(connection)["numerals"] or {}).get("sensors"), what="the sensor on the page")
        assert shown(connection)["numerals"]["sensors"][0]["temperature_c"] == 41.2


def test_a_case_goes_from_the_form_to_the_broker_which_keeps_it(console: Console, broker: MemoryBroker) -> None:
    with browser(console) as client:
        answer = client.post(f"/api/rooms/{ROOM}/case", json={"procedure": "proc-7"})
    assert answer.status_code == 202
    step(console)
    kept = broker.retained(topics.CASE.at(SITE, room=ROOM))
    assert kept is not None
    assert Case.model_validate_json(kept.payload).procedure == "proc-7"


def test_a_page_that_sounds_is_heard_of_on_the_bus_and_is_told_that_it_owns_the_sound(
    console: Console, broker: MemoryBroker
) -> None:
    heard: list[AnnunciatorBeat] = []

    def hear(delivery: Delivery) -> None:
        heard.append(AnnunciatorBeat.model_validate_json(delivery.message.payload))
        delivery.acknowledge()

    def beats() -> list[AnnunciatorBeat]:
        step(console)
        safety.poll(0.0)
        return heard

    topic = topics.ANNUNCIATOR.at(SITE, room=ROOM)
    safety = broker.open(Connection("safety", clean=True, subscriptions=(Subscription(topic),)), Handlers(hear))
    try:
        safety.poll(0.0)
        with browser(console) as client, socket(console, client) as connection:
            connection.send(b"\x00no beat")
            connection.send('{"audible":true}')
            wait_until(beats, what="a beat")
            assert heard[0].audible
            wait_until(lambda: json.loads(connection.recv(timeout=5))["sound"] == "here", what="the page to be told")
    finally:
        safety.close()


def test_a_page_that_says_too_much_is_cut_off(console: Console) -> None:
    with browser(console) as client, socket(console, client) as connection:
        connection.send(" " * 2_000)
        with pytest.raises(ConnectionClosedError, match="1009"):
            drain(connection)


def test_a_lost_broker_is_shown_as_link_lost_and_recovers(console: Console, broker: MemoryBroker) -> None:
    with browser(console) as client, socket(console, client) as connection:
        broker.stop()
        step(console)
        wait_until(lambda: "LINK LOST" in " ".join(shown(connection)["failures"]), what="LINK LOST")
        broker.start()
        wait_until(lambda: step(console).ready, what="the connection")
        step(console)
        wait_until(lambda: "LINK LOST" not in " ".join(shown(connection)["failures"]), what="the link's return")


def test_health_is_reported_and_a_stop_is_said(broker: MemoryBroker, tmp_path: Path) -> None:
    service = build(settings(tmp_path), broker.open)
    topic = topics.HEALTH.at(SITE, service="console", instance="main")
    wait_until(lambda: step(service).ready and broker.retained(topic), what="a word of health")
    service.close()
    kept = broker.retained(topic)
    assert kept is not None
    assert Health.model_validate_json(kept.payload).state == "stopped"


def test_no_thread_is_left_when_the_console_closes_with_pages_open(broker: MemoryBroker, tmp_path: Path) -> None:
    before = set(threading.enumerate())
    service = build(settings(tmp_path), broker.open)
    wait_until(lambda: step(service).ready, what="a console that is ready")
    with browser(service) as client, socket(service, client) as connection:
        shown(connection)
        service.close()
    wait_until(lambda: set(threading.enumerate()) <= before, what="the end of the console's threads")


def test_a_taken_port_is_a_sentence_with_what_to_do(broker: MemoryBroker, tmp_path: Path) -> None:
    with taken_port() as port, pytest.raises(SetupError, match=rf"port {port} .* is taken: .*--http-port"):
        build(settings(tmp_path, http_port=port), broker.open)


def test_without_a_token_the_console_makes_one_and_says_the_link(
    broker: MemoryBroker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    service = build(settings(tmp_path, login_token=None), broker.open)
    try:
        wait_until(lambda: step(service).ready, what="a console that is ready")
        (link,) = [word for word in caplog.text.split() if word.startswith(service.url)]
        assert httpx.get(link).status_code == 200
    finally:
        service.close()


def test_the_token_comes_from_the_environment_and_is_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORDGUARD_CONSOLE_LOGIN_TOKEN", TOKEN)
    made = ConsoleSettings(data_dir=tmp_path)
    assert made.login_token == TOKEN
    assert TOKEN not in repr(made)


def test_a_simulated_run_lends_the_console_its_clock(broker: MemoryBroker, other: MemoryBus, tmp_path: Path) -> None:
    clock = SimulatedClock()
    made = settings(tmp_path, simulated_clock=True)
    service = Console(made, open_bus=broker.open, clock=clock, own_clock=WallClock())
    try:
        wait_until(lambda: step(service).ready, what="a console that is ready")
        reading = ClockReading(at_us=at(5_000).clock_us)
        other.publish(topics.CLOCK.at(SITE, instance="main"), reading.to_wire())
        step(service)
        assert clock.now_us() == at(5_000).clock_us
        with browser(service) as client, socket(service, client) as connection:
            frame = shown(connection)
        assert (frame["simulated"], frame["clock_us"]) == (True, at(5_000).clock_us)
    finally:
        service.close()


def test_without_simulated_clock_the_topic_moves_no_time_and_makes_none_simulated(
    console: Console, other: MemoryBus
) -> None:
    other.publish(topics.CLOCK.at(SITE, instance="main"), ClockReading(at_us=at(0).clock_us).to_wire())
    step(console)
    with browser(console) as client, socket(console, client) as connection:
        wait_until(lambda: shown(connection)["foreign_clock"], what="a note of the clock")
        frame = shown(connection)
        assert (frame["simulated"], frame["stands_still"]) == (False, False)
        assert abs(frame["clock_us"] - WallClock().now_us()) < 5_000_000


def test_the_console_asks_only_for_what_the_topic_table_gives_it() -> None:
    allowed = {topic.filter(SITE) for topic in topics.TABLE if "console" in topic.subscribers}
    assert {subscription.filter for subscription in subscriptions(SITE)} == allowed
