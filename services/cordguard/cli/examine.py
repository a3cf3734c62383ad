"""The commands that look and change nothing: ``check-device`` and ``doctor``."""

# ruff: noqa: PLC0415 - each command imports what it needs when it runs

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from cordguard.cli.arguments import BrokerHostOption, BrokerPortOption, SiteOption


def check_device(
    source: Annotated[str, typer.Argument(help="The source as its topics name it, for example gen-1.")],
    *,
    room: Annotated[str, typer.Option(help="The room it is in.")] = "room-1",
    site: SiteOption = "site",
    seconds: Annotated[float, typer.Option(min=1.0, max=3600.0, help="How long to listen.")] = 60.0,
    broker_host: BrokerHostOption = "127.0.0.1",
    broker_port: BrokerPortOption = 1883,
) -> None:
    """Listen to a device for a minute and say in plain words what is wrong with it. Publishes nothing.

    The account comes from CORDGUARD_BROKER_USERNAME and CORDGUARD_BROKER_PASSWORD; safety hears misspelled topics too,
    console only the device's own. Exit status 0 nothing is wrong, 1 something is, 2 it could not listen.
    """
    from cordguard.cli.devicecheck.shell import DeviceToCheck, run_check_device

    asked = DeviceToCheck(site=site, room=room, source=source, host=broker_host, port=broker_port, seconds=seconds)
    raise typer.Exit(run_check_device(asked, os.environ))


def doctor(
    *,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="A data folder: its room, ledger and journals.")
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", envvar="CORDGUARD_SAFETY_POLICY_PATH", help="Limits to check. Default: those shipped."
        ),
    ] = None,
    port: Annotated[int, typer.Option("--port", min=1, max=65_535, help="MQTT port that shall be free.")] = 1883,
    http_port: Annotated[int, typer.Option("--http-port", min=1, max=65_535, help="Page's port, likewise.")] = 8080,
    site: SiteOption = "site",
    broker_host: Annotated[
        str | None,
        typer.Option(
            envvar="CORDGUARD_BROKER_HOST", help="Broker of a running system: its services are heard, no port checked."
        ),
    ] = None,
    broker_port: BrokerPortOption = 1883,
) -> None:
    """Check this machine and set-up, in plain words: programs, clock, limits, data folder, ports, services.

    The account comes from CORDGUARD_BROKER_USERNAME and CORDGUARD_BROKER_PASSWORD (console may hear health). Exit
    status 0 if all is well, 1 if something is bad.
    """
    from cordguard.cli.doctor.shell import Examination, run_doctor

    asked = Examination(
        data=data,
        policy=policy,
        port=port,
        http_port=http_port,
        site=site,
        broker_host=broker_host,
        broker_port=broker_port,
    )
    raise typer.Exit(run_doctor(asked, os.environ))
