"""The player over a bus in memory, watched by a small monitor that answers as safety would."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from pydantic import ValidationError

from cordguard.bus.memory import MemoryBroker
from cordguard.bus.port import Bus, BusRefusedError, Connection, Handlers, Message, Subscription
from cordguard.contract import topics
from cordguard.contract.alarms import PresentAlarms, Transition
from cordguard.contract.health import ClockReading
from cordguard.contract.telemetry import Status, TemperatureReading
from cordguard.simulators.patient import PatientSettings, SphereSettings, model_of
from cordguard.simulators.player import simulate
from cordguard.simulators.scenario import ScenarioError
from cordguard.simulators.simulation import Progress, SimulateSettings, SimulationResult
from cordguard.simulators.tissue.model import TissueModel
from support.sim_monitor import SHORT, Monitor, WatchedBus

START_US: Final = 1_790_000_000_000_000
ROOM: Final = {"site": "site", "room": "room-1"}


@dataclass
class Wall:
    """A wall clock that moves when somebody waits at it."""

    us: int = START_US - 5_000_000

    def now_us(self) -> int:
        return self.us

    def wait(self, seconds: float) -> None:
        self.us += round(seconds * 1e6)


@dataclass
class Run:
    """One run and everything around it."""

    file: Path
    broker: MemoryBroker = field(default_factory=MemoryBroker)
    wall: Wall = field(default_factory=Wall)
    monitor: Monitor | None = None
    leads_us: list[int] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)

    def simulate(
        self,
        speed: float | None = 20.0,
        start_us: int | None = START_US,
        stopping: Callable[[], bool] = lambda: False,
    ) -> SimulationResult:
        settings = SimulateSettings(scenario=str(self.file), speed=speed, start_us=start_us)
        return simulate(settings, self.open_bus, self.progress.append, clock=self.wall, stopping=stopping)

    def open_bus(self, connection: Connection, handlers: Handlers) -> Bus:
        return WatchedBus(self.broker.open(connection, handlers), self.monitor, self.wall.wait, self.on_publish)

    def on_publish(self, topic: str) -> None:
        if topic.endswith("/clock") and self.monitor is not None and self.monitor.vitals_us:
            self.leads_us.append(self.monitor.vitals_us)

    def published(self, *without: str) -> list[Message]:
        own = ("vitals", "transition", *without)
        return [message for message in self.broker.log if not message.topic.endswith(own)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "short.toml"
    path.write_text(SHORT, encoding="utf-8")
    return path


def watched(file: Path, **monitor: object) -> Run:
    run = Run(file)
    run.monitor = Monitor(run.wall, **monitor)  # type: ignore[arg-type]
    connection = Connection("safety-site-main", clean=True, subscriptions=(Subscription("cordguard/v1/site/#"),))
    run.monitor.connect(run.broker.open, connection)
    return run


class TestSimulatedTime:
    def test_a_case_is_played_to_the_release_of_the_watch(self, file: Path) -> None:
        run = watched(file)
        result = run.simulate()
        assert result.ok, result.ending
        assert result.session == f"short-{START_US}-1"
        assert result.rf_from_us == START_US + 2_000_000
        assert result.rf_to_us is not None
        assert result.closed_us == result.rf_to_us + 2_000_000
        kinds = [topic.topic.name for message in run.broker.log if (topic := topics.parse(message.topic))]
        assert (kinds.count("case"), kinds.count("mark")) == (2, 2)

    def test_the_operator_stops_one_reaction_time_after_the_event(self, file: Path) -> None:
        run = watched(file)
        result = run.simulate()
        (transition,) = [
            Transition.model_validate_json(message.payload)
            for message in run.broker.log
            if message.topic.endswith("/transition")
        ]
        assert result.rf_to_us == transition.event_us + 1_000_000

    def test_in_each_instant_the_clock_speaks_first(self, file: Path) -> None:
        run = watched(file)
        run.simulate()
        now_us = 0
        for message in run.published("status"):
            parsed = topics.parse(message.topic)
            assert parsed is not None
            at_us = getattr(parsed.topic.payload.model_validate_json(message.payload), "at_us", None)
            if parsed.topic is topics.CLOCK:
                assert at_us == (now_us + 100_000 if now_us else START_US)
                assert message.qos == 1
                now_us = at_us
            elif at_us is not None:
                assert at_us == now_us

    @pytest.mark.parametrize("changes", [{"every": 3}, {"every": 40}])
    def test_the_same_bytes_at_any_speed_and_with_a_slow_monitor(self, file: Path, changes: dict[str, int]) -> None:
        fast, slow = watched(file), watched(file, **changes)
        assert fast.simulate(speed=1.0).ok
        assert slow.simulate(speed=20.0).ok
        assert [(message.topic, message.payload) for message in slow.published()] == [
            (message.topic, message.payload) for message in fast.published()
        ]

    def test_speed_is_kept_by_the_wall_when_the_monitor_keeps_up(self, file: Path) -> None:
        run = watched(file)
        before_us = run.wall.us
        result = run.simulate(speed=20.0)
        wall_s = (run.wall.us - before_us) / 1e6
        assert wall_s == pytest.approx(result.frames * 0.1 / 20.0, abs=1.0)

    def test_it_never_runs_a_second_ahead_of_the_newest_vitals(self, file: Path) -> None:
        run = watched(file, every=40)
        assert run.simulate(speed=1_000.0).ok
        clocks = [
            ClockReading.model_validate_json(message.payload).at_us
            for message in run.broker.log
            if message.topic.endswith("/clock")
        ]
        ahead_us = [
            at_us - vitals_us for at_us, vitals_us in zip(clocks[-len(run.leads_us) :], run.leads_us, strict=True)
        ]
        assert max(ahead_us) < 1_000_000
        assert max(ahead_us) >= 800_000  # the monitor was slow enough for the limit to matter

    def test_without_an_answer_it_ends_after_ten_seconds_of_wall_time_and_says_what_to_do(self, file: Path) -> None:
        run = Run(file)
        before_us = run.wall.us
        result = run.simulate()
        assert result.ending.outcome == "no-answer"
        assert "safety runs on this site with --simulated-clock" in result.ending.message
        assert result.frames == 10
        assert 10.0 <= (run.wall.us - before_us) / 1e6 < 12.0

    def test_a_monitor_that_falls_silent_ends_the_run_too(self, file: Path) -> None:
        run = watched(file, deaf_from_us=START_US + 4_000_000)
        result = run.simulate()
        assert result.ending.outcome == "no-answer"
        assert result.frames < 52

    @pytest.mark.parametrize("ahead_us", [-60_000_000, 0, 60_000_000])
    @pytest.mark.parametrize("room", ["room-1", "room-2"])
    def test_where_the_monitor_goes_by_another_clock_nothing_is_published(
        self, file: Path, room: str, ahead_us: int
    ) -> None:
        run = watched(file, simulated=False, room=room, ahead_us=ahead_us)
        result = run.simulate()
        assert (result.ending.outcome, result.frames) == ("foreign-clock", 0)
        assert "play without --speed, or start it with --simulated-clock" in result.ending.message
        assert run.published() == []

    def test_a_monitor_on_another_clock_that_was_silent_before_is_told_apart_by_its_first_vitals(
        self, file: Path
    ) -> None:
        run = watched(file, simulated=False, knows_its_room=False, ahead_us=60_000_000)
        result = run.simulate()
        assert (result.ending.outcome, result.frames) == ("foreign-clock", 1)

    def test_a_run_starts_after_the_last_one_and_refuses_to_start_before_it(self, file: Path) -> None:
        run = watched(file)
        seen_us = START_US + 600_000_000
        alarms = PresentAlarms(as_of_us=seen_us, audio="on", present=())
        run.broker.route(Message(topics.ALARMS.at(**ROOM), alarms.to_wire(), retained=True))
        refused = run.simulate(start_us=START_US)
        assert refused.ending.outcome == "foreign-clock"
        assert "start later" in refused.ending.message
        assert run.simulate(start_us=None).start_us == seen_us + 1_000_000

    def test_without_release_it_ends_at_the_maximum_and_says_so(self, file: Path) -> None:
        run = watched(file, releases=False)
        result = run.simulate()
        assert result.ending.outcome == "maximum-duration"
        assert "has not released its watch in room-1" in result.ending.message
        assert result.frames == 401


class TestRealTime:
    def test_devices_go_by_the_wall_and_publish_no_clock(self, file: Path) -> None:
        run = watched(file, simulated=False)
        start_us = run.wall.us
        result = run.simulate(speed=None, start_us=None)
        assert result.ok, result.ending
        assert result.start_us == pytest.approx(start_us, abs=100_000)
        assert not [message for message in run.broker.log if message.topic.endswith("/clock")]
        assert run.wall.us - start_us == pytest.approx(result.frames * 100_000, abs=200_000)

    def test_r16_a_patient_that_takes_long_to_lay_out_is_laid_out_once_and_makes_no_device_late(
        self, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run, laid_out = Run(file), []

        def slowly(patient: SphereSettings | PatientSettings) -> TissueModel:
            run.wall.wait(1.5)
            laid_out.append(patient)
            return model_of(patient)

        monkeypatch.setattr("cordguard.simulators.room.model_of", slowly)
        published_us: list[int] = []
        monkeypatch.setattr(
            Run, "on_publish", lambda _run, topic: published_us.append(run.wall.us) if "/temp" in topic else None
        )
        run.simulate(speed=None, start_us=None)
        sent = [message for message in run.broker.log if message.topic.endswith("/temperature")]
        late_us = [
            published - TemperatureReading.model_validate_json(message.payload).at_us
            for published, message in zip(published_us, sent, strict=True)
        ]
        assert len(laid_out) == 1
        assert max(late_us) < 200_000

    def test_a_silent_monitor_does_not_stop_the_devices(self, file: Path) -> None:
        run = Run(file)
        result = run.simulate(speed=None, start_us=None)
        assert result.ending.outcome == "maximum-duration"
        assert "was never heard" in result.ending.message
        assert result.frames == 401


class TestBirthAndDeath:
    def test_the_source_says_offline_at_the_end(self, file: Path) -> None:
        run = watched(file)
        run.simulate()
        assert self.retained(run).state == "offline"

    def test_when_the_connection_is_lost_its_will_says_so(self, file: Path) -> None:
        run = watched(file)
        seen: list[str] = []

        def cut_once() -> bool:
            if run.progress and not seen:
                run.broker.cut("simulator-site-main")
                seen.append(self.retained(run).state)
            return False

        assert run.simulate(stopping=cut_once).ok
        assert seen == ["offline"]

    def test_asked_to_stop_it_does_so_in_good_order(self, file: Path) -> None:
        run = watched(file)
        result = run.simulate(stopping=lambda: len(run.progress) >= 3)
        assert result.ending.outcome == "stopped"
        assert self.retained(run).state == "offline"

    def test_without_a_broker_it_says_where_it_looked(self, file: Path) -> None:
        run = Run(file)
        run.broker.stop()
        result = run.simulate()
        assert result.ending.outcome == "not-connected"
        assert "127.0.0.1:1883" in result.ending.message

    def test_a_refusal_of_the_broker_is_passed_on(self, file: Path) -> None:
        def refuse(connection: Connection, handlers: Handlers) -> Bus:
            del connection, handlers
            msg = "bad password: see the settings"
            raise BusRefusedError(msg)

        settings = SimulateSettings(scenario=str(file), speed=2.0)
        result = simulate(settings, refuse, list[Progress]().append, clock=Wall())
        assert (result.ok, result.ending.outcome) == (False, "refused")
        assert "bad password" in result.ending.message

    def test_progress_is_told_each_second_with_what_is_going_on(self, file: Path) -> None:
        run = watched(file)
        result = run.simulate()
        assert [progress.elapsed_s for progress in run.progress] == [float(s) for s in range(len(run.progress))]
        stages = list(dict.fromkeys(progress.stage for progress in run.progress))
        assert stages == ["before-rf", "rf-on", "after-rf", "record-closed"]
        assert {progress.session for progress in run.progress} == {result.session}

    @staticmethod
    def retained(run: Run) -> Status:
        message = run.broker.retained(topics.STATUS.at(**ROOM, source="gen-1"))
        assert message is not None
        return Status.model_validate_json(message.payload)


class TestSettings:
    def test_a_start_time_needs_simulated_time(self) -> None:
        with pytest.raises(ValidationError, match="start_us needs speed"):
            SimulateSettings(scenario="canal-sensor-lost", start_us=START_US)

    def test_a_reserved_name_is_no_room(self) -> None:
        with pytest.raises(ValidationError, match="'canary' is a reserved name"):
            SimulateSettings(scenario="canal-sensor-lost", room="canary")

    def test_slower_than_real_time_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="greater than or equal to 1"):
            SimulateSettings(scenario="canal-sensor-lost", speed=0.5)

    def test_an_unknown_scenario_is_refused_before_anything_is_opened(self) -> None:
        def never(connection: Connection, handlers: Handlers) -> Bus:
            del connection, handlers
            raise AssertionError

        with pytest.raises(ScenarioError, match="take one of"):
            simulate(SimulateSettings(scenario="nothing"), never, list[Progress]().append)
