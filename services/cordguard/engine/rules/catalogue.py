"""The dictionary of rules: nothing else may raise an alarm."""

from __future__ import annotations

from typing import Final

from cordguard.engine.rules.definition import Rule
from cordguard.engine.rules.system import (
    ALARM_FLOOD,
    CANARY,
    CLOCK_SKEW,
    COMMAND,
    JOURNAL_UNWRITABLE,
    LATENCY_BUDGET,
    MONITOR_BLIND,
    MONITOR_SELF,
    NO_ANNUNCIATOR,
    NO_NEURAL_SENSOR,
    RF_WITHOUT_SESSION,
    SEQUENCE_FAULT,
    SESSION_CONFLICT,
    SOURCE_OFFLINE,
    STALE,
    TC_OPEN,
    UNACKED_HIGH,
)
from cordguard.engine.rules.tissue import IMPEDANCE_RISE, NEURAL_DOSE, NEURAL_STOP, NEURAL_WARN, PREDICTED_PEAK

CATALOGUE: Final[tuple[Rule, ...]] = (
    COMMAND,
    NEURAL_STOP,
    NEURAL_WARN,
    PREDICTED_PEAK,
    NEURAL_DOSE,
    TC_OPEN,
    STALE,
    SEQUENCE_FAULT,
    CLOCK_SKEW,
    SOURCE_OFFLINE,
    IMPEDANCE_RISE,
    NO_NEURAL_SENSOR,
    ALARM_FLOOD,
    UNACKED_HIGH,
    MONITOR_SELF,
    RF_WITHOUT_SESSION,
    MONITOR_BLIND,
    JOURNAL_UNWRITABLE,
    LATENCY_BUDGET,
    SESSION_CONFLICT,
    NO_ANNUNCIATOR,
    CANARY,
)
RULES: Final[dict[str, Rule]] = {rule.id: rule for rule in CATALOGUE}
"""Rules by id."""
