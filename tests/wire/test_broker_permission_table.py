"""Every party tries every topic of the table on both brokers: what is not its own is neither heard, kept nor read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

import pytest

from cordguard.bus.broker import EmbeddedBroker
from cordguard.bus.filters import matches
from cordguard.bus.permissions import PARTIES
from cordguard.bus.retained import read_retained
from cordguard.contract.topics import COMMAND, RESERVED_ROOMS, TABLE, TEMPERATURE, TRANSITION, Party, Topic, whole_site
from support.broker import Client, NatsRig, NetworkRig, poll_until
from support.mosquitto import MosquittoBroker, MosquittoRig
from support.probe import Probe
from support.rigs import connect

ROOM = "or-1"
LEVELS = {"room": ROOM, "source": "gen-1", "instance": "main"}


@pytest.fixture(params=["nats", "mosquitto"])
def rig(request: pytest.FixtureRequest, nats_broker: EmbeddedBroker, mosquitto_broker: MosquittoBroker) -> NetworkRig:
    return NatsRig(nats_broker) if request.param == "nats" else MosquittoRig(mosquitto_broker)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def example(row: Topic, site: str, service: Party) -> str:
    levels = LEVELS | {"service": service}
    return row.at(site, **{name: level for name, level in levels.items() if f"{{{name}}}" in row.template})


def own_topics(party: Party, site: str) -> set[str]:
    """By the table alone: the permissions are what is tested."""
    return {example(row, site, party) for row in TABLE if party in row.publishers}


def all_topics(site: str) -> list[str]:
    """One of each row, health of every party, every row that has a room in the rooms that nobody has, and others."""
    rows = {example(row, site, party) for row in TABLE for party in PARTIES}
    below_room = [row.template.format(**LEVELS) for row in TABLE if row.template.startswith("{room}/")]
    reserved = {
        f"cordguard/v1/{site}/{room}{rest.removeprefix(ROOM)}" for room in RESERVED_ROOMS for rest in below_room
    }
    return sorted(rows | reserved | {f"cordguard/v1/{site}/{ROOM}/no-such-topic", f"{site}/elsewhere"})


def heard_and_kept(rig: NetworkRig, opened: list[Client], site: str, party: Party, topics: list[str]) -> list[set[str]]:
    """What of all that a party publishes is heard by one who hears everything, and what is found later."""
    listener = connect(rig, opened, "safety", whole_site(site), clean=True)
    speaker, end = connect(rig, opened, party, clean=True), connect(rig, opened, "device", clean=True)
    for topic in topics:
        speaker.bus.publish(topic, b"{}", retain=True)
    poll_until(lambda: speaker.bus.unconfirmed == 0, speaker, what="all to be confirmed, forbidden or not")
    last = TEMPERATURE.at(site, room=ROOM, source="end-of-test")
    end.bus.publish(last, b"{}")
    poll_until(lambda: last in [message.topic for message in listener.messages], listener, end)
    kept = read_retained(rig.open_bus, rig.connection("safety"), [whole_site(site)], quiet_s=0.1)
    assert speaker.losses == []
    return [{message.topic for message in listener.messages} - {last}, {message.topic for message in kept}]


@pytest.mark.parametrize("party", PARTIES)
def test_h17_of_all_topics_a_party_is_heard_on_its_own_and_on_no_other(
    rig: NetworkRig, opened: list[Client], site: str, party: Party
) -> None:
    heard, kept = heard_and_kept(rig, opened, site, party, all_topics(site))
    assert heard == own_topics(party, site)
    assert kept == heard


def test_h17_by_the_table_safety_alone_publishes_transitions_and_the_console_alone_commands() -> None:
    """With the test above: so it is on both brokers."""
    assert [row.publishers for row in TABLE if row.payload is TRANSITION.payload] == [("safety",), ("safety",)]
    assert [row.publishers for row in TABLE if row.payload is COMMAND.payload] == [("console",)]
    assert {row.name for row in TABLE if "device" in row.publishers} == {"generator", "temperature", "status"}


def wanted_filters(site: str) -> list[str]:
    """Every row, and wider ones; NATS grants one client at most 32 (see MAX_ACK_PENDING)."""
    rows = [row.filter(site) for row in TABLE]
    return [*rows, whole_site(site), whole_site("+"), "#", "+/#", f"cordguard/v1/{site}/+/+", "$SYS/#"]


def own_filters(party: Party, site: str) -> list[str]:
    """By the table, and the one exception that it states: safety may hear a whole site."""
    rows = [row.filter(site) for row in TABLE if party in row.subscribers]
    return [*rows, whole_site(site)] if party == "safety" else rows


def publish_each_row(rig: NetworkRig, opened: list[Client], site: str, rows: tuple[Topic, ...]) -> None:
    """Each by who may."""
    speakers = {row.publishers[0] for row in rows}
    clients = {party: connect(rig, opened, party, clean=True) for party in sorted(speakers)}
    for row in rows:
        party = row.publishers[0]
        clients[party].bus.publish(example(row, site, party), b"{}", retain=row.retained)
    everybody = clients.values()
    poll_until(lambda: all(client.bus.unconfirmed == 0 for client in everybody), *everybody)


def test_h17_whatever_it_subscribes_to_a_party_hears_what_is_meant_for_it_and_nothing_else(
    rig: NetworkRig, opened: list[Client], stack: ExitStack, site: str
) -> None:
    publish_each_row(rig, opened, site, tuple(row for row in TABLE if row.retained))
    probes = {party: Probe(rig.connection(party, clean=True)) for party in PARTIES}
    for probe in probes.values():
        stack.callback(probe.close)
        probe.subscribe(wanted_filters(site))
    publish_each_row(rig, opened, site, TABLE)
    topics = {(example(row, site, row.publishers[0]), kept) for row in TABLE for kept in {row.retained, False}}
    expected = {
        party: {each for each in topics if any(matches(own, each[0]) for own in own_filters(party, site))}
        for party in PARTIES
    }
    for party, probe in probes.items():
        probe.read_until(partial(_has_heard, probe, expected[party]), f"{party} to hear its own")
    _quiet(probes)
    assert {party: of_site(probe.heard, site) for party, probe in probes.items()} == expected


def of_site(heard: set[tuple[str, bool]], site: str) -> set[tuple[str, bool]]:
    """Without what the other tests of the run publish."""
    others = {topic for topic, _ in heard if topic.startswith("cordguard/v1/") and f"/{site}/" not in topic}
    return {each for each in heard if each[0] not in others}


def _has_heard(probe: Probe, expected: set[tuple[str, bool]]) -> bool:
    return expected <= probe.heard


def _quiet(probes: dict[Party, Probe]) -> None:
    """Time for what should not come."""
    end_s = time.monotonic() + 0.3
    while time.monotonic() < end_s:
        for probe in probes.values():
            probe.read()


@pytest.mark.parametrize("party", PARTIES)
def test_nats_refuses_each_subscription_beyond_permission_and_mosquitto_none(
    rig: NetworkRig, stack: ExitStack, site: str, party: Party
) -> None:
    """Mosquitto grants all and delivers none of it: the test above."""
    probe = Probe(rig.connection(party, clean=True))
    stack.callback(probe.close)
    wanted = wanted_filters(site)
    probe.subscribe(wanted)
    rows = {row.filter(site) for row in TABLE if party in row.subscribers}
    own = rows | {whole_site(site), whole_site("+")} if party == "safety" else rows
    granted = {topic_filter for topic_filter in wanted if probe.granted[topic_filter]}
    if isinstance(rig, MosquittoRig):
        assert granted == set(wanted)
    else:
        assert granted - {each for each in wanted if _inside(each, own)} == set()
        assert own <= granted


def _inside(topic_filter: str, own: set[str]) -> bool:
    """Whether a filter asks for no more than one of its own: the canary's topic is also one of a room's."""
    return any(matches(wide, topic_filter.replace("#", "any")) for wide in own)
