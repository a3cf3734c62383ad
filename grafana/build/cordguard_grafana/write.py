"""From builders to the committed files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from cordguard_grafana import room

FOLDER: Final = Path(__file__).parents[2] / "dashboards"
"""Where the committed dashboards lie, and where Grafana's provisioning looks."""

COMMAND: Final = "python grafana/build"
"""What writes them."""

DASHBOARDS: Final[dict[str, Callable[[], Dashboard]]] = {"room.json": room.build}


def text_of(build: Callable[[], Dashboard]) -> str:
    """A dashboard as the text of its file: panels are numbered in order, keys are sorted."""
    content = json.loads(JSONEncoder().encode(build()))
    for number, panel in enumerate(content["panels"], start=1):
        panel["id"] = number
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write_all(folder: Path) -> None:
    """Write every dashboard."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, build in DASHBOARDS.items():
        (folder / name).write_text(text_of(build), encoding="utf-8")
