"""The command line: one entry point, ``cordguard``, on top of everything.

Each command imports what it needs when it runs, so that ``--help`` answers at once and no command loads another's
libraries.
"""

# ruff: noqa: PLC0415 - see above, and below

from __future__ import annotations

import os
import sys

# Arrays here are small: a second thread of linear algebra costs more than it brings. It counts before numpy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from pathlib import Path
from typing import Annotated, Literal

import typer

from cordguard.cli.arguments import BrokerHostOption, BrokerPortOption, SiteOption
from cordguard.cli.examine import check_device, doctor
from cordguard.cli.fleet import SERVICES
from cordguard.cli.terminal import complain, say
from cordguard.runtime.service import EXIT_BAD_SETUP, EXIT_FAILED, EXIT_INTERRUPTED, ServiceFailedError, SetupError

app = typer.Typer(
    name="cordguard",
    help="Watches RF ablation near the spine. Advisory: it never commands a generator. Not a medical device.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", metavar="DIR", help="Folder for all that is kept; made if need be. Default: a new temporary one."
    ),
]
SeedOption = Annotated[int | None, typer.Option(metavar="N", min=0, help="Seed of all noise. Default: 1.")]
SpeedOption = Annotated[
    float | None,
    typer.Option(
        metavar="N",
        min=1.0,
        max=1000.0,
        help="So many times as fast as real time, on a simulated clock. Default: real time.",
    ),
]
PortOption = Annotated[
    int | None, typer.Option("--port", min=1, max=65_535, help="MQTT port of the broker. Default: a free one.")
]
HttpPortOption = Annotated[
    int | None, typer.Option("--http-port", min=1, max=65_535, help="Port of the live page. Default: a free one.")
]

BrokerKind = Literal["nats", "mosquitto"]


def main() -> None:
    """Run the command that was asked for. Users' trouble is a sentence and exit status 2, or 1 if it came later."""
    try:
        app()
    except SetupError as error:
        complain(str(error))
        sys.exit(EXIT_BAD_SETUP)
    except ServiceFailedError as error:
        complain(str(error))
        sys.exit(EXIT_FAILED)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        # Whoever read us has seen enough (``| head``). Python would complain once more when it closes standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_FAILED)


@app.command()
def demo(
    *,
    scenario: Annotated[
        str, typer.Option(help="A scenario's name, or a .toml file of yours.")
    ] = "overheating-near-canal",
    headless: Annotated[bool, typer.Option("--headless", help="Without a browser: progress here, no address.")] = False,
    speed: SpeedOption = None,
    exit_after_case: Annotated[
        bool, typer.Option("--exit-after-case", help="End when the case is over; print its summary.")
    ] = False,
    data: DataOption = None,
    seed: SeedOption = None,
    port: PortOption = None,
    http_port: HttpPortOption = None,
    time_limit: Annotated[
        float | None,
        typer.Option("--time-limit", min=1.0, metavar="SECONDS", help="With --exit-after-case: give up after so long."),
    ] = None,
) -> None:
    """Play a simulated case on this machine: broker, services, devices and live page.

    Ctrl-C ends everything. With --exit-after-case: exit status 0 if the case was recorded whole, 1 if its summary, the
    chain of the ledger or a service failed, 2 if it could not start.
    """
    from cordguard.cli.demo import DemoOptions, run_demo

    options = DemoOptions(
        scenario=scenario,
        headless=headless,
        speed=speed,
        exit_after_case=exit_after_case,
        data=data,
        seed=seed,
        port=port,
        http_port=http_port,
        time_limit_s=time_limit,
    )
    raise typer.Exit(run_demo(options))


@app.command()
def up(
    *,
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="Folder for all that is kept; made if need be.")],
    site: SiteOption = "site",
    port: Annotated[int, typer.Option("--port", min=1, max=65_535, help="MQTT port of the broker.")] = 1883,
    http_port: Annotated[int, typer.Option("--http-port", min=1, max=65_535, help="Port of the live page.")] = 8080,
) -> None:
    """Run the broker and all services on this machine until Ctrl-C; goes on where the last run stopped."""
    from cordguard.cli.up import run_up

    raise typer.Exit(run_up(data=data, site=site, port=port, http_port=http_port))


@app.command(
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    options_metavar="[OPTIONS]",
)
def service(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help=f"One of {', '.join(SERVICES)}.")] = None,
) -> None:
    """Run one service in the foreground until Ctrl-C.

    ``cordguard service NAME --help`` lists its options.
    """
    if name in {None, "--help", "-h"}:
        say(context.get_help())
        return
    from cordguard.cli.services import run_service

    raise typer.Exit(run_service(str(name), context.args, os.environ))


@app.command()
def simulate(
    *,
    scenario: Annotated[str | None, typer.Argument(help="A scenario's name, or a .toml file of yours.")] = None,
    list_scenarios: Annotated[bool, typer.Option("--list", help="List the scenarios and exit.")] = False,
    site: SiteOption = "site",
    room: Annotated[str, typer.Option(help="The room whose devices are simulated.")] = "room-1",
    broker_host: BrokerHostOption = "127.0.0.1",
    broker_port: BrokerPortOption = 1883,
    speed: SpeedOption = None,
    seed: SeedOption = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="F.png", help="Draw the field at the end of RF instead; needs no broker.")
    ] = None,
    film: Annotated[
        Path | None, typer.Option(metavar="F.gif", help="Film the field instead (.gif, or .mp4 with ffmpeg).")
    ] = None,
) -> None:
    """Play a scenario's devices and operator against a running broker, then end.

    The account comes from CORDGUARD_BROKER_USERNAME and CORDGUARD_BROKER_PASSWORD. With --picture or --film nobody has
    to listen: the scenario's fixed script is drawn, for docs and teaching.
    """
    from cordguard.cli.simulate import Simulation, print_scenarios, run_simulation

    if list_scenarios:
        print_scenarios()
        return
    if scenario is None:
        msg = "name a scenario; cordguard simulate --list shows them."
        raise SetupError(msg)
    if picture is not None or film is not None:
        from cordguard.cli.draw import run_drawing

        raise typer.Exit(run_drawing(scenario, seed, picture, film))
    simulation = Simulation(
        scenario=scenario, site=site, room=room, host=broker_host, port=broker_port, speed=speed, seed=seed
    )
    raise typer.Exit(run_simulation(simulation, os.environ))


@app.command()
def bench(
    phantom: Annotated[Path, typer.Argument(metavar="PHANTOM.toml", help="What lies where, the needle, its drive.")],
    *,
    form: Annotated[Literal["json", "csv"], typer.Option("--format", help="Of the result.")] = "json",
    output: Annotated[Path | None, typer.Option(metavar="F", help="Write it to this file.")] = None,
    plot: Annotated[Path | None, typer.Option(metavar="F.png", help="Draw temperatures, power and impedance.")] = None,
) -> None:
    """Put a bench, as somebody published it, against the physics of the simulators.

    docs/how-to/bench.md describes the file. Exit status 2 if it is no phantom.
    """
    from cordguard.cli.bench import run_bench

    raise typer.Exit(run_bench(phantom, form, output, plot))


@app.command()
def verify(
    ledger: Annotated[Path, typer.Argument(help="The ledger, for example DIR/ledger.db.")],
    *,
    head: Annotated[
        str | None, typer.Option(metavar="HASH", help="A head noted earlier: must be in the chain.")
    ] = None,
) -> None:
    """Check a ledger: every hash, link, number and content. Exit status 0 good, 1 broken, 2 no ledger."""
    from cordguard.audit.verify import render
    from cordguard.audit.verify import verify as verify_ledger

    found = verify_ledger(ledger, head)
    say(render(found))
    raise typer.Exit(found.exit_status)


@app.command()
def replay(
    capture: Annotated[Path, typer.Argument(help="A recording (*.capture.jsonl, also gzipped).")],
    *,
    policy: Annotated[Path | None, typer.Option(metavar="FILE", help="Judge under these limits instead.")] = None,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Write there. Default: standard output.")] = None,
    summary: Annotated[
        bool, typer.Option("--summary", help="Summaries of its sessions instead of transitions.")
    ] = False,
) -> None:
    """Feed a recording to the engine: one line of JSON for each change of an alarm."""
    from cordguard.cli.replay import run_replay

    run_replay(capture, policy=policy, output=output, summary=summary)


@app.command()
def rules() -> None:
    """List the rules: what raises each alarm, how urgent it is, what to do, and where it comes from."""
    from cordguard.cli.rules import rules_text

    say(rules_text())


@app.command("broker-config")
def broker_config(
    *,
    kind: Annotated[BrokerKind, typer.Option(help="The broker that shall run.")] = "nats",
    site: SiteOption = "site",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="MQTT port.")] = 1883,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 only in a container.")] = "127.0.0.1",
    store: Annotated[Path, typer.Option(metavar="DIR", help="Where the broker keeps its files.")] = Path("/data"),
    output: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the files there, for this user alone. Default: print.")
    ] = None,
) -> None:
    """Make a broker's configuration: accounts and permissions from the topic table.

    An account is made for each party whose password is in the environment, as CORDGUARD_PASSWORD_SAFETY for safety.
    """
    from cordguard.cli.broker_config import Place, as_text, broker_files, write

    place = Place(kind=kind, site=site, host=host, port=port, store=store, folder=(output or store).resolve())
    files = broker_files(os.environ, place)
    say(as_text(files)) if output is None else write(files, output)


app.command("check-device")(check_device)
app.command()(doctor)
