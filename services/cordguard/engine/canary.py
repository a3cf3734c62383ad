"""The canary's room: knows R47 and nothing else, so that the watchdog can prove the whole chain every half second."""

from __future__ import annotations

from typing import Final

from cordguard.contract.alarms import Change, Transition
from cordguard.contract.capture import CapturedInput
from cordguard.contract.lenient import Unreadable, read_temperature
from cordguard.contract.topics import CANARY_ROOM, CANARY_SOURCE, CANARY_TEMPERATURE, CANARY_TRANSITION, parse
from cordguard.engine.alarms import Emission
from cordguard.engine.clocks import LATE_US
from cordguard.engine.ids import alarm_id
from cordguard.engine.rules.system import CANARY
from cordguard.engine.streams import BACKWARD_STEP_US

LIMIT_C: Final = 45.0


class CanaryEngine:
    """Raises at 45 °C and above, ends below, both at once. Forgets everything at a restart, as a canary may."""

    def __init__(self, site: str, policy_hash: str) -> None:
        """``policy_hash`` stands in its transitions."""
        self._site = site
        self._policy_hash = policy_hash
        self._alarms: dict[str, tuple[str, int, int]] = {}
        self._newest_at_us: dict[str, int] = {}

    def feed(self, entry: CapturedInput) -> list[Emission]:
        """Answer one frame of the watchdog; anything else, and anything older than the newest, is passed over."""
        parsed = parse(entry.topic)
        if parsed is None or parsed.topic is not CANARY_TEMPERATURE:
            return []
        frame = read_temperature(entry.payload, size=entry.size)
        if isinstance(frame, Unreadable):
            return []
        out: list[Emission] = []
        for sample in frame.samples:
            key = f"{CANARY_SOURCE}/{sample.sensor}"
            if sample.temperature_c is None or not self._is_new(key, frame.at_us):
                continue
            self._newest_at_us[key] = frame.at_us
            transition = self._judge(key, sample.temperature_c, frame.at_us, entry.received_us)
            if transition is not None:
                out.append(Emission(CANARY_TRANSITION, transition))
        return out

    def _is_new(self, key: str, at_us: int) -> bool:
        """Newer than the newest, or so much older that the watchdog's clock was set back."""
        newest_us = self._newest_at_us.get(key, -1)
        return at_us > newest_us or newest_us - at_us > BACKWARD_STEP_US

    def _judge(self, key: str, temperature_c: float, at_us: int, received_us: int) -> Transition | None:
        known = self._alarms.get(key)
        hot = temperature_c >= LIMIT_C
        if hot == (known is not None):
            return None
        if known is None:
            name, step, onset_us = alarm_id(self._site, CANARY_ROOM, CANARY.id, key, at_us), 1, at_us
            self._alarms[key] = (name, step, onset_us)
        else:
            name, step, onset_us = known[0], known[1] + 1, known[2]
            del self._alarms[key]
        change: Change = "raised" if hot else "ended"
        return Transition(
            alarm_id=name,
            step=step,
            rule=CANARY.id,
            name=CANARY.name,
            sensor=key,
            kind="technical",
            priority="info",
            change=change,
            condition=hot,
            latched=False,
            acknowledged=False,
            event_us=at_us,
            received_us=received_us,
            value=temperature_c,
            limit=LIMIT_C,
            message=f"Canary {change}",
            policy=self._policy_hash,
            late=received_us - at_us > LATE_US,
            evidence={"onset_us": onset_us},
        )
