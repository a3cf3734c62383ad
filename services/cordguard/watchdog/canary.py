"""The canary: a sample that must raise an alarm, then one that must end it, over and over. Pure: time is an argument.

An answer proves the whole chain (broker, safety's journal, its engine, broker) if it names a sample of ours and comes
soon. All times are of one clock that never runs back: wall time, in simulated runs too.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from cordguard.contract.alarms import Transition
from cordguard.contract.telemetry import SensorReading, TemperatureReading
from cordguard.contract.units import HealthState
from cordguard.runtime.percentile import nearest_rank
from cordguard.watchdog.chain import Chain

PERIOD_US: Final = 500_000
"""Time between two samples."""

DEADLINE_US: Final = 2_000_000
"""Longest silence. A failure is to be published within 3 s, and publishing takes time too."""

FRESH_US: Final = 2_000_000
"""A later answer is no proof: an alarm must not take longer from sample to signal."""

PROOFS_TO_TRUST: Final = 2
"""One raised, one ended: so many proofs in a row end a failure, or the doubt at the start."""

HOT_C: Final = 46.0
COOL_C: Final = 36.0
SENSOR: Final = "canary"
RULE: Final = "R47"

_REMEMBERED_SAMPLES: Final = 1_200
"""Ten minutes: answers to older samples are strangers."""

_REMEMBERED_TRIPS: Final = 240


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the alarm system answers."""

    failed: bool
    since_us: int
    """Since when this state holds."""
    what: str
    """What is missing, for a person; or that nothing is."""


@dataclass(frozen=True, slots=True)
class Trips:
    """What the answers told."""

    proofs: int
    late: int
    last_proof_us: int | None
    p50_ms: float | None
    """Median time from sample to answer, over the last two minutes; None before the first proof."""
    p99_ms: float | None


class Canary:
    """Sends samples, takes answers, and judges."""

    def __init__(self, now_us: int) -> None:
        """Start waiting for the first proof."""
        self.chain = Chain(now_us)
        """How the links of the chain are, as far as they say themselves: tells what is missing."""
        self._hot = False
        self._next_us = now_us
        self._sequence = now_us // PERIOD_US  # goes on over our own restarts
        self._sent: dict[int, bool] = {}
        """Samples that were not answered yet: at_us, and whether it was the hot one."""
        self._waiting_since_us = now_us
        self._proofs_in_a_row = 0
        self._proofs = self._late = 0
        self._last_proof_us: int | None = None
        self._last_late_us = 0
        self._trips_us: deque[int] = deque(maxlen=_REMEMBERED_TRIPS)
        self._verdict: Verdict | None = None

    @property
    def trips(self) -> Trips:
        """What the answers told so far."""
        ordered = sorted(self._trips_us)
        p50, p99 = (nearest_rank(ordered, percent) / 1_000 if ordered else None for percent in (50, 99))
        return Trips(self._proofs, self._late, self._last_proof_us, p50, p99)

    def sample_due(self, now_us: int) -> TemperatureReading | None:
        """The next sample if it is time for it. A missed one is not made up for: the rhythm starts anew."""
        if now_us < self._next_us:
            return None
        due_us = self._next_us + PERIOD_US
        self._next_us = due_us if due_us > now_us else now_us + PERIOD_US
        self._hot = not self._hot
        self._sequence += 1
        self._sent[now_us] = self._hot
        if len(self._sent) > _REMEMBERED_SAMPLES:
            del self._sent[next(iter(self._sent))]
        reading = SensorReading(sensor=SENSOR, temperature_c=HOT_C if self._hot else COOL_C)
        return TemperatureReading(seq=self._sequence, at_us=now_us, readings=(reading,))

    def connected(self, now_us: int) -> None:
        """The broker is there. The first time, the wait for the first proof begins now."""
        if self.chain.never_connected:
            self._waiting_since_us = now_us
            self._verdict = None
        self.chain.connected(now_us)
        self._next_us = now_us

    def disconnected(self, now_us: int) -> None:
        """The broker is gone: what was proven no longer is."""
        self.chain.disconnected(now_us)
        self._proofs_in_a_row = 0

    def answered(self, transition: Transition, now_us: int) -> None:
        """A transition of the canary's room came: a proof if it is the right one for a sample of ours, and in time."""
        hot = self._sent.get(transition.event_us)
        if transition.rule != RULE or hot is None or transition.change != ("raised" if hot else "ended"):
            return
        del self._sent[transition.event_us]
        trip_us = now_us - transition.event_us
        if trip_us > FRESH_US:
            self._late += 1
            self._last_late_us = now_us
            return
        self._trips_us.append(trip_us)
        self._proofs += 1
        self._proofs_in_a_row += 1
        self._last_proof_us = self._waiting_since_us = now_us

    def safety_said(self, instance: str, state: HealthState, now_us: int, *, retained: bool = False) -> None:
        """Safety's own word. A retained one may be of a life before: it counts after the deadline only."""
        self.chain.safety_said(instance, state, now_us + DEADLINE_US if retained else now_us)

    def judge(self, now_us: int) -> Verdict | None:
        """The verdict now; None while the first proofs may still come in time."""
        silent = now_us - self._waiting_since_us >= DEADLINE_US
        if silent or self.chain.safety_failed(now_us):
            self._proofs_in_a_row = 0
            self._enter(failed=True, what=self._missing(now_us), now_us=now_us)
        elif self._proofs_in_a_row >= PROOFS_TO_TRUST:
            self._enter(failed=False, what="the alarm system answers", now_us=now_us)
        return self._verdict

    def _enter(self, *, failed: bool, what: str, now_us: int) -> None:
        same = self._verdict is not None and self._verdict.failed == failed
        since_us = self._verdict.since_us if same and self._verdict is not None else now_us
        self._verdict = Verdict(failed, since_us, what)

    def _missing(self, now_us: int) -> str:
        broken = self.chain.broken(now_us, silent_for_us=DEADLINE_US)
        if broken is not None:
            return broken
        if now_us - self._last_late_us < DEADLINE_US:
            return f"no answer from safety in time: answers take longer than {FRESH_US // 1_000_000} s"
        return "no answer from safety"
