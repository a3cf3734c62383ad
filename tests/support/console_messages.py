"""Messages for console tests: good ones, with one thing changed."""

from __future__ import annotations

from typing import Any

from cordguard.console.live import Incoming, SiteLive
from cordguard.console.moments import Moment
from cordguard.contract import topics
from cordguard.contract.alarms import PresentAlarm, PresentAlarms, Transition
from cordguard.contract.health import Failure, Health
from cordguard.contract.summary import AlarmCounts, SensorSummary, SessionSummary
from cordguard.contract.units import WireModel
from cordguard.contract.vitals import GeneratorVitals, Limits, SensorVitals, Vitals

SITE = "site"
ROOM = "theatre-1"
POLICY = "sha256:" + "a" * 64
T0_US = 1_790_000_000_000_000


def at(ms: int) -> Moment:
    """So many milliseconds after the beginning, on both clocks."""
    return Moment(T0_US + ms * 1_000, T0_US + ms * 1_000)


def incoming(
    topic: topics.Topic, message: WireModel | bytes, moment: Moment, *, retained: bool = False, **levels: str
) -> Incoming:
    """A message of this room (or of the levels given), as it came at ``moment``."""
    levels = levels or {"room": ROOM}
    payload = message if isinstance(message, bytes) else message.to_wire()
    return Incoming(topic.at(SITE, **levels), payload, retained, moment)


def vitals(moment: Moment, **sensor: object) -> Vitals:
    """One neural sensor at 41.2 °C, RF on."""
    base: dict[str, Any] = {
        "sensor": "gen-1/canal",
        "role": "neural",
        "temperature_c": 41.2,
        "age_ms": 60,
        "slope_c_per_s": 0.05,
        "cem43_min": 0.4,
        "dose_estimated": False,
        "limits": Limits(warn_c=42.0, stop_c=45.0, cem43_min=5.0),
    }
    return Vitals(
        as_of_us=moment.clock_us,
        session="s-1",
        rf_on=True,
        profile="near",
        policy=POLICY,
        sensors=(SensorVitals.model_validate(base | sensor),),
        generator=GeneratorVitals(power_w=9.8, impedance_ohm=112.4, energy_j=1210.0),
    )


def alarm(priority: str = "high", **more: object) -> PresentAlarm:
    """A present, unacknowledged alarm."""
    base: dict[str, Any] = {
        "alarm_id": "0" * 32,
        "rule": "R01",
        "name": "neural_abs_stop",
        "sensor": "gen-1/canal",
        "kind": "physiological",
        "priority": priority,
        "condition": True,
        "latched": False,
        "acknowledged": False,
        "since_us": T0_US,
        "message": "canal 45.1 °C",
        "guidance": "Stop RF now.",
    }
    return PresentAlarm.model_validate(base | more)


def alarms(moment: Moment, *present: PresentAlarm, **more: object) -> PresentAlarms:
    """What is present."""
    return PresentAlarms.model_validate(
        {"as_of_us": moment.clock_us, "audio": "on", "present": tuple(p.model_dump() for p in present)} | more
    )


def transition(change: str = "raised", **more: object) -> Transition:
    """A change of that alarm."""
    base: dict[str, Any] = {
        "alarm_id": "0" * 32,
        "step": 1,
        "rule": "R01",
        "name": "neural_abs_stop",
        "sensor": "gen-1/canal",
        "kind": "physiological",
        "priority": "high",
        "change": change,
        "condition": True,
        "latched": False,
        "acknowledged": False,
        "event_us": T0_US,
        "received_us": T0_US,
        "message": "canal 45.1 °C",
        "policy": POLICY,
        "late": False,
    }
    return Transition.model_validate(base | more)


def health(moment: Moment, state: str = "ok") -> Health:
    """A service's word on itself."""
    return Health.model_validate({"state": state, "at_us": moment.clock_us, "version": "1"})


def failure(*, failed: bool = True) -> Failure:
    """The watchdog's word."""
    return Failure(failed=failed, since_us=T0_US, what="No answer from safety.")


def living(moment: Moment, *, simulated: bool = False) -> SiteLive:
    """A site in which everything has just spoken."""
    site = SiteLive(at(-60_000), simulated)
    site.room(ROOM, at(-60_000))
    speak(site, moment)
    return site


def speak(site: SiteLive, moment: Moment, *silent: str) -> None:
    """Everything speaks, except ``silent``."""
    words = {
        "vitals": incoming(topics.VITALS, vitals(moment), moment),
        "alarms": incoming(topics.ALARMS, alarms(moment), moment),
        "safety": incoming(topics.HEALTH, health(moment), moment, service="safety", instance="main"),
        "watchdog": incoming(topics.HEALTH, health(moment), moment, service="watchdog", instance="main"),
    }
    for name, message in words.items():
        if name not in silent:
            site.apply(message)


def summary(highest_c: float) -> SessionSummary:
    """A summary of one neural sensor that became this hot."""
    sensor = SensorSummary(
        sensor="gen-1/canal",
        role="neural",
        samples=1,
        faults=0,
        completeness_percent=100.0,
        max_temperature_c=highest_c,
        time_above_42_s=1.0,
        time_above_43_s=1.0,
        time_above_45_s=1.0,
        cem43_min=1.0,
        dose_estimated=False,
    )
    return SessionSummary(
        session="s-1",
        revision=1,
        final=True,
        opened_us=T0_US,
        profile="near",
        policy=POLICY,
        monitor="test",
        rf_on_s=1.0,
        energy_j=1.0,
        sensors=(sensor,),
        ablations=(),
        alarm_counts=AlarmCounts(high=0, medium=0, low=0),
        alarms=(),
        marks=(),
        audio_pauses=0,
        monitor_blind_s=0.0,
        thermometry="neural",
    )
