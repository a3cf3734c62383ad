"""A session's summary as a person reads it on a terminal. Pure: lines from facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from cordguard.contract.summary import CEM43_QUOTABLE_TO_C, AlarmSummary, SensorSummary, SessionSummary
from cordguard.runtime.clock import MICROS_PER_S

SENSOR_HEADS: Final = ("sensor", "role", "max °C", "s ≥ 42 °C", "s ≥ 43 °C", "s ≥ 45 °C", "CEM43 min")
ALARM_HEADS: Final = ("priority", "rule", "name", "sensor", "raised", "acknowledged", "ended")
NOTHING: Final = "---"
"""Shown for what is not known."""


def summary_lines(summary: SessionSummary) -> list[str]:
    """The whole summary."""
    counts = summary.alarm_counts
    return [
        f"Session {summary.session}: {_facts(summary)}",
        "",
        *table(SENSOR_HEADS, [_sensor_row(sensor) for sensor in summary.sensors]),
        "",
        f"RF on {summary.rf_on_s:.1f} s, energy {summary.energy_j:.0f} J, {_ablations(len(summary.ablations))}",
        f"Alarms: {counts.high} high, {counts.medium} medium, {counts.low} low",
        *table(ALARM_HEADS, [_alarm_row(alarm, summary.opened_us) for alarm in summary.alarms]),
    ]


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns as wide as their widest cell; no rows, no table."""
    if not rows:
        return []
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    return ["  " + _joined(cells, widths) for cells in (heads, *rows)]


def clock_time(span_us: int) -> str:
    """A span as minutes and seconds: ``02:05``."""
    minutes, seconds = divmod(max(0, span_us) // MICROS_PER_S, 60)
    return f"{minutes:02d}:{seconds:02d}"


def _joined(cells: Iterable[str], widths: Iterable[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _facts(summary: SessionSummary) -> str:
    known = (
        summary.procedure and f"procedure {summary.procedure}",
        summary.level and f"level {summary.level}",
        f"limits {summary.profile}",
        f"policy {summary.policy[:19]}…",
        "watch released" if summary.final else "watch not released yet",
    )
    return ", ".join(fact for fact in known if fact)


def _ablations(number: int) -> str:
    return "1 ablation" if number == 1 else f"{number} ablations"


def _sensor_row(sensor: SensorSummary) -> tuple[str, ...]:
    highest = NOTHING if sensor.max_temperature_c is None else f"{sensor.max_temperature_c:.1f}"
    return (
        sensor.sensor,
        sensor.role,
        highest,
        f"{sensor.time_above_42_s:.1f}",
        f"{sensor.time_above_43_s:.1f}",
        f"{sensor.time_above_45_s:.1f}",
        _dose(sensor),
    )


def _dose(sensor: SensorSummary) -> str:
    if not sensor.cem43_quotable:
        return f"exceeded (above {CEM43_QUOTABLE_TO_C:.0f} °C)"
    return f"{sensor.cem43_min:.3g}" + (" (estimated)" if sensor.dose_estimated else "")


def _alarm_row(alarm: AlarmSummary, opened_us: int) -> tuple[str, ...]:
    acknowledged = NOTHING if alarm.acknowledged_after_s is None else f"after {alarm.acknowledged_after_s:.1f} s"
    ended = NOTHING if alarm.ended_us is None else clock_time(alarm.ended_us - opened_us)
    return (
        alarm.priority.upper(),
        alarm.rule,
        alarm.name,
        alarm.sensor or NOTHING,
        clock_time(alarm.raised_us - opened_us),
        acknowledged,
        ended,
    )
