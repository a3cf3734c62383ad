"""What mosquitto is told, as text; what it makes of it is tried in tests/wire."""

from __future__ import annotations

from pathlib import Path

import pytest

from cordguard.bus.filters import covers
from cordguard.bus.mosquitto import CONFIG_NAME, access_list, mosquitto_files, password_line
from cordguard.bus.permissions import PARTIES, permissions_of
from cordguard.contract.topics import TABLE

SALT = bytes(range(12))


def config() -> list[str]:
    files = mosquitto_files(1883, {}, "s", folder=Path("/etc/broker"), store=Path("/data"), salt=lambda: SALT)
    return files[CONFIG_NAME].splitlines()


@pytest.mark.parametrize(
    "line",
    [
        "listener 1883 127.0.0.1",
        "allow_anonymous false",
        "persistence true",
        "persistence_location /data/",
        "autosave_interval 1",
        "autosave_on_changes false",
        "max_queued_messages 10000000",
        "max_inflight_messages 200",
        "set_tcp_nodelay true",
    ],
)
def test_the_settings_that_keep_what_was_confirmed_are_shipped(line: str) -> None:
    assert line in config()


def test_the_access_list_speaks_of_the_given_parties_and_site_only() -> None:
    lines = access_list(["device"], "north").splitlines()
    assert lines[0] == "user device"
    assert {line.split()[0] for line in lines[1:]} == {"topic"}
    assert {line.split()[1] for line in lines[1:]} == {"deny", "write"}
    assert all(line.split()[2].startswith("cordguard/v1/north/") for line in lines[1:])


def test_denials_take_from_nobody_what_he_may_hear() -> None:
    """To mosquitto a denial is for reading too: it may only name what nobody else publishes."""
    for party in PARTIES:
        allowed = permissions_of(party)
        for denied in allowed.publish_never:
            for row in TABLE:
                concrete = row.filter("s").replace("+", "x")
                assert not (covers(denied, concrete) and any(covers(own, concrete) for own in allowed.subscribe))


def test_a_password_is_noted_as_mosquitto_notes_it() -> None:
    """Held against the broker by every test that connects; here against change."""
    account, kind, rounds, salt, derived = password_line("safety", "secret", SALT).replace(":$", "$").split("$")
    assert (account, kind, rounds, salt) == ("safety", "7", "5000", "AAECAwQFBgcICQoL")
    assert len(derived) == 88
    assert password_line("safety", "secret", SALT) != password_line("safety", "Secret", SALT)


def test_a_salt_that_mosquitto_would_not_take_is_a_bug_of_ours() -> None:
    with pytest.raises(ValueError, match="the salt has 16 bytes; mosquitto takes 12"):
        password_line("safety", "secret", bytes(16))
