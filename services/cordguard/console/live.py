"""The live state of a site, room by room: what the newest messages said, and when they came.

Pure: time is an argument.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from cordguard.console.bounds import INSTANCES_MAX, LeftOut, Marked
from cordguard.console.commands import CommandLog
from cordguard.console.moments import Moment
from cordguard.console.traces import Trace, place_us
from cordguard.contract import lenient, topics
from cordguard.contract.alarms import PresentAlarms, Transition
from cordguard.contract.case import Case
from cordguard.contract.health import Failure, Health, Rejected
from cordguard.contract.lenient import Unreadable
from cordguard.contract.summary import SessionSummary
from cordguard.contract.telemetry import Status
from cordguard.contract.topics import ParsedTopic
from cordguard.contract.units import Priority
from cordguard.contract.vitals import Vitals

EVENTS_KEPT: Final = 100
MARKS_KEPT: Final = 200


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message off the bus."""

    topic: str
    payload: bytes
    retained: bool
    came: Moment


@dataclass(frozen=True, slots=True)
class AlarmMark:
    """Where on the time axis an alarm began or rose."""

    at_us: int
    priority: Priority


@dataclass(slots=True)
class RoomLive:
    """Everything the page shows of one room."""

    room: str
    heard: Moment
    """When the room was first heard of."""
    vitals: Vitals | None = None
    vitals_came: Moment | None = None
    alarms: PresentAlarms | None = None
    alarms_came: Moment | None = None
    """When safety last said it live; a retained message proves nothing about now."""
    reminded: Moment | None = None
    """When an alarm last reminded of itself, since the sound was last paused."""
    case: Case | None = None
    case_came: Moment | None = None
    case_refused: str | None = None
    """Why safety refused the newest message about the case; None again with the next case."""
    summary: SessionSummary | None = None
    sources: dict[str, tuple[Status, Moment]] = field(default_factory=dict)
    rejected: Rejected | None = None
    rejected_count: int = 0
    traces: dict[str, Trace] = field(default_factory=dict)
    """By ``source/sensor`` for temperatures, by ``source#power_w`` and ``source#impedance_ohm`` for generators."""
    marks: deque[AlarmMark] = field(default_factory=lambda: deque(maxlen=MARKS_KEPT))
    events: deque[Transition] = field(default_factory=lambda: deque(maxlen=EVENTS_KEPT))
    commands: CommandLog = field(default_factory=CommandLog)
    record_version: int = 0
    """Rises when case, summary, events or marks change: what is sent on change only."""
    left_out: LeftOut = field(default_factory=LeftOut)
    marked: Marked = field(default_factory=Marked)
    """Alarms on the time axis, each with the priorities it had."""

    def trace(self, key: str) -> Trace | None:
        """The trace of this key; None when there are too many to keep another."""
        return self.traces.setdefault(key, Trace()) if self.left_out.admits("traces", self.traces, key) else None

    def mark(self, alarm_id: str, mark: AlarmMark) -> None:
        """Remember an alarm on the time axis, once for each priority it had."""
        if self.marked.is_new((alarm_id, mark.priority)):
            self.marks.append(mark)
            self.record_version += 1


@dataclass(slots=True)
class SiteLive:
    """All rooms of a site, and the services that watch them."""

    started: Moment
    simulated: bool = False
    """Whether we go by a run's clock. If not, a clock on the broker is somebody else's: it changes nothing here."""
    rooms: dict[str, RoomLive] = field(default_factory=dict)
    services: dict[tuple[str, str], tuple[Health, Moment | None]] = field(default_factory=dict)
    """By service and instance; the moment is that of the last live word, None if there was none since we came."""
    failures: dict[str, Failure] = field(default_factory=dict)
    """The watchdogs' word, by instance."""
    clock_came: Moment | None = None
    """When a simulated run last told its time, be it ours or somebody else's."""
    left_out: LeftOut = field(default_factory=LeftOut)
    unread: int = 0
    """Messages that could not be read; safety makes them dead letters, here they only must not hurt."""

    def apply(self, incoming: Incoming) -> None:
        """Take one message in. What is unreadable, foreign or the watchdog's test room is passed over."""
        parsed = topics.parse(incoming.topic)
        apply = _APPLY.get(parsed.topic.name) if parsed is not None else None
        if parsed is None or apply is None:
            return
        if isinstance(apply(self, parsed, incoming), Unreadable):
            self.unread += 1

    def room(self, name: str, now: Moment) -> RoomLive | None:
        """The room of this name, new if need be; None when there are too many."""
        if not self.left_out.admits("rooms", self.rooms, name):
            return None
        return self.rooms.setdefault(name, RoomLive(name, now))


def _on_generator(room: RoomLive, parsed: ParsedTopic, incoming: Incoming) -> Unreadable | None:
    frame = lenient.read_generator(incoming.payload)
    if isinstance(frame, Unreadable) or incoming.retained:
        return frame if isinstance(frame, Unreadable) else None
    at_us = place_us(frame.at_us, incoming.came.clock_us)
    for quantity, value in (("power_w", frame.power_w), ("impedance_ohm", frame.impedance_ohm)):
        if (trace := room.trace(f"{parsed.source}#{quantity}")) is not None:
            trace.add(at_us, value)
    return None


def _on_temperature(room: RoomLive, parsed: ParsedTopic, incoming: Incoming) -> Unreadable | None:
    frame = lenient.read_temperature(incoming.payload)
    if isinstance(frame, Unreadable) or incoming.retained:
        return frame if isinstance(frame, Unreadable) else None
    at_us = place_us(frame.at_us, incoming.came.clock_us)
    for sample in frame.samples:
        if (trace := room.trace(f"{parsed.source}/{sample.sensor}")) is not None:
            trace.add(at_us, sample.temperature_c)
    return None


def _on_status(room: RoomLive, parsed: ParsedTopic, incoming: Incoming) -> Unreadable | None:
    status = lenient.read_status(incoming.payload)
    if isinstance(status, Unreadable):
        return status
    name = parsed.source or ""
    if room.left_out.admits("devices", room.sources, name):
        room.sources[name] = (status, incoming.came)
    return None


def _on_vitals(room: RoomLive, parsed: ParsedTopic, incoming: Incoming) -> Unreadable | None:
    del parsed
    vitals = lenient.read(Vitals, incoming.payload)
    if isinstance(vitals, Unreadable) or incoming.retained:
        return vitals if isinstance(vitals, Unreadable) else None
    room.vitals, room.vitals_came = vitals, incoming.came
    return None


def _on_alarms(room: RoomLive, parsed: ParsedTopic, incoming: Incoming) -> Unreadable | None:
    del parsed
    alarms = lenient.read(PresentAlarms, incoming.payload)
    if isinstance(alarms, Unreadable):
        return alarms
    if incoming.retained and room.alarms_came is not None:
        return None  # after a reconnect the kept message comes again: it is no news
    if alarms.audio == "paused" and (room.alarms is None or room.alarms.audio != "paused"):
        room.reminded = None  # a pause is silent from its beginning
    room.alarms = alarms
    room.alarms_came = room.alarms_came if incoming.retained else incoming.came
    for alarm in alarms.present:
        room.mark(alarm.alarm_id, AlarmMark(alarm.since_us, alarm.priority))
    return None


def _on_transition(room: RoomLive, parsed: ParsedTopic, incoming: Incoming) -> Unreadable | None:
    del parsed
    transition = lenient.read(Transition, incoming.payload)
    if isinstance(transition, Unreadable):
        return transition
    if any((known.alarm_id, known.step) == (transition.alarm_id, transition.step) for known in room.events):
        return None
    room.events.append(transition)
    room.record_version += 1
    room.commands.answer(transition)
    if transition.change in {"raised", "escalated"}:
        room.mark(transition.alarm_id, AlarmMark(transition.event_us, transition.priority))
    elif transition.change == "reminded":
        room.reminded = incoming.came
    return None


def _on_case(room: RoomLive, parsed: ParsedTopic, incoming: Incoming) -> Unreadable | None:
    del parsed
    case = lenient.read(Case, incoming.payload)
    if isinstance(case, Unreadable):
        return case
    if room.case is not None and case.session == room.case.session and case.revision <= room.case.revision:
        return None
    room.case, room.case_came, room.case_refused = case, incoming.came, None
    room.record_version += 1
    return None


def _on_summary(room: RoomLive, parsed: ParsedTopic, incoming: Incoming) -> Unreadable | None:
    del parsed
    summary = lenient.read(SessionSummary, incoming.payload)
    if isinstance(summary, Unreadable):
        return summary
    known = room.summary
    if known is not None and summary.session == known.session and summary.revision <= known.revision:
        return None
    room.summary = summary
    room.record_version += 1
    return None


def _on_rejected(room: RoomLive, parsed: ParsedTopic, incoming: Incoming) -> Unreadable | None:
    del parsed
    rejected = lenient.read(Rejected, incoming.payload)
    if isinstance(rejected, Unreadable):
        return rejected
    room.rejected = rejected
    room.rejected_count += rejected.count
    about = topics.parse(rejected.topic)
    if about is not None and about.topic is topics.CASE:
        room.case_refused = rejected.reason
    return None


def _on_health(site: SiteLive, parsed: ParsedTopic, incoming: Incoming) -> Unreadable | None:
    health = lenient.read(Health, incoming.payload)
    if isinstance(health, Unreadable):
        return health
    key = (parsed.service or "", parsed.instance or "")
    instances = [known for known in site.services if known[0] == parsed.service]
    has_place = site.left_out.admits("services", site.services, key)
    if has_place and site.left_out.admits("services", instances, key, INSTANCES_MAX):
        _, last_live = site.services.get(key, (None, None))
        site.services[key] = (health, last_live if incoming.retained else incoming.came)
    return None


def _on_failure(site: SiteLive, parsed: ParsedTopic, incoming: Incoming) -> Unreadable | None:
    failure = lenient.read(Failure, incoming.payload)
    if isinstance(failure, Unreadable):
        return failure
    instance = parsed.instance or ""
    if site.left_out.admits("watchdogs", site.failures, instance):
        site.failures[instance] = failure
    return None


def _on_clock(site: SiteLive, parsed: ParsedTopic, incoming: Incoming) -> Unreadable | None:
    del parsed
    if not incoming.retained:
        site.clock_came = incoming.came
    return None


OfRoom = Callable[[RoomLive, ParsedTopic, Incoming], Unreadable | None]
OfSite = Callable[[SiteLive, ParsedTopic, Incoming], Unreadable | None]


def _in_room(apply: OfRoom) -> OfSite:
    def apply_in_room(site: SiteLive, parsed: ParsedTopic, incoming: Incoming) -> Unreadable | None:
        room = site.room(parsed.room or "", incoming.came)
        return apply(room, parsed, incoming) if room is not None else None

    return apply_in_room


_APPLY: Final[dict[str, OfSite]] = {
    topics.GENERATOR.name: _in_room(_on_generator),
    topics.TEMPERATURE.name: _in_room(_on_temperature),
    topics.STATUS.name: _in_room(_on_status),
    topics.VITALS.name: _in_room(_on_vitals),
    topics.ALARMS.name: _in_room(_on_alarms),
    topics.TRANSITION.name: _in_room(_on_transition),
    topics.CASE.name: _in_room(_on_case),
    topics.SUMMARY.name: _in_room(_on_summary),
    topics.REJECTED.name: _in_room(_on_rejected),
    topics.HEALTH.name: _on_health,
    topics.FAILURE.name: _on_failure,
    topics.CLOCK.name: _on_clock,
}
