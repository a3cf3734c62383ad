"""Command-line options made from a settings class: one flag per field, so that neither can drift from the other.

A field that is kept out of ``repr`` is a secret: it comes from the environment only, never from a command line.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from cordguard.runtime.service import SetupError
from cordguard.runtime.settings import ServiceSettings

ENVIRONMENT_PREFIX: Final = "CORDGUARD_"

S = TypeVar("S", bound=ServiceSettings)


def parse_settings(settings_type: type[S], service: str, arguments: Sequence[str], environment: Mapping[str, str]) -> S:
    """The settings of one service: options first, then the environment, then defaults.

    Raises:
        SetupError: a value is missing or wrong; says which, and what is expected.
        SystemExit: an unknown option (status 2), or ``--help`` (status 0).
    """
    fields = settings_type.model_fields
    options = vars(_parser(settings_type, service).parse_args(arguments))
    variables = {name: environment.get(variable_of(service, name)) for name in fields}
    chosen = {name: options.get(name) or variables[name] for name in fields}
    given = {name: _parts(fields[name], value) for name, value in chosen.items() if value}
    try:
        return settings_type.model_validate(given)
    except ValidationError as error:
        sentences = [_sentence(service, fields, details["loc"], details["msg"]) for details in error.errors()]
        raise SetupError(" ".join(sentences)) from error


def flag_of(name: str) -> str:
    """The option of a field: ``data_dir`` is ``--data-dir``."""
    return "--" + name.replace("_", "-")


def variable_of(service: str, name: str) -> str:
    """The environment variable of a field; a field that only this service has carries the service's name."""
    own = "" if name in ServiceSettings.model_fields else f"{service.upper()}_"
    return f"{ENVIRONMENT_PREFIX}{own}{name.upper()}"


def _parser(settings_type: type[ServiceSettings], service: str) -> argparse.ArgumentParser:
    fields = settings_type.model_fields
    secrets = [variable_of(service, name) for name, field in fields.items() if not field.repr]
    parser = argparse.ArgumentParser(
        prog=f"cordguard service {service}",
        description=settings_type.__doc__,
        epilog=f"Secrets come from the environment alone: {', '.join(secrets)}.",
        allow_abbrev=False,
    )
    for name, field in fields.items():
        if field.repr:
            _add(parser, name, field, variable_of(service, name))
    return parser


def _add(parser: argparse.ArgumentParser, name: str, field: FieldInfo, variable: str) -> None:
    shown = not field.is_required() and field.default_factory is None and field.default not in {None, False}
    default = f" Default: {_words(field.default)}." if shown else ""
    words = f"{field.description or ''}{default} [{variable}]".replace("%", "%%")
    if field.annotation is bool:
        parser.add_argument(flag_of(name), dest=name, action="store_true", help=words)
    else:
        parser.add_argument(flag_of(name), dest=name, help=words, metavar=name.rsplit("_", maxsplit=1)[-1].upper())


def _words(default: object) -> str:
    return ",".join(map(str, default)) if isinstance(default, tuple) else str(default)


def _parts(field: FieldInfo, value: object) -> object:
    if get_origin(field.annotation) is tuple and isinstance(value, str):
        return tuple(part.strip() for part in value.split(","))
    return value


def _sentence(service: str, fields: Mapping[str, FieldInfo], place: tuple[int | str, ...], message: str) -> str:
    message = message.removeprefix("Value error, ").rstrip(".")
    name = str(place[0]) if place else ""
    if name not in fields:
        return f"{message}."
    where = f"{flag_of(name)} ({variable_of(service, name)})" if fields[name].repr else variable_of(service, name)
    return f"{where}: {message[:1].lower()}{message[1:]}."
