"""A mosquitto broker for tests, with the files that the product makes for it."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from cordguard.bus.mosquitto import CONFIG_NAME, SALT_BYTES, mosquitto_files
from cordguard.bus.pdeath import die_with_parent
from cordguard.bus.permissions import PARTIES
from cordguard.bus.ports import held_port
from support.broker import NetworkRig, accepts
from support.waiting import wait_until

SAVED_LATER_NS: Final = 100_000_000
"""A save that ends so long after a moment has begun after it, too."""


class MosquittoBroker:
    """The broker as a process, on what the folder holds."""

    def __init__(self, folder: Path, *, site: str = "+") -> None:
        """Write its files; nothing runs yet."""
        self.folder = folder
        self.credentials = {party: secrets.token_urlsafe(24) for party in PARTIES}
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        with held_port(None) as port:
            self.port = port
        files = mosquitto_files(
            port, self.credentials, site, folder=folder, store=folder, salt=lambda: secrets.token_bytes(SALT_BYTES)
        )
        for name, text in files.items():
            (folder / name).write_text(text)
        if os.geteuid() == 0:  # else it would become a user who may not look into the folders of tests
            self.amend("user root")

    def amend(self, *lines: str, without: str = "") -> None:
        """Change its configuration, for a test that shows what a setting is good for."""
        path = self.folder / CONFIG_NAME
        kept = [line for line in path.read_text().splitlines() if not (without and line.startswith(without))]
        path.write_text("\n".join([*kept, *lines, ""]))

    @property
    def log(self) -> Path:
        """What it said."""
        return self.folder / "mosquitto.log"

    def start(self) -> None:
        """Start it and wait until it accepts connections."""
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [server(), "-c", self.folder / CONFIG_NAME],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=partial(die_with_parent, os.getpid()),  # noqa: PLW1509 - started from the main thread
            )
        wait_until(lambda: accepts(self.port) or self._ended(), what="mosquitto to accept connections")
        assert not self._ended(), self.log.read_text()

    def stop(self) -> None:
        """End it in good order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._end(signal.SIGKILL)

    def await_save(self) -> None:
        """Wait until all that it has by now is on disk."""
        kept, now_ns = self.folder / "mosquitto.db", _file_time_ns(self.folder / "now")
        wait_until(
            lambda: kept.exists() and kept.stat().st_mtime_ns > now_ns + SAVED_LATER_NS, what="mosquitto to save"
        )

    def _ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def _end(self, signum: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signum)
            process.wait(10)


class MosquittoRig(NetworkRig):
    """A mosquitto server and paho."""

    patience_s = 0.3
    """It does not send again while a connection stands: time enough for a message that should not come."""
    copies = 1

    def __init__(self, broker: MosquittoBroker) -> None:
        """Around a broker that runs."""
        super().__init__(broker)
        self.mosquitto = broker

    def crash(self) -> None:
        """See ``Rig``; as late as it takes to keep what it has."""
        self.mosquitto.await_save()
        self.mosquitto.kill()


@pytest.fixture(scope="session")
def mosquitto_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MosquittoBroker]:
    """One broker for the whole run: tests keep apart by sites and client ids of their own."""
    broker = MosquittoBroker(tmp_path_factory.mktemp("mosquitto"))
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def own_mosquitto(tmp_path: Path) -> Iterator[MosquittoBroker]:
    """A broker of the test's own, to kill, stop and restart."""
    broker = MosquittoBroker(tmp_path / "mosquitto")
    broker.start()
    yield broker
    broker.stop()


def server() -> Path:
    """The program; Debian keeps it where only root looks."""
    found = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    assert found is not None, "no mosquitto was found; on Debian, as root: apt-get install mosquitto"
    return Path(found)


def _file_time_ns(path: Path) -> int:
    """Now, by the clock that stamps files."""
    path.write_bytes(b"")
    return path.stat().st_mtime_ns
