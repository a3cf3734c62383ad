"""The leak checks themselves can fail."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from support.leaks import leaked_processes
from support.waiting import wait_until

SLEEPER = [sys.executable, "-c", "input()"]
PARENT_OF_SLEEPER_CODE = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=0, stdout=subprocess.DEVNULL)
print(child.pid, flush=True)
"""
PARENT_OF_SLEEPER = [sys.executable, "-c", PARENT_OF_SLEEPER_CODE]
FORGETFUL_TEST = """
import threading
pytest_plugins = ["support.leaks"]
def test_that_forgets():
    threading.Thread(target=threading.Event().wait, name="forgotten", daemon=True).start()
"""
TESTS = Path(__file__).parent.parent


@pytest.fixture
def before() -> frozenset[int]:
    return frozenset(psutil.pids())


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(SLEEPER, stdin=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def test_a_running_child_is_a_leak(sleeper: subprocess.Popen[str]) -> None:
    before = frozenset(psutil.pids()) - {sleeper.pid}
    assert [line.split()[0] for line in leaked_processes(before)] == [str(sleeper.pid)]


def test_a_child_that_was_there_before_is_no_leak(sleeper: subprocess.Popen[str]) -> None:
    assert leaked_processes(frozenset(psutil.pids())) == []
    assert sleeper.poll() is None


def test_an_orphan_is_a_leak(before: frozenset[int]) -> None:
    read_end, write_end = os.pipe()
    with subprocess.Popen(PARENT_OF_SLEEPER, stdin=read_end, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        orphan = int(parent.stdout.read())
    try:
        assert [line.split()[0] for line in leaked_processes(before)] == [str(orphan)]
    finally:
        psutil.Process(orphan).kill()
        os.close(write_end)
        os.close(read_end)
    wait_until(lambda: not leaked_processes(before), what="the orphan to end")


def test_a_test_that_leaves_a_thread_behind_fails(tmp_path: Path) -> None:
    (tmp_path / "test_forgetful.py").write_text(FORGETFUL_TEST)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(tmp_path)]
    run = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": str(TESTS)}, capture_output=True, text=True, check=False
    )
    assert run.returncode == 1, run.stdout
    assert "left threads behind: forgotten" in run.stdout
