"""How long a broker takes to say that a client has gone silent: the times that docs/explanations/brokers.md states."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import pytest

from cordguard.bus.broker import EmbeddedBroker
from cordguard.bus.port import Will
from cordguard.contract.topics import HEALTH
from support.broker import Client, NatsRig, Rig, poll_until
from support.mosquitto import MosquittoBroker, MosquittoRig
from support.rigs import connect

KEEPALIVE_S = 1
MACHINE_S = 1.5
"""A busy machine is later than a broker."""


@dataclass
class Silence:
    """A client that says nothing any more without having gone, and who waits for its last will."""

    watchdog: Client
    since_s: float
    latest_s: float
    took_s: float | None = None

    def look(self) -> bool:
        """Whether the will has come."""
        if self.took_s is None and self.watchdog.messages:
            self.took_s = time.monotonic() - self.since_s
        return self.took_s is not None


def fall_silent(rig: Rig, opened: list[Client], site: str, latest_s: float) -> Silence:
    will = Will(HEALTH.at(site, service="safety", instance="main"), b"failed")
    watchdog = connect(rig, opened, "watchdog", HEALTH.filter(site), clean=True)
    safety = Client(rig.open_bus, replace(rig.connection("safety", will=will), keepalive_s=KEEPALIVE_S))
    opened.append(safety)
    poll_until(lambda: safety.bus.connected, safety)
    return Silence(watchdog, time.monotonic(), latest_s)


@pytest.mark.slow
def test_the_last_will_of_a_silent_client_goes_out_as_late_as_the_docs_say(
    nats_broker: EmbeddedBroker, mosquitto_broker: MosquittoBroker, opened: list[Client], site: str
) -> None:
    """NATS after one and a half keepalives; mosquitto looks every 5 s only."""
    silences = [
        fall_silent(NatsRig(nats_broker), opened, site, 1.5 * KEEPALIVE_S),
        fall_silent(MosquittoRig(mosquitto_broker), opened, site, 1.5 * KEEPALIVE_S + 5.0),
    ]
    watchdogs = [silence.watchdog for silence in silences]
    # Both are looked at each time: each takes note of its own moment.
    poll_until(lambda: {silence.look() for silence in silences} == {True}, *watchdogs, timeout_s=15, what="both wills")
    for silence in silences:
        assert silence.took_s is not None
        assert KEEPALIVE_S <= silence.took_s <= silence.latest_s + MACHINE_S
        assert [message.payload for message in silence.watchdog.messages] == [b"failed"]
