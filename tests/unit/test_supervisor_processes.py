"""The supervisor with real children and real signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from cordguard.runtime.interrupts import Interrupts, StopRequestedError
from cordguard.runtime.service import ServiceFailedError, SetupError
from cordguard.runtime.supervision import ProcessSpec
from cordguard.runtime.supervisor import Supervisor
from support.processes import start
from support.waiting import wait_until

STAYS = "echo ready; exec sleep 300"
DEAF = "trap '' TERM; echo ready; while :; do sleep 1; done"


def shell(name: str, script: str, *, stage: int = 0, may_end: bool = False, patience_s: float = 10) -> ProcessSpec:
    return ProcessSpec(
        name,
        ("/bin/sh", "-c", script),
        stage=stage,
        may_end=may_end,
        ready_within_s=patience_s,
        stops_within_s=patience_s,
    )


def announces_its_end(name: str, order: Path, *, stage: int) -> ProcessSpec:
    script = f"trap 'echo {name} >> {order}; exit 0' TERM; echo ready; while :; do sleep 0.02; done"
    return shell(name, script, stage=stage)


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True) if child.status() != psutil.STATUS_ZOMBIE}


def poll_until(supervisor: Supervisor, condition: Callable[[], bool]) -> None:
    def poll_and_look() -> bool:
        supervisor.poll(0.01)
        return condition()

    wait_until(poll_and_look)


@pytest.fixture
def interrupts() -> Iterator[Interrupts]:
    before = children()
    with Interrupts() as counted:
        yield counted
    wait_until(lambda: children() <= before, what="the end of all children")


def test_all_are_ready_when_start_returns_and_gone_after_the_block(tmp_path: Path, interrupts: Interrupts) -> None:
    before = children()
    with Supervisor(tmp_path, interrupts) as supervisor:
        supervisor.start([shell("one", STAYS), shell("two", STAYS, stage=1)])
        supervisor.poll(0)
        assert len(children() - before) == 2
        assert not supervisor.ended("one")
    assert children() == before


def test_a_stage_starts_only_when_the_one_before_is_ready(tmp_path: Path, interrupts: Interrupts) -> None:
    mark = tmp_path / "first-is-ready"
    with Supervisor(tmp_path, interrupts) as supervisor:
        supervisor.start(
            [
                shell("second", f"test -e {mark} && {STAYS}", stage=1),
                shell("first", f"sleep 0.2; touch {mark}; {STAYS}", stage=0),
            ]
        )


def test_the_end_comes_in_descending_stages(tmp_path: Path, interrupts: Interrupts) -> None:
    order = tmp_path / "order"
    with Supervisor(tmp_path, interrupts) as supervisor:
        supervisor.start(
            [announces_its_end(name, order, stage=n) for n, name in enumerate(("broker", "safety", "sim"))]
        )
        assert supervisor.stop() == ()
    assert order.read_text(encoding="ascii").split() == ["sim", "safety", "broker"]


def test_a_child_that_dies_is_named_with_its_last_word_and_log(tmp_path: Path, interrupts: Interrupts) -> None:
    with Supervisor(tmp_path, interrupts) as supervisor:
        supervisor.start([shell("safety", "echo ready; sleep 0.1; echo the disk is full. >&2; exit 3")])
        with pytest.raises(ServiceFailedError) as caught:
            supervisor.poll(10)
    assert str(caught.value) == (
        f"safety ended with status 3; its last word: the disk is full (log: {tmp_path / 'safety.log'})."
    )


def test_a_child_that_is_killed_ends_the_others(tmp_path: Path, interrupts: Interrupts) -> None:
    before = children()
    with Supervisor(tmp_path, interrupts) as supervisor:
        supervisor.start([shell("one", STAYS), shell("two", STAYS)])
        os.kill(min(children() - before), signal.SIGKILL)
        with pytest.raises(ServiceFailedError, match="was killed by SIGKILL"):
            supervisor.poll(10)
    assert children() == before


def test_a_child_that_dies_before_it_is_ready_ends_the_start(tmp_path: Path, interrupts: Interrupts) -> None:
    with Supervisor(tmp_path, interrupts) as supervisor, pytest.raises(ServiceFailedError, match="ended with status 2"):
        supervisor.start([shell("one", STAYS), shell("two", "exit 2")])


def test_a_child_that_never_gets_ready_is_named_after_its_deadline(tmp_path: Path, interrupts: Interrupts) -> None:
    words = r"slow was not ready within 0\.2 s; its last word: still trying"
    with Supervisor(tmp_path, interrupts) as supervisor, pytest.raises(ServiceFailedError, match=words):
        supervisor.start([shell("slow", "echo still trying >&2; exec sleep 300", patience_s=0.2)])


def test_a_word_that_only_contains_ready_is_not_the_ready_line(tmp_path: Path, interrupts: Interrupts) -> None:
    with Supervisor(tmp_path, interrupts) as supervisor, pytest.raises(ServiceFailedError, match="was not ready"):
        supervisor.start([shell("almost", "echo already; echo not ready; exec sleep 300", patience_s=0.3)])


def test_a_process_of_somebody_else_is_blamed_before_ours(tmp_path: Path, interrupts: Interrupts) -> None:
    log = tmp_path / "broker.log"
    log.write_text("no space left", encoding="ascii")
    runs = True
    with Supervisor(tmp_path, interrupts) as supervisor:
        supervisor.watch("broker", lambda: runs, log)
        supervisor.start([shell("one", STAYS)])
        runs = False
        with pytest.raises(ServiceFailedError, match="broker has ended; its last word: no space left"):
            supervisor.poll(10)


def test_a_program_that_does_not_exist_is_a_bad_setup(tmp_path: Path, interrupts: Interrupts) -> None:
    with Supervisor(tmp_path, interrupts) as supervisor, pytest.raises(SetupError, match="ghost cannot be started"):
        supervisor.start([ProcessSpec("ghost", ("/nowhere/ghost",))])


def test_a_log_folder_that_cannot_be_written_is_a_bad_setup(tmp_path: Path, interrupts: Interrupts) -> None:
    (tmp_path / "logs").write_text("a file, not a folder", encoding="ascii")
    with Supervisor(tmp_path / "logs", interrupts) as supervisor, pytest.raises(SetupError, match="cannot be started"):
        supervisor.start([shell("one", STAYS)])


def test_a_simulator_may_end_by_itself(tmp_path: Path, interrupts: Interrupts) -> None:
    with Supervisor(tmp_path, interrupts) as supervisor:
        supervisor.start([shell("service", STAYS), shell("simulator", "echo ready; exit 0", stage=1, may_end=True)])
        poll_until(supervisor, lambda: supervisor.ended("simulator"))
        assert not supervisor.ended("service")


def test_lines_after_ready_are_passed_on_whole(tmp_path: Path, interrupts: Interrupts) -> None:
    lines: list[tuple[str, str]] = []
    script = "echo before; echo ready; printf 'half '; sleep 0.05; echo whole; exec sleep 300"
    with Supervisor(tmp_path, interrupts, on_line=lambda name, line: lines.append((name, line))) as supervisor:
        supervisor.start([shell("talker", script)])
        poll_until(supervisor, lambda: len(lines) == 2)
    assert lines == [("talker", "before"), ("talker", "half whole")]


def test_a_child_that_talks_without_end_does_not_block(tmp_path: Path, interrupts: Interrupts) -> None:
    with Supervisor(tmp_path, interrupts) as supervisor:
        supervisor.start([shell("talker", "echo ready; exec yes")])
        supervisor.poll(0.05)
        assert supervisor.stop() != (), "yes knows no SIGTERM handler, so it is reported as killed by it"


def test_ctrl_c_asks_for_the_end_and_everything_ends(tmp_path: Path, interrupts: Interrupts) -> None:
    with Supervisor(tmp_path, interrupts) as supervisor:
        supervisor.start([shell("one", STAYS)])
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(StopRequestedError):
            supervisor.poll(10)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_sigterm_and_a_closed_terminal_ask_too_and_also_during_the_start(
    tmp_path: Path, interrupts: Interrupts, number: signal.Signals
) -> None:
    with Supervisor(tmp_path, interrupts) as supervisor:
        os.kill(os.getpid(), number)
        with pytest.raises(StopRequestedError):
            supervisor.start([shell("slow", "exec sleep 300")])


def test_a_child_that_ignores_sigterm_is_killed_after_its_patience_and_reported(
    tmp_path: Path, interrupts: Interrupts
) -> None:
    with Supervisor(tmp_path, interrupts) as supervisor:
        supervisor.start([shell("deaf", DEAF, patience_s=0.3)])
        (words,) = supervisor.stop()
    assert words.startswith("deaf did not end within 0.3 s and was killed")


def test_a_second_ctrl_c_kills_at_once(tmp_path: Path, interrupts: Interrupts) -> None:
    with Supervisor(tmp_path, interrupts) as supervisor:
        supervisor.start([shell("deaf", DEAF, patience_s=300)])
        again = subprocess.Popen(["/bin/sh", "-c", f"sleep 0.3; kill -INT {os.getpid()}"])
        assert supervisor.stop() == ()
        again.wait(10)


def test_two_requests_before_the_stop_began_kill_at_once_too(tmp_path: Path, interrupts: Interrupts) -> None:
    with Supervisor(tmp_path, interrupts) as supervisor:
        supervisor.start([shell("deaf", DEAF, patience_s=300)])
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
        assert supervisor.stop() == ()


def test_a_stopped_child_ends_too(tmp_path: Path, interrupts: Interrupts) -> None:
    before = children()
    with Supervisor(tmp_path, interrupts) as supervisor:
        supervisor.start([shell("frozen", STAYS, patience_s=0.3)])
        (child,) = children() - before
        os.kill(child, signal.SIGSTOP)
    assert children() == before


PARENT = """
import sys
from pathlib import Path
from cordguard.runtime.interrupts import Interrupts
from cordguard.runtime.supervision import ProcessSpec
from cordguard.runtime.supervisor import Supervisor

with Interrupts() as interrupts, Supervisor(Path(sys.argv[1]), interrupts) as supervisor:
    supervisor.start([ProcessSpec(name, ("/bin/sh", "-c", sys.argv[2])) for name in ("one", "two")])
    print("all ready", flush=True)
    supervisor.poll(300)
"""


@pytest.mark.parametrize("child", [STAYS, DEAF])
def test_sigkill_of_the_parent_leaves_no_process(tmp_path: Path, child: str) -> None:
    with start([sys.executable, "-c", PARENT, tmp_path, child]) as parent:
        assert parent.process.stdout is not None
        assert parent.process.stdout.readline() == "all ready\n"
        assert len(parent.family()) >= 3
        parent.process.kill()
        # The kernel ends our children; the short sleeps of the deaf ones are theirs and end by themselves.
        parent.wait_until_gone()


def test_ctrl_c_to_the_whole_group_reaches_the_parent_alone(tmp_path: Path) -> None:
    tells = "trap 'echo interrupted >&2' INT; echo ready; while :; do sleep 0.05; done"
    with start([sys.executable, "-c", PARENT, tmp_path, tells]) as parent:
        assert parent.process.stdout is not None
        assert parent.process.stdout.readline() == "all ready\n"
        os.killpg(parent.pid, signal.SIGINT)
        status, _, err = parent.end()
        assert status == 1
        assert "StopRequestedError" in err
        parent.wait_until_gone()
    assert (tmp_path / "one.log").read_text(encoding="utf-8") == ""
