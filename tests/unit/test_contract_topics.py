"""The topic table: the rows of the specification, and nothing malformed through builders or parser."""

from __future__ import annotations

import pytest

from cordguard.contract import topics
from cordguard.contract.topics import TABLE, Topic

ROOM_TABLE = {  # topic below cordguard/v1/{site}/: QoS, retained
    "{room}/{source}/generator": (1, False),
    "{room}/{source}/temperature": (1, False),
    "{room}/{source}/status": (1, True),
    "{room}/case": (1, True),
    "{room}/mark": (1, False),
    "{room}/command": (1, False),
    "{room}/transition": (1, False),
    "{room}/alarms": (1, True),
    "{room}/vitals": (0, False),
    "{room}/summary": (1, False),
    "{room}/rejected": (1, False),
    "{room}/annunciator": (0, False),
    "canary/watchdog/temperature": (1, False),
    "canary/transition": (1, False),
    "services/simulator/{instance}/clock": (1, False),
    "services/{service}/{instance}/health": (1, True),
    "services/watchdog/{instance}/failure": (1, True),
}


def test_the_table_is_the_one_of_the_specification() -> None:
    assert {row.template: (row.qos, row.retained) for row in TABLE} == ROOM_TABLE


def test_names_are_unique() -> None:
    assert len({row.name for row in TABLE}) == len(TABLE)


@pytest.mark.parametrize(
    ("row", "only"),
    [
        (topics.COMMAND, "console"),
        (topics.TRANSITION, "safety"),
        (topics.FAILURE, "watchdog"),
        (topics.VITALS, "safety"),
    ],
    ids=lambda value: value.name if isinstance(value, Topic) else value,
)
def test_one_party_alone_may_publish_it(row: Topic, only: str) -> None:
    assert row.publishers == (only,)


def test_nobody_but_devices_and_simulators_publishes_telemetry_of_a_room() -> None:
    for row in (topics.GENERATOR, topics.TEMPERATURE, topics.STATUS):
        assert set(row.publishers) == {"device", "simulator"}


def test_nothing_is_addressed_to_a_device() -> None:
    assert [row.name for row in TABLE if {"device", "gateway"} & set(row.subscribers)] == []


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "cordguard/v1/site/or-1/gen-1/humidity",
        "cordguard/v2/site/or-1/gen-1/temperature",
        "cordguard/v1/site/or-1/temperature",
        "cordguard/v1/site/or-1/gen-1/temperature/raw",
        "cordguard/v1/site/or-1/gen-1/temperature/",
        "/cordguard/v1/site/or-1/gen-1/temperature",
        "cordguard/v1//or-1/gen-1/temperature",
        "cordguard/v1/site/OR-1/gen-1/temperature",
        "cordguard/v1/site/or 1/gen-1/temperature",
        "cordguard/v1/site/or-1\n/gen-1/temperature",
        "cordguard/v1/site/or-1/gen-1/temperature\n",
        "cordguard/v1/site/-or/gen-1/temperature",
        "cordguard/v1/site/" + "a" * 64 + "/gen-1/temperature",
        "cordguard/v1/site/+/gen-1/temperature",
        "cordguard/v1/site/or-1/gen-é/temperature",
    ],
)
def test_unknown_words_and_malformed_levels_are_no_topic_of_ours(topic: str) -> None:
    assert topics.parse(topic) is None


@pytest.mark.parametrize("room", ["services", "canary"])
def test_reserved_names_are_no_rooms(room: str) -> None:
    assert topics.parse(f"cordguard/v1/site/{room}/gen-1/temperature") is None
    assert topics.parse(f"cordguard/v1/site/{room}/case") is None
    assert topics.room_of(f"cordguard/v1/site/{room}/case") is None
    with pytest.raises(ValueError, match="reserved"):
        topics.CASE.at("site", room=room)


def test_the_canary_has_a_room_and_a_source_of_its_own() -> None:
    parsed = topics.parse("cordguard/v1/site/canary/watchdog/temperature")
    assert parsed is not None
    assert (parsed.topic, parsed.room, parsed.source) == (topics.CANARY_TEMPERATURE, "canary", "watchdog")
    parsed = topics.parse("cordguard/v1/site/canary/transition")
    assert parsed is not None
    assert (parsed.topic, parsed.room, parsed.source) == (topics.CANARY_TRANSITION, "canary", None)


@pytest.mark.parametrize(
    ("levels", "sentence"),
    [
        ({"room": "or-1"}, "takes the levels"),
        ({"room": "or-1", "source": "gen-1", "sensor": "tip"}, "takes the levels"),
        ({"room": "or-1", "source": "gen/1"}, "source 'gen/1' must match"),
        ({"room": "or-1", "source": "gen-1\n"}, "must match"),
        ({"room": "+", "source": "gen-1"}, "room '\\+' must match"),
        ({"room": "", "source": "gen-1"}, "room '' must match"),
    ],
)
def test_builders_refuse_what_the_parser_would(levels: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        topics.GENERATOR.at("site", **levels)


def test_filters_leave_open_what_is_not_given() -> None:
    assert topics.GENERATOR.filter() == "cordguard/v1/+/+/+/generator"
    assert topics.GENERATOR.filter("site", room="or-1") == "cordguard/v1/site/or-1/+/generator"
    assert topics.CLOCK.filter("site") == "cordguard/v1/site/services/simulator/+/clock"


@pytest.mark.parametrize(
    ("topic", "room"),
    [
        ("cordguard/v1/site/or-1/gen-1/humidity", "or-1"),
        ("cordguard/v1/site/or-1/case", "or-1"),
        ("cordguard/v1/site/or-1", None),
        ("cordguard/v1/site/OR-1/case", None),
        ("cordguard/v1/site/or-1\n/case", None),
        ("cordguard/v2/site/or-1/case", None),
        ("elsewhere", None),
    ],
)
def test_the_room_is_told_even_of_unknown_topics(topic: str, room: str | None) -> None:
    assert topics.room_of(topic) == room
