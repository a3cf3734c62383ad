"""Options of a service, made from its settings."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import Field

from cordguard.cli.options import flag_of, parse_settings, variable_of
from cordguard.runtime.service import SetupError
from cordguard.runtime.settings import ServiceSettings
from cordguard.safety.policy_file import PolicyFile
from cordguard.safety.settings import SafetySettings


class Settings(ServiceSettings):
    """A service made up for this test."""

    url: str | None = Field(default=None, description="Where to, in 100 % of cases.")
    names: tuple[str, ...] = Field(default=("one", "two"), description="Names.")
    token: str | None = Field(default=None, min_length=4, repr=False, description="A secret.")


def parse(*arguments: str, **environment: str) -> Settings:
    return parse_settings(Settings, "recorder", arguments, environment)


def test_options_win_over_the_environment_and_that_over_defaults(tmp_path: Path) -> None:
    settings = parse("--data-dir", str(tmp_path), "--site", "a", CORDGUARD_SITE="b", CORDGUARD_INSTANCE="c")
    assert (settings.site, settings.instance, settings.broker_port) == ("a", "c", 1883)


def test_everything_may_come_from_the_environment() -> None:
    settings = parse(CORDGUARD_DATA_DIR="/x", CORDGUARD_BROKER_PORT="99", CORDGUARD_SIMULATED_CLOCK="1")
    assert (settings.data_dir, settings.broker_port, settings.simulated_clock) == (Path("/x"), 99, True)


def test_variables_of_one_service_alone_carry_its_name() -> None:
    assert variable_of("recorder", "data_dir") == "CORDGUARD_DATA_DIR"
    assert variable_of("recorder", "url") == "CORDGUARD_RECORDER_URL"
    assert parse(CORDGUARD_DATA_DIR="/x", CORDGUARD_RECORDER_URL="http://h").url == "http://h"


def test_lists_are_separated_by_commas() -> None:
    assert parse("--data-dir", "x", "--names", "a, b").names == ("a", "b")
    assert parse("--data-dir", "x").names == ("one", "two")


def test_secrets_come_from_the_environment_and_have_no_option(capsys: pytest.CaptureFixture[str]) -> None:
    settings = parse("--data-dir", "x", CORDGUARD_RECORDER_TOKEN="secret", CORDGUARD_BROKER_PASSWORD="pass")
    assert (settings.token, settings.broker_password) == ("secret", "pass")
    for name in ("token", "broker_password"):
        with pytest.raises(SystemExit) as caught:
            parse("--data-dir", "x", flag_of(name), "secret")
        assert caught.value.code == 2
    assert "unrecognized" in capsys.readouterr().err


def test_a_missing_value_is_named_with_both_ways_to_give_it() -> None:
    with pytest.raises(SetupError, match=r"--data-dir \(CORDGUARD_DATA_DIR\): field required\."):
        parse()


def test_a_wrong_value_is_named_with_what_is_expected() -> None:
    with pytest.raises(SetupError, match=r"--broker-port \(CORDGUARD_BROKER_PORT\): .*less than or equal to 65535\."):
        parse("--data-dir", "x", "--broker-port", "99999")


def test_a_wrong_secret_is_not_shown() -> None:
    with pytest.raises(SetupError, match="CORDGUARD_RECORDER_TOKEN: ") as caught:
        parse("--data-dir", "x", CORDGUARD_RECORDER_TOKEN="abc")
    assert "abc" not in str(caught.value)


def test_help_describes_every_option_and_the_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse("--help")
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    for words in ("--data-dir", "--simulated-clock", "100 % of cases", "one,two", "CORDGUARD_RECORDER_TOKEN"):
        assert words in shown


def test_the_sentence_about_an_unreadable_policy_names_the_option_that_safety_has(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=rf"with {flag_of('policy_path')}$"):
        PolicyFile(tmp_path / "none.toml")
    assert "policy_path" in SafetySettings.model_fields
