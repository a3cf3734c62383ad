"""The committed dashboards as Grafana uses them: their panels, and their queries with every variable filled in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parents[2] / "grafana"
DASHBOARDS: Final = tuple(sorted((FOLDER / "dashboards").glob("*.json")))

Json = dict[str, Any]

_UNITS_MS: Final = {"s": 1_000, "m": 60_000, "h": 3_600_000}


def load(path: Path) -> Json:
    """A dashboard's JSON."""
    content: Json = json.loads(path.read_text(encoding="utf-8"))
    return content


@dataclass(frozen=True, slots=True)
class Target:
    """One query of one panel."""

    panel: Json
    query: str

    @property
    def name(self) -> str:
        """For test reports."""
        return f"{self.panel['title']}: {self.query[:60]}"


def targets(dashboard: Json) -> Iterator[Target]:
    """Every query of a dashboard."""
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield Target(panel, target["query"])


@dataclass(frozen=True, slots=True)
class Page:
    """What a person looks at: the chosen variables and the time range, in milliseconds."""

    variables: Mapping[str, str]
    from_ms: int
    to_ms: int
    interval: str | None = None
    """The width of a bucket, if it is not the panel's smallest."""

    def fill_in(self, query: str, panel: Json | None = None) -> str:
        """The query that Grafana sends: a panel with a time of its own reaches back from the end of the range."""
        from_ms = self.from_ms
        if panel is not None and "timeFrom" in panel:
            from_ms = self.to_ms - duration_ms(panel["timeFrom"])
        filled = query.replace("$timeFilter", f"time >= {from_ms}ms and time <= {self.to_ms}ms")
        filled = filled.replace("$__interval", self.interval or (panel or {}).get("interval", "1s"))
        for name, value in self.variables.items():
            filled = filled.replace(f"${{{name}:regex}}", re.sub(r"([\\^$*+?.()|{}\[\]/])", r"\\\1", value))
        assert "$" not in filled.replace("$/", ""), f"left over: {filled}"
        return filled


def duration_ms(text: str) -> int:
    """Grafana's short durations: ``5s``, ``10m``, ``1h``."""
    return int(text[:-1]) * _UNITS_MS[text[-1]]
