"""Listens to a broker for a while, then tells what the check found."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from cordguard.bus.paho import open_paho
from cordguard.bus.permissions import PARTIES, may_subscribe
from cordguard.bus.port import BusRefusedError, Connection, Delivery, Handlers, OpenBus, Subscription
from cordguard.cli.devicecheck.check import check, notes, tally
from cordguard.cli.devicecheck.listening import KINDS, US_PER_S, Finding, Heard, Listening
from cordguard.cli.options import variable_of
from cordguard.cli.terminal import say
from cordguard.contract.topics import STATUS, whole_site
from cordguard.engine.policy import Policy
from cordguard.runtime.clock import Clock, WallClock
from cordguard.runtime.interrupts import Interrupts
from cordguard.runtime.service import EXIT_FAILED, EXIT_OK, SetupError
from cordguard.safety.playback import policy_of, shipped_policy_text

POLL_S: Final = 0.05
CONNECT_WITHIN_US: Final = 10 * US_PER_S
GREETING_US: Final = US_PER_S
"""Within this time a broker has told what it retained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceToCheck:
    """What was asked for; the command line documents each."""

    site: str
    room: str
    source: str
    host: str
    port: int
    seconds: float


def run_check_device(
    asked: DeviceToCheck,
    environment: Mapping[str, str],
    *,
    open_bus: OpenBus = open_paho,
    clock: Clock | None = None,
) -> int:
    """Listen and tell; the exit status: 0 if nothing is wrong, 1 if something is.

    Raises:
        SetupError: a name is malformed, or the broker does not answer or refuses us.
    """
    ear = _Ear(asked, environment, open_bus, clock or WallClock())
    say(f"Listening to {asked.source} in {asked.room} of {asked.site} for {asked.seconds:g} s …")
    with Interrupts() as interrupts:
        try:
            listening = ear.listen(lambda: interrupts.count > 0)
        except BusRefusedError as error:
            msg = f"{error}; the account comes from {_USERNAME} and {_PASSWORD} (safety or console may listen)."
            raise SetupError(msg) from error
    findings = check(listening, shipped_policy())
    for line in report(listening, findings, whole=ear.whole_site):
        say(line)
    return EXIT_FAILED if findings else EXIT_OK


def shipped_policy() -> Policy:
    """Whatever the limits: nothing about a device hangs on them."""
    return policy_of(shipped_policy_text(), "the shipped policy")


def report(listening: Listening, findings: list[Finding], *, whole: bool) -> list[str]:
    """The lines that a person reads."""
    things = "1 thing is wrong:" if len(findings) == 1 else f"{len(findings)} things are wrong:"
    deaf = [] if whole else [f"{NARROW} Account safety hears them."]
    return [
        tally(listening),
        things if findings else "Nothing wrong was found.",
        *(f"{number:3}. {finding.words}" for number, finding in enumerate(findings, start=1)),
        *(f"Note: {words}" for words in (*notes(listening), *deaf)),
    ]


NARROW: Final = "This account hears the source's own topics alone: misspelled topics and other rooms cannot be told."
_USERNAME: Final = variable_of("check", "broker_username")
_PASSWORD: Final = variable_of("check", "broker_password")


class _Ear:
    """Two connections, one after the other: a long one that listens, a short one that asks what is retained."""

    def __init__(self, asked: DeviceToCheck, environment: Mapping[str, str], open_bus: OpenBus, clock: Clock) -> None:
        self._asked = asked
        self._open_bus = open_bus
        self._clock = clock
        self._username = environment.get(_USERNAME)
        self._password = environment.get(_PASSWORD)
        self._filters = self._own_filters()
        if self.whole_site:
            self._filters = (whole_site(asked.site),)

    @property
    def whole_site(self) -> bool:
        """Whether we may hear everything: without accounts anybody may, else those whom the topic table lets."""
        party = next((party for party in PARTIES if party == self._username), None)
        everything = whole_site(self._asked.site)
        return self._username is None or (party is not None and may_subscribe(party, everything))

    def listen(self, stopping: Callable[[], bool]) -> Listening:
        """Hear the source out.

        Raises:
            SetupError: no broker answers.
            BusRefusedError: it does not let us in.
        """
        from_us, to_us, messages = self._hear("", self._filters, round(self._asked.seconds * US_PER_S), stopping)
        _, _, kept = self._hear("-kept", self._own_filters(), GREETING_US, lambda: False)
        return Listening(
            site=self._asked.site,
            room=self._asked.room,
            source=self._asked.source,
            from_us=from_us,
            to_us=to_us,
            messages=messages,
            kept=tuple(heard for heard in kept if heard.retained),
        )

    def _own_filters(self) -> tuple[str, ...]:
        levels = {"room": self._asked.room, "source": self._asked.source}
        try:
            STATUS.at(self._asked.site, **levels)
        except ValueError as error:
            msg = f"{error}."
            raise SetupError(msg) from error
        return tuple(kind.filter(self._asked.site, **levels) for kind in KINDS)

    def _hear(
        self, name: str, filters: tuple[str, ...], span_us: int, stopping: Callable[[], bool]
    ) -> tuple[int, int, tuple[Heard, ...]]:
        """From when to when it was listened, and what was heard."""
        heard: list[Heard] = []
        connection = Connection(
            f"check-device-{self._asked.site}-{os.getpid()}{name}",
            host=self._asked.host,
            port=self._asked.port,
            username=self._username,
            password=self._password,
            clean=True,
            subscriptions=tuple(Subscription(topic_filter) for topic_filter in filters),
        )

        def take(delivery: Delivery) -> None:
            message = delivery.message
            flags = (message.qos, message.retained, message.duplicate)
            heard.append(Heard(self._clock.now_us(), message.topic, message.payload, *flags))
            delivery.acknowledge()

        with closing(self._open_bus(connection, Handlers(take))) as bus:
            asked_us = self._clock.now_us()
            while not bus.connected:
                bus.poll(POLL_S)
                if self._clock.now_us() - asked_us > CONNECT_WITHIN_US or stopping():
                    msg = (
                        f"no MQTT broker answered at {self._asked.host}:{self._asked.port}; start it, or name another."
                    )
                    raise SetupError(msg)
            from_us = self._clock.now_us()
            while self._clock.now_us() - from_us < span_us and not stopping():
                bus.poll(POLL_S)
            to_us = self._clock.now_us()
        return from_us, to_us, tuple(heard)
