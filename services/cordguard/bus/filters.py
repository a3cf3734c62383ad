"""MQTT topic filters: ``+`` stands for one level, ``#`` at the end for all that follow and for the level before it."""

from __future__ import annotations

from typing import Final

TOPIC_MAX_BYTES: Final = 65_535
"""The most that MQTT's length field can say."""


def matches(topic_filter: str, topic: str) -> bool:
    """Whether a concrete topic falls under a filter; a leading wildcard leaves the broker's own ``$…`` out."""
    wanted, given = topic_filter.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in {"+", "#"}:
        return False
    if wanted[-1] == "#":
        wanted.pop()
        if len(given) < len(wanted):
            return False
        given = given[: len(wanted)]
    return len(wanted) == len(given) and all(want in ("+", level) for want, level in zip(wanted, given, strict=True))


def covers(wider: str, narrower: str) -> bool:
    """Whether every topic that falls under the narrower filter also falls under the wider one."""
    outer, inner = wider.split("/"), narrower.split("/")
    if outer[-1] == "#":
        outer.pop()
        if len(inner) < len(outer):
            return False
        inner = inner[: len(outer)]
    return len(outer) == len(inner) and all(
        want == level or (want == "+" and level != "#") for want, level in zip(outer, inner, strict=True)
    )


def require_topic(topic: str) -> None:
    """Make sure that a topic can be published to.

    Raises:
        ValueError: it is empty, too long, or has a wildcard or a zero character.
    """
    if not topic or set(topic) & set("+#\0") or len(topic.encode()) > TOPIC_MAX_BYTES:
        msg = f"{topic[:100]!r} is no topic to publish to: expected 1 to {TOPIC_MAX_BYTES} bytes without +, # and NUL"
        raise ValueError(msg)
