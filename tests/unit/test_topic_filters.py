from __future__ import annotations

import pytest

from cordguard.bus.filters import covers, matches, require_topic


@pytest.mark.parametrize(
    ("topic_filter", "topic", "expected"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/b/c", False),
        ("a/b/c", "a/b", False),
        ("a/+", "a/b", True),
        ("a/+", "a", False),
        ("a/+", "a/b/c", False),
        ("+/+", "a/b", True),
        ("+", "a/b", False),
        ("a/+/c", "a/b/c", True),
        ("a/+/c", "a//c", True),
        ("#", "a/b/c", True),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("a/#", "ab/c", False),
        ("a/+/#", "a", False),
        ("a/+/#", "a/b", True),
        ("a/+/#", "a/b/c/d", True),
        ("#", "$SYS/load", False),
        ("+/load", "$SYS/load", False),
        ("$SYS/#", "$SYS/load", True),
        ("a/B", "a/b", False),
    ],
)
def test_filters_match_as_mqtt_says(topic_filter: str, topic: str, expected: bool) -> None:  # noqa: FBT001
    assert matches(topic_filter, topic) is expected


@pytest.mark.parametrize(
    ("wider", "narrower", "expected"),
    [
        ("a/+/c", "a/b/c", True),
        ("a/+/c", "a/+/c", True),
        ("a/b/c", "a/+/c", False),
        ("a/#", "a/+/c", True),
        ("a/#", "a/#", True),
        ("a/#", "a", True),
        ("a/+", "a/#", False),
        ("a/+/c", "a/#", False),
        ("a/+/#", "a/#", False),
        ("+/#", "#", False),
        ("#", "+/#", True),
    ],
)
def test_a_filter_covers_another_if_it_matches_all_that_the_other_matches(
    wider: str,
    narrower: str,
    expected: bool,  # noqa: FBT001
) -> None:
    assert covers(wider, narrower) is expected


def test_topics_that_can_be_published_to_pass() -> None:
    require_topic("cordguard/v1/site/or-1/vitals")
    require_topic("x" * 65_535)
