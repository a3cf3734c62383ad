"""What ``cordguard broker-config`` makes for each kind of broker."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from cordguard.bus.mosquitto import ACCESS_NAME, CONFIG_NAME, PASSWORDS_NAME
from cordguard.bus.permissions import PARTIES
from cordguard.cli.broker_config import NATS_NAME, Place, as_text, broker_files, password_variable, write
from cordguard.runtime.service import SetupError

NATS = Place(kind="nats", site="s", host="127.0.0.1", port=1883, store=Path("/data"), folder=Path("/etc/broker"))
MOSQUITTO = replace(NATS, kind="mosquitto")
ENVIRONMENT = {password_variable("safety"): "p" * 20, password_variable("audit"): "q" * 20}


def test_the_nats_server_gets_an_account_for_each_password_and_for_nobody_else() -> None:
    files = broker_files(ENVIRONMENT, replace(NATS, host="0.0.0.0"))  # noqa: S104
    text = files[NATS_NAME]
    assert [party for party in PARTIES if f'user: "{party}"' in text] == ["safety", "audit"]
    assert "  host: 0.0.0.0\n  port: 1883" in text
    assert as_text(files) == text


def test_mosquitto_gets_an_account_for_each_password_and_for_nobody_else() -> None:
    files = broker_files(ENVIRONMENT, MOSQUITTO)
    assert [line.partition(":")[0] for line in files[PASSWORDS_NAME].splitlines()] == ["safety", "audit"]
    assert [party for party in PARTIES if f"user {party}\n" in files[ACCESS_NAME]] == ["safety", "audit"]
    assert "p" * 20 not in as_text(files)
    assert f"password_file /etc/broker/{PASSWORDS_NAME}\nacl_file /etc/broker/{ACCESS_NAME}\n" in files[CONFIG_NAME]
    assert all(f"# ---- {name} ----\n{text}" in as_text(files) for name, text in files.items())


@pytest.mark.parametrize("place", [NATS, MOSQUITTO], ids=lambda place: place.kind)
def test_the_files_are_written_for_this_user_alone(place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    files = broker_files(ENVIRONMENT, place)
    write(dict.fromkeys(files, "older"), folder)
    write(files, folder)
    assert {path.name: path.read_text() for path in folder.iterdir()} == files
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_folder_that_cannot_be_written_to_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SetupError, match=r"--output: .*file/below cannot be written to \(Not a directory\)\."):
        write({"a": "b"}, tmp_path / "file" / "below")


def test_a_broker_without_passwords_or_with_a_weak_one_is_refused() -> None:
    for environment in ({}, {password_variable("safety"): "short"}):
        with pytest.raises(SetupError, match="CORDGUARD_PASSWORD_SAFETY"):
            broker_files(environment, MOSQUITTO)


@pytest.mark.parametrize("site", ["NORTH", "a b", "a/b", "#", "a\nuser mallory", ""])
def test_a_site_that_cannot_be_one_is_refused(site: str) -> None:
    """In an access list it could say more than a site."""
    with pytest.raises(SetupError, match=r"--site: .* must match"):
        broker_files(ENVIRONMENT, replace(MOSQUITTO, site=site))
