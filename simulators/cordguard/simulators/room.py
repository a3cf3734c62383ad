"""One simulated room, frame by frame: tissue, devices, faults and operator together. The player adds bus and time.

A frame is 100 ms. In each, the operator acts, the devices take their samples and speak, and then heat flows until the
next. What is published depends on scenario, seed, start and the transitions heard, and on nothing else.
"""

from __future__ import annotations

from typing import Final

from cordguard.contract import topics
from cordguard.contract.alarms import Transition
from cordguard.contract.case import Case, Mark
from cordguard.contract.telemetry import DeviceIdentity, GeneratorReading, Status, TemperatureReading
from cordguard.simulators.checked import MICROS_PER_S
from cordguard.simulators.devices.operator import ACTOR, Operator
from cordguard.simulators.devices.rack import Rack, RackSetup
from cordguard.simulators.devices.stream_faults import Delivery, DeliveryFault, Outgoing
from cordguard.simulators.patient import PlacedSensors, model_of, place_mm
from cordguard.simulators.scenario import Scenario
from cordguard.simulators.tissue.spine import SpineTissue

FRAME_US: Final = 100_000
"""Devices speak at 10 Hz."""
FRAME_S: Final = FRAME_US / MICROS_PER_S
STATUS_FRAMES: Final = 10
"""Status goes out at birth and once a second."""
DEVICE: Final = DeviceIdentity(model="simulated RF generator with thermometry", serial="simulated")


def patient_of(scenario: Scenario) -> PlacedSensors:
    """What needle and sensors of a scenario lie in; a vertebra takes a second or more to lay out."""
    around = scenario.around_the_needle
    places_mm = {sensor.name: place_mm(around, sensor.position_mm, sensor.mount) for sensor in scenario.sensors}
    return PlacedSensors(model_of(around), places_mm)


class SimulatedRoom:
    """Everything in the room. Call ``next_frame`` for each frame, ``hear`` for each transition before it."""

    def __init__(
        self, scenario: Scenario, patient: PlacedSensors, *, site: str, room: str, seed: int, start_us: int
    ) -> None:
        """At the start of the scenario, which is ``start_us``; ``patient`` is warm, ``seed`` makes all its noise."""
        self._scenario: Final = scenario
        self._levels: Final = {"room": room, "source": scenario.source}
        self._site: Final = site
        self._at_us = start_us
        self._start_us: Final = start_us
        self.patient: Final = patient
        """What needle and sensors lie in."""
        self._rack: Final = Rack(
            RackSetup(scenario.generator, scenario.thermometry, scenario.sensors, scenario.faults), self.patient, seed
        )
        self._delivery: Final = Delivery([fault for fault in scenario.faults if isinstance(fault, DeliveryFault)], seed)
        self.session: Final = f"{scenario.name}-{start_us}-{seed}"
        """The session that the operator will open."""
        self.operator: Final = Operator(
            scenario.operator,
            self._case(),
            self._rack.foot_switch,
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
        return self._rack.foot_switch.rf_on

    def hear(self, transition: Transition) -> None:
        """An alarm changed, for the operator to hear."""
        self.operator.hear(transition)

    def next_frame(self) -> tuple[Outgoing, ...]:
        """What is published at ``at_us``, in order: case and marks, status, generator, temperatures."""
        at_us, elapsed_us = self._at_us, self._at_us - self._start_us
        done = self.operator.act(at_us)
        for mark in done:
            if isinstance(mark, Mark):
                self._let_happen(mark, elapsed_us)
        status = (self.status("online", at_us),) if elapsed_us % (STATUS_FRAMES * FRAME_US) == 0 else ()
        readings = [self._from_device(each) for each in self._rack.next_frame(at_us, elapsed_us, FRAME_S)]
        self._at_us += FRAME_US
        said = (self._from_gateway(message) for message in done)
        return (*said, *self._delivery.carry((*status, *readings), elapsed_us))

    def status(self, state: str, at_us: int) -> Outgoing:
        """A sign of life (``online``), or of its end (``offline``)."""
        said_us = self._rack.clock_us(at_us, max(at_us - self._start_us, 0))
        sensors = self._rack.sensors
        status = Status.model_validate({"state": state, "at_us": said_us, "device": DEVICE, "sensors": sensors})
        return Outgoing(topics.STATUS.at(self._site, **self._levels), status.to_wire(), retained=True)

    def _let_happen(self, mark: Mark, elapsed_us: int) -> None:
        if mark.mark == "irrigation-started":
            operator = self._scenario.operator
            self._rack.irrigate(elapsed_us, operator.irrigates_for_s, operator.irrigation_c)
        patient, tissue = self._scenario.patient, self.patient.model
        if mark.mark == "cement-injected" and patient is not None and isinstance(tissue, SpineTissue):
            self.patient.model = patient.cemented(tissue)

    def _from_device(self, reading: GeneratorReading | TemperatureReading) -> Outgoing:
        topic = topics.GENERATOR if isinstance(reading, GeneratorReading) else topics.TEMPERATURE
        return Outgoing(topic.at(self._site, **self._levels), reading.to_wire())

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
