"""Ports on loopback that somebody is about to listen on."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

HOST: Final = "127.0.0.1"


@contextmanager
def held_port(wanted: int | None) -> Iterator[int]:
    """The wanted port, or any free one, kept from everybody else until the block is left.

    Raises:
        OSError: somebody listens there, or we may not.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that have just ended do not count
        probe.bind((HOST, wanted or 0))
        probe.listen()  # with the option above it is this alone that keeps others out
        yield int(probe.getsockname()[1])
