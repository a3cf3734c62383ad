from __future__ import annotations

import os
import signal
import subprocess
import sys

PROGRAM = (
    "import sys; from cordguard.bus.pdeath import die_with_parent; die_with_parent(int(sys.argv[1])); print('lives')"
)


def run_with_parent(pid: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", PROGRAM, str(pid)], capture_output=True, text=True, check=False)


def test_a_child_of_a_living_parent_goes_on() -> None:
    ended = run_with_parent(os.getpid())
    assert (ended.returncode, ended.stdout) == (0, "lives\n")


def test_a_child_whose_parent_was_gone_before_it_could_ask_ends_at_once() -> None:
    ended = run_with_parent(os.getpid() + 1)
    assert (ended.returncode, ended.stdout) == (-signal.SIGKILL, "")
