"""What the bus in memory does beyond the conformance suite: its faults, and its order."""

from __future__ import annotations

import pytest

from cordguard.bus.memory import MemoryBroker
from cordguard.bus.port import Connection, Handlers, Message, Subscription, Will
from support.broker import Client


@pytest.fixture
def broker() -> MemoryBroker:
    return MemoryBroker()


def connected(
    broker: MemoryBroker,
    client_id: str,
    *filters: str,
    acknowledging: bool = True,
    will: Will | None = None,
) -> Client:
    subscriptions = tuple(Subscription(topic_filter) for topic_filter in filters)
    connection = Connection(client_id, subscriptions=subscriptions, will=will)
    client = Client(broker.open, connection, acknowledging=acknowledging)
    client.bus.poll(0)
    return client


def test_nothing_happens_outside_poll(broker: MemoryBroker) -> None:
    reader = Client(broker.open, Connection("reader", subscriptions=(Subscription("#"),)))
    assert not reader.bus.connected
    reader.bus.poll(0)
    connected(broker, "writer").bus.publish("a", b"1")
    assert reader.messages == []
    reader.bus.poll(0)
    assert reader.payloads == [b"1"]


def test_a_publication_is_confirmed_in_a_later_poll_of_its_publisher(broker: MemoryBroker) -> None:
    writer = connected(broker, "writer")
    publication = writer.bus.publish("a", b"1")
    assert (publication.confirmed, writer.bus.unconfirmed) == (False, 1)
    writer.bus.poll(0)
    assert (publication.confirmed, writer.bus.unconfirmed) == (True, 0)


def test_what_was_not_confirmed_before_a_loss_is_published_again(broker: MemoryBroker) -> None:
    reader = connected(broker, "reader", "#")
    writer = connected(broker, "writer")
    writer.bus.publish("a", b"1")
    broker.cut("writer")
    writer.bus.poll(0)
    assert not writer.bus.connected
    writer.bus.poll(0)
    reader.bus.poll(0)
    assert reader.payloads == [b"1", b"1"], "at least once: the repeat is the publisher's, not marked as duplicate"


def test_messages_can_be_sent_again_out_of_order_and_more_than_once(broker: MemoryBroker) -> None:
    reader = connected(broker, "reader", "#", acknowledging=False)
    writer = connected(broker, "writer")
    for payload in (b"1", b"2", b"3"):
        writer.bus.publish("a", payload)
    reader.bus.poll(0)
    broker.redeliver("reader", order=[2, 0, 2])
    reader.bus.poll(0)
    assert reader.payloads[3:] == [b"3", b"1", b"3"]
    assert all(message.duplicate for message in reader.messages[3:])
    for delivery in reader.deliveries:
        delivery.acknowledge()
    assert broker.unacknowledged("reader") == ()
    broker.redeliver("reader")
    reader.bus.poll(0)
    assert len(reader.messages) == 6


def test_what_was_sent_again_comes_before_what_waits(broker: MemoryBroker) -> None:
    reader = connected(broker, "reader", "#", acknowledging=False)
    writer = connected(broker, "writer")
    writer.bus.publish("a", b"1")
    reader.bus.poll(0)
    writer.bus.publish("a", b"2")
    broker.cut("reader")
    reader.bus.poll(0)
    reader.bus.poll(0)
    assert reader.payloads == [b"1", b"1", b"2"]
    assert [message.duplicate for message in reader.messages] == [False, True, False]


def test_a_message_queued_again_and_then_cut_off_comes_once(broker: MemoryBroker) -> None:
    reader = connected(broker, "reader", "#", acknowledging=False)
    connected(broker, "writer").bus.publish("a", b"1")
    reader.bus.poll(0)
    broker.redeliver("reader")
    broker.cut("reader")
    reader.bus.poll(0)
    reader.bus.poll(0)
    assert reader.payloads == [b"1", b"1"]


def test_poll_delivers_what_was_there_when_it_began(broker: MemoryBroker) -> None:
    """A service that hears itself would otherwise never leave its first poll."""
    echo = connected(broker, "echo", "#")

    def answer(message: Message) -> None:
        echo.bus.publish("a", message.payload + b"+")

    echo.react = answer
    echo.bus.publish("a", b"")
    for _ in range(3):
        echo.bus.poll(0)
    assert echo.payloads == [b"", b"+", b"++"]


def test_a_handler_that_loses_its_connection_gets_no_more_of_it(broker: MemoryBroker) -> None:
    reader = connected(broker, "reader", "#")
    writer = connected(broker, "writer")
    writer.bus.publish("a", b"1")
    writer.bus.publish("a", b"2")
    reader.react = lambda _message: broker.cut("reader")
    reader.bus.poll(0)
    assert reader.payloads == [b"1"]
    assert not reader.bus.connected


def test_a_stopped_broker_publishes_no_wills(broker: MemoryBroker) -> None:
    client = connected(broker, "client", will=Will("w", b"failed"))
    broker.stop()
    client.bus.poll(0)
    client.bus.poll(0)
    assert not client.bus.connected
    assert broker.log == []
    broker.start()
    client.bus.poll(0)
    assert client.connects == [False, True]


def test_the_log_holds_every_publication_in_order(broker: MemoryBroker) -> None:
    writer = connected(broker, "writer", will=Will("w", b"gone", retained=True))
    writer.bus.publish("a", b"1", retain=True)
    writer.bus.publish("b", b"2", qos=0)
    broker.cut("writer")
    assert [(message.topic, message.payload, message.qos, message.retained) for message in broker.log] == [
        ("a", b"1", 1, True),
        ("b", b"2", 0, False),
        ("w", b"gone", 1, True),
    ]


def test_qos_is_the_lower_of_publication_and_subscription(broker: MemoryBroker) -> None:
    connection = Connection("reader", subscriptions=(Subscription("a", qos=0), Subscription("b")))
    reader = Client(broker.open, connection, acknowledging=False)
    reader.bus.poll(0)
    writer = connected(broker, "writer")
    writer.bus.publish("a", b"1")
    writer.bus.publish("b", b"2", qos=0)
    writer.bus.publish("b", b"3")
    reader.bus.poll(0)
    assert [message.qos for message in reader.messages] == [0, 0, 1]
    assert [message.payload for message in broker.unacknowledged("reader")] == [b"3"]


def test_a_closed_bus_calls_nobody(broker: MemoryBroker) -> None:
    calls: list[object] = []
    handlers = Handlers(calls.append, calls.append, calls.append)
    bus = broker.open(Connection("reader", subscriptions=(Subscription("#"),)), handlers)
    bus.close()
    bus.poll(0)
    broker.start()
    bus.poll(0)
    assert calls == []
