"""The processes of a system, as planned."""

from __future__ import annotations

from pathlib import Path

import pytest

from cordguard.cli.fleet import SERVICES, Fleet, Play, service_specs, simulator_spec, watchdog_spec
from cordguard.contract.topics import Party
from cordguard.runtime.supervision import ProcessSpec, stop_order

PARTIES: tuple[Party, ...] = (*SERVICES, "simulator")
PASSWORDS = {party: f"password-of-{party}" for party in PARTIES}


def fleet(*, simulated_clock: bool = False) -> Fleet:
    return Fleet("demo", Path("/data"), 1883, 8080, PASSWORDS, "login-token", simulated_clock)


def specs(*, simulated_clock: bool = False) -> tuple[ProcessSpec, ...]:
    chosen = fleet(simulated_clock=simulated_clock)
    return (*service_specs(chosen), watchdog_spec(chosen))


def spec(name: str, *, simulated_clock: bool = False) -> ProcessSpec:
    return next(spec for spec in specs(simulated_clock=simulated_clock) if spec.name == name)


def test_every_service_is_a_process_of_its_own() -> None:
    assert {spec.name for spec in specs()} == {"safety", "recorder", "audit", "console", "watchdog"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_knows_its_own_password_and_no_other(name: Party) -> None:
    environment = spec(name).environment
    assert environment["CORDGUARD_BROKER_USERNAME"] == name
    assert environment["CORDGUARD_BROKER_PASSWORD"] == PASSWORDS[name]
    assert not [value for value in environment.values() if value in set(PASSWORDS.values()) - {PASSWORDS[name]}]


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_stands_in_a_command_line(name: str) -> None:
    words = " ".join(spec(name).command) + repr(spec(name)) + repr(fleet())
    assert "password-of" not in words
    assert "login-token" not in words


def test_the_console_alone_gets_the_login_token() -> None:
    assert spec("console").environment["CORDGUARD_CONSOLE_LOGIN_TOKEN"] == "login-token"
    assert "CORDGUARD_CONSOLE_LOGIN_TOKEN" not in spec("safety").environment


def test_simulated_time_is_for_all_or_none() -> None:
    assert all("--simulated-clock" in spec(name, simulated_clock=True).command for name in SERVICES)
    assert not any("--simulated-clock" in spec(name).command for name in SERVICES)


def test_services_may_not_end_and_the_simulator_may() -> None:
    assert not any(spec.may_end for spec in specs())
    assert simulator_spec(fleet(), Play("canal-overheating")).may_end


def test_the_watchdog_runs_only_while_the_chain_that_it_tests_works() -> None:
    stages = stop_order([*specs(), simulator_spec(fleet(), Play("x"))])
    assert [[spec.name for spec in stage] for stage in stages] == [
        ["watchdog"],
        ["simulator"],
        ["safety", "recorder", "audit", "console"],
    ]


def test_speed_and_seed_reach_the_simulator() -> None:
    command = simulator_spec(fleet(), Play("x", seed=7, speed=20.0)).command
    assert command[command.index("--seed") + 1] == "7"
    assert command[command.index("--speed") + 1] == "20"
    assert not {"--speed", "--seed"} & set(simulator_spec(fleet(), Play("x")).command)
