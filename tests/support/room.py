"""A room to try the engine in: devices, people and the two clocks, all at hand, in as few words as a test has.

Times are microseconds, or seconds where a name says so. Nothing moves ``now_us`` but ``wait``, ``run`` and the test.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from cordguard.contract.alarms import PresentAlarm, Transition
from cordguard.contract.capture import CapturedInput
from cordguard.contract.health import Rejected
from cordguard.contract.summary import SessionSummary
from cordguard.contract.vitals import SensorVitals, Vitals
from cordguard.engine.policy import Policy, PolicyRefused, parse_policy
from cordguard.engine.room import RoomEngine
from cordguard.safety.playback import shipped_policy_text

START_US: Final = 1_790_000_000_000_000
SITE: Final = "site"
ROOM: Final = "or-1"
SOURCE: Final = "dev"
CANAL: Final = f"{SOURCE}/canal"
FRAME_S: Final = 0.1

Reading = float | str | None
"""A temperature, a fault word, or null."""
Course = Reading | Callable[[float], Reading]
"""A reading, or one for each moment (seconds since the run began)."""
Sensors = Mapping[str, tuple[str, float | None]]
"""Sensor of the standard source to its role and its distance in mm."""

CASE_SENSORS: Final[Sensors] = {"canal": ("neural", 12.0), "tip": ("probe", None)}


def us(seconds: float) -> int:
    """Seconds as whole microseconds."""
    return round(seconds * 1_000_000)


def shipped_policy() -> Policy:
    """The policy that comes with the software."""
    return policy_of(shipped_policy_text())


def policy_of(text: str) -> Policy:
    """The policy of a text that holds one."""
    policy = parse_policy(text)
    assert not isinstance(policy, PolicyRefused), policy
    return policy


def named(rule: str, sensor: str | None, onset_us: int, *, room: str = ROOM) -> str:
    """The name of an alarm, computed here from the sentence that defines it."""
    text = f"{SITE}\n{room}\n{rule}\n{sensor or '-'}\n{onset_us}"
    return hashlib.sha256(text.encode("utf-8")).digest()[:16].hex()


class Room:
    """One room under test."""

    def __init__(self, policy: Policy | None = None) -> None:
        """Empty, at ``START_US``, under the shipped policy unless another is given."""
        self.policy = policy or shipped_policy()
        self.engine = RoomEngine(SITE, ROOM, self.policy)
        self.now_us = START_US
        self.clock_us: dict[str, int] = {}
        """How far a source's clock is ahead of ours."""
        self.sequence: dict[tuple[str, str], int] = {}
        """Next number of each stream."""
        self.transitions: list[Transition] = []
        self.summaries: list[SessionSummary] = []
        self.rejected: list[Rejected] = []
        self.inputs: list[CapturedInput] = []
        self._case: dict[str, Any] = {}
        self._commands = 0

    def feed(self, topic: str, payload: bytes, *, retained: bool = False) -> list[Transition]:
        """Feed one input now; returns what it said. ``local/…`` stays as it is, all else is below the room."""
        full = topic if topic.startswith("local/") else f"cordguard/v1/{SITE}/{ROOM}/{topic}"
        entry = CapturedInput(self.now_us, full, payload, retained)
        self.inputs.append(entry)
        said: list[Transition] = []
        for emission in self.engine.feed(entry):
            match emission.message:
                case Transition() as transition:
                    said.append(transition)
                case SessionSummary() as summary:
                    self.summaries.append(summary)
                case Rejected() as rejected:
                    self.rejected.append(rejected)
        self.transitions += said
        return said

    def send(self, topic: str, content: Mapping[str, Any], *, retained: bool = False) -> list[Transition]:
        """Feed one JSON message now."""
        return self.feed(topic, json.dumps(content).encode(), retained=retained)

    def wait(self, seconds: float) -> list[Transition]:
        """Let time pass with nothing coming in; whatever was due has then happened."""
        self.now_us += us(seconds)
        return self.feed("local/tick", b"{}")

    def temperature(
        self,
        *,
        source: str = SOURCE,
        at_us: int | None = None,
        seq: int | None = None,
        session: str | None = None,
        **readings: Reading,
    ) -> list[Transition]:
        """One temperature frame: ``temperature(canal=41.2, tip="open")``."""
        return self.frame(readings, source=source, at_us=at_us, seq=seq, session=session)

    def frame(
        self,
        readings: Mapping[str, Reading],
        *,
        source: str = SOURCE,
        at_us: int | None = None,
        seq: int | None = None,
        session: str | None = None,
    ) -> list[Transition]:
        """One temperature frame of these sensors."""
        entries = [
            {"sensor": sensor, "fault" if isinstance(reading, str) else "temperature_c": reading}
            for sensor, reading in readings.items()
        ]
        head = self._head(source, "temperature", at_us, seq, session)
        return self.send(f"{source}/temperature", {**head, "readings": entries})

    def generator(
        self,
        power_w: float = 10.0,
        *,
        rf_on: bool | None = None,
        impedance_ohm: float | None = 100.0,
        source: str = SOURCE,
        at_us: int | None = None,
        seq: int | None = None,
        session: str | None = None,
    ) -> list[Transition]:
        """One generator frame; RF is said to be on if there is power, unless told otherwise."""
        frame = self._head(source, "generator", at_us, seq, session)
        frame |= {"rf_on": power_w > 0 if rf_on is None else rf_on, "power_w": power_w}
        if impedance_ohm is not None:
            frame["impedance_ohm"] = impedance_ohm
        return self.send(f"{source}/generator", frame)

    def _head(self, source: str, kind: str, at_us: int | None, seq: int | None, session: str | None) -> dict[str, Any]:
        key = (source, kind)
        if seq is None:
            seq = self.sequence.get(key, 0)
            self.sequence[key] = seq + 1
        if at_us is None:
            at_us = self.now_us + self.clock_us.get(source, 0)
        return {"seq": seq, "at_us": at_us} | ({"session": session} if session is not None else {})

    def skip(self, kind: str, count: int = 1, *, source: str = SOURCE) -> int:
        """Lose the next numbers of a stream on the way; returns the first of them."""
        first = self.sequence.get((source, kind), 0)
        self.sequence[source, kind] = first + count
        return first

    def status(
        self, state: str = "online", *, source: str = SOURCE, retained: bool = False, **roles: str
    ) -> list[Transition]:
        """A sign of life, or the last word of a source; ``status(canal="neural")`` names a role."""
        sensors = [{"sensor": sensor, "role": role} for sensor, role in roles.items()]
        content = {"state": state, "at_us": self.now_us, "sensors": sensors}
        return self.send(f"{source}/status", content, retained=retained)

    def run(
        self,
        seconds: float,
        *,
        power_w: float | None = None,
        impedance_ohm: float = 100.0,
        source: str = SOURCE,
        session: str | None = None,
        period_s: float = FRAME_S,
        **courses: Course,
    ) -> list[Transition]:
        """Frames at 10 Hz (or every ``period_s``) for so long, the first one period from now; status once a second."""
        said: list[Transition] = []
        for number in range(1, round(seconds / period_s) + 1):
            self.now_us += us(period_s)
            if number % max(round(1 / period_s), 1) == 0:
                said += self.status(source=source)
            if power_w is not None:
                said += self.generator(power_w, impedance_ohm=impedance_ohm, source=source, session=session)
            if courses:
                after_s = number * period_s
                readings = {name: course(after_s) if callable(course) else course for name, course in courses.items()}
                said += self.frame(readings, source=source, session=session)
        return said

    def case(self, session: str = "s-1", *, sensors: Sensors = CASE_SENSORS, **facts: object) -> list[Transition]:
        """Open a case now; facts given as None are left out."""
        content: dict[str, Any] = {
            "session": session,
            "revision": 1,
            "state": "open",
            "opened_us": self.now_us,
            "procedure": "p-1",
            "level": "T8",
            "profile": "standard",
            "posterior_wall": "intact",
            "sensors": list(_listed(sensors)),
        }
        self._case = {key: value for key, value in (content | facts).items() if value is not None}
        return self.send("case", self._case, retained=True)

    def amend(self, *, sensors: Sensors | None = None, **facts: object) -> list[Transition]:
        """The next revision of the newest case; facts given as None are left out."""
        content = {**self._case, "revision": self._case["revision"] + 1, **facts}
        if sensors is not None:
            content["sensors"] = list(_listed(sensors))
        self._case = {key: value for key, value in content.items() if value is not None}
        return self.send("case", self._case, retained=True)

    def close(self) -> list[Transition]:
        """Close the newest case now."""
        return self.amend(state="closed", closed_us=self.now_us)

    def mark(self, mark: str, *, at_us: int | None = None) -> list[Transition]:
        """Somebody sets a mark."""
        content = {"mark_id": f"m-{self.now_us}-{mark}", "at_us": at_us or self.now_us, "mark": mark}
        return self.send("mark", content)

    def command(
        self, action: str, alarm_id: str | None = None, *, command_id: str | None = None, expires_in_s: float = 5.0
    ) -> list[Transition]:
        """Somebody gives a command."""
        self._commands += 1
        content = {
            "command_id": command_id or f"c-{self._commands}",
            "at_us": self.now_us,
            "expires_us": self.now_us + us(expires_in_s),
            "action": action,
            "actor": "a-7",
            "role": "clinician",
            "reason_code": "seen",
        } | ({"alarm_id": alarm_id} if alarm_id else {})
        return self.send("command", content)

    def started(self, ended: str = "crash", policy_text: str | None = None) -> list[Transition]:
        """Safety starts now, after a run that ended so."""
        content = {"version": "0", "policy_text": policy_text or shipped_policy_text(), "ended": ended}
        return self.send("local/started", content)

    def beat(self, *, audible: bool = True) -> list[Transition]:
        """A page says that it is there, with its sound on or off."""
        return self.send("annunciator", {"at_us": self.now_us, "audible": audible})

    def self_check(self, **findings: object) -> list[Transition]:
        """Safety says what it found out about itself."""
        return self.send("local/self-check", findings)

    def new_policy(self, policy_text: str) -> list[Transition]:
        """The policy file changed."""
        return self.send("local/policy", {"policy_text": policy_text})

    def vitals(self) -> Vitals:
        """The room as a page sees it now."""
        return self.engine.vitals(self.now_us)

    def sensor(self, key: str = CANAL) -> SensorVitals:
        """One sensor as a page sees it now."""
        return next(sensor for sensor in self.vitals().sensors if sensor.sensor == key)

    def alarm(self, rule: str, sensor: str | None = CANAL) -> PresentAlarm | None:
        """The alarm of a rule on a subject, if it is present."""
        present = self.engine.present_alarms(self.now_us).present
        return next((alarm for alarm in present if alarm.rule == rule and alarm.sensor == sensor), None)

    def of(self, *rules: str) -> list[Transition]:
        """What these rules have said so far."""
        return [transition for transition in self.transitions if transition.rule in rules]

    def story(self, *rules: str) -> list[str]:
        """What these rules (or all) have said, in short: ``R02 raised medium``."""
        return told(self.of(*rules) if rules else self.transitions)


def told(transitions: list[Transition]) -> list[str]:
    """Transitions in short: ``R02 raised medium``."""
    return [f"{entry.rule} {entry.change} {entry.priority}" for entry in transitions]


def _listed(sensors: Sensors) -> Iterator[dict[str, object]]:
    for name, (role, distance_mm) in sensors.items():
        entry = {"sensor": name if "/" in name else f"{SOURCE}/{name}", "role": role, "distance_mm": distance_mm}
        yield {key: value for key, value in entry.items() if value is not None}
