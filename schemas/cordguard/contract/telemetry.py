"""What devices and gateways stream: generator readings, temperatures, status."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from cordguard.contract.units import (
    CurrentA,
    DeviceModel,
    Fault,
    FlowMlMin,
    Identifier,
    ImpedanceOhm,
    Level,
    Micros,
    PowerW,
    Role,
    Sequence,
    TemperatureC,
    Text,
    VoltageV,
)


class GeneratorReading(DeviceModel):
    """One sample of an RF generator, as it shows it itself. Cordguard reads; it never sets."""

    seq: Sequence = Field(description="Running number of this source's generator readings.")
    at_us: Micros = Field(description="When the sample was taken, by the source's clock.")
    session: Identifier | None = Field(
        default=None, description="The session the source believes it serves, if it knows."
    )
    rf_on: bool = Field(description="Whether the generator says that it delivers RF.")
    power_w: PowerW = Field(description="Delivered power; above 0.5 W counts as RF on whatever rf_on says.")
    impedance_ohm: ImpedanceOhm | None = Field(default=None, description="Load impedance, as far as it is measured.")
    power_set_w: PowerW | None = Field(default=None, description="Power the user asked for.")
    voltage_v: VoltageV | None = Field(default=None, description="Output voltage, RMS.")
    current_a: CurrentA | None = Field(default=None, description="Output current, RMS.")
    temperature_set_c: TemperatureC | None = Field(
        default=None, description="Set point of a temperature-controlled generator."
    )
    pump_flow_ml_min: FlowMlMin | None = Field(default=None, description="Coolant flow of a cooled probe.")
    pad_impedance_ohm: ImpedanceOhm | None = Field(
        default=None, description="Return pad impedance of a monopolar system."
    )


class SensorReading(DeviceModel):
    """One sensor's part of a temperature frame: a temperature, or the fault that stands in its place."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["temperature_c"]}, {"required": ["fault"]}]},
    )

    sensor: Level = Field(description="The sensor's name at its source.")
    temperature_c: TemperatureC | None = Field(default=None, description="Temperature at the junction.")
    fault: Fault | None = Field(
        default=None, description="Why there is no temperature; a fault wins over a temperature."
    )
    cold_junction_c: TemperatureC | None = Field(default=None, description="Temperature of the terminals.")

    @model_validator(mode="after")
    def _says_something(self) -> SensorReading:
        if self.temperature_c is None and self.fault is None:
            msg = "a reading needs temperature_c or fault"
            raise ValueError(msg)
        return self


class TemperatureReading(DeviceModel):
    """One frame of a thermometry device: all its sensors at one moment."""

    seq: Sequence = Field(description="Running number of this source's temperature frames.")
    at_us: Micros = Field(description="When the frame was taken, by the source's clock.")
    session: Identifier | None = Field(
        default=None, description="The session the source believes it serves, if it knows."
    )
    readings: tuple[SensorReading, ...] = Field(min_length=1, description="One entry for each sensor.")


class DeviceIdentity(DeviceModel):
    """Which device speaks, for the record."""

    model: Text | None = Field(default=None, description="Maker's model name.")
    serial: Text | None = Field(default=None, description="Serial number.")
    udi: Text | None = Field(default=None, description="Unique device identification.")
    software: Text | None = Field(default=None, description="Software version of the device.")


class StatusSensor(DeviceModel):
    """A sensor that the device says it has, and what it is for."""

    sensor: Level = Field(description="The sensor's name at its source.")
    role: Role = Field(description="What the sensor guards, as far as the device knows.")


class Status(DeviceModel):
    """Sign of life of a source: retained, at birth, then once a second; the last will says offline."""

    state: Literal["online", "offline"] = Field(description="online while the source lives; offline is its last will.")
    at_us: Micros = Field(description="When it was said, by the source's clock (for a last will: when it connected).")
    device: DeviceIdentity | None = Field(default=None, description="Which device it is.")
    sensors: tuple[StatusSensor, ...] = Field(default=(), max_length=64, description="The sensors it has.")
