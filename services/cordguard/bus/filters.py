"""MQTT topic filters: ``+`` stands for one level, ``#`` at the end for all that follow and for the level before it."""

from __future__ import annotations


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
