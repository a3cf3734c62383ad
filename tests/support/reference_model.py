"""A safety engine that is as simple and slow as can be, to compare the real one with.

It keeps every sample and computes levels, persistence, hysteresis, doses and silence from the sentences of the
architecture and of the rule library; it shares no code with the engine. Its scope, within which it is exact: one or two
sources whose clocks are right and whose samples come in order; faults, silence, farewells, RF, commands, marks, cases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from support import reference_signals as signals
from support.reference_alarms import AlarmTable, Key
from support.reference_cases import CaseBook
from support.reference_signals import PROFILES, S
from support.reference_things import Sensor, Source

Reading = float | str
Due = tuple[int, str, Any]
NEURAL_RULES = ("R01", "R02", "R04", "R06")
GOOD = 5


class ReferenceRoom:
    """One room, from its inputs alone. ``now_us`` must not run back."""

    def __init__(self) -> None:
        """Nothing was ever heard."""
        self.now_us = 0
        self.newest_us = 0
        self.table = AlarmTable()
        self.book = CaseBook()
        self.sensors: dict[str, Sensor] = {}
        self.sources: dict[str, Source] = {}
        self.rf_on = False
        self.rf_on_us: int | None = None
        self.rf_off_us: int | None = None
        self.rf_run_us: int | None = None
        self.unbound: list[tuple[int, bool, bool]] = []

    # --- inputs ---

    def advance(self, now_us: int) -> None:
        """Time passes; what is due happens at its own time, the root cause of a silence first."""
        while due := min((due for due in self._timers() if due[0] <= now_us), key=lambda due: due[:2], default=None):
            self.now_us = max(self.now_us, due[0])
            self._fire(due[1], due[2])
            self._settle()
        self.now_us = max(self.now_us, now_us)

    def temperature(self, source: str, readings: Mapping[str, Reading]) -> None:
        """A frame of temperatures or faults."""
        self._hear(source, "temperature")
        for name, reading in readings.items():
            self._take(self._sensor(f"{source}/{name}"), reading)
        self._finish()

    def generator(self, source: str, *, on: bool, impedance_ohm: float) -> None:
        """A frame of a generator."""
        self._hear(source, "generator")
        device = self.sources[source]
        device.generator.append((self.now_us, on, impedance_ohm))
        device.good_since += 1
        device.silent &= device.good_since < GOOD
        self._follow_rf()
        self._judge_bound(self.now_us)
        self._finish()

    def status(self, source: str, state: str, roles: Mapping[str, str]) -> None:
        """A sign of life, or a farewell."""
        device = self.sources.setdefault(source, Source())
        device.gone = state == "offline"
        for name, role in roles.items():
            self._change_role(self._sensor(f"{source}/{name}"), status_role=role)
        if not device.gone:
            device.heard_us = self.now_us
        elif self._watched:
            device.lose()
        else:
            self._farewell(source)
        self._settle()

    def case(self, content: Mapping[str, Any]) -> None:
        """A case is opened, amended or closed."""
        unlisted = {key for key, each in self.sensors.items() if not each.listed and each.heard_us is not None}
        taken = self.book.take(content, rf_on=self.rf_on, unlisted=unlisted)
        if taken == "refused":
            return
        self._apply_roles()
        if taken == "afresh":
            self._restart_doses()
        if taken == "closed":
            for sensor in self.sensors.values():
                sensor.calm.clear()
        self._judge_bound(self.newest_us)
        self._settle()

    def mark(self, mark: str) -> None:
        """Somebody sets a mark."""
        if mark == "sensor-moved":
            self._restart_doses()
        elif mark == "cement-injected" and self.book.watch is not None:
            self.book.cement_us = self.now_us
        self._settle()

    def command(self, command_id: str, action: str, key: Key | None, expires_us: int) -> None:
        """Somebody gives a command."""
        self.table.command(command_id, action, key, self.now_us, expires_us)

    # --- silence and other timers ---

    @property
    def _watched(self) -> bool:
        return self.book.watch is not None or self.rf_on

    def _timers(self) -> Iterator[Due]:
        yield from self.table.timers()
        for name, device in self.sources.items():
            if device.offline or (device.gone and not self._watched):
                continue
            if device.heard_us is not None:
                yield device.heard_us + 3 * S, "offline", name
            if device.generator and not device.silent:
                since_us = max(device.newest_us["generator"], device.back_us)
                yield since_us + device.patience_us("generator"), "silent-generator", name
        for sensor in self.sensors.values():
            yield from self._silences(sensor)
        if self.book.closed and not self.rf_on:
            heard_us = max((device.heard_us or 0 for device in self.sources.values()), default=0)
            yield max(heard_us, self.book.tried_us) + 180 * S, "release", None

    def _silences(self, sensor: Sensor) -> Iterator[Due]:
        device = self.sources.get(sensor.source, Source())
        cut_off = device.gone or device.offline
        at_risk = sensor.role == "neural" and self.rf_on and self.rf_on_us is not None
        if sensor.silent == "high" or (cut_off and (sensor.silent is None or not self._watched)):
            return
        if sensor.heard_us is None:
            if at_risk and sensor.case_role is not None:
                yield (self.rf_on_us or 0) + 2 * S, "silent-high", sensor
            return
        since_us = max(sensor.heard_us, device.back_us)
        if sensor.silent is None:
            yield since_us + device.patience_us("temperature"), "silent-medium", sensor
        if at_risk:
            yield max(since_us + 2 * S, self.rf_on_us or 0), "silent-high", sensor

    def _fire(self, what: str, subject: Any) -> None:  # noqa: ANN401 - a name, an alarm's key or a sensor, by what is due
        match what:
            case "reminder":
                self.table.remind(subject, self.now_us)
            case "pause":
                self.table.end_pause()
            case "offline":
                self.sources[subject].lose()
            case "silent-generator":
                self.sources[subject].silent, self.sources[subject].good_since = True, 0
            case "release":
                heard_us = max((device.heard_us or 0 for device in self.sources.values()), default=0)
                self.book.tried_us = self.now_us
                self._release(self.newest_us + self.now_us - heard_us if heard_us else self.now_us)
            case _:
                subject.silent, subject.good_since = what.removeprefix("silent-"), 0

    # --- what holds ---

    def _hear(self, source: str, kind: str) -> None:
        device = self.sources.setdefault(source, Source())
        device.tick(kind, self.now_us)
        device.heard_us = self.newest_us = self.now_us
        if not device.gone:
            device.return_(self.now_us)

    def _take(self, sensor: Sensor, reading: Reading) -> None:
        now_us, temperature_c = self.now_us, reading if isinstance(reading, float) else None
        faulty = temperature_c is None or temperature_c > 300.0
        sensor.heard_us = now_us
        sensor.faulty.append((now_us, faulty))
        if sensor.silent is not None and not faulty:
            sensor.good_since += 1
            sensor.silent = None if sensor.good_since >= GOOD else sensor.silent
        unlisted = self.rf_on and not sensor.listed and self.book.open
        sensor.unlisted.append((now_us, unlisted, not unlisted))
        if temperature_c is None:
            return
        sensor.temperatures.append((now_us, temperature_c))
        if sensor.role == "neural":
            self._guard(sensor, temperature_c)

    def _guard(self, sensor: Sensor, temperature_c: float) -> None:
        """Judge the newest temperature of a neural sensor."""
        limits = PROFILES[self.book.profile] if sensor.listed else PROFILES["unknown"]
        sensor.guarded.append((self.now_us, temperature_c))
        sensor.limits.append(limits)
        if self.book.closed:
            sensor.calm.append((self.now_us, temperature_c))
        over = temperature_c <= limits.warn_c - 0.5
        sensor.warm.append((self.now_us, temperature_c >= limits.warn_c, over))
        slope = signals.slope_in_use(sensor.temperatures, self.rf_run_us if self.rf_on else None)
        if slope is not None:
            gate = temperature_c >= 39.0 and slope >= 0.03
            peak_c = temperature_c + limits.tau_s * slope
            for priority, limit_c in (("medium", limits.medium_c), ("high", limits.high_c)):
                sensor.heading[priority].append((self.now_us, gate and peak_c >= limit_c, peak_c <= limit_c - 1.0))
        bound = PROFILES[self.book.last_profile] if self.book.watch is None and sensor.listed else limits
        sensor.doses.append((sensor.dose[0], bound.low_cem, bound.medium_cem, bound.high_cem))

    def _follow_rf(self) -> None:
        on = any(device.generator[-1][1] for device in self.sources.values() if device.generator)
        if on == self.rf_on:
            return
        self.rf_on = on
        if not on:
            self.rf_off_us = self.now_us
            self.book.apply_pending()
            self._apply_roles()
            return
        if self.rf_off_us is None or self.now_us - self.rf_off_us > 30 * S:
            self.rf_run_us = self.now_us
        self.rf_on_us, self.rf_off_us = self.now_us, None

    def _judge_bound(self, at_us: int) -> None:
        self.unbound.append((at_us, self.rf_on and not self.book.open, self.book.open or not self.rf_on))

    def _settle(self) -> None:
        """Bring every alarm in line with what holds now."""
        for key, sensor in self.sensors.items():
            if sensor.silent == "high" and not (self.rf_on and sensor.role == "neural"):
                sensor.silent = "medium"
            device = self.sources.get(sensor.source)
            if sensor.silent == "medium" and device is not None and device.offline:
                sensor.silent = None
            if sensor.heard_us is None and sensor.case_role is None:
                sensor.silent = None
            lost = "high" if self.rf_on and sensor.role == "neural" else "medium"
            self._say("R08", key, lost if sensor.fault_holds else None)
            self._say("R14", key, sensor.silent)
            self._say("R40", key, "medium" if sensor.is_unlisted else None)
            for rule, priority in sensor.thermal().items():
                self._say(rule, key, priority)
        for name, device in self.sources.items():
            self._say("R17", name, ("high" if self.rf_on else "medium") if device.offline else None)
            self._say("R14", name, "medium" if device.silent else None)
            medium, high = signals.impedance_levels(device.generator, device.impedance_from)
            self._say("R18", name, "high" if high else "medium" if medium else None)
        unguarded = self.rf_on and self.book.profile != "standard" and not self._guards()
        self._say("R33", None, "high" if unguarded else None)
        self._say("R40", None, "medium" if signals.holds(self.unbound, S) else None)

    def _say(self, rule: str, subject: str | None, priority: str | None) -> None:
        self.table.settle(rule, subject, priority, self.now_us)

    def _live(self, sensor: Sensor) -> bool:
        device = self.sources.get(sensor.source)
        cut_off = device is None or device.gone or device.offline
        return not cut_off and sensor.heard_us is not None and sensor.silent is None and not sensor.fault_holds

    def _guards(self) -> bool:
        sensors = self.sensors.values()
        return any(sensor.listed and sensor.role == "neural" and self._live(sensor) for sensor in sensors)

    # --- roles, doses, the end of the watch ---

    def _sensor(self, key: str) -> Sensor:
        if key not in self.sensors:
            self.sensors[key] = Sensor(key.partition("/")[0], self.book.roles.get(key))
        return self.sensors[key]

    def _change_role(self, sensor: Sensor, **roles: str | None) -> None:
        before = sensor.role
        for name, role in roles.items():
            setattr(sensor, name, role)
        if before == "neural" != sensor.role:
            sensor.forget()

    def _apply_roles(self) -> None:
        for key in self.book.roles:
            self._sensor(key)
        for key, sensor in self.sensors.items():
            self._change_role(sensor, case_role=self.book.roles.get(key))

    def _restart_doses(self) -> None:
        for sensor in self.sensors.values():
            sensor.restart_dose(self.now_us)

    def _finish(self) -> None:
        self._settle()
        self._release(self.now_us)

    def _release(self, event_us: int) -> None:
        """The watch ends once the case is closed, RF long off, the nerves cool and calm, and the cement set."""
        if not self.book.closed or self.rf_on or self.book.watch is None:
            return
        off_us = self.book.watch["opened_us"] if self.rf_off_us is None else self.rf_off_us
        set_us = 0 if self.book.cement_us is None else self.book.cement_us + 20 * 60 * S
        nerves = [sensor for sensor in self.sensors.values() if sensor.role == "neural" and self._live(sensor)]
        if event_us < max(off_us + 180 * S, set_us) or not all(sensor.is_calm() for sensor in nerves):
            return
        self.book.release()
        self._apply_roles()
        for name, device in self.sources.items():
            if device.gone:
                self._farewell(name)
        self._settle()

    def _farewell(self, name: str) -> None:
        """A source that said goodbye while nobody is watched ends its own conditions."""
        self.sources[name].return_(self.now_us)
        self.sources[name].silent = False
        self.sources[name].impedance_from = len(self.sources[name].generator)
        for sensor in self.sensors.values():
            if sensor.source == name:
                sensor.faulty.clear()
                sensor.unlisted.clear()
                sensor.silent = None
                sensor.cool()
