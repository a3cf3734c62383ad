"""Builders and parser are each other's inverse, for any levels."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cordguard.contract import topics
from cordguard.contract.topics import RESERVED_ROOMS, TABLE, Topic
from cordguard.contract.units import LEVEL_PATTERN

LEVELS = st.from_regex(re.compile(r"[a-z0-9][a-z0-9-]{0,62}"), fullmatch=True).filter(
    lambda level: level not in RESERVED_ROOMS
)

every_topic = pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)


def levels_of(row: Topic) -> list[str]:
    return re.findall(r"\{(\w+)\}", row.template)


@every_topic
@settings(max_examples=20)
@given(data=st.data())
def test_what_a_builder_builds_the_parser_takes_apart(row: Topic, data: st.DataObject) -> None:
    site = data.draw(LEVELS)
    levels = {level: data.draw(LEVELS) for level in levels_of(row)}
    parsed = topics.parse(row.at(site, **levels))
    assert parsed is not None
    assert parsed.topic is row
    assert parsed.site == site
    assert {level: getattr(parsed, level) for level in levels} == levels


@every_topic
@settings(max_examples=20)
@given(data=st.data())
def test_a_filter_matches_what_its_builder_builds(row: Topic, data: st.DataObject) -> None:
    levels = {level: data.draw(LEVELS) for level in levels_of(row)}
    topic = row.at("site", **levels).split("/")
    wanted = row.filter().split("/")
    assert len(topic) == len(wanted)
    assert all(want in ("+", have) for want, have in zip(wanted, topic, strict=True))


@every_topic
@settings(max_examples=20)
@given(data=st.data(), ill=st.text(max_size=70).filter(lambda text: not re.fullmatch(LEVEL_PATTERN[1:-1], text)))
def test_an_ill_level_is_neither_built_nor_parsed(row: Topic, data: st.DataObject, ill: str) -> None:
    spoilt = data.draw(st.sampled_from(["site", *levels_of(row)]))
    levels = dict.fromkeys(["site", *levels_of(row)], "a") | {spoilt: ill}
    with pytest.raises(ValueError, match="must match"):
        row.at(**levels)
    assert topics.parse(f"{topics.PREFIX}/{levels['site']}/{row.template.format(**levels)}") is None


@given(st.text(alphabet="abc-/+#\n ", max_size=40))
def test_any_text_is_parsed_without_an_error(text: str) -> None:
    topics.parse(text)
    topics.parse(f"{topics.PREFIX}/{text}")
    topics.room_of(f"{topics.PREFIX}/{text}")
