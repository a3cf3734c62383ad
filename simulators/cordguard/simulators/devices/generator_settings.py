"""Classes of RF generators as they are sold for the spine, vendor-neutral; numbers are those of published use.

None of them has a published data sheet of its control law: powers, limits and times are typical of the class
(proposals), and each can be set in a scenario.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from cordguard.contract.units import FlowMlMin, Level, PowerW, TemperatureC
from cordguard.simulators.checked import Checked

Share = Annotated[float, Field(ge=-0.2, le=0.2)]
Seconds = Annotated[float, Field(gt=0.0, le=3_600.0)]
Ohms = Annotated[float, Field(gt=0.0, le=10_000.0)]


class AnyGenerator(Checked):
    """What all classes have."""

    power_set_w: PowerW = Field(description="The set power; under temperature control the most that it may use.")
    ramp_w_per_s: Annotated[float, Field(gt=0.0, le=1_000.0)] = Field(default=4.0, description="Fastest rise of power.")
    impedance_min_ohm: Ohms = Field(default=20.0, description="Below this it stops itself: a short.")
    impedance_max_ohm: Ohms = Field(default=1_000.0, description="Above this it stops itself: an open circuit.")
    power_meter_error: Share = Field(default=0.0, description="Relative error of its power meter, at most 20 %.")
    impedance_meter_error: Share = Field(default=0.0, description="Relative error of its impedance meter.")
    rate_hz: Annotated[float, Field(ge=1.0, le=10.0)] = Field(default=10.0, description="Readings in a second.")

    @property
    def watched(self) -> tuple[Level, ...]:
        """The sensors without which it does not run."""
        return ()

    @property
    def too_hot_c(self) -> float | None:
        """Above this at a watched sensor it stops itself."""
        return None


class ArticulatedBipolar(AnyGenerator):
    """Low power, raised by hand in steps until a thermocouple at the edge of the zone reads the end point."""

    kind: Literal["articulated-bipolar"]
    power_step_w: Annotated[float, Field(gt=0.0, le=50.0)] = Field(default=2.0, description="One step of the knob.")
    step_every_s: Seconds = Field(default=10.0, description="From one step to the next.")
    edges: Annotated[tuple[Level, ...], Field(max_length=2)] = Field(
        default=(), description="Its edge thermocouples, at most two; without any there is no end point."
    )
    end_point_c: TemperatureC = Field(default=50.0, description="It stops when the warmer edge reads this for 1 s.")

    @property
    def watched(self) -> tuple[Level, ...]:
        """Its edge thermocouples."""
        return self.edges


class HoldsTemperature(AnyGenerator):
    """Power follows the thermocouple in the probe."""

    probe: Level = Field(description="The sensor that it goes by.")
    temperature_set_c: Annotated[float, Field(ge=42.0, le=95.0)] = Field(default=70.0, description="What it holds.")
    ramp_c_per_s: Annotated[float, Field(gt=0.0, le=20.0)] = Field(default=1.0, description="Rise of the set point.")
    hold_s: Seconds = Field(default=420.0, description="It ends so long after the set point was reached.")
    reach_within_s: Seconds = Field(default=240.0, description="If it is not reached by then, it stops itself.")
    over_c: Annotated[float, Field(gt=0.0, le=50.0)] = Field(
        default=10.0, description="So far above the set point it stops itself."
    )

    @property
    def watched(self) -> tuple[Level, ...]:
        """Its probe."""
        return (self.probe,)

    @property
    def too_hot_c(self) -> float | None:
        """Set point and margin."""
        return self.temperature_set_c + self.over_c


class CooledBipolar(HoldsTemperature):
    """Water-cooled inside; ramps by itself to 70 °C and holds for 7 to 15 min. Stops when its pump stands still."""

    kind: Literal["cooled-bipolar"]
    pump_flow_ml_min: FlowMlMin = Field(default=30.0, description="Coolant flow when the pump runs.")


class InfusedBipolar(HoldsTemperature):
    """Wets the tissue with saline through the needle, before RF and during it, and holds a temperature.

    What saline does to tissue is not simulated: an animal study found no effect on temperature, impedance or size.
    """

    kind: Literal["infused-bipolar"]
    prime_s: Annotated[float, Field(ge=0.0, le=120.0)] = Field(default=5.0, description="Infusion before RF.")


class PulsedMonopolar(AnyGenerator):
    """High power through one tip to a pad on the skin; rests when impedance rises, and goes on."""

    kind: Literal["pulsed-monopolar"]
    ramp_w_per_s: Annotated[float, Field(gt=0.0, le=1_000.0)] = Field(
        default=40.0, description="Fastest rise of power."
    )
    rise_ohm: Annotated[float, Field(gt=0.0, le=200.0)] = Field(
        default=15.0, description="So far above the lowest impedance it rests."
    )
    rest_s: Seconds = Field(default=15.0, description="How long it rests.")
    treat_s: Seconds = Field(default=720.0, description="It ends after this time, rests included.")
    pad_ohm: Ohms = Field(default=60.0, description="Impedance of its return pad.")


GeneratorSettings = Annotated[
    ArticulatedBipolar | CooledBipolar | InfusedBipolar | PulsedMonopolar, Field(discriminator="kind")
]

PAD_MIN_OHM: Final = 20.0
PAD_MAX_OHM: Final = 120.0
"""A return pad outside these has no safe contact; every monopolar generator stops."""
