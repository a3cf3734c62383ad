"""What stands between paho and the network: it reads much at once, and nobody may notice but the clock."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from cordguard.bus.link import CONNECT_TIMEOUT_S, Link
from cordguard.bus.packets import PacketSocket
from cordguard.bus.port import Connection, Message

CONNACK = b"\x20\x02\x00\x00"
PINGRESP = b"\xd0\x00"


def length_of(number: int) -> bytes:
    """A remaining length as MQTT 3.1.1, 2.2.3 writes it."""
    digits = b""
    while True:
        number, digit = number // 128, number % 128
        digits += bytes([digit | (128 if number else 0)])
        if not number:
            return digits


def publish(topic: bytes, payload: bytes, *, number: int = 0, flags: int = 0) -> bytes:
    """A PUBLISH packet; with a number it is of QoS 1."""
    body = len(topic).to_bytes(2, "big") + topic + (number.to_bytes(2, "big") if number else b"") + payload
    return bytes([0x30 | (2 if number else 0) | flags]) + length_of(len(body)) + body


class Pipe:
    """Two ends: what the broker writes, and our socket that reads it."""

    def __init__(self, stack: ExitStack) -> None:
        """Connected over loopback."""
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        ours = stack.enter_context(socket.create_connection(server.getsockname()))
        self.broker = stack.enter_context(server.accept()[0])
        self.broker.settimeout(5)
        self.packets = PacketSocket(ours)
        ours.settimeout(0)

    def arrive(self, data: bytes) -> None:
        """Bytes come over the network, and are taken from the kernel."""
        self.broker.sendall(data)
        had = len(self.packets._read) - self.packets._start  # noqa: SLF001 - how much is there shows nowhere else
        while len(self.packets._read) - self.packets._start < had + len(data):  # noqa: SLF001
            self.packets.fill()


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    with ExitStack() as stack:
        yield Pipe(stack)


def messages(packets: PacketSocket) -> list[tuple[Message, int]]:
    found = []
    while (received := packets.take_message()) is not None:
        found.append(received)
    return found


def whole(packets: PacketSocket) -> bytes:
    """What paho can read now."""
    read = b""
    while True:
        try:
            chunk = packets.recv(100)
        except BlockingIOError:
            return read
        if not chunk:
            return read
        read += chunk


def test_a_message_has_its_topic_payload_and_flags(pipe: Pipe) -> None:
    pipe.arrive(publish(b"a/b", b"one") + publish(b"a/\xc3\xa9", b"", number=258, flags=0x09))
    assert messages(pipe.packets) == [
        (Message("a/b", b"one", 0), 0),
        (Message("a/é", b"", 1, retained=True, duplicate=True), 258),
    ]


def test_a_message_is_there_when_its_last_byte_is(pipe: Pipe) -> None:
    packet = publish(b"a", b"x" * 300, number=7)
    for byte in packet[:-1]:
        pipe.arrive(bytes([byte]))
        assert not pipe.packets.ready
        assert pipe.packets.take_message() is None
        with pytest.raises(BlockingIOError):
            pipe.packets.recv(1)
    pipe.arrive(packet[-1:])
    assert pipe.packets.ready
    assert messages(pipe.packets) == [(Message("a", b"x" * 300, 1), 7)]


def test_other_packets_are_for_paho_and_messages_wait_behind_them(pipe: Pipe) -> None:
    pipe.arrive(CONNACK + publish(b"a", b"1") + PINGRESP)
    assert pipe.packets.take_message() is None
    assert [pipe.packets.recv(1), pipe.packets.recv(1)] == [CONNACK[:1], CONNACK[1:2]]
    assert pipe.packets.take_message() is None, "paho is in the middle of a packet"
    assert pipe.packets.recv(100) == CONNACK[2:]
    assert messages(pipe.packets) == [(Message("a", b"1", 0), 0)]
    assert whole(pipe.packets) == PINGRESP


def test_paho_that_reads_on_for_every_answer_it_waits_for_gets_no_message(pipe: Pipe) -> None:
    """Of what came between two answers it would take notice in its own way, and we in none."""
    first, second = b"\x40\x02\x00\x01", b"\x40\x02\x00\x02"
    pipe.arrive(first + publish(b"a", b"1") + second + publish(b"a", b"2", number=9))
    assert whole(pipe.packets) == first
    assert pipe.packets.take_message() == (Message("a", b"1", 0), 0)
    assert whole(pipe.packets) == second
    assert messages(pipe.packets) == [(Message("a", b"2", 1), 9)]


@pytest.mark.parametrize(
    "packet",
    [
        publish(b"a", b"1", number=1, flags=0x04),
        publish(b"a", b"1", flags=0x04) + b"",
        b"\x32\x03\x00\x01a",
        b"\x30\x01\x00",
        b"\x30\x04\x00\x09ab",
        publish(b"\xff\xfe", b"1", number=3),
    ],
    ids=[
        "QoS 3",
        "QoS 2",
        "no number",
        "no topic length",
        "a topic longer than the packet",
        "a topic that is no UTF-8",
    ],
)
def test_a_message_that_should_not_be_is_for_paho(pipe: Pipe, packet: bytes) -> None:
    pipe.arrive(packet + PINGRESP)
    assert pipe.packets.take_message() is None
    assert whole(pipe.packets) == packet + PINGRESP


def test_a_length_without_an_end_reaches_paho_which_breaks_off(pipe: Pipe) -> None:
    pipe.arrive(b"\x30\xff\xff\xff\xff")
    assert not pipe.packets.ready
    pipe.arrive(b"\xff")
    assert pipe.packets.recv(1) == b"\x30"
    assert [pipe.packets.recv(1) for _ in range(5)] == [b"\xff"] * 5


def test_what_came_before_the_end_is_read_before_the_end(pipe: Pipe) -> None:
    pipe.arrive(publish(b"a", b"1") + b"\x30\x7f")
    pipe.broker.close()
    while not pipe.packets._ended:  # noqa: SLF001 - the end comes when the network brings it
        pipe.packets.fill()
    assert pipe.packets.ready
    assert messages(pipe.packets) == [(Message("a", b"1", 0), 0)]
    assert pipe.packets.recv(1) == b""


def test_what_is_written_goes_out_together_and_in_order(pipe: Pipe) -> None:
    assert pipe.packets.send(b"\xc0\x00") == 2
    for number in (1, 0x1234, 65_535):
        pipe.packets.acknowledge(number)
    assert pipe.packets.unsent
    pipe.packets.flush()
    assert not pipe.packets.unsent
    expected = b"\xc0\x00" + b"\x40\x02\x00\x01" + b"\x40\x02\x12\x34" + b"\x40\x02\xff\xff"
    assert pipe.broker.recv(100) == expected


def test_what_the_network_does_not_take_waits(pipe: Pipe) -> None:
    much = b"x" * 30_000_000
    pipe.packets.send(much)
    pipe.packets.flush()
    assert pipe.packets.unsent
    pipe.packets.flush()
    taken = 0
    while taken < len(much):
        taken += len(pipe.broker.recv(1_000_000))
        pipe.packets.flush()
    assert not pipe.packets.unsent


def test_closing_sends_what_was_written(pipe: Pipe) -> None:
    pipe.packets.send(b"\xe0\x00")
    pipe.packets.close()
    assert pipe.broker.recv(100) == b"\xe0\x00"
    assert pipe.broker.recv(100) == b""


PACKETS = st.one_of(
    st.sampled_from([CONNACK, PINGRESP, b"\x90\x03\x00\x01\x01", b"\x40\x02\x00\x05"]),
    st.builds(
        publish,
        st.sampled_from([b"a", b"cordguard/v1/site/or-1/gen-1/temperature", "é/ü".encode()]),
        st.binary(max_size=400),
        number=st.integers(0, 65_535),
        flags=st.sampled_from([0, 1, 8, 9]),
    ),
)


@given(packets=st.lists(PACKETS, max_size=12), data=st.data())
def test_messages_are_those_that_paho_finds_however_the_network_cuts_them(
    packets: list[bytes], data: st.DataObject
) -> None:
    stream = b"".join(packets)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    ours: list[tuple[str, bytes, int, bool, bool, int]] = []
    with ExitStack() as stack:
        pipe = Pipe(stack)
        for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
            pipe.arrive(stream[begin:end])
            while pipe.packets.ready:
                found = messages(pipe.packets)
                ours += [(m.topic, m.payload, m.qos, m.retained, m.duplicate, number) for m, number in found]
                whole_packet_to_paho(pipe.packets)
    assert ours == found_by_paho(stream)


def whole_packet_to_paho(packets: PacketSocket) -> None:
    """Read as paho does: a byte, the length, the rest."""
    try:
        packets.recv(1)
        length = packets.recv(1)[0]
    except BlockingIOError:
        return
    if length:
        packets.recv(length)


def found_by_paho(stream: bytes) -> list[tuple[str, bytes, int, bool, bool, int]]:
    """The messages that paho itself takes out of a stream, read through nothing of ours."""
    found: list[tuple[str, bytes, int, bool, bool, int]] = []
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        client = Client(CallbackAPIVersion.VERSION2, client_id="c", manual_ack=True)

        def on_message(_client: Client, _userdata: object, m: MQTTMessage) -> None:
            found.append((m.topic, bytes(m.payload), m.qos, bool(m.retain), bool(m.dup), m.mid))

        client.on_message = on_message
        client.connect(*server.getsockname())
        broker = stack.enter_context(server.accept()[0])
        broker.sendall(stream)
        broker.shutdown(socket.SHUT_WR)
        while client.socket() is not None:
            client.loop(0.01)
    return found


def test_paho_still_asks_for_its_socket_where_we_give_it_ours() -> None:
    """``_create_socket`` is paho's own affair: a version that has it no more must not pass unnoticed."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        link = Link(Connection("c", port=server.getsockname()[1]))
        link.connect()
        with server.accept()[0] as broker:
            broker.settimeout(CONNECT_TIMEOUT_S)
            assert isinstance(link.client.socket(), PacketSocket)
            assert link.client.socket() is link.client.packets
            link.wait(0)
            assert broker.recv(100).startswith(b"\x10"), "CONNECT"
            link.drop()
