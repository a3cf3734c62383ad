"""What makes any generator stop by itself: its load, its sensors, its pump, its pad."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cordguard.simulators.devices.control import Seen, StopReason
from cordguard.simulators.devices.generator_settings import PAD_MAX_OHM, PAD_MIN_OHM, GeneratorSettings

STANDS_S: Final = 0.3
"""An error must stand for so long before RF ends."""
PUMP_SHARE: Final = 0.5
"""Below this share of its flow a pump has failed."""


class CutOffs:
    """The errors of one treatment; each must stand for 0.3 s."""

    def __init__(self, settings: GeneratorSettings) -> None:
        """Nothing is wrong yet."""
        self._settings: Final = settings
        self._stood_s: dict[StopReason, float] = {}

    def check(self, dt_s: float, seen: Seen) -> StopReason | None:
        """Why RF must end now, if it must."""
        wrong = set(self._wrong(seen))
        self._stood_s = {reason: self._stood_s.get(reason, 0.0) + dt_s for reason in sorted(wrong)}
        return next((reason for reason, stood_s in self._stood_s.items() if stood_s >= STANDS_S - 1e-9), None)

    def _wrong(self, seen: Seen) -> Iterator[StopReason]:
        settings = self._settings
        if seen.impedance_ohm > settings.impedance_max_ohm:
            yield "open-circuit"
        if seen.impedance_ohm < settings.impedance_min_ohm:
            yield "short-circuit"
        if any(name not in seen.temperatures_c for name in settings.watched):
            yield "sensor-lost"
        read_c = [seen.temperatures_c[name] for name in settings.watched if name in seen.temperatures_c]
        if settings.too_hot_c is not None and any(each_c > settings.too_hot_c for each_c in read_c):
            yield "over-temperature"
        if settings.kind in {"cooled-bipolar", "infused-bipolar"} and seen.pump < PUMP_SHARE:
            yield "pump"
        if seen.pad_ohm is not None and not PAD_MIN_OHM <= seen.pad_ohm <= PAD_MAX_OHM:
            yield "pad"
