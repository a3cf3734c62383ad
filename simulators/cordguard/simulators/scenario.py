"""Scenarios: who lies there, what is connected, what is done, what breaks, and what the monitor should say to it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, ValidationError, model_validator

from cordguard.contract.alarms import RuleId
from cordguard.contract.case import CaseSensor, Plan
from cordguard.contract.units import Electrode, Lesion, Level, PosteriorWall, ProfileName
from cordguard.simulators.checked import Checked, first_problems
from cordguard.simulators.devices.faults import FaultSettings
from cordguard.simulators.devices.generator_settings import GeneratorSettings
from cordguard.simulators.devices.operator import OperatorSettings
from cordguard.simulators.devices.sensor_faults import SensorFault
from cordguard.simulators.devices.thermometry import SensorSettings, ThermometrySettings
from cordguard.simulators.patient import PatientSettings, SphereSettings

ScenarioName = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
"""Part of the identifier of each session that is played from it, so no blanks."""

SUFFIX: Final = ".toml"
_FOLDER: Final = "scenarios"


class ScenarioError(Exception):
    """A scenario that cannot be played: says which, what is wrong with it and what is expected."""


class CaseFacts(Checked):
    """What the operator writes into the case."""

    electrode: Electrode = Field(description="Topology of the electrode.")
    level: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9/-]{0,15}$")] = Field(
        description="Vertebral level, for example T8."
    )
    lesion: Lesion = Field(description="Kind of metastasis.")
    posterior_wall: PosteriorWall = Field(description="State of the posterior wall.")
    profile: ProfileName = Field(description="Named limit profile.")
    plan: Plan = Field(description="What is planned.")


class Recording(Checked):
    """How a capture without a monitor goes: nobody hears an alarm, so the moments are fixed."""

    rf_off_s: Annotated[float, Field(gt=0.0)] = Field(description="The operator releases the foot switch.")
    until_s: Annotated[float, Field(gt=0.0)] = Field(description="The capture ends.")


class Scenario(Checked):
    """One scenario file. All times are seconds from its start."""

    name: ScenarioName = Field(description="How it is called for: the file's name without its suffix.")
    title: str = Field(description="A line for a person.")
    clinical_sense: str = Field(description="A paragraph: what happens, why, and what it should teach.")
    raises: frozenset[RuleId] = Field(description="Rules that the monitor must raise at least once.")
    silent: frozenset[RuleId] = Field(description="Rules that it must not raise.")
    source: Level = Field(default="gen-1", description="Name of the device that publishes everything.")
    maximum_s: Annotated[float, Field(gt=0.0, le=7_200.0)] = Field(description="Longest it may take, watch included.")
    patient: PatientSettings | None = Field(default=None, description="A needle in a vertebra: the whole model.")
    tissue: SphereSettings | None = Field(default=None, description="Instead: one tissue around a ball, quick.")
    case: CaseFacts = Field(description="What the case says.")
    generator: GeneratorSettings = Field(description="How the generator is set up.")
    thermometry: ThermometrySettings = Field(default=ThermometrySettings(), description="The box that reads them.")
    sensors: tuple[SensorSettings, ...] = Field(min_length=1, max_length=64, description="The thermocouples.")
    operator: OperatorSettings = Field(description="What the person does.")
    faults: tuple[FaultSettings, ...] = Field(default=(), description="What breaks.")
    recording: Recording = Field(description="The fixed script of a capture.")

    @model_validator(mode="after")
    def _holds_together(self) -> Scenario:
        for problem in _contradictions(self):
            raise ValueError(problem)
        return self

    @property
    def around_the_needle(self) -> PatientSettings | SphereSettings:
        """Whichever of the two was given."""
        around = self.patient or self.tissue
        if around is None:
            msg = "a scenario that was read has one of them"
            raise AssertionError(msg)
        return around

    @property
    def first_sentence(self) -> str:
        """The first sentence of its clinical sense."""
        words = " ".join(self.clinical_sense.split())
        return re.split(r"(?<=[.!?])\s", words, maxsplit=1)[0]

    def case_sensors(self) -> tuple[CaseSensor, ...]:
        """The sensors as the case names them."""
        return tuple(
            CaseSensor(
                sensor=f"{self.source}/{sensor.name}",
                role=sensor.role,
                structure=sensor.structure,
                distance_mm=sensor.distance_mm,
            )
            for sensor in self.sensors
        )


def available_scenarios() -> tuple[str, ...]:
    """Names of the scenarios that are shipped."""
    folder = resources.files(__package__) / _FOLDER
    return tuple(sorted(entry.name.removesuffix(SUFFIX) for entry in folder.iterdir() if entry.name.endswith(SUFFIX)))


def load_scenario(name: str) -> Scenario:
    """A shipped scenario by its name, or one of your own by the path of its ``.toml`` file.

    Raises:
        ScenarioError: there is none of that name, or it cannot be read.
    """
    if name.endswith(SUFFIX):
        try:
            return read_scenario(Path(name).read_text(encoding="utf-8"), Path(name).stem)
        except (OSError, UnicodeDecodeError) as error:
            msg = f"scenario {name} cannot be read: {error}"
            raise ScenarioError(msg) from None
    if name not in available_scenarios():
        names = ", ".join(available_scenarios())
        msg = f"there is no scenario {name!r}; take one of {names}, or the path of a {SUFFIX} file"
        raise ScenarioError(msg)
    return read_scenario((resources.files(__package__) / _FOLDER / f"{name}{SUFFIX}").read_text(encoding="utf-8"), name)


def read_scenario(text: str, name: str) -> Scenario:
    """The scenario that a TOML text describes.

    Raises:
        ScenarioError: it is no TOML, or a field is missing, unknown or out of range.
    """
    try:
        content = tomllib.loads(text)
        if "name" in content:
            msg = f"scenario {name}: leave name out, the file's name is the scenario's"
            raise ScenarioError(msg)
        return Scenario.model_validate({"name": name, **content})
    except tomllib.TOMLDecodeError as error:
        msg = f"scenario {name} is not TOML: {error}"
    except ValidationError as error:
        msg = f"scenario {name}: {first_problems(error)}"
    raise ScenarioError(msg)


def _contradictions(scenario: Scenario) -> list[str]:
    names = [sensor.name for sensor in scenario.sensors]
    found = [f"two sensors are called {name!r}" for name in sorted({name for name in names if names.count(name) > 1})]
    wanted = {name for fault in scenario.faults if isinstance(fault, SensorFault) for name in fault.sensors}
    wanted |= set(scenario.generator.watched)
    found += [f"there is no sensor {name!r}; sensors are {', '.join(names)}" for name in sorted(wanted - set(names))]
    if (scenario.patient is None) == (scenario.tissue is None):
        found.append("give either [patient.vertebra] and [patient.needle], or [tissue]")
    if both := scenario.raises & scenario.silent:
        found.append(f"rules both in raises and in silent: {', '.join(sorted(both))}")
    return [*found, *_wrong_topology(scenario), *_wrong_cement(scenario), *_wrong_order(scenario)]


def _wrong_topology(scenario: Scenario) -> Iterator[str]:
    needs = "monopolar" if scenario.generator.kind == "pulsed-monopolar" else "bipolar"
    if scenario.case.electrode != needs:
        yield f'a {scenario.generator.kind} generator needs case.electrode = "{needs}"'
    contacts = {"monopolar": 1, "bipolar": 2}[needs]
    if scenario.patient is not None and len(scenario.patient.needle.contacts_mm) != contacts:
        yield f"a {scenario.generator.kind} generator needs {contacts} of patient.needle.contacts_mm"


def _wrong_cement(scenario: Scenario) -> Iterator[str]:
    injects = scenario.operator.cement_after_s is not None
    there = scenario.patient is not None and scenario.patient.cement is not None
    if injects != there:
        yield "operator.cement_after_s and [patient.cement] go together: give both or neither"


def _wrong_order(scenario: Scenario) -> Iterator[str]:
    operator, recording = scenario.operator, scenario.recording
    if not operator.rf_from_s < recording.rf_off_s < recording.until_s:
        yield "the order must be operator.rf_from_s < recording.rf_off_s < recording.until_s"
    if operator.opens_at_s >= recording.rf_off_s:
        yield "operator.opens_at_s must be earlier than recording.rf_off_s"
    if operator.rf_from_s >= scenario.maximum_s:
        yield "maximum_s must be later than operator.rf_from_s"
