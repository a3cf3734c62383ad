"""``scripts/test`` on machines that lack something: what is missing, the line to type, exit status 2."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from support.fake_path import checkout_of, path_of, program_that, run_script

pytestmark = pytest.mark.system

TOOLS = ("bash", "dirname", "mktemp", "rm", "cat", "sha256sum", "cmp", "grep", "id")
NO_PYTHON = """\
scripts/test: needs Python 3.11 or newer with venv; on Debian, as root:
    apt-get install python3 python3-venv
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return checkout_of(tmp_path / "checkout", "test", "requirements-dev.lock", "pyproject.toml")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A PATH with the shell's tools, without Python, apt, or anything that tests need."""
    return path_of(tmp_path / "bin", TOOLS)


@pytest.fixture
def prepared(checkout: Path) -> Path:
    """A checkout whose ``.venv`` is as the script left it the last time."""
    environment = checkout / ".venv" / "bin"
    program_that(environment / "python", "exit 0")
    program_that(environment / "pip", f"exec {environment}/python")
    wanted = b"".join((checkout / name).read_bytes() for name in ("requirements-dev.lock", "pyproject.toml"))
    (checkout / ".venv" / "tested-with").write_text(f"{hashlib.sha256(wanted).hexdigest()}  -\n", encoding="ascii")
    return checkout


def run(checkout: Path, path: Path) -> tuple[int, str, str]:
    return run_script(checkout / "scripts" / "test", path)


def no_packages() -> str:
    """What it says where no package is there, and none can be installed."""
    looked_for_itself = [] if os.access("/usr/sbin/mosquitto", os.X_OK) else ["mosquitto"]
    names = " ".join(("influxdb", "chromium", *looked_for_itself, "npm"))
    return f"scripts/test: needs {names}; on Debian 12, as root:\n    apt-get install {names}\n"


def test_without_python_it_says_what_to_type(checkout: Path, path: Path) -> None:
    assert run(checkout, path) == (2, "", NO_PYTHON)


@pytest.mark.parametrize("lacks", ["ensurepip", "version_info"])
def test_with_a_python_that_is_too_old_or_lacks_venv_it_says_what_to_type(
    checkout: Path, path: Path, lacks: str
) -> None:
    program_that(path / "python3", f'case "$*" in *{lacks}*) echo "No module" >&2; exit 1;; esac; exit 0')
    assert run(checkout, path) == (2, "", NO_PYTHON)
    assert not (checkout / ".venv").exists()


def test_without_apt_it_names_what_is_missing(prepared: Path, path: Path) -> None:
    program_that(path / "id", "echo 0")
    assert run(prepared, path) == (2, "", no_packages())


@pytest.mark.parametrize("sudo", [None, 'echo "a password is required" >&2; exit 1'])
def test_with_apt_but_neither_root_nor_sudo_it_names_what_is_missing_and_installs_nothing(
    prepared: Path, path: Path, tmp_path: Path, sudo: str | None
) -> None:
    program_that(path / "id", "echo 1000")
    program_that(path / "apt-get", f"echo called >{tmp_path}/apt-was-called")
    if sudo is not None:
        program_that(path / "sudo", sudo)
    assert run(prepared, path) == (2, "", no_packages())
    assert not (tmp_path / "apt-was-called").exists()


def test_only_what_is_missing_is_named(prepared: Path, path: Path) -> None:
    program_that(path / "id", "echo 1000")
    for name in ("influxd", "chromium", "mosquitto"):
        program_that(path / name, "exit 0")
    expected = "scripts/test: needs npm; on Debian 12, as root:\n    apt-get install npm\n"
    assert run(prepared, path) == (2, "", expected)


def test_its_temporary_folder_is_taken_away(
    checkout: Path, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    assert run(checkout, path)[0] == 2
    assert list(temporary.iterdir()) == []
