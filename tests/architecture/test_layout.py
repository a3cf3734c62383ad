"""Where things lie: three source roots, one namespace, and nothing that points off this tree."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from urllib.parse import urlsplit

import pytest

from support.sources import ROOT, SOURCE_ROOTS, committed_texts, imports, modules, name_of

PORTIONS = {
    "schemas": {"contract"},
    "services": {"audit", "bus", "cli", "console", "engine", "recorder", "runtime", "safety", "watchdog"},
    "simulators": {"simulators"},
}
HOSTS = {"127.0.0.1", "json-schema.org", "www.w3.org"}
"""Hosts that a file other than prose may name, besides names without a dot and the reserved .example."""

MACHINE_PATH = re.compile(r"/(?:work|root|home/[a-z]\w*)/")
PACKAGE_ADDRESS = re.compile(r"https?://\S+(?:/simple\b|\.whl\b|\.deb\b|\.tgz\b|\.tar\.[a-z]+\b)")


@pytest.mark.parametrize("root", SOURCE_ROOTS)
def test_each_source_root_holds_its_portions_of_the_namespace(root: str) -> None:
    folders = {path.name for path in (ROOT / root / "cordguard").iterdir() if (path / "__init__.py").exists()}
    assert folders == PORTIONS[root]


def test_no_file_makes_the_namespace_a_package() -> None:
    assert [name_of(path) for path in ROOT.glob("*/cordguard/*.py")] == []
    assert [name_of(path) for path in ROOT.glob("*/__init__.py")] == []


def test_every_folder_with_modules_is_a_package() -> None:
    folders = {path.parent for path in modules()}
    assert [name_of(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_nothing_imports_the_source_roots_as_packages() -> None:
    found = [
        f"{name_of(path)}: {module}"
        for path in modules(*SOURCE_ROOTS, "tests")
        for module in imports(path)
        if module.split(".")[0] in SOURCE_ROOTS
    ]
    assert found == []


def test_test_files_have_names_of_their_own() -> None:
    names = Counter(path.name for path in modules("tests") if path.name.startswith("test_"))
    assert [name for name, times in names.items() if times > 1] == []


@pytest.mark.parametrize("command", ["scripts/demo", "scripts/test", "scripts/lock", ".ci/run"])
def test_commands_can_be_run(command: str) -> None:
    path = ROOT / command
    assert path.stat().st_mode & 0o111
    assert path.read_text(encoding="utf-8").startswith("#!/usr/bin/env ")


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock", "benchmarks/requirements-peers.lock"])
def test_locks_hold_versions_and_hashes_and_no_addresses(lock: str) -> None:
    lines = committed_texts()[lock].splitlines()
    pinned = re.compile(r"[a-z0-9][a-z0-9-]*==[a-z0-9.+!]+( ; [^#@]+)? \\")
    hashed = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
    assert [line for line in lines if not pinned.fullmatch(line) and not hashed.fullmatch(line)] == []
    assert any(pinned.fullmatch(line) for line in lines)


@pytest.mark.parametrize("folder", ["tests/npm", "benchmarks/npm"])
def test_npm_locks_hold_versions_and_hashes_and_no_addresses(folder: str) -> None:
    packages = json.loads(committed_texts()[f"{folder}/package-lock.json"])["packages"]
    locked = {name: package for name, package in packages.items() if name}
    loose = [name for name, package in locked.items() if not package.keys() & {"integrity", "inBundle"}]
    assert loose == []  # what comes inside another package is covered by its hash
    assert [name for name, package in locked.items() if {"resolved", "funding"} & set(package)] == []
    assert locked


def test_what_runs_is_tested_in_the_same_versions() -> None:
    runs, tests = (
        set(re.findall(r"^\S+==\S+", committed_texts()[name], re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    )
    assert runs < tests


def test_every_dependency_has_its_reason_in_a_decision() -> None:
    project = tomllib.loads(committed_texts()["pyproject.toml"])
    groups = [project["project"]["dependencies"], *project["dependency-groups"].values()]
    names = {re.split(r"[<>=~;\[ ]", wanted)[0] for group in groups for wanted in group if isinstance(wanted, str)}
    reasons = committed_texts()["docs/explanations/decisions/0004-tools-and-dependencies.md"]
    tables = {word for line in reasons.splitlines() if line.startswith("| ") for word in re.findall(r"[\w-]+", line)}
    stubs = {name for name in names if name.startswith("types-")}
    assert names - stubs - tables == set()
    assert "pydantic" in names


def test_no_file_names_a_package_index_or_a_download() -> None:
    index = re.compile(r"-{2}(extra-)?index-url|-{2}find-links|find-links ?=")
    found = [name for name, text in committed_texts().items() if index.search(text) or PACKAGE_ADDRESS.search(text)]
    assert found == []


def test_code_and_configuration_name_no_foreign_host() -> None:
    found = [
        f"{name}: {url}"
        for name, text in committed_texts().items()
        if not name.endswith((".md", "LICENSE"))
        for url in re.findall(r"\bhttps?://[A-Za-z0-9\[][^\s\"'`<>)]*", text)
        if "." in (host := urlsplit(url).hostname or "") and host not in HOSTS and not host.endswith(".example")
    ]
    assert found == []


def test_no_file_holds_a_path_of_a_machine() -> None:
    found = [
        f"{name}: {match}" for name, text in committed_texts().items() for match in MACHINE_PATH.findall(text) if match
    ]
    assert found == []
    assert [name for name, text in committed_texts().items() if str(ROOT) + "/" in text] == []


def test_the_licence_is_apache_2() -> None:
    assert "Apache License\n                           Version 2.0, January 2004" in committed_texts()["LICENSE"]


def test_topics_are_spelled_in_the_contract_alone() -> None:
    spelled = re.compile(r"cordguard/v1/|\bPREFIX\}/")
    found = [
        name
        for name, text in committed_texts().items()
        if name.startswith(("services/", "simulators/")) and name.endswith(".py") and spelled.search(text)
    ]
    assert found == []
