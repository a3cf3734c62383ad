"""What the MQTT bus promises beyond the port: latency, throughput, patience with broken networks."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from cordguard.bus.broker import EmbeddedBroker
from cordguard.bus.outbox import FIRST_PAUSE_S, LAST_PAUSE_S, WINDOW, Backoff
from cordguard.bus.paho import PahoBus, open_paho
from cordguard.bus.port import Connection, Message
from cordguard.contract.topics import SUMMARY, TEMPERATURE, TRANSITION, Party
from cordguard.contract.units import OWN_MAX_BYTES
from support.broker import Client, NatsRig, poll_until


@pytest.fixture
def opened() -> Iterator[list[Client]]:
    clients: list[Client] = []
    yield clients
    for client in clients:
        client.bus.close()


def connect(broker: EmbeddedBroker, opened: list[Client], party: Party, *filters: str) -> Client:
    client = Client(open_paho, NatsRig(broker).connection(party, *filters, clean=True))
    opened.append(client)
    poll_until(lambda: client.bus.connected, client)
    return client


def nobody_there() -> Connection:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return Connection("nobody", port=port)


def test_small_packets_go_out_at_once(nats_broker: EmbeddedBroker, opened: list[Client]) -> None:
    client = connect(nats_broker, opened, "safety")
    assert isinstance(client.bus, PahoBus)
    sock = client.bus._link._socket  # noqa: SLF001 - the option shows nowhere else
    assert sock is not None
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


def test_an_alarm_published_in_a_handler_waits_for_no_other_poll(
    nats_broker: EmbeddedBroker, opened: list[Client], site: str
) -> None:
    """The median way device, safety, audit takes milliseconds; with Nagle's delay it would take over twenty."""
    safety = connect(nats_broker, opened, "safety", TEMPERATURE.filter(site))
    audit = connect(nats_broker, opened, "audit", TRANSITION.filter(site))
    device = connect(nats_broker, opened, "device")

    def raise_alarm(_message: Message) -> None:
        safety.bus.publish(TRANSITION.at(site, room="or-1"), b"alarm")

    safety.react = raise_alarm
    took_s = []
    for number in range(1, 31):
        start_s = time.monotonic()
        device.bus.publish(TEMPERATURE.at(site, room="or-1", source="gen-1"), b"hot")
        while len(safety.messages) < number:
            safety.bus.poll(1)
        while len(audit.messages) < number:
            audit.bus.poll(1)
        took_s.append(time.monotonic() - start_s)
    assert sorted(took_s)[len(took_s) // 2] < 0.02


def test_a_thousand_messages_cost_far_less_than_a_second(
    nats_broker: EmbeddedBroker, opened: list[Client], site: str
) -> None:
    recorder = connect(nats_broker, opened, "recorder", TEMPERATURE.filter(site))
    device = connect(nats_broker, opened, "device")
    begin_s = time.process_time()
    for _ in range(1_000):
        device.bus.publish(TEMPERATURE.at(site, room="or-1", source="gen-1"), b"x" * 300)
    while len(recorder.messages) < 1_000 or device.bus.unconfirmed:
        recorder.bus.poll(0.01)
        device.bus.poll(0)
    assert time.process_time() - begin_s < 0.6, "processor time of publisher and receiver together"


def test_h11_a_message_longer_than_anybody_reads_costs_safety_no_connection(
    nats_broker: EmbeddedBroker, opened: list[Client], site: str
) -> None:
    """NATS's own limit, 1 MiB, ends the connection of whoever sends more, again at every attempt to send it again."""
    audit = connect(nats_broker, opened, "audit", SUMMARY.filter(site))
    safety = connect(nats_broker, opened, "safety")
    too_long = b"x" * (2 * OWN_MAX_BYTES)
    safety.bus.publish(SUMMARY.at(site, room="or-1"), too_long)
    safety.bus.publish(SUMMARY.at(site, room="or-1"), b"next")
    poll_until(lambda: len(audit.payloads) == 2, audit, safety)
    assert audit.payloads == [too_long, b"next"]
    assert safety.losses == []


def test_poll_returns_to_its_caller_however_much_is_waiting(
    nats_broker: EmbeddedBroker, opened: list[Client], site: str
) -> None:
    recorder = connect(nats_broker, opened, "recorder", TEMPERATURE.filter(site))
    device = connect(nats_broker, opened, "device")
    for _ in range(100):
        device.bus.publish(TEMPERATURE.at(site, room="or-1", source="gen-1"), b"x")
    poll_until(lambda: device.bus.unconfirmed == 0, device)
    recorder.react = lambda _message: time.sleep(0.005)
    recorder.bus.poll(0.05)
    assert 0 < len(recorder.messages) < 50
    poll_until(lambda: len(recorder.messages) == 100, recorder)


def test_an_idle_poll_waits_and_does_not_spin(nats_broker: EmbeddedBroker, opened: list[Client]) -> None:
    client = connect(nats_broker, opened, "safety")
    client.bus.poll(0.05)
    wall_s, cpu_s = time.monotonic(), time.process_time()
    client.bus.poll(0.4)
    assert 0.35 < time.monotonic() - wall_s < 2
    assert time.process_time() - cpu_s < 0.1


def test_poll_without_a_broker_takes_no_longer_than_it_may(opened: list[Client]) -> None:
    client = Client(open_paho, nobody_there())
    opened.append(client)
    begin_s, cpu_s = time.monotonic(), time.process_time()
    longest_s = 0.0
    while time.monotonic() < begin_s + 1:
        before_s = time.monotonic()
        client.bus.poll(0.05)
        longest_s = max(longest_s, time.monotonic() - before_s)
    assert longest_s < 0.5
    assert time.process_time() - cpu_s < 0.3
    assert not client.bus.connected
    assert client.losses == [], "nothing was there to be lost"


@pytest.mark.parametrize("host", ["no-such-host.invalid", "..", "x" * 300])
def test_a_host_that_cannot_be_found_is_tried_again_like_any_other(opened: list[Client], host: str) -> None:
    client = Client(open_paho, Connection("nobody", host=host))
    opened.append(client)
    client.bus.poll(0)
    client.bus.poll(0.01)
    assert not client.bus.connected


def test_the_first_failure_and_no_further_one_is_logged(opened: list[Client], caplog: pytest.LogCaptureFixture) -> None:
    connection = nobody_there()
    client = Client(open_paho, connection)
    opened.append(client)
    end_s = time.monotonic() + 0.5
    while time.monotonic() < end_s:
        client.bus.poll(0.05)
    [line] = caplog.messages
    assert line.startswith(f"the broker at 127.0.0.1:{connection.port} cannot be reached")


def test_pauses_between_attempts_double_up_to_a_limit() -> None:
    backoff = Backoff()
    pauses_s = []
    for _ in range(8):
        backoff.failed(100.0)
        pauses_s.append(backoff.due_s - 100.0)
    assert pauses_s == pytest.approx([FIRST_PAUSE_S, 0.2, 0.4, 0.8, 1.6, 3.2, LAST_PAUSE_S, LAST_PAUSE_S])
    backoff.succeeded()
    backoff.failed(200.0)
    assert backoff.due_s == pytest.approx(200.0 + FIRST_PAUSE_S)


def test_more_publications_than_the_window_takes_arrive_in_order(
    nats_broker: EmbeddedBroker, opened: list[Client], site: str
) -> None:
    recorder = connect(nats_broker, opened, "recorder", TEMPERATURE.filter(site))
    device = Client(open_paho, NatsRig(nats_broker).connection("device"))
    opened.append(device)
    number_of = 2 * WINDOW + 500
    for number in range(number_of):
        device.bus.publish(TEMPERATURE.at(site, room="or-1", source="gen-1"), str(number).encode())
    assert device.bus.unconfirmed == number_of
    poll_until(lambda: len(set(recorder.payloads)) >= number_of, device, recorder, timeout_s=30)
    first_of_each = list(dict.fromkeys(recorder.payloads))  # a busy machine outlasts the broker's patience: repeats
    assert first_of_each == [str(number).encode() for number in range(number_of)]
    poll_until(lambda: device.bus.unconfirmed == 0, device)


def test_a_publication_lost_on_the_way_is_sent_again(
    nats_broker: EmbeddedBroker, opened: list[Client], site: str
) -> None:
    recorder = connect(nats_broker, opened, "recorder", TEMPERATURE.filter(site))
    device = connect(nats_broker, opened, "device")
    NatsRig(nats_broker).cut(device)
    publication = device.bus.publish(TEMPERATURE.at(site, room="or-1", source="gen-1"), b"into the broken socket")
    assert not publication.confirmed
    poll_until(lambda: publication.confirmed and recorder.messages, device, recorder)
    assert set(recorder.payloads) == {b"into the broken socket"}
    assert len(device.losses) == 1


def test_a_frozen_broker_is_noticed_and_closing_does_not_wait_for_it(
    own_broker: EmbeddedBroker, opened: list[Client], site: str
) -> None:
    connection = replace(NatsRig(own_broker).connection("safety"), keepalive_s=1)
    client = Client(open_paho, connection)
    opened.append(client)
    poll_until(lambda: client.bus.connected, client)
    assert own_broker.pid is not None
    os.kill(own_broker.pid, signal.SIGSTOP)
    try:
        client.bus.publish(TRANSITION.at(site, room="or-1"), b"alarm")
        poll_until(lambda: client.losses, client, what="the missing answer to be noticed")
        begin_s = time.monotonic()
        client.bus.close()
        assert time.monotonic() - begin_s < 4
    finally:
        os.kill(own_broker.pid, signal.SIGCONT)


def test_a_listener_that_is_no_broker_is_left_and_tried_again(opened: list[Client]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = Client(open_paho, Connection("safety", port=server.getsockname()[1]))
        opened.append(client)
        client.bus.poll(0.05)
        with server.accept()[0] as first:
            first.sendall(b"HTTP/1.1 400 Bad Request\r\n" + b"x" * 200)
        server.settimeout(0)

        def tried_again() -> bool:
            try:
                server.accept()[0].close()
            except BlockingIOError:
                return False
            return True

        poll_until(tried_again, client, what="a second attempt")
        assert not client.bus.connected
