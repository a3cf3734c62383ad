"""The whole system on one machine: the broker and the services as processes of their own, together or not at all."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cordguard.bus.broker import BrokerError, EmbeddedBroker
from cordguard.bus.ports import HOST
from cordguard.cli.fleet import Fleet, service_specs
from cordguard.cli.place import LOGS
from cordguard.runtime.interrupts import Interrupts
from cordguard.runtime.service import SetupError
from cordguard.runtime.supervisor import Supervisor

LOGIN_TOKEN_BYTES: Final = 24
"""More than anybody can guess, and short enough for a link on one line of a terminal."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a system keeps its data and listens."""

    data_dir: Path
    site: str
    broker_port: int
    http_port: int
    simulated_clock: bool = False


@dataclass(frozen=True, slots=True)
class System:
    """A system whose broker and services work."""

    supervisor: Supervisor
    fleet: Fleet

    @property
    def login_link(self) -> str:
        """Opens the live page, once."""
        return f"http://{HOST}:{self.fleet.http_port}/login?token={self.fleet.login_token}"


@contextmanager
def running_system(
    place: Place, interrupts: Interrupts, on_line: Callable[[str, str], None] = lambda _name, _line: None
) -> Iterator[System]:
    """Start broker and services, the watchdog left to the caller; end all when the block is left, in whatever way.

    Raises:
        SetupError: the broker or a service cannot be started as it was told to.
        ServiceFailedError: a service died or was not ready in time.
        StopRequestedError: somebody asked us to end meanwhile.
    """
    broker = EmbeddedBroker(place.data_dir / "broker", port=place.broker_port, site=place.site)
    try:
        try:
            broker.start()
        except BrokerError as error:
            raise SetupError(str(error)) from error
        with Supervisor(place.data_dir / LOGS, interrupts, on_line=on_line) as supervisor:
            supervisor.watch("broker", lambda: broker.running, broker.log)
            fleet = _fleet(place, broker)
            supervisor.start(service_specs(fleet))
            yield System(supervisor, fleet)
    finally:
        if interrupts.count > 1:
            broker.kill()
        broker.stop()


def _fleet(place: Place, broker: EmbeddedBroker) -> Fleet:
    return Fleet(
        site=place.site,
        data_dir=place.data_dir,
        broker_port=broker.port,
        http_port=place.http_port,
        passwords=broker.credentials,
        login_token=secrets.token_urlsafe(LOGIN_TOKEN_BYTES),
        simulated_clock=place.simulated_clock,
    )
