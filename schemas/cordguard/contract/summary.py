"""What a session came to: the numbers that the procedure's audit record keeps (NICE IPG759, 1.1 and 3.3)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from cordguard.contract.alarms import RuleId
from cordguard.contract.case import DistanceMm
from cordguard.contract.commands import AlarmId
from cordguard.contract.units import (
    OWN_MAX_BYTES,
    Electrode,
    Identifier,
    ImpedanceOhm,
    Kind,
    Lesion,
    Level,
    Micros,
    PolicyHash,
    PosteriorWall,
    Priority,
    ProfileName,
    Role,
    SensorKey,
    TemperatureC,
    Text,
    WireModel,
    Word,
)

CEM43_QUOTABLE_TO_C = 52.0
"""A dose that includes hotter tissue is exceeded, and its number means nothing (Dewhirst 2003): do not quote it."""


class SensorSummary(WireModel):
    """What one sensor saw, over a session or one ablation."""

    sensor: SensorKey = Field(description="source/sensor.")
    role: Role = Field(description="What it guards.")
    structure: Word | None = Field(default=None, description="The guarded structure.")
    distance_mm: DistanceMm | None = Field(default=None, description="From the ablation to the structure.")
    samples: int = Field(ge=0, description="Temperatures used.")
    faults: int = Field(ge=0, description="Readings without a temperature.")
    completeness_percent: float = Field(ge=0.0, le=100.0, description="Share of the time covered by temperatures.")
    max_temperature_c: TemperatureC | None = Field(default=None, description="Highest temperature.")
    max_at_us: Micros | None = Field(default=None, description="When it was first reached.")
    max_after_cement_c: TemperatureC | None = Field(default=None, description="Highest since the first cement mark.")
    time_above_42_s: float = Field(ge=0.0, description="Time at or above 42 °C.")
    time_above_43_s: float = Field(ge=0.0, description="Time at or above 43 °C.")
    time_above_45_s: float = Field(ge=0.0, description="Time at or above 45 °C.")
    cem43_min: float = Field(ge=0.0, description="Thermal dose of this span, CEM43 minutes.")
    dose_estimated: bool = Field(description="Whether gaps were bridged in that dose.")

    @property
    def cem43_quotable(self) -> bool:
        """Whether the dose may be stated as a number."""
        return self.max_temperature_c is None or self.max_temperature_c <= CEM43_QUOTABLE_TO_C


class AblationSummary(WireModel):
    """One ablation: one span of RF, with pauses of less than 30 s."""

    index: int = Field(ge=1, description="1 for the first.")
    started_us: Micros = Field(description="First RF, or the mark.")
    ended_us: Micros | None = Field(default=None, description="Last RF, or the mark; absent while it runs.")
    rf_on_s: float = Field(ge=0.0, description="Time with RF on.")
    energy_j: float = Field(ge=0.0, description="Energy delivered.")
    mean_power_w: float | None = Field(default=None, ge=0.0, description="Energy over RF time.")
    max_power_w: float | None = Field(default=None, ge=0.0, description="Highest power.")
    temperature_set_c: TemperatureC | None = Field(default=None, description="Set point, as the generator said it.")
    impedance_start_ohm: ImpedanceOhm | None = Field(default=None, description="First impedance under RF.")
    impedance_min_ohm: ImpedanceOhm | None = Field(default=None, description="Lowest impedance under RF.")
    impedance_max_ohm: ImpedanceOhm | None = Field(default=None, description="Highest impedance under RF.")
    high_at_end: tuple[RuleId, ...] = Field(
        default=(), description="Rules of the HIGH alarms whose condition held when RF ended, as far as a stop reason."
    )
    sensors: tuple[SensorSummary, ...] = Field(description="What the sensors saw, until the next ablation began.")


class DeviceSummary(WireModel):
    """A device that served in the session, as it named itself in its status."""

    source: Level = Field(description="Its name on the wire.")
    model: Text | None = Field(default=None, description="Maker's model name.")
    serial: Text | None = Field(default=None, description="Serial number.")
    udi: Text | None = Field(default=None, description="Unique device identification.")
    software: Text | None = Field(default=None, description="Software version of the device.")


class AlarmSummary(WireModel):
    """One alarm of the session, from onset to its last state."""

    alarm_id: AlarmId = Field(description="Which alarm.")
    rule: RuleId = Field(description="The rule.")
    name: Word = Field(description="The rule's name.")
    sensor: SensorKey | None = Field(default=None, description="Where.")
    kind: Kind = Field(description="About the patient, or about the equipment.")
    priority: Priority = Field(description="Highest priority it had.")
    raised_us: Micros = Field(description="When it was first raised (event time).")
    ended_us: Micros | None = Field(default=None, description="When its condition last ended.")
    acknowledged_after_s: float | None = Field(default=None, ge=0.0, description="From raise to first acknowledgement.")
    times_raised: int = Field(ge=1, description="How often it was raised.")


class AlarmCounts(WireModel):
    """Alarms by priority, each counted once."""

    high: int = Field(ge=0, description="Act at once.")
    medium: int = Field(ge=0, description="Act soon.")
    low: int = Field(ge=0, description="Be aware.")


class MarkSummary(WireModel):
    """A mark that was set in the session."""

    mark: Word = Field(description="What happened.")
    at_us: Micros = Field(description="When.")


class CaptureReference(WireModel):
    """The recording that this summary was computed from, up to the input that made it due."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="Hash of the recording's bytes so far.")
    lines: int = Field(ge=0, description="Number of lines hashed.")
    from_us: Micros = Field(description="First received_us in it.")
    to_us: Micros = Field(description="Last received_us in it.")


class SessionSummary(WireModel):
    """Computed from the raw stream by the one session fold; a higher revision replaces a lower one."""

    max_bytes: ClassVar[int] = OWN_MAX_BYTES

    session: Identifier = Field(description="Which session.")
    revision: int = Field(ge=1, description="1 for the first summary of this session.")
    final: bool = Field(description="False at closing of the record, true when the watch is released.")
    procedure: Identifier | None = Field(default=None, description="The procedure it belongs to.")
    actor: Identifier | None = Field(default=None, description="Who opened or last amended the case.")
    opened_us: Micros = Field(description="When the case began.")
    closed_us: Micros | None = Field(default=None, description="When the record was closed.")
    released_us: Micros | None = Field(default=None, description="When the watch was released.")
    level: str | None = Field(default=None, max_length=16, description="Vertebral level.")
    electrode: Electrode | None = Field(default=None, description="Topology of the electrode.")
    lesion: Lesion | None = Field(default=None, description="Kind of metastasis.")
    posterior_wall: PosteriorWall | None = Field(default=None, description="State of the posterior wall.")
    profile: ProfileName = Field(description="The profile in force.")
    policy: PolicyHash = Field(description="Hash of the policy in force.")
    monitor: Text = Field(description="Name and version of the software that computed it.")
    devices: tuple[DeviceSummary, ...] = Field(default=(), description="Devices that served, by source.")
    rf_on_s: float = Field(ge=0.0, description="Time with RF on.")
    energy_j: float = Field(ge=0.0, description="Energy delivered.")
    sensors: tuple[SensorSummary, ...] = Field(description="Over the whole session.")
    ablations: tuple[AblationSummary, ...] = Field(description="One by one.")
    alarm_counts: AlarmCounts = Field(description="Alarms by priority.")
    alarms: tuple[AlarmSummary, ...] = Field(
        description="One by one, in order of onset; of very many the newest, and every HIGH first."
    )
    alarms_left_out: int = Field(default=0, ge=0, description="How many alarms are counted above but not listed.")
    marks: tuple[MarkSummary, ...] = Field(description="In order.")
    audio_pauses: int = Field(ge=0, description="How often the sound was paused.")
    monitor_blind_s: float = Field(ge=0.0, description="Time in which nobody watched.")
    thermometry: Literal["neural", "none"] = Field(description="Whether a neural sensor delivered temperatures at all.")
    capture: CaptureReference | None = Field(default=None, description="The recording it stands on.")
