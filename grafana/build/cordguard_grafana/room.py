"""The Room dashboard: one room's last minutes and history, for the person at the generator.

It is a mirror. Alarms are judged by safety alone and shown live by the console; nothing here decides, and nothing here
is coloured by a limit typed into a dashboard: the limits drawn are those that were in force, as safety reported them.
"""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard, stat, timeseries
from grafana_foundation_sdk.builders import table as table_builder
from grafana_foundation_sdk.models import dashboard as model

from cordguard_grafana.colours import EDGE, HIGH, IMPEDANCE, NEURAL, NEUTRAL, PROBE
from cordguard_grafana.influxql import DATASOURCE, ROOM, ROOMS, SITES, number, series, table
from cordguard_grafana.panels import (
    age_cells,
    fixed_colour,
    number_panel,
    place,
    priority_cells,
    steps,
    table_panel,
    trace_panel,
)

IS_NEURAL = " AND \"role\" = 'neural'"
EACH_SENSOR = '"source", "sensor"'
SENSOR_NAME = "$tag_source/$tag_sensor"

ABOUT = (
    "One room's temperatures, dose, generator and alarm history. A mirror of what was recorded, a second behind: "
    "during a procedure watch the console's live page, which also sounds the alarms."
)


def build() -> model.Dashboard:
    """The dashboard."""
    return (
        dashboard.Dashboard("Cordguard room")
        .uid("cordguard-room")
        .description(ABOUT)
        .tags(["cordguard"])
        .readonly()
        .timezone("browser")
        .time("now-10m", "now")
        .refresh("2s")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .with_variable(variable("site", "Site", SITES))
        .with_variable(variable("room", "Room", ROOMS))
        .with_panel(hottest())
        .with_panel(margin())
        .with_panel(last_heard())
        .with_panel(temperatures())
        .with_panel(dose())
        .with_panel(generator())
        .with_panel(samples())
        .with_panel(alarms())
        .build()
    )


def variable(name: str, label: str, query: str) -> dashboard.QueryVariable:
    """A choice that the data themselves offer; one value at a time."""
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .query(query)
        .datasource(DATASOURCE)
        .refresh(model.VariableRefresh.ON_DASHBOARD_LOAD)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
        .multi(False)
        .include_all(False)
    )


def hottest() -> stat.Panel:
    """The highest temperature of a nerve or cord sensor, now."""
    newest = f'SELECT last("temperature_c") FROM "vitals" WHERE {ROOM}{IS_NEURAL} GROUP BY {EACH_SENSOR}'
    return (
        number_panel(
            "Hottest neural sensor",
            "The highest of all sensors at nerve or cord. NO DATA for more than a moment: look at the console; "
            "if it shows none either, stop RF and check sensor and cable.",
            place(0, 0, 6, 5),
            "celsius",
        )
        .thresholds(steps((None, NEUTRAL)))
        .with_target(number("A", f'SELECT max("last") FROM ({newest})'))
    )


def margin() -> stat.Panel:
    """How far the worst neural sensor is from its own stop limit."""
    difference = f'SELECT "stop_c" - "temperature_c" AS "margin_c" FROM "vitals" WHERE {ROOM}{IS_NEURAL}'
    return (
        number_panel(
            "Margin to the stop limit",
            "The smallest distance of a neural sensor to the stop limit in force for it. Red means at or above it: "
            "stop RF now. The alarm itself, and its acknowledgement, are on the console.",
            place(6, 0, 6, 5),
            "celsius",
        )
        .thresholds(steps((None, HIGH), (0.001, NEUTRAL)))
        .with_target(number("A", f'SELECT min("margin_c") FROM ({difference})'))
    )


def last_heard() -> table_builder.Panel:
    """When each sensor was last heard."""
    return (
        table_panel(
            "Age of data",
            "When each sensor was last heard in the chosen time. A sensor that stays behind the others is "
            "unplugged or stale: treat its last temperature as unknown.",
            place(12, 0, 12, 5),
        )
        .override_by_name("Time", age_cells())
        .override_by_name("temperature_c", [model.DynamicConfigValue("unit", "celsius")])
        .with_target(
            table(
                "A",
                f'SELECT last("seq") AS "frame", "temperature_c", "fault" FROM "temperature" WHERE {ROOM} '
                f"GROUP BY {EACH_SENSOR}",
            )
        )
    )


def temperatures() -> timeseries.Panel:
    """Every sensor, with the limits that were in force."""
    return (
        trace_panel(
            "Temperatures",
            "The highest value of each moment, of every sensor; dashed: the strictest limits in force. "
            "Above the warn limit reduce power or pause; at the stop limit stop RF. A gap means that nothing came.",
            place(0, 5, 24, 11),
            "celsius",
        )
        .axis_soft_min(30)
        .axis_soft_max(50)
        .override_by_regexp("/canal$", [fixed_colour(NEURAL), model.DynamicConfigValue("custom.lineWidth", 3)])
        .override_by_regexp("/tip$", [fixed_colour(PROBE)])
        .override_by_regexp("/edge", [fixed_colour(EDGE)])
        .with_target(series("A", 'max("temperature_c")', "temperature", by=EACH_SENSOR, alias=SENSOR_NAME))
        .with_target(series("B", 'min("stop_c")', "vitals", alias="stop limit"))
        .with_target(series("C", 'min("warn_c")', "vitals", alias="warn limit"))
    )


def dose() -> timeseries.Panel:
    """Thermal dose of the neural sensors, with its limit."""
    return (
        trace_panel(
            "Thermal dose at nerve and cord",
            "CEM43: equivalent minutes at 43 °C so far; dashed: the limit in force. It never falls. Near the limit "
            "end the ablation; whether another may follow at this level is for a clinician to decide.",
            place(0, 16, 8, 8),
            "suffix: CEM43 min",
        )
        .min(0)
        .override_by_regexp("/canal$", [fixed_colour(NEURAL)])
        .with_target(series("A", 'max("cem43_min")', "vitals", by=EACH_SENSOR, alias=SENSOR_NAME, where=IS_NEURAL))
        .with_target(series("B", 'min("cem43_limit_min")', "vitals", alias="dose limit"))
    )


def generator() -> timeseries.Panel:
    """Power and impedance."""
    return (
        trace_panel(
            "Power and impedance",
            "What the generator reports. A steep rise of impedance means charring or a dry electrode: pause and "
            "irrigate. Power without RF being wanted: switch the generator off at the device.",
            place(8, 16, 8, 8),
            "watt",
        )
        .min(0)
        .override_by_regexp("power$", [fixed_colour(NEURAL)])
        .override_by_regexp(
            "impedance$",
            [
                fixed_colour(IMPEDANCE),
                model.DynamicConfigValue("unit", "ohm"),
                model.DynamicConfigValue("custom.axisPlacement", "right"),
            ],
        )
        .with_target(series("A", 'max("power_w")', "generator", by='"source"', alias="$tag_source power"))
        .with_target(series("B", 'max("impedance_ohm")', "generator", by='"source"', alias="$tag_source impedance"))
    )


def samples() -> timeseries.Panel:
    """How many frames came, second by second: where a gap lies beside what the traces show."""
    return (
        trace_panel(
            "Frames received",
            "Frames in each moment, of every sensor. A dip or a hole is lost or late data: "
            "do not read the traces there; check cable, network and broker.",
            place(16, 16, 8, 8),
            "short",
        )
        .interval("1s")
        .min(0)
        .decimals(0)
        .with_target(series("A", 'count("seq")', "temperature", by=EACH_SENSOR, alias=SENSOR_NAME))
    )


def alarms() -> table_builder.Panel:
    """Every change of every alarm, newest first."""
    columns = ", ".join(
        f'"{name}"'
        for name in ("priority", "change", "rule", "sensor", "message", "value", "limit", "condition", "acknowledged")
    )
    return (
        table_panel(
            "Alarm history",
            "Every change of an alarm, newest first, as safety recorded it. History, not the list of present alarms: "
            "that, and acknowledging, is on the console.",
            place(0, 24, 24, 9),
        )
        .no_value("no alarm in this time")
        .override_by_name("priority", priority_cells())
        .override_by_name("message", [model.DynamicConfigValue("custom.minWidth", 380)])
        .with_target(table("A", f'SELECT {columns} FROM "transition" WHERE {ROOM} ORDER BY time DESC LIMIT 200'))
    )
