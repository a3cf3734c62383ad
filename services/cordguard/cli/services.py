"""``cordguard service NAME``: one service in the foreground."""

# ruff: noqa: PLC0415 - a service loads its own libraries and not those of the others

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from cordguard.cli.fleet import SERVICES
from cordguard.cli.options import parse_settings
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
    return run(_builder(name, arguments, environment))


def _builder(name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> Callable[[], Service]:
    def bound(settings_type: type[S], build: Callable[[S], Service]) -> Callable[[], Service]:
        settings = parse_settings(settings_type, name, arguments, environment)
        return lambda: build(settings)

    match name:
        case "safety":
            from cordguard.safety import shell as safety
            from cordguard.safety.settings import SafetySettings

            return bound(SafetySettings, safety.build)
        case "recorder":
            from cordguard.recorder import shell as recorder
            from cordguard.recorder.settings import RecorderSettings

            return bound(RecorderSettings, recorder.build)
        case "audit":
            from cordguard.audit import shell as audit

            return bound(ServiceSettings, audit.build)
        case "watchdog":
            from cordguard.watchdog import shell as watchdog

            return bound(ServiceSettings, watchdog.build)
        case _:
            from cordguard.console import shell as console
            from cordguard.console.settings import ConsoleSettings

            return bound(ConsoleSettings, console.build)
