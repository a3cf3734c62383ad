"""What the accounts of the embedded broker may do and may not, tried on the real server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from cordguard.bus.broker import EmbeddedBroker
from cordguard.bus.paho import open_paho
from cordguard.bus.permissions import PARTIES, permissions_of
from cordguard.bus.port import BusRefusedError, Connection, Subscription, Will
from cordguard.bus.retained import read_retained
from cordguard.contract.topics import (
    CANARY_TEMPERATURE,
    CASE,
    COMMAND,
    FAILURE,
    HEALTH,
    MARK,
    TEMPERATURE,
    TRANSITION,
    Party,
)
from support.broker import Client, NatsRig, poll_until


class Room:
    """Clients of one site: a listener that hears everything, and whoever speaks."""

    def __init__(self, broker: EmbeddedBroker, site: str) -> None:
        self.rig = NatsRig(broker)
        self.site = site
        self.clients: list[Client] = []
        self.listener = self.client("safety", f"cordguard/v1/{site}/#")

    def client(self, party: Party, *filters: str, will: Will | None = None) -> Client:
        client = Client(open_paho, self.rig.connection(party, *filters, clean=True, will=will))
        self.clients.append(client)
        poll_until(lambda: client.bus.connected, client)
        return client

    def heard_of(self, party: Party, *topics: str) -> list[str]:
        """Publish to these topics as a party, then to one that is allowed; what was heard before that."""
        speaker, end = self.client(party), self.client("device")
        publications = [speaker.bus.publish(topic, b"{}") for topic in topics]
        poll_until(lambda: all(publication.confirmed for publication in publications), speaker)
        last = TEMPERATURE.at(self.site, room="or-1", source="end-of-test")
        end.bus.publish(last, b"{}")
        poll_until(lambda: last in [message.topic for message in self.listener.messages], self.listener, end)
        return [message.topic for message in self.listener.messages[:-1]]


@pytest.fixture
def room(nats_broker: EmbeddedBroker, site: str) -> Iterator[Room]:
    room = Room(nats_broker, site)
    yield room
    for client in room.clients:
        client.bus.close()


def test_h17_a_device_is_heard_on_its_own_topics_and_no_other(room: Room) -> None:
    own = [
        TEMPERATURE.at(room.site, room="or-1", source="gen-1"),
        f"cordguard/v1/{room.site}/or-1/gen-1/generator",
        f"cordguard/v1/{room.site}/or-1/gen-1/status",
    ]
    foreign = [
        TRANSITION.at(room.site, room="or-1"),
        CASE.at(room.site, room="or-1"),
        MARK.at(room.site, room="or-1"),
        COMMAND.at(room.site, room="or-1"),
        CANARY_TEMPERATURE.at(room.site),
        FAILURE.at(room.site, instance="main"),
        HEALTH.at(room.site, service="safety", instance="main"),
        f"cordguard/v1/{room.site}/or-1/no-such-topic",
    ]
    assert room.heard_of("device", *foreign, *own) == own


@pytest.mark.parametrize("party", [party for party in PARTIES if party != "safety"])
def test_h17_nobody_but_safety_publishes_transitions(room: Room, party: Party) -> None:
    assert room.heard_of(party, TRANSITION.at(room.site, room="or-1")) == []


@pytest.mark.parametrize("party", [party for party in PARTIES if party != "console"])
def test_h17_nobody_but_the_console_publishes_commands(room: Room, party: Party) -> None:
    assert room.heard_of(party, COMMAND.at(room.site, room="or-1")) == []


def test_the_console_publishes_commands(room: Room) -> None:
    assert room.heard_of("console", COMMAND.at(room.site, room="or-1")) == [COMMAND.at(room.site, room="or-1")]


def test_a_service_speaks_of_its_own_health_only(room: Room) -> None:
    own = HEALTH.at(room.site, service="recorder", instance="main")
    assert room.heard_of("recorder", HEALTH.at(room.site, service="safety", instance="main"), own) == [own]


def test_the_brokers_own_subjects_are_no_way_round(room: Room) -> None:
    """NATS keeps MQTT messages under subjects of its own; writing there must not forge one."""
    target = TRANSITION.at(room.site, room="or-1")
    subject = target.replace("/", ".")
    assert room.heard_of("device", f"$MQTT/msgs/{target}", f"$MQTT/rmsgs/{target}", f"$MQTT/msgs/{subject}") == []


def test_a_denied_retained_message_is_not_kept(room: Room) -> None:
    device = room.client("device")
    denied = device.bus.publish(CASE.at(room.site, room="or-1"), b"{}", retain=True)
    poll_until(lambda: denied.confirmed, device)
    assert read_retained(open_paho, room.rig.connection("audit"), [CASE.filter(room.site)], quiet_s=0.2) == ()


def test_h17_a_last_will_without_permission_is_not_published(room: Room) -> None:
    device = room.client("device", will=Will(TRANSITION.at(room.site, room="or-1"), b"{}"))
    room.rig.cut(device)
    poll_until(lambda: device.losses, device)
    assert room.heard_of("device") == []


@pytest.mark.parametrize(
    ("party", "topic_filter"),
    [
        ("device", "cordguard/v1/{site}/#"),
        ("gateway", "cordguard/v1/{site}/+/case"),
        ("recorder", "cordguard/v1/{site}/#"),
        ("recorder", "cordguard/v1/{site}/+/command"),
        ("console", "#"),
        ("device", "$MQTT/msgs/#"),
        ("recorder", "$MQTT/sub/#"),
        ("recorder", "_INBOX/#"),
        ("safety", "$SYS/#"),
    ],
)
def test_a_subscription_beyond_permission_is_refused_by_name(
    nats_broker: EmbeddedBroker, site: str, party: Party, topic_filter: str
) -> None:
    wanted = topic_filter.format(site=site)
    client = Client(open_paho, NatsRig(nats_broker).connection(party, wanted))
    with pytest.raises(BusRefusedError) as refusal:
        poll_until(lambda: client.bus.connected, client)
    assert f"account '{party}' may not subscribe to {wanted}; check its permissions" in str(refusal.value)
    client.bus.close()


@pytest.mark.parametrize("party", PARTIES)
def test_every_party_may_subscribe_to_all_that_the_table_gives_it(
    nats_broker: EmbeddedBroker, site: str, party: Party
) -> None:
    client = Client(open_paho, NatsRig(nats_broker).connection(party, *permissions_of(party, site).subscribe))
    poll_until(lambda: client.bus.connected, client)
    client.bus.close()


def refused(connection: Connection) -> str:
    client = Client(open_paho, connection)
    with pytest.raises(BusRefusedError) as refusal:
        poll_until(lambda: client.bus.connected, client)
    assert not client.bus.connected
    client.bus.close()
    return str(refusal.value)


def test_h17_a_wrong_password_is_refused_with_a_sentence(nats_broker: EmbeddedBroker) -> None:
    right = NatsRig(nats_broker).connection("safety")
    sentence = refused(replace(right, password="guessed"))
    assert sentence == (
        f"the broker at 127.0.0.1:{nats_broker.port} refused {right.client_id}: "
        "account 'safety' is unknown, its password wrong or it may not connect; check its accounts"
    )
    assert "guessed" not in sentence


def test_h17_no_account_or_an_unknown_one_is_refused(nats_broker: EmbeddedBroker) -> None:
    right = NatsRig(nats_broker).connection("safety", "cordguard/v1/#")
    assert "account 'mallory' is unknown" in refused(replace(right, username="mallory"))
    assert "check its accounts" in refused(replace(right, username=None, password=None))


def test_accounts_of_one_site_are_good_for_that_site_only(tmp_path_factory: pytest.TempPathFactory) -> None:
    broker = EmbeddedBroker(tmp_path_factory.mktemp("one-site"), site="north")
    broker.start()
    try:
        rig = NatsRig(broker)
        recorder = Client(open_paho, rig.connection("recorder", TEMPERATURE.filter("north")))
        poll_until(lambda: recorder.bus.connected, recorder)
        elsewhere = replace(rig.connection("recorder"), subscriptions=(Subscription(TEMPERATURE.filter("south")),))
        assert "may not subscribe to cordguard/v1/south" in refused(elsewhere)
        recorder.bus.close()
    finally:
        broker.stop()
