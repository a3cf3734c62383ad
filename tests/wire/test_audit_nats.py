"""The audit service over a real broker, under its own account: kept before acknowledged, across crashes of both."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cordguard.audit.ledger import FILE_NAME
from cordguard.audit.reader import read_ledger
from cordguard.audit.shell import build
from cordguard.audit.verify import verify
from cordguard.bus.broker import EmbeddedBroker
from cordguard.contract import topics
from cordguard.contract.topics import Party
from cordguard.runtime.service import Service
from cordguard.runtime.settings import ServiceSettings
from support.audit_messages import SITE, Sent, case, whole_session
from support.broker import Client, NatsRig
from support.waiting import wait_until


def settings_for(broker: EmbeddedBroker, data_dir: Path) -> ServiceSettings:
    return ServiceSettings(
        site=SITE,
        data_dir=data_dir,
        broker_port=broker.port,
        broker_username="audit",
        broker_password=broker.credentials["audit"],
    )


def publisher_of(topic: str) -> Party:
    parsed = topics.parse(topic)
    assert parsed is not None
    return parsed.topic.publishers[0]


def publish(broker: EmbeddedBroker, sent: list[Sent]) -> None:
    """Publish everything, each under the account of the party that may."""
    rig = NatsRig(broker)
    parties = {publisher_of(topic) for topic, _ in sent}
    clients = {party: Client(rig.open_bus, rig.connection(party, clean=True)) for party in parties}
    for topic, payload in sent:
        retain = topic.endswith("/case")
        clients[publisher_of(topic)].bus.publish(topic, payload, retain=retain)

    def done() -> bool:
        for client in clients.values():
            client.bus.poll(0.002)
        return all(client.bus.connected and not client.bus.unconfirmed for client in clients.values())

    wait_until(done, what="the broker to have everything")
    for client in clients.values():
        client.bus.close()


def stepping(service: Service, condition: Callable[[], object]) -> Callable[[], object]:
    def step() -> object:
        service.step(0.005)
        return condition()

    return step


def kept(data_dir: Path) -> int:
    reader = read_ledger(data_dir / FILE_NAME)
    count = sum(entry.kind != "opened" for entry in reader.entries())
    reader.close()
    return count


def test_a13_a_session_is_kept_and_what_came_while_it_was_away_too(own_broker: EmbeddedBroker, tmp_path: Path) -> None:
    first = build(settings_for(own_broker, tmp_path))
    wait_until(stepping(first, lambda: first.ready), what="audit to be connected")
    publish(own_broker, [case()])
    wait_until(stepping(first, lambda: kept(tmp_path) == 1), what="the case to be kept")
    first.close()
    publish(own_broker, whole_session()[1:])
    second = build(settings_for(own_broker, tmp_path))
    wait_until(stepping(second, lambda: kept(tmp_path) == 9), what="everything to be kept")
    second.close()
    assert verify(tmp_path / FILE_NAME).good


def test_a13_what_the_broker_took_survives_its_crash(own_broker: EmbeddedBroker, tmp_path: Path) -> None:
    service = build(settings_for(own_broker, tmp_path))
    wait_until(stepping(service, lambda: service.ready), what="audit to be connected")
    publish(own_broker, whole_session())
    own_broker.kill()
    own_broker.start()
    wait_until(stepping(service, lambda: kept(tmp_path) == 9), what="everything to be kept")
    service.close()
    assert verify(tmp_path / FILE_NAME).good
