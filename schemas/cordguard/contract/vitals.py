"""What safety sees right now, for pages and for the record of trends."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from cordguard.contract.units import (
    OWN_MAX_BYTES,
    Fault,
    Identifier,
    ImpedanceOhm,
    Micros,
    PolicyHash,
    PowerW,
    ProfileName,
    Role,
    SensorKey,
    TemperatureC,
    WireModel,
)


class Limits(WireModel):
    """The limits in force for one neural sensor."""

    warn_c: float = Field(description="R02 warns from here.")
    stop_c: float = Field(description="R01 alarms from here: stop RF.")
    cem43_min: float = Field(description="R06 alarms HIGH from this thermal dose.")


class Forecast(WireModel):
    """Where a neural sensor is heading."""

    limit_in_s: float | None = Field(
        default=None, ge=0.0, description="Time to the stop limit if nothing changes; absent if never."
    )
    peak_if_stopped_c: float | None = Field(default=None, description="Expected peak if RF stopped now.")
    peak_sd_c: float | None = Field(
        default=None, ge=0.0, description="Standard deviation of that peak, as far as it is known."
    )


class SensorVitals(WireModel):
    """One sensor, now. Without temperature_c its temperature is unknown, whatever it was before."""

    sensor: SensorKey = Field(description="source/sensor.")
    role: Role = Field(description="What it guards; a sensor without a role counts as neural.")
    temperature_c: TemperatureC | None = Field(
        default=None, description="Newest temperature; absent if faulty or stale."
    )
    fault: Fault | None = Field(default=None, description="Why there is none.")
    age_ms: int | None = Field(
        default=None, ge=0, description="Age of the newest reading; absent if there never was one."
    )
    slope_c_per_s: float | None = Field(default=None, description="Least-squares slope over the rule window.")
    cem43_min: float = Field(
        ge=0.0, description="Thermal dose so far, CEM43 minutes (carried over per procedure and level)."
    )
    dose_estimated: bool = Field(description="Whether gaps were bridged in that dose.")
    limits: Limits | None = Field(default=None, description="Limits in force, for neural sensors.")
    forecast: Forecast | None = Field(default=None, description="Where it is heading, for neural sensors.")


class GeneratorVitals(WireModel):
    """The generator, now."""

    power_w: PowerW | None = Field(default=None, description="Delivered power; absent if unknown or stale.")
    impedance_ohm: ImpedanceOhm | None = Field(default=None, description="Load impedance; absent if unknown or stale.")
    energy_j: float = Field(ge=0.0, description="Energy delivered in this session.")


class Latency(WireModel):
    """Input received to transition handed to the broker."""

    p50: float = Field(ge=0.0, description="Median, ms.")
    p99: float = Field(ge=0.0, description="99th percentile, ms.")


class Vitals(WireModel):
    """A room at a moment, as the rules see it. QoS 0: outside the promise that acknowledged means kept."""

    max_bytes: ClassVar[int] = OWN_MAX_BYTES

    as_of_us: Micros = Field(description="The moment this describes, by safety's clock.")
    session: Identifier | None = Field(default=None, description="The session under watch.")
    case_pending: bool = Field(default=False, description="Whether an amendment waits for RF to stop.")
    rf_on: bool = Field(description="Whether RF is on, as far as is known.")
    profile: ProfileName = Field(description="The profile in force.")
    policy: PolicyHash = Field(description="Hash of the policy in force.")
    sensors: tuple[SensorVitals, ...] = Field(description="Every sensor that was seen or is expected.")
    generator: GeneratorVitals | None = Field(default=None, description="The generator, if one was seen.")
    latency_ms: Latency | None = Field(default=None, description="How long we take.")
