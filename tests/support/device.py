"""A device to be checked: a healthy stream of messages, second by second, and ways to spoil it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from cordguard.cli.devicecheck.listening import Heard, Listening
from cordguard.contract.topics import GENERATOR, STATUS, TEMPERATURE

FROM_US: Final = 1_790_000_000_000_000
SITE: Final = "lab"
ROOM: Final = "or-1"
SOURCE: Final = "gen-1"
FRAME_US: Final = 100_000
DELAY_US: Final = 5_000
"""From the sample to us."""
LEVELS: Final = {"room": ROOM, "source": SOURCE}

Json = dict[str, Any]
Spoil = Callable[[str, int, Json], Json | None]
"""Kind, number and content of a message to what comes instead; None for nothing."""


def frame(kind: str, number: int) -> Json:
    """What a healthy device says at a moment."""
    at_us = FROM_US + number * FRAME_US
    if kind == "generator":
        return {"seq": number, "at_us": at_us, "rf_on": False, "power_w": 0.0}
    if kind == "temperature":
        readings = [{"sensor": "canal", "temperature_c": 37.0}, {"sensor": "tip", "temperature_c": 37.5}]
        return {"seq": number, "at_us": at_us, "readings": readings}
    sensors = [{"sensor": "canal", "role": "neural"}, {"sensor": "tip", "role": "probe"}]
    return {"state": "online", "at_us": at_us, "device": {"model": "M1"}, "sensors": sensors}


def stream(spoil: Spoil = lambda _kind, _number, content: content, *, seconds: float = 20.0) -> Listening:
    """What is heard of a device in so many seconds: 10 frames a second, a status every second, kept by the broker."""
    heard: list[Heard] = []
    for number in range(round(seconds * 10)):
        kinds = ("generator", "temperature", "status") if number % 10 == 0 else ("generator", "temperature")
        for kind in kinds:
            content = spoil(kind, number, frame(kind, number))
            if content is not None:
                heard.append(message(kind, number, content))
    statuses = [found for found in heard if found.topic.endswith("/status")]
    return Listening(
        site=SITE,
        room=ROOM,
        source=SOURCE,
        from_us=FROM_US,
        to_us=FROM_US + round(seconds * 1_000_000),
        messages=tuple(heard),
        kept=tuple(found._replace(retained=True) for found in statuses[-1:]),
    )


def message(kind: str, number: int, content: Json | bytes) -> Heard:
    """One message, as it is heard."""
    topic = {"generator": GENERATOR, "temperature": TEMPERATURE, "status": STATUS}[kind].at(SITE, **LEVELS)
    payload = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Heard(FROM_US + number * FRAME_US + DELAY_US, topic, payload)


def of_kind(kind: str, change: Callable[[int, Json], Json | None]) -> Spoil:
    """Spoil the messages of one kind alone."""
    return lambda found, number, content: change(number, content) if found == kind else content


def with_messages(listening: Listening, messages: Iterable[Heard]) -> Listening:
    """The same with other messages, in the order in which they came."""
    return replace(listening, messages=tuple(sorted(messages, key=lambda heard: heard.received_us)))
