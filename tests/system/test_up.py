"""``cordguard up``: a system that goes on where it stopped, and devices simulated beside it."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cordguard.audit.verify import verify
from cordguard.cli.place import free_ports
from support.processes import Marked, cordguard, start, taken_port

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(120)]


@contextmanager
def running(data: Path) -> Iterator[tuple[Marked, int]]:
    """A system that works, and the port of its broker."""
    port, http_port = free_ports(None, None)
    with start(cordguard("up", "--data", data, "--port", port, "--http-port", http_port)) as up:
        assert up.process.stdout is not None
        said = [up.process.stdout.readline() for _ in range(4)]
        assert said[0].startswith("Everything works")
        assert said[2].startswith("    http://127.0.0.1:")
        assert str(port) in said[3]
        yield up, port


def end_well(up: Marked) -> None:
    up.process.send_signal(signal.SIGINT)
    status, _, err = up.end()
    assert (status, err) == (0, "")
    up.wait_until_gone()


def test_it_goes_on_where_it_stopped_with_the_same_accounts(tmp_path: Path) -> None:
    data = tmp_path / "ward"
    with running(data) as (up, _):
        end_well(up)
    before, accounts = verify(data / "ledger.db"), (data / "broker" / "accounts.json").read_bytes()
    with running(data) as (up, _):
        end_well(up)
    after = verify(data / "ledger.db", before.head_hash)
    assert after.good
    assert after.count > before.count
    assert (data / "broker" / "accounts.json").read_bytes() == accounts


def test_a_simulator_beside_it_plays_until_it_is_told_to_stop(tmp_path: Path) -> None:
    data = tmp_path / "ward"
    with running(data) as (up, port):
        password = json.loads((data / "broker" / "accounts.json").read_text(encoding="utf-8"))["simulator"]
        account = {"CORDGUARD_BROKER_USERNAME": "simulator", "CORDGUARD_BROKER_PASSWORD": password}
        words = cordguard("simulate", "canal-sensor-lost", "--broker-port", port)
        with start(words, environment=account) as simulator:
            assert simulator.process.stdout is not None
            assert [simulator.process.stdout.readline() for _ in range(2)] == ["ready\n", "00:00 before RF\n"]
            simulator.process.terminate()
            status, _, err = simulator.end()
            assert status == 0
            assert "stopped on request" in err
        with start(words, environment=account | {"CORDGUARD_BROKER_PASSWORD": "wrong"}) as stranger:
            status, _, err = stranger.end()
            assert status == 2
            assert "Traceback" not in err
        end_well(up)


def test_it_says_that_its_folder_was_taken_away_and_goes_on_watching(tmp_path: Path) -> None:
    data = tmp_path / "ward"
    with running(data) as (up, _):
        assert up.process.stderr is not None
        family = {process.pid for process in up.family()}
        data.rename(tmp_path / "elsewhere")
        said = up.process.stderr.readline()
        assert said.startswith(f"cordguard: the data folder {data} is gone (No such file or directory)")
        (tmp_path / "elsewhere").rename(data)
        assert up.process.stderr.readline().endswith("is there again and has room.\n")
        assert {process.pid for process in up.family()} == family
        end_well(up)


def test_a_taken_port_stops_it_before_it_starts(tmp_path: Path) -> None:
    with taken_port() as port, start(cordguard("up", "--data", tmp_path / "ward", "--port", port)) as up:
        status, out, err = up.end()
    assert (status, out) == (2, "")
    assert err.startswith(f"cordguard: port {port} on 127.0.0.1 cannot be used")
