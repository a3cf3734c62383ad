"""The permissions that follow from the topic table."""

from __future__ import annotations

import re

import pytest

from cordguard.bus.filters import covers
from cordguard.bus.nats import server_config
from cordguard.bus.permissions import PARTIES, may_publish, may_subscribe, nats_subjects, permissions_of
from cordguard.cli.fleet import SERVICES
from cordguard.contract.topics import TABLE, Party, Topic

SITE = "north"


def example(topic: Topic, service: str = "safety") -> str:
    levels = {"room": "or-1", "source": "gen-1", "instance": "main", "service": service}
    return topic.at(SITE, **{name: level for name, level in levels.items() if f"{{{name}}}" in topic.template})


@pytest.mark.parametrize("topic", TABLE, ids=lambda topic: topic.name)
@pytest.mark.parametrize("party", PARTIES)
def test_each_row_is_open_to_its_parties_and_closed_to_all_others(party: Party, topic: Topic) -> None:
    concrete = example(topic, service=party)
    assert may_publish(party, concrete) is (party in topic.publishers)
    assert may_publish(party, concrete, SITE) is (party in topic.publishers)
    assert not may_publish(party, concrete, "south")
    if "canary" not in topic.template:  # a filter over all rooms takes that room in; who hears it passes it over
        assert may_subscribe(party, topic.filter(SITE)) is (party in topic.subscribers or party == "safety")


def test_nobody_speaks_of_another_services_health_and_who_is_no_service_has_none() -> None:
    for party in PARTIES:
        for service in PARTIES:
            topic = f"cordguard/v1/{SITE}/services/{service}/main/health"
            assert may_publish(party, topic) is (party == service and party in SERVICES)


@pytest.mark.parametrize("party", [party for party in PARTIES if party != "watchdog"])
def test_nobody_but_the_watchdog_feeds_the_canary(party: Party) -> None:
    assert not may_publish(party, f"cordguard/v1/{SITE}/canary/watchdog/temperature")


@pytest.mark.parametrize("party", [party for party in PARTIES if party != "safety"])
def test_nobody_but_safety_answers_for_the_canary(party: Party) -> None:
    assert not may_publish(party, f"cordguard/v1/{SITE}/canary/transition")
    assert may_publish("safety", f"cordguard/v1/{SITE}/canary/transition")


def test_a_room_cannot_be_named_as_what_is_reserved() -> None:
    for party in PARTIES:
        for reserved in ("services", "canary"):
            assert not may_publish(party, f"cordguard/v1/{SITE}/{reserved}/case")
            assert not may_publish(party, f"cordguard/v1/{SITE}/{reserved}/gen-1/status")


def test_safety_may_take_a_whole_site_through_one_subscription_and_nobody_else_may() -> None:
    assert [party for party in PARTIES if may_subscribe(party, f"cordguard/v1/{SITE}/#")] == ["safety"]
    assert [party for party in PARTIES if may_subscribe(party, "#")] == []


def test_a_filter_becomes_the_subjects_that_nats_matches() -> None:
    assert nats_subjects("a/+/b") == ("a.*.b",)
    assert nats_subjects("a/+/#") == ("a.*.>", "a.*")


@pytest.mark.parametrize("topic_filter", ["a/b.c", "a/b c", "a//b", "a/*/b", "a/>"])
def test_a_level_that_nats_would_read_differently_is_refused(topic_filter: str) -> None:
    with pytest.raises(ValueError, match="NATS would read differently"):
        nats_subjects(topic_filter)


def test_no_account_of_the_server_may_do_everything(tmp_path_factory: pytest.TempPathFactory) -> None:
    """To NATS an empty list of what is allowed would mean: all of it."""
    store = tmp_path_factory.getbasetemp() / "store"
    config = server_config(1883, store, {party: f"secret-{party}" for party in PARTIES}, SITE)
    assert not re.search(r"allow: \[\]", config)
    assert config.count('subscribe: { deny: [">"] }') == sum(not permissions_of(p).subscribe for p in PARTIES) == 2
    assert config.count('allowed_connection_types: ["MQTT"]') == len(PARTIES)


def test_what_is_never_to_be_published_takes_nothing_from_what_is_a_partys_own() -> None:
    for party in PARTIES:
        allowed = permissions_of(party)
        for exception in allowed.publish_never:
            assert not any(covers(exception, own) for own in allowed.publish)
