"""What the console must be told."""

from __future__ import annotations

import os
import secrets
from typing import Annotated, Final

from pydantic import Field

from cordguard.contract.units import Identifier, Word
from cordguard.runtime.settings import ServiceSettings

LOGIN_TOKEN_VARIABLE: Final = "CORDGUARD_CONSOLE_LOGIN_TOKEN"  # noqa: S105 - the variable's name, not a token
"""Environment variable that holds the one-time login token; without it the console makes one and logs the link."""


def login_token_from_environment() -> str | None:
    """The token that whoever started us chose; None if there is none."""
    return os.environ.get(LOGIN_TOKEN_VARIABLE) or None


def new_secret() -> str:
    """A fresh secret of 256 bits that may stand in an address."""
    return secrets.token_urlsafe(32)


class ConsoleSettings(ServiceSettings):
    """The console's place in the world: a port for browsers, and a token that opens it once."""

    http_host: str = Field(default="127.0.0.1", description="Address to listen on; anything else only in a container.")
    http_port: Annotated[int, Field(ge=0, le=65_535)] = Field(default=8080, description="Port; 0 takes any free one.")
    http_names: tuple[str, ...] = Field(
        default=("127.0.0.1", "localhost"), description="Host names under which browsers may open the page."
    )
    login_token: Annotated[str, Field(min_length=16, max_length=256)] | None = Field(
        default_factory=login_token_from_environment, repr=False, description="One-time login token."
    )
    actor: Identifier = Field(default="operator", description="Who acts, until the page is told otherwise.")
    role: Word = Field(default="clinician", description="In which role, until the page is told otherwise.")
