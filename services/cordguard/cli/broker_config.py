"""``cordguard broker-config``: the configuration of a NATS server that runs elsewhere, in a container for example."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cordguard.bus.nats import server_config
from cordguard.bus.permissions import PARTIES
from cordguard.cli.options import ENVIRONMENT_PREFIX
from cordguard.contract.topics import Party
from cordguard.runtime.service import SetupError

SHORTEST: Final = 12
"""Characters of a password that is worth the name."""


def broker_config_text(environment: Mapping[str, str], *, site: str, port: int, host: str, store: Path) -> str:
    """The configuration, with an account for each party whose password the environment holds.

    Raises:
        SetupError: no password is given, or one is too short.
    """
    passwords = {party: given for party in PARTIES if (given := environment.get(password_variable(party)))}
    if not passwords:
        names = ", ".join(password_variable(party) for party in PARTIES)
        msg = f"no password was given; set those of the parties that shall connect: {names}."
        raise SetupError(msg)
    for party, given in passwords.items():
        if len(given) < SHORTEST:
            msg = f"{password_variable(party)} is too short: at least {SHORTEST} characters, better made at random."
            raise SetupError(msg)
    return server_config(port, store, passwords, site, mqtt_host=host)


def password_variable(party: Party) -> str:
    """The environment variable that holds a party's password."""
    return f"{ENVIRONMENT_PREFIX}PASSWORD_{party.upper()}"
