"""``cordguard broker-config``: what a broker must be told that runs elsewhere, in a container for example."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from cordguard.bus.mosquitto import SALT_BYTES, mosquitto_files
from cordguard.bus.nats import server_config
from cordguard.bus.permissions import PARTIES
from cordguard.cli.options import ENVIRONMENT_PREFIX
from cordguard.contract.topics import Party
from cordguard.contract.units import LEVEL_PATTERN
from cordguard.runtime.service import SetupError

BrokerKind = Literal["nats", "mosquitto"]

NATS_NAME: Final = "nats-server.conf"

SHORTEST: Final = 12
"""Characters of a password that is worth the name."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a broker stands."""

    kind: BrokerKind
    site: str
    host: str
    port: int
    store: Path
    """Where it keeps its files."""
    folder: Path
    """Where its configuration will lie."""


def broker_files(environment: Mapping[str, str], place: Place) -> Mapping[str, str]:
    """The files of its configuration by name, with an account for each party whose password the environment holds.

    Raises:
        SetupError: the site cannot be one, no password is given, or one is too short.
    """
    if place.site != "+" and not re.fullmatch(LEVEL_PATTERN, place.site):
        msg = f"--site: {place.site!r} must match {LEVEL_PATTERN}."
        raise SetupError(msg)
    passwords = _passwords(environment)
    if place.kind == "nats":
        return {NATS_NAME: server_config(place.port, place.store, passwords, place.site, mqtt_host=place.host)}
    return mosquitto_files(
        place.port,
        passwords,
        place.site,
        folder=place.folder,
        store=place.store,
        salt=lambda: secrets.token_bytes(SALT_BYTES),
        host=place.host,
    )


def as_text(files: Mapping[str, str]) -> str:
    """One file as it is; of several, each below its name."""
    if len(files) == 1:
        return "".join(files.values())
    return "\n".join(f"# ---- {name} ----\n{text}" for name, text in files.items())


def write(files: Mapping[str, str], folder: Path) -> None:
    """Write the files for this user alone: they hold passwords, or what passwords can be guessed from.

    Raises:
        SetupError: that is not possible.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            fresh = folder / f"{name}.new"
            fresh.unlink(missing_ok=True)
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123 - mode at birth
                file.write(text)
            fresh.replace(folder / name)
    except OSError as error:
        msg = f"--output: {folder} cannot be written to ({error.strerror})."
        raise SetupError(msg) from None


def password_variable(party: Party) -> str:
    """The environment variable that holds a party's password."""
    return f"{ENVIRONMENT_PREFIX}PASSWORD_{party.upper()}"


def _passwords(environment: Mapping[str, str]) -> Mapping[Party, str]:
    passwords = {party: given for party in PARTIES if (given := environment.get(password_variable(party)))}
    if not passwords:
        names = ", ".join(password_variable(party) for party in PARTIES)
        msg = f"no password was given; set those of the parties that shall connect: {names}."
        raise SetupError(msg)
    for party, given in passwords.items():
        if len(given) < SHORTEST:
            msg = f"{password_variable(party)} is too short: at least {SHORTEST} characters, better made at random."
            raise SetupError(msg)
    return passwords
