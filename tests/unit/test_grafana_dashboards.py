"""What is committed is what the code writes, and keeps the rules for panels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
import yaml

from cordguard.recorder.points import POINT_COLUMNS
from cordguard_grafana.colours import ALARM_COLOURS, HIGH, LOW, MEDIUM
from cordguard_grafana.influxql import DATASOURCE
from cordguard_grafana.write import COMMAND, DASHBOARDS, FOLDER, text_of
from support.grafana import DASHBOARDS as COMMITTED
from support.grafana import FOLDER as GRAFANA
from support.grafana import Json, load, targets

ALL = [load(path) for path in COMMITTED]
PANELS = [panel for dashboard in ALL for panel in dashboard["panels"]]
QUERIES = [target.query for dashboard in ALL for target in targets(dashboard)]
VARIABLE_QUERIES = [variable["query"] for dashboard in ALL for variable in dashboard["templating"]["list"]]

each_panel = pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
each_query = pytest.mark.parametrize("query", QUERIES + VARIABLE_QUERIES)


def test_every_committed_dashboard_is_what_the_code_writes() -> None:
    assert {path.name for path in COMMITTED} == set(DASHBOARDS), f"run: {COMMAND}"
    for name, build in DASHBOARDS.items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text_of(build), f"{name} is out of date; run: {COMMAND}"


def test_dashboards_have_stable_names_and_cannot_be_edited_in_grafana() -> None:
    assert [dashboard["uid"] for dashboard in ALL] == ["cordguard-room"]
    assert not any(dashboard["editable"] for dashboard in ALL)


@each_panel
def test_every_panel_says_what_it_shows_and_what_to_do(panel: Json) -> None:
    assert panel["title"]
    assert len(panel["description"]) > 80
    assert panel["datasource"] == DATASOURCE.to_json()
    assert panel["fieldConfig"]["defaults"]["noValue"]


def test_no_panel_lies_over_another_or_over_the_edge() -> None:
    for dashboard in ALL:
        cells = [_cells(panel["gridPos"]) for panel in dashboard["panels"]]
        assert all(not one & other for one, other in combinations(cells, 2))
        assert max(x for these in cells for x, _ in these) <= 23
        assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


@each_panel
def test_a3_red_yellow_and_cyan_belong_to_alarms_alone(panel: Json) -> None:
    worn = {value for key, value in _strings(panel) if key in {"color", "fixedColor"} and value in ALARM_COLOURS}
    allowed = {"Alarm history": {HIGH, MEDIUM, LOW}, "Margin to the stop limit": {HIGH}}
    assert worn == allowed.get(panel["title"], set())


@each_panel
def test_every_panel_says_its_colours_itself_and_none_comes_from_a_palette(panel: Json) -> None:
    modes = {value for key, value in _strings(panel) if key == "mode" and value.startswith(("palette", "continuous"))}
    assert not modes
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["color"]["mode"] in {"thresholds", "fixed", "shades"}
    assert defaults["thresholds"]["steps"], "without steps Grafana paints everything above 80 red"
    assert not {"red", "yellow", "cyan", "orange", "green"} & {value for _, value in _strings(panel)}


@each_panel
def test_limits_come_from_the_data_and_are_never_typed_into_a_panel(panel: Json) -> None:
    steps = [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]]
    assert steps in ([None], [None, 0.001])


@each_panel
def test_h5_no_panel_shows_an_old_number_as_if_it_were_current(panel: Json) -> None:
    match panel["type"]:
        case "stat":
            assert panel["timeFrom"] == "5s"
            assert panel["fieldConfig"]["defaults"]["noValue"] == "NO DATA"
        case "timeseries":
            custom = panel["fieldConfig"]["defaults"]["custom"]
            assert (custom["insertNulls"], custom["spanNulls"]) == (2_000, False)


def test_h9_a18_grafana_judges_no_alarm() -> None:
    assert not (GRAFANA / "provisioning" / "alerting").exists()
    assert not [panel for panel in PANELS if "alert" in panel or panel["type"] == "alertlist"]


def test_tissue_temperature_and_dose_are_never_averaged() -> None:
    assert not [query for query in QUERIES if re.search(r"\b(mean|median|moving_average|sample)\(", query)]


@each_query
def test_queries_stay_in_what_all_versions_of_influxdb_share(query: str) -> None:
    assert not re.search(r"\b(INTO|SLIMIT|SOFFSET|SHOW SERIES|sample|ON)\b", query), query
    assert not re.search(r'FROM\s+"[^"]*"\s*\.', query), "a database or a retention policy before the measurement"
    assert not re.search(r"\w*_hll\b|CARDINALITY", query)


@each_query
def test_variables_in_queries_are_escaped(query: str) -> None:
    left = re.sub(r"\$\{\w+:regex\}", "", query)
    assert "$" not in left.replace("$timeFilter", "").replace("$__interval", "").replace("$/", "")


@each_query
def test_every_query_of_data_is_of_one_room_and_of_the_time_shown(query: str) -> None:
    if query.startswith("SELECT"):
        assert '"site" =~ /^${site:regex}$/ AND "room" =~ /^${room:regex}$/ AND $timeFilter' in query


@each_query
def test_queries_name_only_what_the_recorder_writes(query: str) -> None:
    measurements = set(re.findall(r'FROM "(\w+)"', query))
    assert measurements <= set(POINT_COLUMNS)
    known = {name for measurement in measurements for name in POINT_COLUMNS[measurement]}
    aliases = set(re.findall(r'AS "(\w+)"', query)) | {"last"}
    assert set(re.findall(r'"(\w+)"', query)) <= known | measurements | aliases


def test_the_room_is_chosen_among_those_of_the_site() -> None:
    (dashboard,) = ALL
    assert [variable["name"] for variable in dashboard["templating"]["list"]] == ["site", "room"]
    assert "${site:regex}" in VARIABLE_QUERIES[1]


def test_the_data_source_reads_with_a_password_from_the_environment() -> None:
    (source,) = _yaml("datasources")["datasources"]
    assert {"type": source["type"], "uid": source["uid"]} == DATASOURCE.to_json()
    assert "version" not in source["jsonData"], "without it the data source speaks InfluxQL"
    assert (source["basicAuth"], source["basicAuthUser"]) == (True, "grafana")
    assert source["secureJsonData"] == {"basicAuthPassword": "$CORDGUARD_INFLUX_READ_PASSWORD"}
    assert source["jsonData"]["dbName"] == "cordguard"
    assert not source["editable"]


def test_dashboards_are_provisioned_from_files_and_stay_as_they_are() -> None:
    (provider,) = _yaml("dashboards")["providers"]
    assert (provider["type"], provider["allowUiUpdates"], provider["disableDeletion"]) == ("file", False, True)


def _yaml(folder: str) -> Any:  # noqa: ANN401 - YAML
    (path,) = (GRAFANA / "provisioning" / folder).glob("*.yaml")
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _cells(place: Json) -> set[tuple[int, int]]:
    columns = range(place["x"], place["x"] + place["w"])
    return {(x, y) for x in columns for y in range(place["y"], place["y"] + place["h"])}


def _strings(content: object, key: str = "") -> Iterator[tuple[str, str]]:
    match content:
        case dict():
            for name, value in content.items():
                yield from _strings(value, name)
        case list():
            for value in content:
                yield from _strings(value, key)
        case str():
            yield key, content
