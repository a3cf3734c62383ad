"""Which processes make up a running system, and how each is told its place. Pure."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cordguard.cli.options import variable_of
from cordguard.contract.topics import Party
from cordguard.runtime.supervision import ProcessSpec

SERVICES: Final[tuple[Party, ...]] = ("safety", "recorder", "audit", "watchdog", "console")
"""In order of blame: if several die at once, the first of them is the likeliest cause."""

SERVICE_STAGE: Final = 1
SIMULATOR_STAGE: Final = 2
WATCHDOG_STAGE: Final = 3
"""It starts when the chain it tests works, simulated clock included, and ends first: a start or end is no failure."""

CORDGUARD: Final = (sys.executable, "-P", "-m", "cordguard.cli")
"""Our entry point under this Python; ``-P``: the folder we are called from is no place to import from."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """What all processes of one system have in common."""

    site: str
    data_dir: Path
    broker_port: int
    http_port: int
    passwords: Mapping[Party, str] = field(repr=False)
    """Of each account at the broker."""
    login_token: str = field(repr=False)
    """Opens the console once."""
    simulated_clock: bool = False
    """Whether all of them take the time from the simulator."""


@dataclass(frozen=True, slots=True)
class Play:
    """What a simulator is asked for."""

    scenario: str
    """A name, or a file."""
    seed: int | None = None
    """Of its noise and reaction times; None leaves it to the scenario."""
    speed: float | None = None
    """None plays on the wall clock; otherwise the run has a clock of its own, so many times as fast."""


def service_specs(fleet: Fleet) -> tuple[ProcessSpec, ...]:
    """The services but the watchdog, each with its own account."""
    return tuple(_service_spec(name, fleet) for name in SERVICES if name != "watchdog")


def watchdog_spec(fleet: Fleet) -> ProcessSpec:
    """The watchdog, to be started when everything else works."""
    return _service_spec("watchdog", fleet)


def simulator_spec(fleet: Fleet, play: Play) -> ProcessSpec:
    """The devices: a process that ends by itself when its scenario is over."""
    seed = () if play.seed is None else ("--seed", str(play.seed))
    speed = () if play.speed is None else ("--speed", f"{play.speed:g}")
    return ProcessSpec(
        name="simulator",
        command=(*CORDGUARD, "simulate", play.scenario, *_broker_options(fleet), *seed, *speed),
        environment=_account("simulator", fleet),
        stage=SIMULATOR_STAGE,
        may_end=True,
    )


def _service_spec(name: Party, fleet: Fleet) -> ProcessSpec:
    clock = ("--simulated-clock",) if fleet.simulated_clock else ()
    common = (*_broker_options(fleet), "--data-dir", str(fleet.data_dir), *clock)
    own: tuple[str, ...] = ()
    secrets: dict[str, str] = {}
    if name == "console":
        own = ("--http-port", str(fleet.http_port))
        secrets = {variable_of("console", "login_token"): fleet.login_token}
    return ProcessSpec(
        name=name,
        command=(*CORDGUARD, "service", name, *common, *own),
        environment=_account(name, fleet) | secrets,
        stage=WATCHDOG_STAGE if name == "watchdog" else SERVICE_STAGE,
    )


def _broker_options(fleet: Fleet) -> tuple[str, ...]:
    return ("--site", fleet.site, "--broker-host", "127.0.0.1", "--broker-port", str(fleet.broker_port))


def _account(party: Party, fleet: Fleet) -> dict[str, str]:
    return {
        variable_of(party, "broker_username"): party,
        variable_of(party, "broker_password"): fleet.passwords[party],
    }
