"""Everybody who is measured, ourselves first: same topics, same account, same broker, same limits."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from cordguard_bench import install
from cordguard_bench.contestants import node_red, timed_safety
from cordguard_bench.contestants.contestant import ACCOUNT, ENGINE_TIME, Contestant, Place
from cordguard_bench.processes import Command

PROGRAMS: Final = "cordguard_bench.contestants"


def _cordguard(place: Place) -> tuple[Command, ...]:
    """One process for each site."""
    clock = ("--simulated-clock",) if place.load.speed != 1 else ()
    return tuple(
        Command(
            argv=(
                *(sys.executable, "-m", "cordguard.cli", "service", "safety"),
                *("--site", site, "--broker-port", str(place.port), "--data-dir", str(place.folder / site), *clock),
            ),
            log=place.folder / f"{site}.log",
            environment={"CORDGUARD_BROKER_USERNAME": ACCOUNT, "CORDGUARD_BROKER_PASSWORD": place.password},
            ready="ready\n",
        )
        for site in place.load.sites
    )


def _timed(place: Place) -> tuple[Command, ...]:
    """The same under a stop watch."""
    return tuple(
        replace(
            command,
            argv=(sys.executable, "-m", f"{PROGRAMS}.timed_safety", *command.argv[3:]),
            environment={
                **command.environment,
                timed_safety.VARIABLE: str(place.folder / ENGINE_TIME),
                "PYTHONPATH": os.pathsep.join((str(install.BENCHMARKS), os.environ.get("PYTHONPATH", ""))),
            },
        )
        for command in _cordguard(place)
    )


def _paho(*options: str) -> Callable[[Place], tuple[Command, ...]]:
    def commands(place: Place) -> tuple[Command, ...]:
        module = f"{PROGRAMS}.paho_callback"
        argv = (sys.executable, "-m", module, *options, str(place.port), ACCOUNT, *place.filters)
        environment = {"BENCH_PASSWORD": place.password, "PYTHONPATH": str(install.BENCHMARKS)}
        return (Command(argv, place.folder / "log", environment, ready="ready\n"),)

    return commands


def _bytewax(place: Place) -> tuple[Command, ...]:
    environment = {
        "BENCH_PORT": str(place.port),
        "BENCH_USERNAME": ACCOUNT,
        "BENCH_PASSWORD": place.password,
        "BENCH_FILTERS": " ".join(place.filters),
        "PYTHONPATH": str(install.BENCHMARKS),
    }
    argv = (str(install.BYTEWAX_PYTHON), "-m", "bytewax.run", f"{PROGRAMS}.bytewax_flow")
    return (Command(argv, place.folder / "log", environment, ready="ready\n"),)


def _node_red(place: Place) -> tuple[Command, ...]:
    home = place.folder / "node-red"
    node_red.write(home, port=place.port, username=ACCOUNT, password=place.password, filters=place.filters)
    argv = ("node", str(install.NODE_RED), "--userDir", str(home), "--settings", str(home / node_red.SETTINGS))
    return (Command(argv, place.folder / "log", ready=node_red.READY),)


CORDGUARD: Final = Contestant(
    name="cordguard",
    title="Cordguard safety",
    about="the shipped service: every message journalled, all rules judged, vitals and alarm lists published",
    commands=_cordguard,
    decides_at=2,
    journals=True,
)
CORDGUARD_TIMED: Final = replace(
    CORDGUARD, name="cordguard-timed", title="Cordguard safety under a stop watch", commands=_timed
)
"""Not one of those who are compared: it tells what the engine takes inside the running service."""
PAHO: Final = Contestant(
    name="paho",
    title="paho as it comes",
    about="one callback, one hysteresis rule; Nagle's algorithm on, as paho leaves it",
    commands=_paho(),
)
PAHO_NODELAY: Final = Contestant(
    name="paho-nodelay",
    title="paho with TCP_NODELAY",
    about="the same with the socket option that we set",
    commands=_paho("--nodelay"),
)
BYTEWAX: Final = Contestant(
    name="bytewax",
    title="Bytewax",
    about="source and sink over paho with TCP_NODELAY, state by room, one hysteresis rule",
    commands=_bytewax,
    install=install.install_bytewax,
)
NODE_RED: Final = Contestant(
    name="node-red",
    title="Node-RED",
    about="mqtt in, one function node with the rule, mqtt out; without editor",
    commands=_node_red,
    install=install.install_node_red,
)
CONTESTANTS: Final = (CORDGUARD, PAHO, PAHO_NODELAY, BYTEWAX, NODE_RED)
