"""What brokers keep for a client that is away, with the settings that the product ships."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cordguard.bus.mosquitto import MAX_INFLIGHT
from cordguard.bus.nats import MAX_PAYLOAD_BYTES
from cordguard.contract.topics import TEMPERATURE, TRANSITION
from support.broker import Client, Rig, poll_until
from support.mosquitto import MosquittoBroker, MosquittoRig
from support.rigs import come_back, connect, settle

MANY = 5_000


def queue_up(rig: Rig, opened: list[Client], site: str) -> Client:
    """The former life of a client for whom so many confirmed messages wait."""
    recorder = connect(rig, opened, "recorder", TRANSITION.filter(site))
    recorder.bus.close()
    safety = connect(rig, opened, "safety")
    for number in range(MANY):
        safety.bus.publish(TRANSITION.at(site, room="or-1"), str(number).encode())
    poll_until(lambda: safety.bus.unconfirmed == 0, safety, timeout_s=30, what="the broker to confirm all")
    return recorder


def test_h6_5000_messages_for_a_client_that_is_away_all_arrive_in_order(
    rig: Rig, opened: list[Client], site: str
) -> None:
    recorder = queue_up(rig, opened, site)
    again = come_back(rig, opened, recorder)
    poll_until(lambda: len(set(again.payloads)) == MANY, again, timeout_s=30, what="all that was queued")
    assert list(dict.fromkeys(again.payloads)) == [str(number).encode() for number in range(MANY)]
    assert again.connects == [True]


def test_h6_5000_messages_for_a_client_that_is_away_outlive_a_crash_of_the_broker(
    own_rig: Rig, opened: list[Client], site: str
) -> None:
    recorder = queue_up(own_rig, opened, site)
    own_rig.crash()
    own_rig.recover()
    again = come_back(own_rig, opened, recorder)
    poll_until(lambda: len(set(again.payloads)) == MANY, again, timeout_s=30, what="all that was queued")
    assert list(dict.fromkeys(again.payloads)) == [str(number).encode() for number in range(MANY)]


@pytest.fixture
def standard_mosquitto(tmp_path: Path) -> Iterator[MosquittoBroker]:
    """With its own queue limit instead of ours."""
    broker = MosquittoBroker(tmp_path)
    broker.amend(without="max_queued_messages")
    broker.start()
    yield broker
    broker.stop()


def test_with_its_own_queue_limit_mosquitto_drops_what_it_confirmed(
    standard_mosquitto: MosquittoBroker, opened: list[Client], site: str
) -> None:
    """Why the limit that we ship is none: should this fail, the setting can go."""
    rig = MosquittoRig(standard_mosquitto)
    again = come_back(rig, opened, queue_up(rig, opened, site))
    poll_until(lambda: len(again.payloads) >= 1_000, again)
    settle(again, for_s=rig.patience_s)
    assert len(again.payloads) <= 1_000 + MAX_INFLIGHT


def test_a_message_that_is_too_long_is_dropped_by_mosquitto(
    mosquitto_broker: MosquittoBroker, opened: list[Client], site: str
) -> None:
    rig = MosquittoRig(mosquitto_broker)
    safety = connect(rig, opened, "safety", TEMPERATURE.filter(site))
    device = connect(rig, opened, "device")
    topic = TEMPERATURE.at(site, room="or-1", source="gen-1")
    for payload in (b"before", b"x" * (MAX_PAYLOAD_BYTES + 1), b"after"):
        device.bus.publish(topic, payload)
    poll_until(lambda: b"after" in safety.payloads, safety, device)
    settle(device, safety)
    assert safety.payloads == [b"before", b"after"]
    assert device.losses == []
