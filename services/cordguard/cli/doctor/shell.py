"""Looks at everything that was asked for, hears the services if a broker is given, and tells."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cordguard.bus.paho import open_paho
from cordguard.bus.port import BusRefusedError, Connection, Delivery, Handlers, OpenBus, Subscription
from cordguard.cli.doctor.judge import US_PER_S, Found, Said, judge_health
from cordguard.cli.doctor.look import look_at_clock, look_at_folder, look_at_policy, look_at_ports, look_at_programs
from cordguard.cli.fleet import SERVICES
from cordguard.cli.options import variable_of
from cordguard.cli.terminal import say
from cordguard.contract.health import Health
from cordguard.contract.lenient import Unreadable, read
from cordguard.contract.topics import HEALTH, parse
from cordguard.runtime.clock import Clock, WallClock
from cordguard.runtime.service import EXIT_FAILED, EXIT_OK

POLL_S: Final = 0.05
CONNECT_WITHIN_US: Final = 5 * US_PER_S
LISTEN_US: Final = 3 * US_PER_S
"""Services report once a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What was asked for; the command line documents each."""

    data: Path | None
    policy: Path | None
    port: int
    http_port: int
    site: str
    broker_host: str | None
    """Where a running system's broker is; None: nothing runs yet, so the ports have to be free."""
    broker_port: int


def run_doctor(
    asked: Examination,
    environment: Mapping[str, str],
    *,
    open_bus: OpenBus = open_paho,
    clock: Clock | None = None,
) -> int:
    """Look, and tell line by line; the exit status: 0 if nothing is bad, 1 if something is."""
    bad = 0
    for found in examine(asked, environment, open_bus, clock or WallClock()):
        say(f"{found.verdict:5} {found.words}")
        bad += found.verdict == "BAD"
    say("All is well." if not bad else f"{bad} {'thing is' if bad == 1 else 'things are'} bad.")
    return EXIT_FAILED if bad else EXIT_OK


def examine(asked: Examination, environment: Mapping[str, str], open_bus: OpenBus, clock: Clock) -> Iterator[Found]:
    """Everything, one after the other."""
    yield from look_at_programs()
    yield from look_at_clock(asked.data)
    yield look_at_policy(asked.policy)
    if asked.data is not None:
        yield from look_at_folder(asked.data)
    if asked.broker_host is None:
        yield from look_at_ports({"--port": asked.port, "--http-port": asked.http_port})
        return
    connection = Connection(
        f"doctor-{asked.site}-{os.getpid()}",
        host=asked.broker_host,
        port=asked.broker_port,
        username=environment.get(variable_of("doctor", "broker_username")),
        password=environment.get(variable_of("doctor", "broker_password")),
        clean=True,
        subscriptions=(Subscription(HEALTH.filter(asked.site)),),
    )
    yield from hear_services(connection, open_bus, clock)


def hear_services(connection: Connection, open_bus: OpenBus, clock: Clock) -> Iterator[Found]:
    """What the services of a running system say of themselves."""
    where = f"{connection.host}:{connection.port}"
    newest: dict[str, Said] = {}

    def take(delivery: Delivery) -> None:
        message, parsed = delivery.message, parse(delivery.message.topic)
        health = read(Health, message.payload)
        if parsed is not None and parsed.service and parsed.instance and not isinstance(health, Unreadable):
            said = Said(parsed.service, parsed.instance, health, clock.now_us(), live=not message.retained)
            newest[message.topic] = said
        delivery.acknowledge()

    try:
        with closing(open_bus(connection, Handlers(take))) as bus:
            began_us = clock.now_us()
            while not bus.connected and clock.now_us() - began_us < CONNECT_WITHIN_US:
                bus.poll(POLL_S)
            if not bus.connected:
                yield Found("BAD", f"No MQTT broker answered at {where}: start it, or name another.")
                return
            began_us = clock.now_us()
            while clock.now_us() - began_us < LISTEN_US:
                bus.poll(POLL_S)
    except BusRefusedError as error:
        variables = f"{variable_of('doctor', 'broker_username')} and {variable_of('doctor', 'broker_password')}"
        yield Found("BAD", f"{error}; the account comes from {variables} (console or watchdog may hear health).")
        return
    yield Found("ok", f"The broker at {where} answers")
    yield from judge_health(newest.values(), SERVICES, clock.now_us())
