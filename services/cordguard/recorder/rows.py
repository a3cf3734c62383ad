"""What the store keeps, one frozen row for each fact. Keys name a fact; the same key never changes its content.

Telemetry is keyed by where and when it was measured, never by session: which session a sample belongs to is safety's
to say, and a sample must not appear twice because somebody said it late.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TemperatureRow:
    """One sensor at one moment, as its device reported it."""

    site: str
    room: str
    source: str
    sensor: str
    at_us: int
    """When it was measured, by the source's clock."""
    seq: int
    session: str | None
    """The session the source believed in, if it named one."""
    temperature_c: float | None
    fault: str | None
    """Why there is no temperature: open, short, range or invalid."""
    cold_junction_c: float | None


@dataclass(frozen=True, slots=True)
class GeneratorRow:
    """One sample of a generator, as it reported it; what it did not report is None."""

    site: str
    room: str
    source: str
    at_us: int
    seq: int
    session: str | None
    rf_on: bool
    """RF is on by word (rf_on) or by deed (more than 0.5 W)."""
    power_w: float | None
    impedance_ohm: float | None
    power_set_w: float | None
    voltage_v: float | None
    current_a: float | None
    temperature_set_c: float | None
    pump_flow_ml_min: float | None
    pad_impedance_ohm: float | None


@dataclass(frozen=True, slots=True)
class VitalsRow:
    """One sensor as safety saw it: age, slope, dose, limits in force and forecast."""

    site: str
    room: str
    source: str
    sensor: str
    """The sensor's name at its source; ``-`` if safety speaks of the source as a whole."""
    at_us: int
    """The moment it describes, by safety's clock."""
    session: str | None
    role: str
    profile: str
    rf_on: bool
    temperature_c: float | None
    fault: str | None
    age_ms: int | None
    slope_c_per_s: float | None
    cem43_min: float
    dose_estimated: bool
    warn_c: float | None
    stop_c: float | None
    cem43_limit_min: float | None
    limit_in_s: float | None
    peak_if_stopped_c: float | None
    peak_sd_c: float | None


@dataclass(frozen=True, slots=True)
class TransitionRow:
    """One change of one alarm; ``(alarm_id, step)`` names it."""

    site: str
    room: str
    alarm_id: str
    step: int
    session: str | None
    rule: str
    name: str
    sensor: str | None
    """``source/sensor``, or a source as a whole; None for the room or for ourselves."""
    kind: str
    priority: str
    change: str
    condition: bool
    latched: bool
    acknowledged: bool
    event_us: int
    received_us: int
    value: float | None
    limit: float | None
    message: str
    policy: str
    late: bool
    command_id: str | None
    actor: str | None
    role: str | None
    reason_code: str | None
    evidence: str | None
    """What the rule saw, as JSON."""


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One revision of a case, verbatim."""

    site: str
    room: str
    session: str
    revision: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class MarkRow:
    """Something that happened at the table, verbatim."""

    site: str
    room: str
    mark_id: str
    at_us: int
    mark: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A dead letter, verbatim; named by the hash of its bytes, since it has no name of its own."""

    site: str
    room: str
    sha256: str
    received_us: int
    topic: str
    reason: str
    payload: bytes


Row = TemperatureRow | GeneratorRow | VitalsRow | TransitionRow | CaseRow | MarkRow | RejectedRow
