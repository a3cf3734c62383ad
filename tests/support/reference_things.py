"""What the reference model keeps of sensors and devices: all that was ever heard of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from support import reference_signals as signals
from support.reference_cases import stricter_role
from support.reference_signals import Limits, S


@dataclass
class Sensor:
    """Everything that was ever heard of one sensor."""

    source: str
    case_role: str | None = None
    status_role: str | None = None
    heard_us: int | None = None
    temperatures: list[tuple[int, float]] = field(default_factory=list)
    faulty: list[tuple[int, bool]] = field(default_factory=list)
    unlisted: list[tuple[int, bool, bool]] = field(default_factory=list)
    dose_from_us: int = 0
    silent: str | None = None
    """Priority of R14 while it holds."""
    good_since: int = 0
    calm: list[tuple[int, float]] = field(default_factory=list)
    """Temperatures since the case was closed."""
    guarded: list[tuple[int, float]] = field(default_factory=list)
    """Temperatures while it guarded a nerve, with the limits of those times."""
    limits: list[Limits] = field(default_factory=list)
    guarded_from: int = 0
    """Number of the first of them that counts: it may have been no neural sensor in between."""
    warm: list[tuple[int, bool, bool]] = field(default_factory=list)
    heading: dict[str, list[tuple[int, bool, bool]]] = field(default_factory=lambda: {"medium": [], "high": []})
    doses: list[tuple[float, float, float, float]] = field(default_factory=list)
    """Doses with the three limits of those times."""
    computed: dict[str, tuple[object, Any]] = field(default_factory=dict)
    """What was computed last, and from how many samples: computed again from all of them once there are more."""

    @property
    def role(self) -> str:
        """Without a role it counts as neural."""
        return stricter_role(self.case_role, self.status_role) or "neural"

    @property
    def listed(self) -> bool:
        """Whether anybody said what it is for."""
        return self.case_role is not None or self.status_role is not None

    @property
    def dose(self) -> tuple[float, bool]:
        """CEM43 and whether it is estimated."""
        return signals.dose(self.temperatures, self.dose_from_us)

    @property
    def fault_holds(self) -> bool:
        """R08, whatever its priority."""
        faulty = self.faulty
        return bool(self._once("R08", len(faulty), lambda: signals.holds(signals.in_range_again(faulty), S // 2)))

    @property
    def is_unlisted(self) -> bool:
        """R40 for this sensor."""
        return bool(self._once("R40", len(self.unlisted), lambda: signals.holds(self.unlisted, S)))

    def _once(self, what: str, samples: object, compute: Callable[[], Any]) -> Any:  # noqa: ANN401 - what was computed
        if self.computed.get(what, (None, None))[0] != samples:
            self.computed[what] = samples, compute()
        return self.computed[what][1]

    def thermal(self) -> dict[str, str | None]:
        """R01, R02, R04 and R06 with the priority that each has now."""
        samples = (len(self.guarded), self.guarded_from, len(self.warm), len(self.doses))
        computed: dict[str, str | None] = self._once("thermal", samples, self._thermal)
        return computed

    def _thermal(self) -> dict[str, str | None]:
        stops = [limits.stop_c for limits in self.limits]
        heading = [level for level in ("high", "medium") if signals.holds(self.heading[level], 3 * S)]
        doses = {2: "high", 1: "medium", 0: "low"}
        reached = max((sum(dose >= limit for limit in limits) for dose, *limits in self.doses), default=0)
        return {
            "R01": "high" if signals.stop_holds(self.guarded, stops, self.guarded_from) else None,
            "R02": "medium" if signals.holds(self.warm, 2 * S) else None,
            "R04": heading[0] if heading else None,
            "R06": doses.get(reached - 1),
        }

    def is_calm(self) -> bool:
        """Cool and not rising for 30 s since the case was closed."""
        if not self.calm or self.calm[-1][0] - self.calm[0][0] < 30 * S:
            return False
        last = signals.within(self.calm, 30 * S)
        slope = signals.slope(last)
        return (
            last[-1][0] - last[0][0] >= 29 * S
            and slope is not None
            and slope <= 0.0
            and max(value for _, value in last) < 40.0
        )

    def forget(self) -> None:
        """It guards no nerve any more."""
        self.guarded_from = len(self.guarded)
        self.warm.clear()
        self.doses.clear()
        for rows in self.heading.values():
            rows.clear()

    def cool(self) -> None:
        """Nothing it could still say would end its temperature alarms: they are over."""
        self.guarded.clear()
        self.limits.clear()
        self.guarded_from = 0
        self.warm.clear()
        for rows in self.heading.values():
            rows.clear()

    def restart_dose(self, now_us: int) -> None:
        """Dose starts afresh; the interval that runs now still counts, if it is no gap."""
        newest_us = self.temperatures[-1][0] if self.temperatures else 0
        self.dose_from_us = newest_us if newest_us >= now_us - 2 * S else newest_us + 1
        self.doses.clear()


@dataclass
class Source:
    """One device."""

    heard_us: int | None = None
    gone: bool = False
    """Its last word was that it goes."""
    offline: bool = False
    """R17 holds."""
    generator: list[tuple[int, bool, float]] = field(default_factory=list)
    impedance_from: int = 0
    """Number of the first generator reading that counts for R18."""
    silent: bool = False
    """R14 holds for its generator."""
    good_since: int = 0
    back_us: int = 0
    """When R17 ended the last time: silence under it counts from there."""
    period_us: dict[str, int] = field(default_factory=dict)
    newest_us: dict[str, int] = field(default_factory=dict)

    def lose(self) -> None:
        """R17: the one cause behind its generator's silence."""
        self.offline, self.silent = True, False

    def return_(self, now_us: int) -> None:
        """R17 is over."""
        if self.offline:
            self.offline, self.back_us = False, now_us

    def patience_us(self, kind: str) -> int:
        """Silence is longer than 1 s or three usual periods."""
        return max(S, 3 * self.period_us.get(kind, 0))

    def tick(self, kind: str, now_us: int) -> None:
        """The usual period moves by an eighth of the way; a pause above 5 s says nothing (the engine's own choice)."""
        step_us = now_us - self.newest_us.get(kind, now_us)
        self.newest_us[kind] = now_us
        if 0 < step_us <= 5 * S:
            usual_us = self.period_us.get(kind)
            self.period_us[kind] = step_us if usual_us is None else usual_us + (step_us - usual_us) // 8
