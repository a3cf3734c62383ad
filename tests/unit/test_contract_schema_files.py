"""The published schema files are the ones that the contract generates."""

from __future__ import annotations

from pathlib import Path

from cordguard.contract import jsonschema

COMMITTED = Path(__file__).parents[2] / "schemas" / "json"
HOW_TO_FIX = "schemas/json is not what the contract says; run: .venv/bin/python -m cordguard.contract.jsonschema"


def test_committed_schemas_are_up_to_date() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in COMMITTED.iterdir()}
    assert committed == jsonschema.files(), HOW_TO_FIX


def test_writing_makes_what_is_missing_and_removes_what_is_stale(tmp_path: Path) -> None:
    (tmp_path / "of-the-past.json").write_text("{}", encoding="utf-8")
    (tmp_path / "vitals.json").write_text("{}", encoding="utf-8")
    jsonschema.write(tmp_path)
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == jsonschema.files()
