"""``scripts/demo`` on machines that lack something: a sentence, the line to type, exit status 2."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from support.fake_path import checkout_of, path_of, program_that, run_script
from support.processes import start
from support.sources import ROOT

pytestmark = pytest.mark.system

TOOLS = ("bash", "dirname", "mktemp", "rm", "cat", "sha256sum", "cmp", "tail")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return checkout_of(tmp_path / "checkout", "demo", "requirements.lock", "pyproject.toml")


@pytest.fixture
def path_without_python(tmp_path: Path) -> Path:
    """A PATH with the shell's tools and no Python."""
    return path_of(tmp_path / "bin", TOOLS)


def python_that(folder: Path, script: str) -> None:
    program_that(folder / "python3", script)


def run(checkout: Path, path: Path) -> tuple[int, str, str]:
    return run_script(checkout / "scripts" / "demo", path, "--headless")


def test_without_python_it_says_what_to_type(checkout: Path, path_without_python: Path) -> None:
    status, out, err = run(checkout, path_without_python)
    assert (status, out) == (2, "")
    assert "Python 3.11 or newer is needed" in err
    assert "    sudo apt-get install python3 python3-venv\n" in err


def test_with_an_old_python_it_says_what_to_type(checkout: Path, path_without_python: Path) -> None:
    python_that(path_without_python, "exit 1")
    status, _, err = run(checkout, path_without_python)
    assert status == 2
    assert "Python 3.11 or newer is needed" in err


def test_without_venv_it_says_what_to_type(checkout: Path, path_without_python: Path) -> None:
    python_that(path_without_python, 'case "$*" in *ensurepip*) exit 1;; esac; exit 0')
    status, _, err = run(checkout, path_without_python)
    assert status == 2
    assert "lacks its venv module" in err
    assert "    sudo apt-get install python3-venv\n" in err


def test_an_install_that_fails_shows_its_last_words_and_ends_with_status_2(
    checkout: Path, path_without_python: Path
) -> None:
    python_that(path_without_python, 'case "$*" in *"-m venv"*) echo "No space left on device"; exit 1;; esac; exit 0')
    status, out, err = run(checkout, path_without_python)
    assert status == 2
    assert "Making .venv … failed" in out
    assert "No space left on device" in err
    assert not (checkout / ".venv" / "demo-installed-with").exists()


def test_the_demo_runs_in_the_folder_it_was_called_from(
    checkout: Path, path_without_python: Path, tmp_path: Path
) -> None:
    program_that(checkout / ".venv" / "bin" / "cordguard", 'echo "$PWD: $*"')
    wanted = f"{checkout}\n".encode() + b"".join(
        (checkout / name).read_bytes() for name in ("requirements.lock", "pyproject.toml")
    )
    (checkout / ".venv" / "demo-installed-with").write_text(f"{hashlib.sha256(wanted).hexdigest()}  -\n", "ascii")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    call = f"cd {elsewhere} && exec ../checkout/scripts/demo --data mine"
    with start(["/bin/bash", "-c", call], environment={"PATH": str(path_without_python)}) as script:
        assert script.end() == (0, f"{elsewhere}: demo --data mine\n", "")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_fresh_checkout_sets_itself_up_once_and_starts(tmp_path: Path) -> None:
    folder = tmp_path / "fresh"
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout  # noqa: S607
    for name in filter(None, listing.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    for words in ("Setting up .venv", "Usage: cordguard"):
        with start(["/bin/bash", folder / "scripts" / "demo", "--help"]) as script:
            status, out, err = script.end(timeout_s=500)
        assert (status, err) == (0, "")
        assert out.startswith(words)
        assert "--exit-after-case" in out


def test_its_temporary_file_is_taken_away(
    checkout: Path, path_without_python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    assert run(checkout, path_without_python)[0] == 2
    assert list(temporary.iterdir()) == []
