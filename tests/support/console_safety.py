"""An alarm system small enough to see through: judges two rules, and answers commands as the contract says.

Stands where the safety and watchdog services stand, so that a page can be tested without them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from cordguard.bus.port import Bus, Connection, Delivery, Handlers, OpenBus, Subscription
from cordguard.contract import topics
from cordguard.contract.alarms import PresentAlarm, PresentAlarms, Transition
from cordguard.contract.case import Case
from cordguard.contract.commands import Command
from cordguard.contract.health import Failure, Health, Rejected
from cordguard.contract.summary import AlarmCounts, CaptureReference, SensorSummary, SessionSummary
from cordguard.contract.telemetry import GeneratorReading, TemperatureReading
from cordguard.contract.units import WireModel
from cordguard.contract.vitals import Forecast, GeneratorVitals, Latency, Limits, SensorVitals, Vitals
from cordguard.runtime.clock import Clock

POLICY: Final = "sha256:" + hashlib.sha256(b"policy of a test").hexdigest()
LIMITS: Final = Limits(warn_c=42.0, stop_c=45.0, cem43_min=5.0)
GUIDANCE: Final = {
    "R01": "Stop RF now. Irrigate if possible.",
    "R02": "Be ready to stop RF.",
    "R15": "Check the gateway.",
}


def alarm_id_of(rule: str, onset_us: int) -> str:
    """An identifier of the right form, unlike any other."""
    return hashlib.sha256(f"{rule} {onset_us}".encode()).hexdigest()[:32]


@dataclass
class StandIn:
    """Safety and watchdog of one room in one object. ``speaking = False``: both have fallen silent."""

    open_bus: OpenBus
    clock: Clock
    site: str = "site"
    room: str = "theatre-1"
    speaking: bool = True
    watchdog_speaking: bool = True
    case: Case | None = None
    sensors: dict[str, tuple[float | None, int]] = field(default_factory=dict)
    generator: GeneratorReading | None = None
    highest_c: float = 0.0
    energy_j: float = 0.0
    alarms: dict[str, PresentAlarm] = field(default_factory=dict)
    steps: dict[str, int] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)
    beats: dict[str, int] = field(default_factory=dict)
    summaries: int = 0
    taking_cases: bool = True
    """Whether it takes cases; else it refuses each as a dead letter."""
    limit_in_s: float = 48.0
    case_pending: bool = False
    """Whether it says that an amendment waits for RF off."""
    refusing: str | None = None
    """The reason for which it refuses every command, if it does."""
    paused_until_us: int | None = None
    """The room's sound is paused until then."""

    def __post_init__(self) -> None:
        """Connect."""
        heard = (topics.TEMPERATURE, topics.GENERATOR, topics.CASE, topics.COMMAND)
        wanted = tuple(Subscription(topic.filter(self.site)) for topic in heard)
        connection = Connection("stand-in", clean=True, subscriptions=wanted)
        self.bus: Bus = self.open_bus(connection, Handlers(self._on_delivery))

    def step(self) -> None:
        """Hear, and speak of what is due."""
        self.bus.poll(0.0)
        if self.speaking:
            self._every(0.2, "vitals", self._say_vitals)
            self._every(1.0, "alarms", self.say_alarms)
            self._every(1.0, "safety", lambda: self._say_health("safety"))
        if self.watchdog_speaking:
            self._every(1.0, "watchdog", lambda: self._say_health("watchdog"))

    def close(self) -> None:
        """Disconnect."""
        self.bus.close()

    def raise_alarm(
        self, rule: str, priority: str, message: str, *, sensor: str | None = None, value: float | None = None
    ) -> str:
        """Make an alarm present; its identifier."""
        now_us = self.clock.now_us()
        alarm = PresentAlarm.model_validate(
            {
                "alarm_id": alarm_id_of(rule, now_us),
                "rule": rule,
                "name": {"R01": "neural_abs_stop", "R02": "neural_warn", "R15": "sequence_fault"}[rule],
                "sensor": sensor,
                "kind": "technical" if rule == "R15" else "physiological",
                "priority": priority,
                "condition": True,
                "latched": False,
                "acknowledged": False,
                "since_us": now_us,
                "message": message,
                "value": value,
                "guidance": GUIDANCE[rule],
            }
        )
        self.alarms[rule] = alarm
        self._change(alarm, "raised")
        return alarm.alarm_id

    def raise_many(self, *priorities: str) -> None:
        """Make as many alarms present as priorities are named, each of them an alarm of its own."""
        for number, priority in enumerate(priorities):
            alarm_id = self.raise_alarm(
                "R15", priority, f"A {priority} one, which says at some length what there is to do"
            )
            more = {
                "alarm_id": alarm_id_of(alarm_id, number),
                "guidance": "Check the gateway, its cables and its clock.",
            }
            self.alarms[f"R15 {number}"] = self.alarms.pop("R15").model_copy(update=more)

    def end_alarm(self, rule: str) -> None:
        """Its condition is over: R01 stays latched, the others go."""
        alarm = self.alarms.pop(rule)
        if rule == "R01":
            alarm = self.alarms[rule] = alarm.model_copy(update={"condition": False, "latched": True})
        self._change(alarm.model_copy(update={"condition": False}), "ended")

    def remind(self, rule: str) -> None:
        """A HIGH alarm that nobody acknowledged says so again."""
        self._change(self.alarms[rule], "reminded")

    def fail(self, what: str, *, failed: bool = True) -> None:
        """The watchdog's word that alarms do not work, or that they do again."""
        failure = Failure(failed=failed, since_us=self.clock.now_us(), what=what)
        self._publish(topics.FAILURE.at(self.site, instance="main"), failure, retain=True)

    def summarise(self, *, final: bool) -> None:
        """Publish a summary of the case."""
        case = self.case
        assert case is not None
        self.summaries += 1
        now_us = self.clock.now_us()
        sensor = SensorSummary(
            sensor="gen-1/canal",
            role="neural",
            samples=100,
            faults=0,
            completeness_percent=100.0,
            max_temperature_c=self.highest_c,
            time_above_42_s=3.0,
            time_above_43_s=2.0,
            time_above_45_s=1.0,
            cem43_min=0.7,
            dose_estimated=True,
        )
        summary = SessionSummary(
            session=case.session,
            revision=self.summaries,
            final=final,
            procedure=case.procedure,
            opened_us=case.opened_us,
            closed_us=case.closed_us,
            profile=case.profile or "unknown",
            policy=POLICY,
            monitor="stand-in",
            rf_on_s=30.0,
            energy_j=self.energy_j,
            sensors=(sensor,),
            ablations=(),
            alarm_counts=AlarmCounts(high=1, medium=1, low=0),
            alarms=(),
            marks=(),
            audio_pauses=0,
            monitor_blind_s=0.0,
            thermometry="neural",
            capture=CaptureReference(sha256="0" * 64, lines=1234, from_us=0, to_us=now_us),
        )
        self._publish(topics.SUMMARY.at(self.site, room=self.room), summary)

    def say_alarms(self) -> None:
        """Publish what is present."""
        rank = ["high", "medium", "low", "info"]
        ordered = sorted(self.alarms.values(), key=lambda alarm: rank.index(alarm.priority))
        present = PresentAlarms(
            as_of_us=self.clock.now_us(),
            audio="on" if self.paused_until_us is None else "paused",
            paused_until_us=self.paused_until_us,
            present=tuple(ordered),
        )
        self._publish(topics.ALARMS.at(self.site, room=self.room), present, retain=True)

    def _on_delivery(self, delivery: Delivery) -> None:
        parsed = topics.parse(delivery.message.topic)
        delivery.acknowledge()
        if parsed is None or not self.speaking:
            return
        if parsed.topic is topics.TEMPERATURE:
            self._on_temperature(parsed.source or "", TemperatureReading.model_validate_json(delivery.message.payload))
        elif parsed.topic is topics.GENERATOR:
            self.generator = GeneratorReading.model_validate_json(delivery.message.payload)
            self.energy_j += self.generator.power_w * 0.1
        elif parsed.topic is topics.CASE:
            self._on_case(Case.model_validate_json(delivery.message.payload))
        elif parsed.topic is topics.COMMAND:
            self._on_command(Command.model_validate_json(delivery.message.payload))

    def _on_temperature(self, source: str, frame: TemperatureReading) -> None:
        for reading in frame.readings:
            self.sensors[f"{source}/{reading.sensor}"] = (reading.temperature_c, self.clock.now_us())
        canal_c = self.sensors.get("gen-1/canal", (None, 0))[0]
        if canal_c is None:
            return
        self.highest_c = max(self.highest_c, canal_c)
        for rule, limit_c, priority, word in (("R02", 42.0, "medium", "Warning"), ("R01", 45.0, "high", "Stop RF")):
            stands = rule in self.alarms and self.alarms[rule].condition
            if stands and self.alarms[rule].value is None:
                continue  # the test raised it, and the test ends it
            if canal_c >= limit_c and not stands:
                message = f"{word}: canal {canal_c:.1f} °C, limit {limit_c:.1f} °C"
                self.raise_alarm(rule, priority, message, sensor="gen-1/canal", value=canal_c)
            elif stands and canal_c < limit_c - 1.0:
                self.end_alarm(rule)

    def _on_case(self, case: Case) -> None:
        if self.case is not None and (case.session, case.revision) == (self.case.session, self.case.revision):
            return
        if not self.taking_cases:
            topic, now_us = topics.CASE.at(self.site, room=self.room), self.clock.now_us()
            refusal = Rejected(topic=topic, received_us=now_us, reason="case: a test refuses it", count=1)
            self._publish(topics.REJECTED.at(self.site, room=self.room), refusal)
            return
        self.case = case
        if case.state == "closed":
            self.summarise(final=False)

    def _on_command(self, command: Command) -> None:
        self.commands.append(command)
        if command.action in {"pause-audio", "resume-audio"}:
            pausing = command.action == "pause-audio"
            self.paused_until_us = self.clock.now_us() + 120_000_000 if pausing else None
            self.say_alarms()
            return
        alarm = next((alarm for alarm in self.alarms.values() if alarm.alarm_id == command.alarm_id), None)
        if alarm is None or self.refusing is not None:
            self._refuse(command, self.refusing or "That alarm is not present any more.")
        elif command.action == "acknowledge" and not alarm.acknowledged:
            alarm = self.alarms[alarm.rule] = alarm.model_copy(update={"acknowledged": True})
            self._change(alarm, "acknowledged", command)
        elif command.action == "reset" and alarm.latched:
            del self.alarms[alarm.rule]
            self._change(alarm.model_copy(update={"latched": False}), "reset", command)
        else:
            self._refuse(command, "The condition still holds." if alarm.condition else "It is acknowledged already.")

    def _refuse(self, command: Command, reason: str) -> None:
        refused = PresentAlarm(
            alarm_id=alarm_id_of(command.command_id, 0),
            rule="R00",
            name="command",
            kind="technical",
            priority="info",
            condition=False,
            latched=False,
            acknowledged=False,
            since_us=self.clock.now_us(),
            message=reason,
            guidance="",
        )
        self._change(refused, "refused", command)

    def _change(self, alarm: PresentAlarm, change: str, command: Command | None = None) -> None:
        self.steps[alarm.alarm_id] = self.steps.get(alarm.alarm_id, 0) + 1
        now_us = self.clock.now_us()
        transition = Transition.model_validate(
            alarm.model_dump(exclude={"since_us", "guidance"})
            | {"step": self.steps[alarm.alarm_id], "change": change, "event_us": now_us, "received_us": now_us}
            | {"policy": POLICY, "late": False}
            | ({"command_id": command.command_id, "actor": command.actor, "role": command.role} if command else {})
        )
        self._publish(topics.TRANSITION.at(self.site, room=self.room), transition)
        self.say_alarms()

    def _say_vitals(self) -> None:
        now_us = self.clock.now_us()
        reading = self.generator
        vitals = Vitals(
            as_of_us=now_us,
            session=self.case.session if self.case is not None else None,
            case_pending=self.case_pending,
            rf_on=reading is not None and reading.rf_on,
            profile="near",
            policy=POLICY,
            sensors=tuple(self._sensor(key, now_us) for key in sorted(self.sensors)),
            generator=GeneratorVitals(
                power_w=reading.power_w, impedance_ohm=reading.impedance_ohm, energy_j=self.energy_j
            )
            if reading is not None
            else None,
            latency_ms=Latency(p50=0.8, p99=2.1),
        )
        self._publish(topics.VITALS.at(self.site, room=self.room), vitals, qos=0)

    def _sensor(self, key: str, now_us: int) -> SensorVitals:
        temperature_c, at_us = self.sensors[key]
        is_neural = not key.endswith("tip")
        return SensorVitals(
            sensor=key,
            role="neural" if is_neural else "probe",
            temperature_c=temperature_c,
            fault="open" if temperature_c is None else None,
            age_ms=max(now_us - at_us, 0) // 1_000,
            slope_c_per_s=0.05,
            cem43_min=1.4 if is_neural else 0.0,
            dose_estimated=key.endswith("canal"),
            limits=LIMITS if is_neural else None,
            forecast=Forecast(limit_in_s=self.limit_in_s, peak_if_stopped_c=42.6, peak_sd_c=0.3) if is_neural else None,
        )

    def _say_health(self, service: str) -> None:
        health = Health(state="ok", at_us=self.clock.now_us(), version="0")
        self._publish(topics.HEALTH.at(self.site, service=service, instance="main"), health, retain=True)

    def _publish(self, topic: str, message: WireModel, *, qos: Literal[0, 1] = 1, retain: bool = False) -> None:
        self.bus.publish(topic, message.to_wire(), qos=qos, retain=retain)

    def _every(self, period_s: float, what: str, say: Callable[[], None]) -> None:
        now_us = self.clock.now_us()
        if now_us >= self.beats.get(what, 0) + period_s * 1e6:
            self.beats[what] = now_us
            say()
