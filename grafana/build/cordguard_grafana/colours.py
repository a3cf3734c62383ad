"""Colours with a meaning: red, yellow and cyan belong to alarms (IEC 60601-1-8), and nothing else wears them."""

from __future__ import annotations

from typing import Final

HIGH: Final = "#E02F44"
MEDIUM: Final = "#F2CC0C"
LOW: Final = "#00B8D9"
ALARM_COLOURS: Final = frozenset({HIGH, MEDIUM, LOW})

NEUTRAL: Final = "text"
"""Grafana's colour of plain text, in the dark and in the light theme."""
QUIET: Final = "#8E8E8E"
"""What is old, or of less weight."""
INFO: Final = QUIET

TRACE: Final = "#5794F2"
"""Traces without a colour of their own are shades of this blue."""
NEURAL: Final = "#1F60C4"
PROBE: Final = "#B877D9"
EDGE: Final = "#73BF69"
IMPEDANCE: Final = "#B877D9"
