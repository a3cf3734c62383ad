"""What goes wrong at the generator's side: its load, its pad, its pump."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from cordguard.simulators.devices.control import Seen
from cordguard.simulators.devices.fault_times import Timed
from cordguard.simulators.devices.generator_settings import Ohms


class ImpedanceFault(Timed):
    """The active part touches metal, or contact is lost: another load than tissue."""

    kind: Literal["impedance-short", "impedance-open"]
    ohm: Ohms | None = Field(default=None, description="The load; left out 8 Ω for a short, 5 kΩ for an open circuit.")

    def seen(self, seen: Seen) -> Seen:
        """This load."""
        usual_ohm = 8.0 if self.kind == "impedance-short" else 5_000.0
        return Seen(self.ohm or usual_ohm, seen.temperatures_c, seen.pump, seen.pad_ohm)


class PadFailure(Timed):
    """The return pad peels off the skin."""

    kind: Literal["pad-failure"]
    ohm: Ohms = Field(default=300.0, description="Its impedance then.")

    def seen(self, seen: Seen) -> Seen:
        """This pad, if there is one."""
        return Seen(seen.impedance_ohm, seen.temperatures_c, seen.pump, None if seen.pad_ohm is None else self.ohm)


class PumpFailure(Timed):
    """The pump of coolant or saline slows or stands still. The tissue's own cooling by it is not changed."""

    kind: Literal["pump-failure"]
    flow_share: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(default=0.0, description="What is left of its flow.")

    def seen(self, seen: Seen) -> Seen:
        """Less flow."""
        return Seen(seen.impedance_ohm, seen.temperatures_c, self.flow_share, seen.pad_ohm)


LoadFault = ImpedanceFault | PadFailure | PumpFailure
"""What changes what the generator measures."""
