"""The web server in a thread of its own, without signal handlers: it starts, and it ends when told to."""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from collections.abc import Callable
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from cordguard.runtime.service import SetupError

END_WITHIN_S: Final = 5.0

PAGE_SAYS_BYTES: Final = 1_024
"""What a page says over its socket is shorter; one that says more is cut off."""


def listen(host: str, port: int) -> socket.socket:
    """Take the port.

    Raises:
        SetupError: it cannot be had; says what to do.
    """
    try:
        return socket.create_server((host, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            msg = f"port {port} on {host} is taken: stop what listens there, or choose another with --http-port"
        else:
            msg = f"cannot listen on {host} port {port} ({error.strerror}): choose another with --http-port"
        raise SetupError(msg) from None


class WebThread:
    """Serves an application on a socket."""

    def __init__(self, build: Callable[[WebThread], ASGIApp], listener: socket.socket) -> None:
        """Start to serve what ``build`` makes; it is given this thread, to stop it."""
        config = uvicorn.Config(
            build(self),
            log_config=None,
            access_log=False,
            lifespan="on",
            server_header=False,
            ws_max_size=PAGE_SAYS_BYTES,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._listener = listener
        self.port = int(listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, name="console-web")
        self._thread.start()

    @property
    def serving(self) -> bool:
        """Whether pages are answered."""
        return self._server.started and self._thread.is_alive()

    @property
    def ended(self) -> bool:
        """Whether the thread is gone."""
        return not self._thread.is_alive()

    def stop(self) -> None:
        """Ask it to end; may be called from any thread."""
        self._server.should_exit = True

    def close(self) -> None:
        """End, and wait until it has."""
        self.stop()
        self._thread.join(END_WITHIN_S)
        self._listener.close()

    def _serve(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._listener]))
