"""InfluxQL queries, in the subset that InfluxDB 1.8, 2 and 3 Core share; the SDK has none of its own.

Tissue temperature is always the ``max`` of a bucket: a mean hides a short peak.
"""

from __future__ import annotations

from typing import Final, Literal

from grafana_foundation_sdk.cog import builder as cog
from grafana_foundation_sdk.cog import variants
from grafana_foundation_sdk.models.common import DataSourceRef

DATASOURCE: Final = DataSourceRef(type_val="influxdb", uid="cordguard-influx")
"""The data source that ``provisioning/datasources`` makes."""

ROOM: Final = '"site" =~ /^${site:regex}$/ AND "room" =~ /^${room:regex}$/ AND $timeFilter'
"""The room and the time that the page shows. ``:regex`` escapes; later versions refuse a plain variable here."""

SITES: Final = 'SHOW TAG VALUES FROM "temperature" WITH KEY = "site"'
ROOMS: Final = 'SHOW TAG VALUES FROM "temperature" WITH KEY = "room" WHERE "site" =~ /^${site:regex}$/'


class InfluxQuery(variants.Dataquery):
    """One query of a panel, as Grafana's InfluxDB data source stores it."""

    def __init__(self, ref_id: str, query: str, *, alias: str, result: Literal["time_series", "table"]) -> None:
        """``alias`` names the series; ``$tag_sensor`` stands for the value of a tag."""
        self.ref_id = ref_id
        self.query = query
        self.alias = alias
        self.result = result

    def to_json(self) -> dict[str, object]:
        """The query's JSON."""
        content: dict[str, object] = {
            "refId": self.ref_id,
            "datasource": DATASOURCE.to_json(),
            "query": self.query,
            "rawQuery": True,
            "resultFormat": self.result,
        }
        return content | ({"alias": self.alias} if self.alias else {})


class Query(cog.Builder[variants.Dataquery]):
    """What the SDK's panel builders take."""

    def __init__(self, query: InfluxQuery) -> None:
        """Wrap a finished query."""
        self._query = query

    def build(self) -> variants.Dataquery:
        """The query."""
        return self._query


def series(ref_id: str, select: str, measurement: str, *, by: str = "", alias: str = "", where: str = "") -> Query:
    """A line for each value of the tags in ``by``; a bucket without data has no point, so that gaps show."""
    groups = ", ".join(part for part in ("time($__interval)", by) if part)
    return Query(
        InfluxQuery(
            ref_id,
            f'SELECT {select} FROM "{measurement}" WHERE {ROOM}{where} GROUP BY {groups} fill(none)',
            alias=alias,
            result="time_series",
        )
    )


def number(ref_id: str, query: str) -> Query:
    """A single number."""
    return Query(InfluxQuery(ref_id, query, alias="", result="time_series"))


def table(ref_id: str, query: str) -> Query:
    """Rows and columns."""
    return Query(InfluxQuery(ref_id, query, alias="", result="table"))
