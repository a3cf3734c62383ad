"""However the demo ends, it says why in a sentence and leaves no process behind."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import psutil
import pytest

from cordguard.cli.fleet import SERVICES
from support.processes import Marked, cordguard, start
from support.waiting import wait_until

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(120)]

RUNS = "The case runs."


@contextmanager
def running_demo(data: Path, *words: str) -> Iterator[Marked]:
    """A demo whose case has begun; what it said so far is read away."""
    with start(cordguard("demo", "--data", data, *words)) as demo:
        read_until(demo, RUNS)
        yield demo


def read_until(demo: Marked, words: str) -> list[str]:
    assert demo.process.stdout is not None
    said = []
    for line in demo.process.stdout:
        said.append(line.strip())
        if words in line:
            return said
    pytest.fail(f"the demo ended before it said {words!r}: {said}")


def member(demo: Marked, *words: str) -> psutil.Process:
    """The process of the family whose command line has these words."""
    (found,) = [process for process in demo.family() if set(words) <= set(process.cmdline())]
    return found


def assert_all_gone_with_folder_named_last(demo: Marked, out: str, data: Path) -> None:
    demo.wait_until_gone()
    assert out.splitlines()[-1] == f"Data folder: {data}"


def test_ctrl_c_ends_a_live_demo_in_order_and_well(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with start(cordguard("demo", "--data", data)) as demo:
        said = read_until(demo, RUNS)
        (link,) = [line for line in said if line.startswith("http")]
        with urlopen(link, timeout=10) as page:  # noqa: S310 - our own page
            assert page.status == 200
        with pytest.raises(HTTPError), urlopen(link, timeout=10):  # noqa: S310 - our own page
            pass
        assert {process.name() for process in demo.family()} >= {"nats-server"}
        assert len(demo.family()) == len(SERVICES) + 3, "the services, broker, simulator and the demo itself"
        demo.process.send_signal(signal.SIGINT)
        status, out, err = demo.end()
        assert (status, err) == (0, "")
        assert_all_gone_with_folder_named_last(demo, out, data)
        assert "chain whole" in out


def test_a_second_ctrl_c_ends_it_at_once(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running_demo(data, "--headless") as demo:
        frozen = member(demo, "service", "audit")
        frozen.suspend()  # so that an orderly end would have to wait for it
        demo.process.send_signal(signal.SIGINT)
        read_until(demo, "Ending")
        demo.process.send_signal(signal.SIGINT)
        _, out, err = demo.end(timeout_s=5)
        assert "Traceback" not in err
        assert_all_gone_with_folder_named_last(demo, out, data)


def test_ctrl_c_while_it_starts_ends_it_too(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with start(cordguard("demo", "--data", data, "--headless")) as demo:
        read_until(demo, "Starting")
        wait_until((data / "logs" / "console.log").exists, what="the services to be started")
        demo.process.send_signal(signal.SIGINT)
        _, out, err = demo.end()
        assert err == ""
        assert_all_gone_with_folder_named_last(demo, out, data)


def test_sigterm_ends_it_as_ctrl_c_does(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running_demo(data, "--headless") as demo:
        demo.process.terminate()
        status, out, err = demo.end()
        assert (status, err) == (0, "")
        assert_all_gone_with_folder_named_last(demo, out, data)


def test_interrupting_a_run_that_should_have_finished_is_no_success(tmp_path: Path) -> None:
    with running_demo(tmp_path / "data", "--headless", "--speed", "20", "--exit-after-case") as demo:
        demo.process.send_signal(signal.SIGINT)
        status, _, err = demo.end()
        assert status == 130
        assert err == "cordguard: interrupted before the case was over.\n"


def test_sigkill_leaves_no_orphan(tmp_path: Path) -> None:
    with running_demo(tmp_path / "data", "--headless") as demo:
        demo.process.kill()
        demo.wait_until_gone()


@pytest.mark.parametrize("name", ["safety", "console", "broker"])
def test_a_dead_service_ends_the_demo_with_one_sentence_that_names_it(tmp_path: Path, name: str) -> None:
    data = tmp_path / "data"
    with running_demo(data, "--headless", "--speed", "20", "--exit-after-case") as demo:
        if name == "broker":
            next(process for process in demo.family() if process.name() == "nats-server").kill()
        else:
            member(demo, "service", name).kill()
        status, out, err = demo.end()
        assert status == 1
        assert err.startswith(f"cordguard: {name} ")
        assert str(data) in err
        assert err.count("\n") == 1
        assert_all_gone_with_folder_named_last(demo, out, data)


def test_the_wall_time_limit_ends_a_run_that_hangs(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running_demo(data, "--headless", "--exit-after-case", "--time-limit", "2") as demo:
        status, out, err = demo.end()
        assert status == 1
        assert "was not over after 2 s, its wall-time limit" in err
        assert_all_gone_with_folder_named_last(demo, out, data)


def test_a_disk_that_takes_nothing_is_one_sentence(tmp_path: Path) -> None:
    """RLIMIT_FSIZE stands for a full disk: every write beyond 4 KiB fails."""
    data = tmp_path / "data"
    limited = (
        "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)); "
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    with start([sys.executable, "-c", limited, *cordguard("demo", "--data", data)]) as demo:
        status, out, err = demo.end()
        assert status == 2
        assert err.startswith(f"cordguard: the data folder {data} cannot be written")
        assert err.count("\n") == 1
        assert "Traceback" not in out
    assert list(data.iterdir()) == []
