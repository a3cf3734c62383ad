"""``cordguard demo``: a simulated case on this machine, from the first frame to the summary in the ledger."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cordguard.cli.casewatch import CaseWatch
from cordguard.cli.conclusion import conclude
from cordguard.cli.fleet import Play, simulator_spec, watchdog_spec
from cordguard.cli.place import LEDGER, LOGS, free_ports, fresh_folder, raise_if_full
from cordguard.cli.system import Place, System, running_system
from cordguard.cli.terminal import Progress, complain, say
from cordguard.runtime.interrupts import Interrupts, StopRequestedError
from cordguard.runtime.service import (
    EXIT_BAD_SETUP,
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_OK,
    ServiceFailedError,
    SetupError,
)
from cordguard.simulators.scenario import Scenario, ScenarioError, load_scenario

SITE: Final = "demo"
POLL_S: Final = 0.2

SUMMARY_WITHIN_S: Final = 30.0
"""How long after the simulator's end the final summary may take to reach the ledger."""

LIMIT_FACTOR: Final = 3.0
LIMIT_EXTRA_S: Final = 120.0
"""Default wall-time limit: the longest the scenario may take at its speed, three times, and this for starting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What was asked for; the command line documents each."""

    scenario: str
    headless: bool
    speed: float | None
    exit_after_case: bool
    data: Path | None
    seed: int | None
    port: int | None
    http_port: int | None
    time_limit_s: float | None


def run_demo(options: DemoOptions) -> int:
    """Play; the exit status. Once there is a data folder, the last line printed names it.

    Raises:
        SetupError: it cannot start as it was told to, and there is no data folder yet.
    """
    with Interrupts() as interrupts:
        scenario = _load(options.scenario)
        ports = free_ports(options.port, options.http_port)
        place = Place(fresh_folder(options.data), SITE, *ports, simulated_clock=options.speed is not None)
        try:
            return _Demo(options, scenario, place, interrupts).play()
        except SetupError as error:
            complain(str(error))
            return EXIT_BAD_SETUP
        except ServiceFailedError as error:
            complain(str(error))
            return EXIT_FAILED
        except StopRequestedError:
            return EXIT_INTERRUPTED if options.exit_after_case else EXIT_OK
        finally:
            say(f"Data folder: {place.data_dir}")


def _load(name: str) -> Scenario:
    try:
        return load_scenario(name)
    except ScenarioError as error:
        msg = f"{error}."
        raise SetupError(msg) from error


class _Demo:
    """One run."""

    def __init__(self, options: DemoOptions, scenario: Scenario, place: Place, interrupts: Interrupts) -> None:
        self._options = options
        self._scenario = scenario
        self._place = place
        self._interrupts = interrupts
        self._ledger = place.data_dir / LEDGER
        self._progress = Progress(sys.stdout)
        self._simulated = "starting"
        """The simulator's newest words: how far the case is."""

    def play(self) -> int:
        """From start to end; the exit status.

        Raises:
            SetupError: broker or services cannot start as they were told to.
            ServiceFailedError: one of them failed, or the case did not come to its end.
            StopRequestedError: somebody asked us to end before the case began.
        """
        pace = "in real time" if self._options.speed is None else f"{self._options.speed:g} times as fast as real time"
        say(f"{self._scenario.title}.\nPlayed {pace}. Starting the broker and five services …")
        interrupted = False
        with running_system(self._place, self._interrupts, self._on_line) as system:
            self._start_case(system)
            try:
                self._watch(system)
            except StopRequestedError:
                interrupted = True
            finally:
                self._progress.clear()
            say("Ending every process …")
            unclean = system.supervisor.stop()
        return self._conclude(unclean, interrupted=interrupted)

    def _start_case(self, system: System) -> None:
        if not self._options.headless:
            say(f"Live page; this link works once:\n    {system.login_link}")
        play = Play(self._options.scenario, self._options.seed, self._options.speed)
        system.supervisor.start([simulator_spec(system.fleet, play), watchdog_spec(system.fleet)])
        say("The case runs. Ctrl-C ends everything.")

    def _watch(self, system: System) -> None:
        """Until the case is over if that was asked for, else for ever."""
        limit_s = self._limit_s()
        began_s = time.monotonic()
        ended_s: float | None = None
        watch = CaseWatch(self._ledger)
        try:
            while not (watch.state().over and self._options.exit_after_case):
                system.supervisor.poll(POLL_S)
                raise_if_full(self._place.data_dir)
                now_s = time.monotonic()
                if ended_s is None and system.supervisor.ended("simulator"):
                    ended_s = now_s
                    self._announce_end()
                if ended_s is None:
                    self._progress.show(lambda: f"{self._simulated}, {_counted(watch.state().alarms)}")
                if self._options.exit_after_case:
                    self._check_limits(now_s - began_s, limit_s, None if ended_s is None else now_s - ended_s)
        finally:
            watch.close()

    def _announce_end(self) -> None:
        self._progress.clear()
        stays = "" if self._options.exit_after_case else " Everything else goes on until Ctrl-C."
        say(f"The simulated case is over.{stays}")

    def _check_limits(self, spent_s: float, limit_s: float, since_end_s: float | None) -> None:
        logs = f"(logs: {self._place.data_dir / LOGS})"
        if since_end_s is not None and since_end_s > SUMMARY_WITHIN_S:
            msg = f"the simulated case is over, but no final summary came within {SUMMARY_WITHIN_S:g} s {logs}."
            raise ServiceFailedError(msg)
        if spent_s > limit_s:
            msg = f"the case was not over after {limit_s:.0f} s, its wall-time limit; --time-limit sets another {logs}."
            raise ServiceFailedError(msg)

    def _limit_s(self) -> float:
        if self._options.time_limit_s is not None:
            return self._options.time_limit_s
        return LIMIT_FACTOR * self._scenario.maximum_s / (self._options.speed or 1.0) + LIMIT_EXTRA_S

    def _conclude(self, unclean: tuple[str, ...], *, interrupted: bool) -> int:
        wanted = self._options.exit_after_case and not interrupted
        lines, failures, status = conclude(self._ledger, unclean, summary_wanted=wanted)
        for line in lines:
            say(line)
        for failure in failures:
            complain(failure)
        if interrupted and self._options.exit_after_case:
            complain("interrupted before the case was over.")
            return EXIT_INTERRUPTED
        return status

    def _on_line(self, name: str, line: str) -> None:
        if name == "simulator":
            self._simulated = line


def _counted(alarms: int) -> str:
    return "1 alarm" if alarms == 1 else f"{alarms} alarms"
