"""``cordguard up``: broker and services on one machine, until somebody asks them to end."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NoReturn

from cordguard.cli.fleet import watchdog_spec
from cordguard.cli.place import LOGS, folder_trouble, free_ports, kept_folder
from cordguard.cli.system import Place, System, running_system
from cordguard.cli.terminal import complain, say
from cordguard.runtime.interrupts import Interrupts, StopRequestedError
from cordguard.runtime.service import EXIT_FAILED, EXIT_OK

LOOK_EVERY_S: Final = 1.0
"""How often the data folder is looked at."""


def run_up(*, data: Path, site: str, port: int, http_port: int) -> int:
    """Run until Ctrl-C; the exit status.

    Raises:
        SetupError: it cannot start as it was told to.
        ServiceFailedError: a service died.
    """
    unclean: tuple[str, ...] = ()
    with Interrupts() as interrupts:
        place = Place(kept_folder(data), site, *free_ports(port, http_port))
        try:
            with running_system(place, interrupts) as system:
                system.supervisor.start([watchdog_spec(system.fleet)])
                say(f"Everything works; logs are in {place.data_dir / LOGS}. Ctrl-C ends it.")
                say(f"Live page; this link works once:\n    {system.login_link}")
                say(f"MQTT broker: 127.0.0.1:{place.broker_port}, accounts in {place.data_dir / 'broker'}")
                try:
                    _watch(system, place.data_dir)
                except StopRequestedError:
                    say("Ending …")
                    unclean = system.supervisor.stop()
        except StopRequestedError:
            pass  # asked while it started: everything was ended on the way here
    for words in unclean:
        complain(words)
    return EXIT_FAILED if unclean else EXIT_OK


def _watch(system: System, data_dir: Path) -> NoReturn:
    """Look after processes and folder until somebody asks us to end.

    Raises:
        ServiceFailedError: a service died.
        StopRequestedError: somebody asked us to end.
    """
    folder = FolderWatch(data_dir)
    while True:
        system.supervisor.poll(LOOK_EVERY_S)
        words = folder.news()
        if words is not None:
            complain(words)


class FolderWatch:
    """Says once when nothing can be kept any more, and once when it can again. Nothing is ended: seeing goes on."""

    def __init__(self, data_dir: Path) -> None:
        """All is well so far."""
        self._data_dir = data_dir
        self._trouble: str | None = None

    def news(self) -> str | None:
        """A sentence if something has changed since the last call."""
        trouble = folder_trouble(self._data_dir)
        if trouble == self._trouble:
            return None
        self._trouble = trouble
        if trouble is None:
            return f"the data folder {self._data_dir} is there again and has room."
        return f"{trouble}. The watch goes on, but what happens meanwhile may not be kept."
