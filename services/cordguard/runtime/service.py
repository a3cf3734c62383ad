"""The life of a service process: start, loop, stop. One way for all of them.

A service is an object with ``step`` and ``close``; ``run`` calls ``step`` until a signal asks it to stop.
"""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Final, Protocol

from cordguard.bus.port import BusRefusedError
from cordguard.runtime.alive import AliveFile

READY_LINE: Final = "ready"
"""Printed on standard output, alone on its line, once a service works: what supervisors wait for."""

STEP_TIMEOUT_S: Final = 0.05
"""Longest wait of one step: how late a timer may be when no message comes."""

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
EXIT_BAD_SETUP: Final = 2


class SetupError(Exception):
    """The service cannot start as it was told to: one sentence, with what to do. Exit status 2."""


class ServiceFailedError(Exception):
    """The service cannot go on: one sentence, with what to do. Exit status 1."""


class Service(Protocol):
    """What ``run`` needs of a service."""

    def step(self, timeout_s: float) -> None:
        """Wait at most so long for work, and do what is due."""

    @property
    def ready(self) -> bool:
        """Whether it is connected and does its work."""

    def close(self) -> None:
        """End in good order: publish that it stops, flush, disconnect."""


def run(build: Callable[[], Service], *, alive: AliveFile | None = None) -> int:
    """Build a service, run it until SIGINT or SIGTERM, close it; the process's exit status.

    A user's trouble is a sentence in the log, never a traceback. ``alive`` is touched while the service is ready.
    """
    stopping = False

    def stop(signum: int, frame: FrameType | None) -> None:
        nonlocal stopping
        del signum, frame
        stopping = True

    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        service = build()
        announced = False
        try:
            while not stopping:
                service.step(STEP_TIMEOUT_S)
                if service.ready and not announced:
                    announced = True
                    sys.stdout.write(READY_LINE + "\n")
                    sys.stdout.flush()
                if alive is not None:
                    alive.beat(ready=service.ready)
        finally:
            service.close()
    except (SetupError, BusRefusedError) as error:
        logging.getLogger(__name__).error("%s", error)  # noqa: TRY400 - a sentence for a user, not a traceback
        return EXIT_BAD_SETUP
    except ServiceFailedError as error:
        logging.getLogger(__name__).error("%s", error)  # noqa: TRY400 - a sentence for a user, not a traceback
        return EXIT_FAILED
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    return EXIT_OK
