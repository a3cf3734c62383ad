"""One simulated room, frame by frame: tissue, devices, faults and operator together. The player adds bus and time.

A frame is 100 ms. In each, the operator acts, the devices take their samples and speak, and then heat flows until the
next. What is published depends on scenario, seed, start and the transitions heard, and on nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from cordguard.contract import topics
from cordguard.contract.alarms import Transition
from cordguard.contract.case import Case, Mark
from cordguard.contract.telemetry import DeviceIdentity, Status, TemperatureReading
from cordguard.simulators.checked import MICROS_PER_S
from cordguard.simulators.devices.faults import FaultScript
from cordguard.simulators.devices.generator import Generator
from cordguard.simulators.devices.operator import ACTOR, Operator
from cordguard.simulators.devices.thermometry import Thermometry
from cordguard.simulators.patient import model_of, place_mm
from cordguard.simulators.scenario import Scenario
from cordguard.simulators.tissue.model import TissueModel

FRAME_US: Final = 100_000
"""Devices speak at 10 Hz."""
FRAME_S: Final = FRAME_US / MICROS_PER_S
STATUS_FRAMES: Final = 10
"""Status goes out at birth and once a second."""
DEVICE: Final = DeviceIdentity(model="simulated RF generator with thermometry", serial="simulated")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message of a frame."""

    topic: str
    payload: bytes
    retained: bool = False


class SimulatedRoom:
    """Everything in the room. Call ``next_frame`` for each frame, ``hear`` for each transition before it."""

    def __init__(self, scenario: Scenario, *, site: str, room: str, seed: int, start_us: int) -> None:
        """At the start of the scenario, which is ``start_us``; ``seed`` makes all its noise."""
        self._scenario: Final = scenario
        self._levels: Final = {"room": room, "source": scenario.source}
        self._site: Final = site
        self._at_us = start_us
        self._start_us: Final = start_us
        around = scenario.around_the_needle
        self.tissue: Final[TissueModel] = model_of(around)
        """What the needle lies in."""
        self.places_mm: Final = {
            sensor.name: place_mm(around, sensor.position_mm, sensor.mount) for sensor in scenario.sensors
        }
        """Where each sensor lies, in the tissue's frame."""
        self._generator: Final = Generator(scenario.generator, np.random.default_rng([seed, 1]))
        self._thermometry: Final = Thermometry(scenario.sensors, self._tissue_c(), np.random.default_rng([seed, 2]))
        self._faults: Final = FaultScript(scenario.faults, np.random.default_rng([seed, 3]))
        self.session: Final = f"{scenario.name}-{start_us}-{seed}"
        """The session that the operator will open."""
        self.operator: Final = Operator(
            scenario.operator,
            self._case(),
            self._generator,
            start_us=start_us,
            neural_sensors=(entry.sensor for entry in scenario.case_sensors() if entry.role == "neural"),
        )
        """The person in the room."""

    @property
    def at_us(self) -> int:
        """When the next frame is due."""
        return self._at_us

    @property
    def rf_on(self) -> bool:
        """Whether the generator delivers RF."""
        return self._generator.rf_on

    def hear(self, transition: Transition) -> None:
        """An alarm changed, for the operator to hear."""
        self.operator.hear(transition)

    def next_frame(self) -> tuple[Outgoing, ...]:
        """What is published at ``at_us``, in order: status, case and marks, generator, temperatures."""
        at_us, elapsed_us = self._at_us, self._at_us - self._start_us
        said = [self._from_gateway(message) for message in self.operator.act(at_us)]
        faults = self._faults.next_frame(elapsed_us)
        temperatures = self._thermometry.frame(at_us, faults.sensors, rf_on=self._generator.rf_on)
        load_ohm = self.tissue.impedance_ohm() if self._generator.rf_on else 0.0  # it measures its load with RF only
        power_w = self._generator.update(load_ohm, self._probe_c(temperatures), FRAME_S)
        generator = self._generator.reading(at_us)
        self._let_heat_flow(power_w)
        if faults.silent:
            return tuple(said)
        status = (self.status("online", at_us),) if elapsed_us % (STATUS_FRAMES * FRAME_US) == 0 else ()
        return (
            *status,
            *said,
            Outgoing(topics.GENERATOR.at(self._site, **self._levels), generator.to_wire()),
            Outgoing(topics.TEMPERATURE.at(self._site, **self._levels), temperatures.to_wire()),
        )

    def status(self, state: str, at_us: int) -> Outgoing:
        """A sign of life (``online``), or of its end (``offline``)."""
        sensors = self._thermometry.sensors
        status = Status.model_validate({"state": state, "at_us": at_us, "device": DEVICE, "sensors": sensors})
        return Outgoing(topics.STATUS.at(self._site, **self._levels), status.to_wire(), retained=True)

    def _let_heat_flow(self, power_w: float) -> None:
        self.tissue.step(power_w, FRAME_S)
        self._thermometry.follow(self._tissue_c(), FRAME_S)
        self._at_us += FRAME_US

    def _tissue_c(self) -> dict[str, float]:
        return {name: self.tissue.temperature_c(place) for name, place in self.places_mm.items()}

    def _probe_c(self, frame: TemperatureReading) -> float | None:
        probe = self._scenario.generator.probe
        return next((reading.temperature_c for reading in frame.readings if reading.sensor == probe), None)

    def _case(self) -> Case:
        facts = self._scenario.case
        return Case(
            session=self.session,
            revision=1,
            state="open",
            opened_us=self._start_us,
            procedure=f"procedure-{self.session}",
            actor=ACTOR,
            electrode=facts.electrode,
            level=facts.level,
            lesion=facts.lesion,
            posterior_wall=facts.posterior_wall,
            profile=facts.profile,
            sensors=self._scenario.case_sensors(),
            plan=facts.plan,
        )

    def _from_gateway(self, message: Case | Mark) -> Outgoing:
        room = self._levels["room"]
        if isinstance(message, Case):
            return Outgoing(topics.CASE.at(self._site, room=room), message.to_wire(), retained=True)
        return Outgoing(topics.MARK.at(self._site, room=room), message.to_wire())
