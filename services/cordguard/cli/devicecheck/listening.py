"""What was heard of a source, and what a check says of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from cordguard.contract.topics import GENERATOR, STATUS, TEMPERATURE, Topic, parse

US_PER_S: Final = 1_000_000
KINDS: Final = (GENERATOR, TEMPERATURE, STATUS)
"""What a source publishes."""
TELEMETRY: Final = (GENERATOR, TEMPERATURE)


class Heard(NamedTuple):
    """One message, as it came."""

    received_us: int
    topic: str
    payload: bytes
    qos: int = 1
    retained: bool = False
    """The broker had kept it from before."""
    duplicate: bool = False
    """The broker sent it again: no fault of the device."""


class Finding(NamedTuple):
    """One thing that is wrong."""

    code: str
    """What kind of thing, as one word."""
    words: str
    """What was found, and what to do."""


@dataclass(frozen=True)
class Listening:
    """Everything that a check goes by."""

    site: str
    room: str
    source: str
    from_us: int
    to_us: int
    messages: tuple[Heard, ...]
    """Of the source alone, or of the whole site, in the order in which they came."""
    kept: tuple[Heard, ...] | None = None
    """What the broker had retained when it was asked again at the end; None if it was not asked."""

    @property
    def seconds(self) -> float:
        """How long it was listened."""
        return (self.to_us - self.from_us) / US_PER_S

    @cached_property
    def own(self) -> tuple[tuple[Topic, Heard], ...]:
        """The messages on the source's own topics."""
        return tuple(self._of_source(self.messages))

    def live(self, kind: Topic) -> list[Heard]:
        """What came of a kind while we listened."""
        return [heard for topic, heard in self.own if topic is kind and not heard.retained]

    def kept_of(self, kind: Topic) -> list[Heard]:
        """What the broker had retained of a kind, at the beginning or at the end."""
        both = (*self.messages, *(self.kept or ()))
        return [heard for topic, heard in self._of_source(both) if topic is kind and heard.retained]

    def topic(self, kind: Topic) -> str:
        """Where the source has to publish a kind."""
        return kind.at(self.site, room=self.room, source=self.source)

    def _of_source(self, messages: tuple[Heard, ...]) -> Iterator[tuple[Topic, Heard]]:
        by_topic = {self.topic(kind): kind for kind in KINDS}
        for heard in messages:
            kind = by_topic.get(heard.topic)
            if kind is not None:
                yield kind, heard


def many(count: int, noun: str) -> str:
    """A number and its noun."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def foreign(listening: Listening) -> Iterator[tuple[str, bool]]:
    """Topics, once each, that are not the source's own but may be meant to be; with whether the contract knows them."""
    own = {listening.topic(kind) for kind in KINDS}
    for topic in dict.fromkeys(heard.topic for heard in listening.messages):
        parsed = parse(topic)
        if topic not in own and (parsed is None or parsed.topic in KINDS):
            yield topic, parsed is not None
