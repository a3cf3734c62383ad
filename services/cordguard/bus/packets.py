"""A socket between paho and the network that reads and writes much at once, and knows where a packet ends.

paho asks the kernel three times for every packet, and takes a message apart in 20 µs. Here the kernel is asked once for
all that is there; messages (MQTT 3.1.1, section 3.3) are taken out whole, and paho is given every other packet. What is
written waits until ``flush``, so that a hundred acknowledgements are one call.
"""

from __future__ import annotations

import contextlib
import socket
from functools import lru_cache
from typing import Final

from cordguard.bus.port import Message

READ_BYTES: Final = 64 * 1024
CLOSE_TIMEOUT_S: Final = 1.0
"""How long ``close`` tries to get rid of what was written before it."""
_PUBLISH: Final = 0x30
_KIND: Final = 0xF0
_DUP: Final = 0x08
_QOS: Final = 0x06
_QOS_1: Final = 0x02
_RETAIN: Final = 0x01
_MORE: Final = 0x80
"""Marks a byte of a length that another one follows."""
_LENGTH_BYTES_MAX: Final = 4
_topic: Final = lru_cache(maxsize=4_096)(bytes.decode)


Received = tuple[Message, int]
"""A message, and the number to acknowledge it by; 0 if it wants no acknowledgement."""


class PacketSocket:
    """Satisfies paho's idea of a socket. Never blocks but in ``close``."""

    def __init__(self, sock: socket.socket) -> None:
        """Around a connected socket; small packets go out at once.

        With Nagle's algorithm an alarm waits 20 to 45 ms for an acknowledgement.
        """
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = sock
        self._read = b""
        self._start = 0
        """Where in it the packet at the front begins."""
        self._granted = 0
        """How many bytes of that packet paho has still to take."""
        self._ended = False
        self._written = bytearray()

    @property
    def ready(self) -> bool:
        """Whether a whole packet is there, or the end."""
        return self._ended or self._packet() is not None

    @property
    def unsent(self) -> bool:
        """Whether something written waits for the network."""
        return bool(self._written)

    def fill(self) -> None:
        """Take from the kernel what is there."""
        try:
            chunk = self.socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        self._ended = not chunk
        self._read = self._read[self._start :] + chunk
        self._start = 0

    def take_message(self) -> Received | None:
        """The message at the front; None if there is none, or one that paho should see (QoS 2, or malformed)."""
        packet = self._packet()
        if packet is None or self._granted:
            return None
        received = self._message(*packet)
        if received is not None:
            self._start = packet[1]
        return received

    def _message(self, body: int, end: int) -> Received | None:
        read = self._read
        first = read[self._start]
        qos = first & _QOS
        if first & _KIND != _PUBLISH or qos > _QOS_1 or end - body < 2:  # noqa: PLR2004 - a topic's length
            return None
        topic_end = body + 2 + (read[body] << 8 | read[body + 1])
        payload_start = topic_end + 2 if qos else topic_end
        if payload_start > end:
            return None
        try:
            topic = _topic(read[body + 2 : topic_end])
        except UnicodeDecodeError:
            return None
        number = read[topic_end] << 8 | read[topic_end + 1] if qos else 0
        payload = read[payload_start:end]
        return Message(topic, payload, 1 if qos else 0, bool(first & _RETAIN), bool(first & _DUP)), number

    def acknowledge(self, number: int) -> None:
        """Write that a message is kept (PUBACK)."""
        self._written += b"\x40\x02%c%c" % (number >> 8, number & 0xFF)

    def flush(self) -> None:
        """Hand to the network as much of what was written as it takes; that a connection is lost shows in reading."""
        if self._written:
            with contextlib.suppress(OSError):
                del self._written[: self.socket.send(self._written)]

    # --- what paho calls ---

    def recv(self, size: int) -> bytes:
        """Bytes of one whole packet; b"" at the end.

        A message at the front is no packet of paho's: it waits for ``take_message``. For every answer that it waits for
        paho reads one packet more without looking, and messages among them would be lost.

        Raises:
            BlockingIOError: no whole packet is there, or a message is.
        """
        if not self._granted:
            if not self.ready:
                self.fill()
            packet = self._packet()
            if packet is None:
                if self._ended:
                    return b""
                raise BlockingIOError
            if self._message(*packet) is not None:
                raise BlockingIOError
            self._granted = packet[1] - self._start
        taken = self._read[self._start : self._start + min(size, self._granted)]
        self._start += len(taken)
        self._granted -= len(taken)
        return taken

    def send(self, data: bytes | bytearray) -> int:
        """Write all of it; it goes out with ``flush``."""
        self._written += data
        return len(data)

    def close(self) -> None:
        """Send what was written, if the network takes it in time, and close."""
        with contextlib.suppress(OSError):
            self.flush()
            if self._written and not self._ended:
                self.socket.settimeout(CLOSE_TIMEOUT_S)
                self.socket.sendall(self._written)
        self.socket.close()

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self.socket.fileno()

    def setblocking(self, flag: bool) -> None:  # noqa: FBT001 - paho calls it by position
        """Whether reading and writing wait."""
        self.socket.setblocking(flag)

    def _packet(self) -> tuple[int, int] | None:
        """Where the body of the packet at the front begins and ends, if all of it is there.

        A length that goes on too long ends with its fifth byte: paho breaks off over it.
        """
        read, at, length = self._read, self._start + 1, 0
        for shift in range(0, 7 * _LENGTH_BYTES_MAX, 7):
            if at >= len(read):
                return None
            byte = read[at]
            at += 1
            length |= (byte & ~_MORE) << shift
            if not byte & _MORE:
                return (at, at + length) if at + length <= len(read) else None
        return (at, at + 1) if at < len(read) else None
