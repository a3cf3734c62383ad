"""The topic table: the only place where topics are spelled, and who may publish and hear what.

Builders (``topic.at(...)``), the parser (``parse``), broker permissions and the tables in the docs all read ``TABLE``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from cordguard.contract.alarms import PresentAlarms, Transition
from cordguard.contract.case import Case, Mark
from cordguard.contract.commands import AnnunciatorBeat, Command
from cordguard.contract.health import ClockReading, Failure, Health, Rejected
from cordguard.contract.summary import SessionSummary
from cordguard.contract.telemetry import GeneratorReading, Status, TemperatureReading
from cordguard.contract.units import LEVEL_PATTERN, WireModel
from cordguard.contract.vitals import Vitals

PREFIX: Final = "cordguard/v1"
CANARY_ROOM: Final = "canary"
CANARY_SOURCE: Final = "watchdog"
RESERVED_ROOMS: Final = frozenset({"services", CANARY_ROOM})
"""Names that no procedure room may have."""

_LEVEL: Final = re.compile(LEVEL_PATTERN)

Party = Literal["device", "gateway", "safety", "recorder", "audit", "console", "watchdog", "simulator"]
"""Who connects to the broker. A simulator is device and gateway in one, and owns the clock of its run."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One row of the table: a kind of topic, its payload and its parties."""

    name: str
    """The name used in code and in parsed topics, for example ``temperature``."""
    template: str
    """The levels below the site; ``{room}``, ``{source}``, ``{service}`` and ``{instance}`` are the variable ones."""
    payload: type[WireModel]
    publishers: tuple[Party, ...]
    subscribers: tuple[Party, ...]
    qos: Literal[0, 1] = 1
    retained: bool = False

    def at(self, site: str, **levels: str) -> str:
        """The concrete topic.

        Raises:
            ValueError: a level is missing, superfluous, malformed or a reserved room name.
        """
        values = {"site": site, **levels}
        wanted = {"site", *_variables(self.template)}
        if set(values) != wanted:
            msg = f"topic {self.name} takes the levels {sorted(wanted)}, not {sorted(values)}"
            raise ValueError(msg)
        for level, value in values.items():
            if not _LEVEL.fullmatch(value):
                msg = f"{level} {value!r} must match {LEVEL_PATTERN}"
                raise ValueError(msg)
        if values.get("room") in RESERVED_ROOMS:
            msg = f"room {values['room']!r} is a reserved name"
            raise ValueError(msg)
        return f"{PREFIX}/{site}/" + self.template.format(**levels)

    def filter(self, site: str = "+", **levels: str) -> str:
        """The MQTT filter that matches this kind of topic; a level that is not given matches anything."""
        wild = dict.fromkeys(_variables(self.template), "+") | levels
        return f"{PREFIX}/{site}/" + self.template.format(**wild)


def _variables(template: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\{(\w+)\}", template))


GENERATOR: Final = Topic(
    "generator",
    "{room}/{source}/generator",
    GeneratorReading,
    ("device", "simulator"),
    ("safety", "recorder", "console"),
)
TEMPERATURE: Final = Topic(
    "temperature",
    "{room}/{source}/temperature",
    TemperatureReading,
    ("device", "simulator"),
    ("safety", "recorder", "console"),
)
STATUS: Final = Topic(
    "status", "{room}/{source}/status", Status, ("device", "simulator"), ("safety", "console"), retained=True
)
CASE: Final = Topic(
    "case",
    "{room}/case",
    Case,
    ("console", "gateway", "simulator"),
    ("safety", "audit", "recorder", "console"),
    retained=True,
)
MARK: Final = Topic("mark", "{room}/mark", Mark, ("console", "gateway", "simulator"), ("safety", "audit", "recorder"))
COMMAND: Final = Topic("command", "{room}/command", Command, ("console",), ("safety", "audit"))
TRANSITION: Final = Topic(
    "transition", "{room}/transition", Transition, ("safety",), ("audit", "recorder", "console", "simulator")
)
ALARMS: Final = Topic("alarms", "{room}/alarms", PresentAlarms, ("safety",), ("console", "simulator"), retained=True)
VITALS: Final = Topic("vitals", "{room}/vitals", Vitals, ("safety",), ("console", "recorder", "simulator"), qos=0)
SUMMARY: Final = Topic("summary", "{room}/summary", SessionSummary, ("safety",), ("audit", "console"))
REJECTED: Final = Topic("rejected", "{room}/rejected", Rejected, ("safety",), ("recorder", "console"))
ANNUNCIATOR: Final = Topic("annunciator", "{room}/annunciator", AnnunciatorBeat, ("console",), ("safety",), qos=0)
CANARY_TEMPERATURE: Final = Topic(
    "canary-temperature", "canary/watchdog/temperature", TemperatureReading, ("watchdog",), ("safety",)
)
CANARY_TRANSITION: Final = Topic("canary-transition", "canary/transition", Transition, ("safety",), ("watchdog",))
CLOCK: Final = Topic(
    "clock",
    "services/simulator/{instance}/clock",
    ClockReading,
    ("simulator",),
    ("safety", "recorder", "audit", "console", "watchdog"),
)
HEALTH: Final = Topic(
    "health",
    "services/{service}/{instance}/health",
    Health,
    ("safety", "recorder", "audit", "console", "watchdog"),
    ("console", "watchdog"),
    retained=True,
)
FAILURE: Final = Topic(
    "failure", "services/watchdog/{instance}/failure", Failure, ("watchdog",), ("console",), retained=True
)

TABLE: Final[tuple[Topic, ...]] = (
    GENERATOR,
    TEMPERATURE,
    STATUS,
    CASE,
    MARK,
    COMMAND,
    TRANSITION,
    ALARMS,
    VITALS,
    SUMMARY,
    REJECTED,
    ANNUNCIATOR,
    CANARY_TEMPERATURE,
    CANARY_TRANSITION,
    CLOCK,
    HEALTH,
    FAILURE,
)


@dataclass(frozen=True, slots=True)
class ParsedTopic:
    """A concrete topic, taken apart."""

    topic: Topic
    site: str
    room: str | None = None
    source: str | None = None
    service: str | None = None
    instance: str | None = None


_BY_PATTERN: Final = tuple(
    (
        re.compile(rf"{PREFIX}/(?P<site>[^/]+)/" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", topic.template) + r"\Z"),
        topic,
    )
    # Literal templates first: canary/watchdog/temperature is not a room's temperature.
    for topic in sorted(TABLE, key=lambda row: row.template.count("{"))
)


@lru_cache(maxsize=4_096)
def parse(topic: str) -> ParsedTopic | None:
    """Take a concrete topic apart; None if it is none of the table's (unknown word, malformed level, reserved room)."""
    for pattern, row in _BY_PATTERN:
        if match := pattern.match(topic):
            levels = match.groupdict()
            if all(_LEVEL.fullmatch(level) for level in levels.values()) and levels.get("room") not in RESERVED_ROOMS:
                room = CANARY_ROOM if row in (CANARY_TEMPERATURE, CANARY_TRANSITION) else levels.get("room")
                source = CANARY_SOURCE if row is CANARY_TEMPERATURE else levels.get("source")
                return ParsedTopic(row, levels["site"], room, source, levels.get("service"), levels.get("instance"))
    return None


def whole_site(site: str) -> str:
    """The filter that matches everything of a site."""
    return f"{PREFIX}/{site}/#"


def all_sources(site: str) -> str:
    """The filter that matches all that sources say in rooms, and nothing else of the table.

    One filter, one order: on NATS a filter of its own lets temperatures overtake the generator behind an outage.
    """
    return f"{PREFIX}/{site}/+/+/+"


@lru_cache(maxsize=4_096)
def site_of(topic: str) -> str | None:
    """The site a topic belongs to, even if the rest of it is unknown; None if no site can be told."""
    levels = topic.removeprefix(f"{PREFIX}/").split("/")
    return levels[0] if topic.startswith(f"{PREFIX}/") and _LEVEL.fullmatch(levels[0]) else None


@lru_cache(maxsize=4_096)
def room_of(topic: str) -> str | None:
    """The room a topic speaks of, even if the rest of it is unknown; None if no room can be told."""
    if not topic.startswith(f"{PREFIX}/"):
        return None
    match topic.removeprefix(f"{PREFIX}/").split("/"):
        case [site, room, _, *_] if _LEVEL.fullmatch(site) and _LEVEL.fullmatch(room):
            return None if room in RESERVED_ROOMS else room
        case _:
            return None
