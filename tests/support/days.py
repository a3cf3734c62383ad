"""Days in a made-up room: two cases, and everything that may go wrong in them.

Same seed, same bytes. The room is quick: what counts is that every kind of input comes in every state.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final

from cordguard.contract.capture import CapturedInput
from cordguard.engine import local
from cordguard.safety.keeper import RoomKeeper
from cordguard.safety.playback import started_line
from support.journals import POLICY_TEXT, START_US, S, topic

OTHER_POLICY_TEXT: Final = POLICY_TEXT.replace("reminder_s = 60.0", "reminder_s = 20.0")
SENSORS: Final = {"canal": "neural", "root": "neural", "tip": "probe"}


def scripted(seed: int) -> Callable[[RoomKeeper], Iterator[CapturedInput]]:
    """The day of a seed."""
    return lambda keeper: _Script(seed, keeper).day()


class _Script:
    """Two cases, RF, silence, faults, late and repeated samples, commands, marks, restarts of ours and of devices."""

    def __init__(self, seed: int, keeper: RoomKeeper) -> None:
        self.chance = Random(seed)  # noqa: S311 - no secret
        self.keeper = keeper
        self.now_us = START_US
        self.clock_us = 0
        """How far the device's clock is off."""
        self.seq = {"generator": 0, "temperature": 0}
        self.canal_c = 36.5
        self.rf_on = False
        self.numbers = 0
        self.held: list[tuple[int, str, bytes]] = []
        """(due at, word, payload): on its way by a slow road."""

    def day(self) -> Iterator[CapturedInput]:
        yield self._status("online")
        yield from self._frames(8, 4, heats=False)
        yield from self._case("s-1", "near" if self.chance.random() < 0.5 else "standard", procedure="p-1")
        yield from self._ablation()
        if self.chance.random() < 0.5:
            yield from self._closing("s-1", "p-1")
            yield self._said("case", self._case_message("s-1", 1, "open", "near", "p-1"))
        if self.chance.random() < 0.3:
            self.now_us += 4_800 * S
        yield from self._case("s-2", None, procedure=self.chance.choice(("p-1", "p-2")))
        yield from self._ablation()
        yield from self._closing("s-2", "p-2")
        yield self._status("offline")

    # --- parts of a day ---

    def _case(self, session: str, profile: str | None, procedure: str) -> Iterator[CapturedInput]:
        message = self._case_message(session, 1, "open", profile, procedure)
        yield self._said("case", message)
        if self.chance.random() < 0.5:
            yield self._said("case", message, duplicate=True)

    def _ablation(self) -> Iterator[CapturedInput]:
        yield from self._frames(12, 4, heats=False)
        yield self._mark("ablation-started")
        self.rf_on = True
        for _ in range(3):
            yield from self._frames(self.chance.randint(8, 24), 4, heats=True)
            yield from self.chance.choice((self._silence, self._restart, self._people, self._about_us, self._garbage))()
        self.rf_on = False
        yield from self._people()
        yield from self._frames(self.chance.randint(4, 16), 2, heats=False)
        yield self._mark(self.chance.choice(("sensor-moved", "note", "ablation-ended")))

    def _closing(self, session: str, procedure: str) -> Iterator[CapturedInput]:
        yield self._said("case", self._case_message(session, 2, "closed", "near", procedure))
        yield from self._frames(16, 1, heats=False)
        self.now_us += self.chance.choice((10, 60, 150)) * S
        yield from self._frames(70, 0.5, heats=False)

    def _frames(self, count: int, rate_hz: float, *, heats: bool) -> Iterator[CapturedInput]:
        for number in range(count):
            self._pass(1 / rate_hz)
            self.canal_c += self.chance.uniform(0.2, 1.0) if heats and self.rf_on else 0.15 * (36.5 - self.canal_c)
            yield from self._arrivals()
            if number % 5 == 0:
                yield self._status("online")
            for word, payload in (("generator", self._generator()), ("temperature", self._temperature())):
                yield from self._send(word, payload)

    def _silence(self) -> Iterator[CapturedInput]:
        self._pass(self.chance.choice((0.9, 1.2, 2.5, 4.0, 70.0)))
        yield from self._arrivals()
        if self.chance.random() < 0.4:
            yield self._status("offline")

    def _restart(self) -> Iterator[CapturedInput]:
        """Ours, with a backlog; or the device's, with another clock."""
        if self.chance.random() < 0.5:
            for _ in range(self.chance.randint(0, 12)):
                self.now_us += S // 4
                self.held.append((0, "temperature", self._temperature()))
            self._pass(self.chance.choice((0.2, 5.0)))
            text = self.chance.choice((POLICY_TEXT, OTHER_POLICY_TEXT))
            yield started_line(text, self.chance.choice(("clean", "crash")), self.now_us)
            yield from self._arrivals()
        else:
            self.clock_us += self.chance.choice((-3_600 * S, -4 * S, 3 * S))
            self.seq = {word: self.chance.choice((0, number)) for word, number in self.seq.items()}

    def _people(self) -> Iterator[CapturedInput]:
        present = self.keeper.engine.present_alarms(self.now_us).present
        for _ in range(4):
            self._pass(0.05)
            action = self.chance.choice(("acknowledge", "reset", "pause-audio", "resume-audio", "acknowledge", "reset"))
            alarm_id = self.chance.choice([alarm.alarm_id for alarm in present] or ["0" * 32])
            command = self._command(action, alarm_id)
            yield self._said("command", command)
            if self.chance.random() < 0.2:
                yield self._said("command", command, duplicate=True)
        yield self._mark(self.chance.choice(("cement-injected", "sensor-moved", "irrigation-started")))

    def _about_us(self) -> Iterator[CapturedInput]:
        self._pass(0.3)
        findings: list[dict[str, Any]] = [
            {"confirmed": self.keeper.engine.published // 2},
            {"latency_ms": {"p50": 1.5, "p99": self.chance.choice((2.0, 1_500.0))}},
            {"stalled_from_us": self.now_us - self.chance.choice((S, 3 * S))},
        ]
        for finding in findings:
            yield CapturedInput(self.now_us, local.SELF_CHECK, json.dumps(finding).encode())
        text = json.dumps({"policy_text": self.chance.choice((OTHER_POLICY_TEXT, POLICY_TEXT, "no policy"))})
        yield CapturedInput(self.now_us, local.POLICY, text.encode())

    def _garbage(self) -> Iterator[CapturedInput]:
        """What is no message at all, and what is too long to be one."""
        for payload in (b"", b"\xff\x00\n{", b'{"seq":1}', b"[" + b"1," * 40_000 + b"1]"):
            self._pass(0.01)
            yield self._arrived("temperature", payload)
        yield CapturedInput(self.now_us, topic("no/such/word"), b"1")
        yield self._arrived("command", b'{"action":"run"}')

    # --- on the way ---

    def _send(self, word: str, payload: bytes) -> Iterator[CapturedInput]:
        fate = self.chance.random()
        if fate < 0.03:
            return  # lost
        if fate < 0.08:
            self.held.append((self.now_us + self.chance.choice((S // 5, S, 3 * S)), word, payload))
            return
        yield self._arrived(word, payload)
        if fate < 0.12:
            yield CapturedInput(self.now_us, topic(f"gen-1/{word}"), payload, duplicate=True)

    def _arrivals(self) -> Iterator[CapturedInput]:
        due = [late for late in self.held if late[0] <= self.now_us]
        self.held = [late for late in self.held if late[0] > self.now_us]
        for _, word, payload in due:
            self.now_us += 1_000
            yield self._arrived(word, payload)

    def _pass(self, seconds: float) -> None:
        self.now_us += round(seconds * S)

    def _arrived(self, word: str, payload: bytes) -> CapturedInput:
        device = word in ("generator", "temperature")
        return CapturedInput(self.now_us, topic(f"gen-1/{word}" if device else word), payload)

    def _said(self, word: str, message: dict[str, Any], *, duplicate: bool = False) -> CapturedInput:
        payload = json.dumps({key: value for key, value in message.items() if value is not None}).encode()
        level = f"gen-1/{word}" if word == "status" else word
        return CapturedInput(self.now_us, topic(level), payload, duplicate=duplicate)

    # --- messages ---

    def _head(self, word: str) -> dict[str, Any]:
        self.seq[word] += 1
        stamp = {"session": "s-9"} if self.chance.random() < 0.01 else {}
        return {"seq": self.seq[word], "at_us": self.now_us + self.clock_us, **stamp}

    def _generator(self) -> bytes:
        power_w = 10 if self.rf_on else 0
        impedance_ohm = 100 + (self.canal_c - 36.5) * 4
        return json.dumps(
            self._head("generator") | {"rf_on": self.rf_on, "power_w": power_w, "impedance_ohm": impedance_ohm}
        ).encode()

    def _temperature(self) -> bytes:
        readings: list[dict[str, Any]] = [
            {"sensor": "canal", "temperature_c": round(self.canal_c, 2)},
            {"sensor": "root", "temperature_c": round(self.canal_c)},
            {"sensor": "tip", "temperature_c": 70.25},
        ]
        fate = self.chance.random()
        if fate < 0.10:
            readings[0] = {"sensor": "canal", "fault": "open"}
        elif fate < 0.12:
            readings[1] = {"sensor": "root", "temperature_c": float("nan")}
        elif fate < 0.14:
            readings.append({"sensor": f"extra-{self.chance.randint(1, 2)}", "temperature_c": 37.5})
        elif fate < 0.20:
            del readings[self.chance.randrange(2)]
        return json.dumps(self._head("temperature") | {"readings": readings}).encode()

    def _status(self, state: str) -> CapturedInput:
        sensors = [{"sensor": name, "role": role} for name, role in SENSORS.items() if name != "root"]
        return self._said("status", {"state": state, "at_us": self.now_us + self.clock_us, "sensors": sensors})

    def _mark(self, mark: str) -> CapturedInput:
        self.numbers += 1
        return self._said("mark", {"mark_id": f"m-{self.numbers}", "at_us": self.now_us, "mark": mark})

    def _command(self, action: str, alarm_id: str) -> dict[str, Any]:
        self.numbers += 1
        for_s = self.chance.choice((-1, 10))
        return {
            "command_id": f"c-{self.numbers}",
            "at_us": self.now_us,
            "expires_us": self.now_us + for_s * S,
            "alarm_id": alarm_id if action in ("acknowledge", "reset") else None,
            "action": action,
            "actor": "a-1",
            "role": "clinician",
            "reason_code": "seen",
        }

    def _case_message(
        self, session: str, revision: int, state: str, profile: str | None, procedure: str
    ) -> dict[str, Any]:
        listed = [{"sensor": f"gen-1/{name}", "role": role} for name, role in SENSORS.items()]
        return {
            "session": session,
            "revision": revision,
            "state": state,
            "opened_us": self.now_us - 2 * S if state == "open" else START_US,
            "closed_us": self.now_us if state == "closed" else None,
            "procedure": procedure,
            "level": "T8",
            "profile": profile,
            "sensors": listed,
        }
