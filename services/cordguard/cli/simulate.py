"""``cordguard simulate``: devices and an operator who never existed, against a real broker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from cordguard.bus.paho import open_paho
from cordguard.cli.options import flag_of, variable_of
from cordguard.cli.report import clock_time
from cordguard.cli.terminal import complain, say
from cordguard.runtime.clock import MICROS_PER_S
from cordguard.runtime.interrupts import Interrupts
from cordguard.runtime.log import configure_logging
from cordguard.runtime.service import EXIT_BAD_SETUP, EXIT_FAILED, EXIT_OK, READY_LINE, SetupError
from cordguard.simulators.player import simulate
from cordguard.simulators.scenario import ScenarioError, available_scenarios, load_scenario
from cordguard.simulators.simulation import Outcome, Progress, SimulateSettings, Stage

STAGES: Final[Mapping[Stage, str]] = {
    "before-rf": "before RF",
    "rf-on": "RF on",
    "after-rf": "after RF",
    "record-closed": "record closed, watch goes on",
}

BAD_SETUP: Final[frozenset[Outcome]] = frozenset({"refused", "not-connected", "foreign-clock"})
"""Endings that starting it differently would have avoided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What was asked for; the command line documents each."""

    scenario: str
    site: str
    room: str
    host: str
    port: int
    speed: float | None
    seed: int | None


def print_scenarios() -> None:
    """Names of the scenarios that are shipped, each with the first sentence of its sense."""
    for name in available_scenarios():
        say(f"{name}\n    {load_scenario(name).first_sentence}")


def run_simulation(simulation: Simulation, environment: Mapping[str, str]) -> int:
    """Play; the exit status: 0 also when somebody asked us to end.

    Raises:
        SetupError: there is no such scenario, or an option is out of range.
    """
    configure_logging()
    with Interrupts(last=True) as interrupts:
        try:
            result = simulate(
                settings_of(simulation, environment),
                open_paho,
                Reporter(simulation.speed),
                stopping=lambda: interrupts.count > 0,
            )
        except ScenarioError as error:
            msg = f"{error}."
            raise SetupError(msg) from error
    if result.ok:
        return EXIT_OK
    complain(f"{result.ending.message}.")
    if result.ending.outcome == "stopped":
        return EXIT_OK
    return EXIT_BAD_SETUP if result.ending.outcome in BAD_SETUP else EXIT_FAILED


def settings_of(simulation: Simulation, environment: Mapping[str, str]) -> SimulateSettings:
    """The simulator's settings; its account comes from the environment.

    Raises:
        SetupError: an option is out of range.
    """
    given = {
        "scenario": simulation.scenario,
        "site": simulation.site,
        "room": simulation.room,
        "broker_host": simulation.host,
        "broker_port": simulation.port,
        "broker_username": environment.get(variable_of("simulator", "broker_username")),
        "broker_password": environment.get(variable_of("simulator", "broker_password")),
        "speed": simulation.speed,
        "seed": simulation.seed,
    }
    try:
        return SimulateSettings.model_validate({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        details = error.errors()[0]
        where = f"{flag_of(str(details['loc'][0]))}: " if details["loc"] else ""
        msg = f"{where}{details['msg'][:1].lower()}{details['msg'][1:]}."
        raise SetupError(msg) from error


class Reporter:
    """Says ``ready`` when the first frame is out, then where the run is, about once a second of the wall."""

    def __init__(self, speed: float | None) -> None:
        """``speed`` as the run's."""
        self._every_s = speed or 1.0
        self._next_s = 0.0
        self._ready = False

    def __call__(self, progress: Progress) -> None:
        """Take in a simulated second."""
        if not self._ready:
            self._ready = True
            say(READY_LINE)
        if progress.elapsed_s >= self._next_s:
            self._next_s = progress.elapsed_s + self._every_s
            say(f"{clock_time(round(progress.elapsed_s * MICROS_PER_S))} {STAGES[progress.stage]}")
