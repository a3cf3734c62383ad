"""The embedded broker: starts, keeps, ends, and says in a sentence why it cannot."""

from __future__ import annotations

import errno
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from cordguard.bus import broker as broker_module
from cordguard.bus.broker import BrokerError, EmbeddedBroker
from cordguard.bus.nats import find_server
from cordguard.bus.paho import open_paho
from cordguard.bus.permissions import PARTIES
from support.broker import Client, NatsRig, poll_until
from support.waiting import wait_until


def test_it_accepts_connections_on_loopback_only_once_started(own_broker: EmbeddedBroker) -> None:
    assert own_broker.running
    assert own_broker.pid is not None
    listening = [
        connection.laddr.ip
        for connection in psutil.Process(own_broker.pid).net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]
    assert set(listening) == {"127.0.0.1"}
    with socket.create_connection(("127.0.0.1", own_broker.port), timeout=2):
        pass


def test_passwords_are_random_private_and_not_on_the_command_line(own_broker: EmbeddedBroker) -> None:
    passwords = [own_broker.credentials[party] for party in PARTIES]
    assert len(set(passwords)) == len(PARTIES)
    assert min(map(len, passwords)) >= 32
    assert own_broker.pid is not None
    command = " ".join(psutil.Process(own_broker.pid).cmdline())
    assert not any(password in command for password in passwords)
    holders = [
        path for path in own_broker.folder.rglob("*") if path.is_file() and passwords[0].encode() in path.read_bytes()
    ]
    assert {path.name for path in holders} == {"accounts.json", "nats-server.conf"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in holders} == {0o600}


def test_a_restart_on_the_same_folder_keeps_port_and_accounts(tmp_path: Path) -> None:
    first = EmbeddedBroker(tmp_path)
    first.start()
    port, credentials = first.port, dict(first.credentials)
    first.stop()
    assert not first.running
    first.start()
    assert first.port == port
    first.stop()
    second = EmbeddedBroker(tmp_path)
    second.start()
    assert dict(second.credentials) == credentials
    second.stop()


def test_stopping_twice_or_before_the_start_does_nothing(tmp_path: Path) -> None:
    broker = EmbeddedBroker(tmp_path)
    broker.stop()
    broker.start()
    broker.stop()
    broker.stop()
    assert broker.pid is None


def test_nobody_enters_by_way_of_the_servers_own_protocol(own_broker: EmbeddedBroker) -> None:
    """NATS cannot switch its own port off; the accounts are good for MQTT only."""
    assert own_broker.pid is not None
    [port] = [
        connection.laddr.port
        for connection in psutil.Process(own_broker.pid).net_connections()
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port != own_broker.port
    ]
    password = own_broker.credentials["console"]
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sock, sock.makefile("rwb") as stream:
        assert stream.readline().startswith(b"INFO")
        stream.write(f'CONNECT {{"user":"console","pass":"{password}","verbose":false}}\r\nPING\r\n'.encode())
        stream.flush()
        assert b"Authorization Violation" in stream.readline()


def test_a_taken_port_is_said_in_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        broker = EmbeddedBroker(tmp_path, port=port)
        with pytest.raises(BrokerError, match=f"port {port} on 127.0.0.1 cannot be used .*in use.*choose another"):
            broker.start()
    broker.start()
    assert broker.port == port
    broker.stop()


def test_a_missing_server_is_said_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_module, "find_server", lambda: None)
    with pytest.raises(BrokerError, match=r"no nats-server 2\.14 or later was found; install one with: pip"):
        EmbeddedBroker(tmp_path).start()


def test_a_full_disk_is_said_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, text: str) -> None:
        del path, text
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(broker_module, "_write_private", full)
    with pytest.raises(BrokerError, match="cannot be used \\(No space left on device\\); free space or choose another"):
        EmbeddedBroker(tmp_path).start()


def test_a_folder_that_cannot_be_made_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BrokerError, match="cannot be used"):
        EmbeddedBroker(tmp_path / "file" / "broker").start()


def test_damaged_accounts_are_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "accounts.json").write_text('{"safety": "only one"}')
    with pytest.raises(BrokerError, match=r"accounts.json .* delete it to get new passwords"):
        EmbeddedBroker(tmp_path).start()


def test_the_last_words_of_a_server_that_ends_at_once_are_quoted(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file where the store should be")
    broker = EmbeddedBroker(tmp_path)
    with pytest.raises(BrokerError, match="the broker ended at once: Can't start JetStream: storage dir"):
        broker.start()
    assert not broker.running


def test_it_cannot_be_started_from_a_thread_that_may_end_before_us(tmp_path: Path) -> None:
    errors: list[Exception] = []

    def start() -> None:
        try:
            EmbeddedBroker(tmp_path).start()
        except RuntimeError as error:
            errors.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "main thread" in str(errors[0])


def test_it_dies_with_its_parent_even_by_sigkill(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from cordguard.bus.broker import EmbeddedBroker\n"
        f"broker = EmbeddedBroker(Path({str(tmp_path)!r})); broker.start(); print(broker.pid, flush=True)\n"
        "time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert psutil.pid_exists(pid)
        parent.send_signal(signal.SIGKILL)
    wait_until(lambda: not _lives(pid), what="the broker to die")


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_client_survives_a_restart_of_the_broker(own_broker: EmbeddedBroker) -> None:
    connection = replace(NatsRig(own_broker).connection("watchdog"), clean=True)
    client = Client(open_paho, connection)
    poll_until(lambda: client.bus.connected, client)
    own_broker.stop()
    poll_until(lambda: client.losses, client)
    own_broker.start()
    poll_until(lambda: client.bus.connected, client)
    assert client.connects == [False, False]
    client.bus.close()


def put_on_path(folder: Path, monkeypatch: pytest.MonkeyPatch, says: str) -> Path:
    server = folder / "nats-server"
    server.write_text(f"#!/bin/sh\necho '{says}'\n")
    server.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return server


def test_a_server_on_path_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = put_on_path(tmp_path, monkeypatch, "nats-server: v2.14.0")
    assert find_server() == own


@pytest.mark.parametrize("says", ["nats-server: v2.9.10", "no version at all"])
def test_a_server_on_path_that_is_too_old_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    old = put_on_path(tmp_path, monkeypatch, says)
    found = find_server()
    assert found is not None
    assert found != old


def test_without_one_on_path_the_packaged_server_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    found = find_server()
    assert found is not None
    assert found.name == "nats-server"
    assert os.access(found, os.X_OK)
