"""``cordguard up``: broker and services on one machine, until somebody asks them to end."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cordguard.cli.fleet import watchdog_spec
from cordguard.cli.place import LOGS, free_ports, kept_folder
from cordguard.cli.system import Place, running_system
from cordguard.cli.terminal import complain, say
from cordguard.runtime.interrupts import Interrupts, StopRequestedError
from cordguard.runtime.service import EXIT_FAILED, EXIT_OK

WATCH_S: Final = 60.0


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
                    while True:
                        system.supervisor.poll(WATCH_S)
                except StopRequestedError:
                    say("Ending …")
                    unclean = system.supervisor.stop()
        except StopRequestedError:
            pass  # asked while it started: everything was ended on the way here
    for words in unclean:
        complain(words)
    return EXIT_FAILED if unclean else EXIT_OK
