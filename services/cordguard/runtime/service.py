"""The life of a service process: start, loop, stop. One way for all of them.

A service is an object with ``step`` and ``close``; ``run`` calls ``step`` until a signal asks it to stop.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from typing import Final, Protocol

from cordguard.bus.port import BusRefusedError
from cordguard.runtime.alive import AliveFile
from cordguard.runtime.interrupts import Interrupts

READY_LINE: Final = "ready"
"""Printed on standard output, alone on its line, once a service works: what supervisors wait for."""

STEP_TIMEOUT_S: Final = 0.05
"""Longest wait of one step: how late a timer may be when no message comes."""

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
EXIT_BAD_SETUP: Final = 2
EXIT_INTERRUPTED: Final = 130
"""What shells report for a program that Ctrl-C ended."""

_log = logging.getLogger(__name__)


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


def run(
    build: Callable[[], Service],
    *,
    alive: AliveFile | None = None,
    leave: Callable[[int], object] = os._exit,
    last: bool = False,
) -> int:
    """Build a service, run it until somebody asks it to stop, close it; the process's exit status.

    A user's trouble is a sentence in the log, never a traceback. A service that fails while it runs does not say
    goodbye: the process ends through ``leave`` without ``close``, so the broker speaks the last will, and the next
    start knows of a crash. ``alive`` is touched while the service is ready. ``last``: we return into the process's end.
    """
    service: Service | None = None
    status = EXIT_OK
    with Interrupts(last=last) as interrupts:
        try:
            service = build()
            _step_until_asked(service, interrupts, alive)
        except (SetupError, BusRefusedError) as error:
            _log.error("%s", error)
            status = EXIT_BAD_SETUP
        except ServiceFailedError as error:
            _log.error("%s", error)
            leave(EXIT_FAILED)
            return EXIT_FAILED
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody may take its end for a stop on purpose
            _log.exception("the service ends by a fault of ours")
            _log.error("a fault of ours, %s: %s; the line above says where", type(error).__name__, error)
            leave(EXIT_FAILED)
            return EXIT_FAILED
        if service is not None:
            service.close()
    return status


def _step_until_asked(service: Service, interrupts: Interrupts, alive: AliveFile | None) -> None:
    announced = False
    while not interrupts.count:
        service.step(STEP_TIMEOUT_S)
        if service.ready and not announced:
            announced = True
            sys.stdout.write(READY_LINE + "\n")
            sys.stdout.flush()
        if alive is not None:
            alive.beat(ready=service.ready)
