"""MQTT 3.1.1 as bytes, as much of it as a load generator and a watcher need.

A client library would cost several times what it takes to send a message, on the same two cores that are measured.
"""

from __future__ import annotations

import struct
from typing import Final

HOST: Final = "127.0.0.1"
ANSWER_S: Final = 20.0
"""How long a broker may take to answer: to a connection, or with the last confirmations when all is sent."""

PUBLISH: Final = 0x30
SUBACK: Final = 0x90
PUBACK_BYTES: Final = 4
NUMBERS: Final = 65_535
"""Packet numbers run from 1 to this."""

_TYPE: Final = 0xF0
_QOS: Final = 0x06
_USER_PASSWORD_CLEAN: Final = 0xC2
_LEVEL_3_1_1: Final = 4


def connect(client_id: str, username: str, password: str) -> bytes:
    """A clean session, without keep-alive."""
    head = _text("MQTT") + bytes((_LEVEL_3_1_1, _USER_PASSWORD_CLEAN, 0, 0))
    return packet(0x10, head + _text(client_id) + _text(username) + _text(password))


def subscribe(number: int, topic_filter: str) -> bytes:
    """One filter, QoS 1."""
    return packet(0x82, struct.pack(">H", number) + _text(topic_filter) + b"\x01")


def publish_head(topic: str, payload_bytes: int, *, retain: bool = False) -> bytes:
    """What stands before number and payload; the same for all messages of one topic and length."""
    name = _text(topic)
    return bytes((0x33 if retain else 0x32,)) + _length(len(name) + 2 + payload_bytes) + name


def puback(number: bytes) -> bytes:
    """The confirmation of a message, by the two bytes of its number."""
    return b"\x40\x02" + number


def packet(first: int, body: bytes) -> bytes:
    """A packet of any kind."""
    return bytes((first,)) + _length(len(body)) + body


def split_publish(first: int, body: bytes) -> tuple[str, bytes, bytes]:
    """Topic, number (no bytes if QoS is 0) and payload of a PUBLISH packet."""
    end = 2 + int.from_bytes(body[:2])
    begin = end + (2 if first & _QOS else 0)
    return body[2:end].decode(), body[end:begin], body[begin:]


class Packets:
    """Packets out of a stream of bytes that comes in any pieces."""

    def __init__(self) -> None:
        """Nothing came yet."""
        self._rest = b""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Whole packets, now that these bytes have come: first byte and body of each."""
        data = self._rest + data
        found, at = [], 0
        while (bounds := _bounds(data, at)) is not None:
            begin, end = bounds
            found.append((data[at], data[begin:end]))
            at = end
        self._rest = data[at:]
        return found


def kind(first: int) -> int:
    """A packet's type, of its first byte."""
    return first & _TYPE


def _bounds(data: bytes, at: int) -> tuple[int, int] | None:
    """Where the body of the packet at ``at`` begins and ends; None if it is not whole."""
    length, shift, begin = 0, 0, at + 1
    while begin < len(data):
        byte = data[begin]
        length |= (byte & 0x7F) << shift
        begin += 1
        if byte < 0x80:  # noqa: PLR2004 - the last byte of a length
            return (begin, begin + length) if begin + length <= len(data) else None
        shift += 7
    return None


def _length(size: int) -> bytes:
    encoded = bytearray()
    while True:
        size, low = divmod(size, 128)
        encoded.append(low | (0x80 if size else 0))
        if not size:
            return bytes(encoded)


def _text(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack(">H", len(encoded)) + encoded
