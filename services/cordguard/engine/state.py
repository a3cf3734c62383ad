"""Everything the engine remembers of a room. Plain data: it becomes canonical JSON and comes back bit for bit."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final, Literal

from cordguard.contract.case import Case
from cordguard.contract.telemetry import DeviceIdentity
from cordguard.contract.units import Fault, Kind, Priority, ProfileName, Role
from cordguard.engine.clocks import SourceClock
from cordguard.engine.dose import Dose
from cordguard.engine.levels import Ladder, ladder_of
from cordguard.engine.lifecycle import Flags
from cordguard.engine.limits import BoundLimits, stricter_role
from cordguard.engine.local import LatencyMs
from cordguard.engine.oversight import Oversight
from cordguard.engine.policy import Policy, Profile
from cordguard.engine.session import SessionFold, UnassignedSample
from cordguard.engine.slope import SlopeWindow
from cordguard.engine.streams import Stream

SLOPE_US: Final = 10_000_000
EARLY_SLOPE_US: Final = 5_000_000
"""Window of the first 30 s of RF, when a 10 s slope is not there yet."""
KNOWN_ALARMS: Final = 500
"""How many alarms' steps are remembered."""
CALM_US: Final = 30_000_000
"""Window over which a neural sensor must not rise before its watch may end."""


@dataclass(slots=True)
class Sensor:
    """One thermocouple of a room."""

    key: str
    """source/sensor."""
    case_role: Role | None = None
    status_role: Role | None = None
    temperature_c: float | None = None
    fault: Fault | None = None
    heard_us: int | None = None
    """Received time of the newest in-order reading, good or faulty; None if there never was one."""
    event_us: int = 0
    """Event time of that reading."""
    late_by_us: int = 0
    """How old that reading was when it was received, if it was backlog."""
    good_in_a_row: int = 0
    readings_since_stale: int = 0
    recent: deque[tuple[int, float]] = field(default_factory=deque)
    """(at, temperature) of the last in-order samples, oldest first."""
    late: list[tuple[int, float]] = field(default_factory=list)
    """(at, temperature) of the last late samples, sorted by time."""
    slope: SlopeWindow = field(default_factory=lambda: SlopeWindow(SLOPE_US))
    early_slope: SlopeWindow = field(default_factory=lambda: SlopeWindow(EARLY_SLOPE_US))
    calm: SlopeWindow = field(default_factory=lambda: SlopeWindow(CALM_US))
    dose: Dose = field(default_factory=Dose)
    measured_us: int = 0
    """Received time of the newest temperature that counted for dose."""
    stepped: bool = False
    """The source's clock was set since then: the next interval is ours to tell."""
    ladders: dict[str, Ladder] = field(default_factory=dict)
    """Rule id to its levels on this sensor."""

    @property
    def role(self) -> Role:
        """What it guards; without a role it counts as neural."""
        case, status = self.case_role, self.status_role
        return (case if status is None or case == status else stricter_role(case, status)) or "neural"

    @property
    def listed(self) -> bool:
        """Whether anybody said what it is for."""
        return self.case_role is not None or self.status_role is not None

    def ladder(self, rule: str) -> Ladder:
        """The levels of a rule on this sensor, made when first asked for."""
        return ladder_of(self.ladders, rule)


@dataclass(slots=True)
class Generator:
    """The newest word of one source's generator."""

    rf_on: bool = False
    power_w: float | None = None
    impedance_ohm: float | None = None
    event_us: int = 0
    baseline: list[float] = field(default_factory=list)
    """Impedances of the first 10 s at power."""
    baseline_power_us: int = 0
    """RF time that went into the baseline."""
    baseline_ohm: float | None = None
    newest_at_us: int | None = None
    heard_us: int = 0
    """Received time of the newest sample."""
    stepped: bool = False
    """The source's clock was set since then: the next interval is ours to tell."""
    off_at_us: int | None = None
    """Source's time of the first sample without RF after RF; None while RF is on or never was."""


@dataclass(slots=True)
class Source:
    """One device or gateway."""

    name: str
    clock: SourceClock = field(default_factory=SourceClock)
    streams: dict[str, Stream] = field(default_factory=dict)
    """Kind (generator, temperature) to its order."""
    generator: Generator | None = None
    state: Literal["online", "offline"] | None = None
    heard_us: int = 0
    """Received time of the last sign of life."""
    event_us: int = 0
    ladders: dict[str, Ladder] = field(default_factory=dict)
    silent: dict[str, int] = field(default_factory=dict)
    """Kinds of its streams that fell silent (generator; temperature, if many sensors did so together), each with the
    number of samples since: what its R14 stands for."""
    faults: deque[tuple[int, int]] = field(default_factory=deque)
    """(at, count) of sequence faults of the last minute."""
    samples: deque[tuple[int, int]] = field(default_factory=deque)
    """(second of at, number of samples) of the last minute."""
    stamps_in_a_row: int = 0
    device: DeviceIdentity | None = None
    """What it says it is; kept after its last word."""
    back_us: int = 0
    """Received time at which its last R17 ended: its sensors' silence counts from there."""

    @property
    def hushed(self) -> bool:
        """Whether the silence of its sensors is told by its own R14."""
        return "temperature" in self.silent

    def stream(self, kind: str) -> Stream:
        """The order of one kind of message, made when first asked for."""
        stream = self.streams.get(kind)
        if stream is None:
            stream = self.streams[kind] = Stream()
        return stream

    def ladder(self, rule: str) -> Ladder:
        """The levels of a rule on this source, made when first asked for."""
        return ladder_of(self.ladders, rule)


@dataclass(slots=True)
class Alarm:
    """One alarm that is present."""

    alarm_id: str
    step: int
    rule: str
    sensor: str | None
    kind: Kind
    priority: Priority
    flags: Flags
    onset_us: int
    session: str | None
    message: str
    value: float | None = None
    limit: float | None = None
    reminded_us: int = 0
    """Received time from which the next reminder counts."""
    high_since_us: int = 0
    """Received time at which it was raised as HIGH, or rose to it; what R38 counts from."""


@dataclass(slots=True)
class Watch:
    """The case under watch, from opening to release."""

    case: Case
    bound: BoundLimits
    pending: Case | None = None
    """An amendment that would loosen something while RF is on."""
    cement_event_us: int | None = None


@dataclass(slots=True)
class OutboxEntry:
    """A publication that the broker may not have yet."""

    number: int
    topic: str
    payload: str


@dataclass(slots=True)
class RoomState:
    """One room."""

    site: str
    room: str
    policy: Policy
    next_policy: Policy
    received_us: int = 0
    newest_event_us: int = 0
    sensors: dict[str, Sensor] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    alarms: dict[str, Alarm] = field(default_factory=dict)
    """``rule sensor`` to the alarm that is present."""
    steps: dict[str, int] = field(default_factory=dict)
    """Alarm to its newest step, of the last alarms: one raised again from the same onset goes on counting."""
    ladders: dict[str, Ladder] = field(default_factory=dict)
    """Rule id to its levels for the room as a whole."""
    watch: Watch | None = None
    last_bound: BoundLimits | None = None
    """Limits of the last case: what backlog without a case is judged under."""
    sessions: dict[str, tuple[int, bool]] = field(default_factory=dict)
    """Session to its newest revision and whether it was released."""
    dose_scope: tuple[str | None, str | None] | None = None
    """Procedure and level that the doses belong to."""
    fold: SessionFold | None = None
    unassigned: deque[UnassignedSample] = field(default_factory=deque)
    """Samples of the last 10 minutes that belong to no session yet."""
    rf_on: bool = False
    rf_on_event_us: int | None = None
    rf_on_received_us: int = 0
    rf_off_event_us: int | None = None
    """Event time at which RF went off; None while it is on or never was."""
    rf_run_event_us: int | None = None
    """Start of the present run of RF, whose pauses are shorter than 30 s."""
    paused_until_us: int | None = None
    pause_command: str | None = None
    """The command that began the pause that runs."""
    executed: dict[str, int] = field(default_factory=dict)
    """Commands and marks that were carried out, with the received time."""
    silence_from_us: int = 0
    """Received time before which silence does not count: we were not listening."""
    blind_until_live: bool = False
    """A blind interval is over, but its backlog is not."""
    blind_deadline_us: int = 0
    latency_ms: LatencyMs | None = None
    latency_told_us: int = 0
    """Received time at which it was told."""
    oversight: Oversight = field(default_factory=Oversight)
    published: int = 0
    outbox: deque[OutboxEntry] = field(default_factory=deque)
    counters: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, list[int]] = field(default_factory=dict)
    """Source to the second of its last dead letter, and how many it had in it."""

    def count(self, what: str, by: int = 1) -> None:
        """Count something for health."""
        if by:
            self.counters[what] = self.counters.get(what, 0) + by

    def remember_step(self, alarm_id: str, step: int) -> None:
        """Keep an alarm's newest step, also when the alarm is gone."""
        self.steps.pop(alarm_id, None)
        self.steps[alarm_id] = step
        if len(self.steps) > KNOWN_ALARMS:
            del self.steps[next(iter(self.steps))]

    def ladder(self, rule: str) -> Ladder:
        """The levels of a rule for the room as a whole."""
        return ladder_of(self.ladders, rule)

    def source(self, name: str) -> Source:
        """A source by name, made when first heard of."""
        source = self.sources.get(name)
        if source is None:
            source = self.sources[name] = Source(name)
        return source

    def sensor(self, key: str) -> Sensor:
        """A sensor by source/sensor, made when first heard of."""
        sensor = self.sensors.get(key)
        if sensor is None:
            sensor = self.sensors[key] = Sensor(key)
            if self.watch is not None:
                sensor.case_role = next((s.role for s in self.watch.case.sensors if s.sensor == key), None)
        return sensor

    @property
    def bound(self) -> BoundLimits:
        """The limits in force for the room."""
        return self.watch.bound if self.watch is not None else BoundLimits("unknown", self.policy.profiles.unknown)

    @property
    def profile(self) -> ProfileName:
        """Name of the profile in force."""
        return self.bound.profile

    def limits_for(self, sensor: Sensor, *, backlog: bool = False) -> Profile:
        """The limits for one sensor: an unlisted one is judged under the strictest profile."""
        if not sensor.listed:
            return self.policy.profiles.unknown
        if self.watch is None and backlog and self.last_bound is not None:
            return self.last_bound.limits
        return self.bound.limits

    @property
    def session(self) -> str | None:
        """The session under watch."""
        return self.watch.case.session if self.watch is not None else None
