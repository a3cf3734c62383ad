"""What goes to the page, as frames.

``latest``: numbers and alarms; ``record``: case, summary, events; ``batch``: points of traces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue
from pydantic_core import from_json, to_json

from cordguard.console.failures import alarm_system_failures, hears_foreign_clock, service_state, stands_still
from cordguard.console.live import AlarmMark, RoomLive, SiteLive
from cordguard.console.moments import STALE_MS, UNKNOWN_MS, Freshness, Moment, freshness, seconds
from cordguard.console.numerals import Numerals, numerals
from cordguard.console.presentation import SYMBOLS, AlarmView, alarm_views, highest, paused_for_s
from cordguard.console.standing import CaseStanding, case_standing
from cordguard.console.traces import Point
from cordguard.contract.alarms import Transition
from cordguard.contract.case import Case
from cordguard.contract.summary import SessionSummary
from cordguard.contract.units import Priority


@dataclass(frozen=True, slots=True)
class RoomChoice:
    """One room to choose, with its most urgent alarm: no alarm of another room is out of sight."""

    room: str
    case_open: bool
    priority: Priority | None
    symbol: str


@dataclass(frozen=True, slots=True)
class AlarmsView:
    """The room's alarms. ``last-known``: safety said so once, and has been silent since."""

    state: Literal["current", "last-known", "unknown"]
    age_ms: int | None
    audio_paused_for_s: float | None
    reminded_for_s: float | None
    """How long ago an alarm reminded of itself, on our own clock; None if none did."""
    present: list[AlarmView]


@dataclass(frozen=True, slots=True)
class SourceView:
    """One device or gateway."""

    source: str
    state: str
    age_ms: int
    model: str | None


@dataclass(frozen=True, slots=True)
class ServiceView:
    """One service of the alarm system."""

    service: str
    instance: str
    state: str


@dataclass(frozen=True, slots=True)
class CommandView:
    """One command and what became of it."""

    command_id: str
    action: str
    alarm_id: str | None
    outcome: str
    text: str


@dataclass(frozen=True, slots=True)
class Latest:
    """Everything that is only true now."""

    kind: Literal["latest"]
    server_us: int
    clock_us: int
    source_us: int | None
    simulated: bool
    """All times here are those of a simulated run."""
    stands_still: bool
    """That run told its time and does not any more: nothing here is current, and nothing has failed."""
    foreign_clock: bool
    """A simulated run tells its time on this broker; what is shown here goes by real time all the same."""
    connected: bool
    room: str | None
    rooms: list[RoomChoice]
    failures: list[str]
    numerals: Numerals | None
    case_standing: CaseStanding | None
    alarms: AlarmsView
    commands: list[CommandView]
    sources: list[SourceView]
    services: list[ServiceView]
    rejected_count: int
    rejected_reason: str | None
    left_out: list[str]
    """Of what there is more than is kept, in sentences."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the list of what happened."""

    at_us: int
    change: str
    priority: Priority
    symbol: str
    name: str
    sensor: str | None
    message: str
    actor: str | None
    late: bool


@dataclass(frozen=True, slots=True)
class MarkView:
    """Where on the time axis of the traces an alarm began or rose."""

    at_us: int
    priority: Priority
    symbol: str


@dataclass(frozen=True, slots=True)
class Record:
    """What changes seldom and is sent when it does."""

    kind: Literal["record"]
    server_us: int
    source_us: int | None
    stale_ms: int
    unknown_ms: int
    case: JsonValue
    summary: JsonValue
    unquotable: tuple[str, ...]
    """Sensors of the summary whose dose means nothing as a number: certainly exceeded."""
    events: list[Event]
    marks: list[MarkView]


@dataclass(frozen=True, slots=True)
class Batch:
    """Points of traces: new ones, or (``whole``) all there are."""

    kind: Literal["batch"]
    server_us: int
    source_us: int | None
    whole: bool
    traces: Mapping[str, Sequence[Point]]


def latest(site: SiteLive, room: RoomLive | None, now: Moment, *, connected: bool) -> bytes:
    """The ``latest`` frame of a room, or of no room yet."""
    rejected = room.rejected if room is not None else None
    frame = Latest(
        kind="latest",
        server_us=now.server_us,
        clock_us=now.clock_us,
        source_us=_source_us(room),
        simulated=site.simulated,
        stands_still=stands_still(site, now),
        foreign_clock=hears_foreign_clock(site, now),
        connected=connected,
        room=room.room if room is not None else None,
        rooms=[_choice(site.rooms[name], now) for name in sorted(site.rooms)],
        failures=alarm_system_failures(site, room, now, connected=connected),
        numerals=numerals(room, now) if room is not None else None,
        case_standing=case_standing(room, now),
        alarms=_alarms(room, now),
        commands=_commands(room, now),
        sources=_sources(room, now),
        services=_services(site, now),
        rejected_count=room.rejected_count if room is not None else 0,
        rejected_reason=rejected.reason if rejected is not None else None,
        left_out=site.left_out.sentences() + (room.left_out.sentences() if room is not None else []),
    )
    return to_json(frame)


def record(room: RoomLive | None, now: Moment) -> bytes:
    """The ``record`` frame of a room."""
    frame = Record(
        kind="record",
        server_us=now.server_us,
        source_us=_source_us(room),
        stale_ms=STALE_MS,
        unknown_ms=UNKNOWN_MS,
        case=_wire(room.case) if room is not None else None,
        summary=_wire(room.summary) if room is not None else None,
        unquotable=_unquotable(room.summary) if room is not None else (),
        events=[_event(transition) for transition in reversed(room.events)] if room is not None else [],
        marks=[_mark(mark) for mark in room.marks] if room is not None else [],
    )
    return to_json(frame)


def batch(room: RoomLive | None, traces: Mapping[str, Sequence[Point]], now: Moment, *, whole: bool) -> bytes:
    """A ``batch`` frame with these points."""
    return to_json(Batch("batch", now.server_us, _source_us(room), whole, traces))


def _source_us(room: RoomLive | None) -> int | None:
    return room.vitals.as_of_us if room is not None and room.vitals is not None else None


def _alarms_state(room: RoomLive, now: Moment) -> tuple[Literal["current", "last-known", "unknown"], int | None]:
    if room.alarms is None:
        return "unknown", None
    if room.alarms_came is None:
        return "last-known", None
    age_ms = (now.server_us - room.alarms_came.server_us) // 1_000
    state: Freshness = freshness(age_ms)
    return ("last-known" if state == "unknown" else "current"), age_ms


def _choice(room: RoomLive, now: Moment) -> RoomChoice:
    current = _alarms_state(room, now)[0] == "current"
    priority = highest(room.alarms.present) if room.alarms is not None and current else None
    case_open = room.case is not None and room.case.state == "open"
    return RoomChoice(room.room, case_open, priority, SYMBOLS[priority] if priority is not None else "")


def _alarms(room: RoomLive | None, now: Moment) -> AlarmsView:
    if room is None or room.alarms is None:
        return AlarmsView("unknown", None, None, None, [])
    state, age_ms = _alarms_state(room, now)
    reminded_for_s = seconds(now.server_us - room.reminded.server_us) if room.reminded is not None else None
    present = alarm_views(room.alarms.present, now.clock_us)
    return AlarmsView(state, age_ms, paused_for_s(room.alarms, now), reminded_for_s, present)


def _commands(room: RoomLive | None, now: Moment) -> list[CommandView]:
    asked = room.commands.recent(now) if room is not None else []
    return [
        CommandView(each.command.command_id, each.command.action, each.command.alarm_id, each.outcome, each.text)
        for each in asked
    ]


def _sources(room: RoomLive | None, now: Moment) -> list[SourceView]:
    if room is None:
        return []
    return [
        SourceView(source, status.state, came.age_ms(now), status.device.model if status.device is not None else None)
        for source, (status, came) in sorted(room.sources.items())
    ]


def _services(site: SiteLive, now: Moment) -> list[ServiceView]:
    return [
        ServiceView(service, instance, service_state(health, came, now))
        for (service, instance), (health, came) in sorted(site.services.items())
    ]


def _event(transition: Transition) -> Event:
    return Event(
        at_us=transition.event_us,
        change=transition.change,
        priority=transition.priority,
        symbol=SYMBOLS[transition.priority],
        name=transition.name,
        sensor=transition.sensor,
        message=transition.message,
        actor=transition.actor,
        late=transition.late,
    )


def _mark(mark: AlarmMark) -> MarkView:
    return MarkView(mark.at_us, mark.priority, SYMBOLS[mark.priority])


def _unquotable(summary: SessionSummary | None) -> tuple[str, ...]:
    return tuple(each.sensor for each in summary.sensors if not each.cem43_quotable) if summary is not None else ()


def _wire(model: Case | SessionSummary | None) -> JsonValue:
    content: JsonValue = from_json(model.to_wire()) if model is not None else None
    return content
