"""The kinds of panel we use, with what all panels share. A panel's description says what to do when it looks wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from grafana_foundation_sdk.builders import common, dashboard, stat, table, timeseries
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import dashboard as model

from cordguard_grafana.colours import HIGH, INFO, LOW, MEDIUM, NEUTRAL, QUIET, TRACE
from cordguard_grafana.influxql import DATASOURCE

FRESH: Final = "5s"
"""A number that is older is not shown: a stat would else present its last value as if it were current."""

NO_DATA: Final = "NO DATA"

GAP_MS: Final = 2_000
"""A trace breaks where nothing came for so long."""

LIMIT_LINE: Final = "limit$"
"""Limits in force are traces too; their names end so."""

PRIORITIES: Final[Mapping[str, tuple[str, str]]] = {
    "high": ("*** HIGH", HIGH),
    "medium": ("** MEDIUM", MEDIUM),
    "low": ("* LOW", LOW),
    "info": ("info", INFO),
}
"""Priority is told by colour, word and asterisks, never by colour alone."""


def place(x: int, y: int, width: int, height: int) -> model.GridPos:
    """Where a panel lies, in a grid of 24 columns."""
    return model.GridPos(h=height, w=width, x=x, y=y)


def number_panel(title: str, description: str, where: model.GridPos, unit: str) -> stat.Panel:
    """One large number, of now or not at all."""
    return (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .grid_pos(where)
        .unit(unit)
        .decimals(1)
        .time_from(FRESH)
        .no_value(NO_DATA)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False))
        .graph_mode(common_model.BigValueGraphMode.NONE)
        .color_mode(common_model.BigValueColorMode.VALUE)
        .text(common.VizTextDisplayOptions().value_size(90))
        .color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
    )


def trace_panel(title: str, description: str, where: model.GridPos, unit: str) -> timeseries.Panel:
    """Traces over time, with gaps where there were gaps; limits dashed and without colour."""
    return (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .grid_pos(where)
        .unit(unit)
        .decimals(1)
        .interval("200ms")
        .no_value(NO_DATA)
        .insert_nulls(GAP_MS)
        .span_nulls(False)
        .line_width(1)
        .fill_opacity(0)
        .show_points(common_model.VisibilityMode.AUTO)
        .color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.SHADES).fixed_color(TRACE))
        .thresholds(neutral())
        .tooltip(common.VizTooltipOptions().mode(common_model.TooltipDisplayMode.MULTI))
        .legend(
            common.VizLegendOptions()
            .display_mode(common_model.LegendDisplayMode.TABLE)
            .placement(common_model.LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(["lastNotNull", "max"])
        )
        .override_by_regexp(
            LIMIT_LINE,
            [
                fixed_colour(NEUTRAL),
                model.DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [10, 6]}),
                model.DynamicConfigValue("custom.showPoints", "never"),
            ],
        )
    )


def table_panel(title: str, description: str, where: model.GridPos) -> table.Panel:
    """Rows and columns."""
    return (
        table.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .grid_pos(where)
        .no_value(NO_DATA)
        .show_header(True)
        .cell_height(common_model.TableCellHeight.SM)
        .color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.FIXED).fixed_color(NEUTRAL))
        .thresholds(neutral())
    )


def neutral() -> dashboard.ThresholdsConfig:
    """No thresholds: Grafana's own default would paint everything above 80 red."""
    return steps((None, NEUTRAL))


def steps(*thresholds: tuple[float | None, str]) -> dashboard.ThresholdsConfig:
    """From this value on this colour; the first has no value."""
    return (
        dashboard.ThresholdsConfig()
        .mode(model.ThresholdsMode.ABSOLUTE)
        .steps([model.Threshold(value, colour) for value, colour in thresholds])
    )


def fixed_colour(colour: str) -> model.DynamicConfigValue:
    """A series' own colour."""
    return model.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": colour})


def priority_cells() -> list[model.DynamicConfigValue]:
    """A column of priorities as words on the colours of IEC 60601-1-8."""
    words = {
        name: {"text": text, "color": colour, "index": index}
        for index, (name, (text, colour)) in enumerate(PRIORITIES.items())
    }
    return [
        model.DynamicConfigValue("mappings", [{"type": "value", "options": words}]),
        model.DynamicConfigValue("custom.cellOptions", {"type": "color-background", "mode": "basic"}),
        model.DynamicConfigValue("custom.width", 120),
    ]


def age_cells() -> list[model.DynamicConfigValue]:
    """A column of times as ages."""
    return [
        model.DynamicConfigValue("unit", "dateTimeFromNow"),
        model.DynamicConfigValue("displayName", "last heard"),
        fixed_colour(QUIET),
    ]
