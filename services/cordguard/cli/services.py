"""``cordguard service NAME``: one service in the foreground."""

# ruff: noqa: PLC0415 - a service loads its own libraries and not those of the others

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from cordguard.cli.fleet import SERVICES
from cordguard.cli.options import parse_settings
from cordguard.runtime.alive import ALIVE_VARIABLE, AliveFile
from cordguard.runtime.log import configure_logging
from cordguard.runtime.service import Service, SetupError, run
from cordguard.runtime.settings import ServiceSettings

S = TypeVar("S", bound=ServiceSettings)


def run_service(name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a service until SIGINT or SIGTERM; the exit status.

    Raises:
        SetupError: there is no such service, or an option is missing or wrong.
    """
    if name not in SERVICES:
        msg = f"there is no service {name!r}; the services are {', '.join(SERVICES)}."
        raise SetupError(msg)
    configure_logging()
    alive = environment.get(ALIVE_VARIABLE)
    return run(_builder(name, arguments, environment), alive=AliveFile(Path(alive)) if alive else None, last=True)


def _builder(name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> Callable[[], Service]:
    def bound(settings_type: type[S], build: Callable[[S], Service]) -> Callable[[], Service]:
        settings = parse_settings(settings_type, name, arguments, environment)
        return lambda: build(settings)

    match name:
        case "safety":
            from cordguard.safety.settings import SafetySettings
            from cordguard.safety.shell import build as build_safety

            return bound(SafetySettings, build_safety)
        case "recorder":
            from cordguard.recorder.settings import RecorderSettings
            from cordguard.recorder.shell import build as build_recorder

            return bound(RecorderSettings, build_recorder)
        case "audit":
            from cordguard.audit.shell import build as build_audit

            return bound(ServiceSettings, build_audit)
        case "watchdog":
            from cordguard.watchdog.shell import build as build_watchdog

            return bound(ServiceSettings, build_watchdog)
        case _:
            from cordguard.console.settings import ConsoleSettings
            from cordguard.console.shell import build as build_console

            return bound(ConsoleSettings, build_console)
