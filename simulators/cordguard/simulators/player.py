"""Plays a scenario over a bus, in real or simulated time, until the monitor releases its watch.

In each frame: wait for its turn, let the operator hear what came, publish the run's clock (simulated time only), then
what the room says. A run at any speed acts at the same frames.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Final

from cordguard.bus.port import BusRefusedError, Handlers, OpenBus, Will
from cordguard.contract import topics
from cordguard.contract.health import ClockReading
from cordguard.runtime.clock import Clock, WallClock
from cordguard.simulators.checked import MICROS_PER_S, micros
from cordguard.simulators.clocked import POLL_S, Lead, Pace, Patience
from cordguard.simulators.devices.stream_faults import Outgoing
from cordguard.simulators.hearing import Hearing
from cordguard.simulators.room import SimulatedRoom, patient_of
from cordguard.simulators.scenario import Scenario, load_scenario
from cordguard.simulators.simulation import (
    Ending,
    OnProgress,
    Progress,
    SimulateSettings,
    SimulationResult,
    Stage,
)

PATIENCE_US: Final = 10 * MICROS_PER_S
"""Wall time that the broker may take to accept us, or the monitor to answer."""
GREETING_US: Final = MICROS_PER_S // 2
"""Wall time in which the broker tells us what it has retained, and a monitor whose clock runs speaks of its rooms."""
GOODBYE_US: Final = 5 * MICROS_PER_S
"""Wall time in which the last messages may be confirmed."""
AFTERGLOW_US: Final = 1 * MICROS_PER_S
"""How long the devices go on after the watch was released."""


def simulate(
    settings: SimulateSettings,
    open_bus: OpenBus,
    on_progress: OnProgress,
    *,
    clock: Clock | None = None,
    stopping: Callable[[], bool] = lambda: False,
) -> SimulationResult:
    """Play a scenario to its end. ``clock`` is the wall's; ``stopping`` is asked at least every 50 ms.

    Raises:
        ScenarioError: there is no such scenario, or it cannot be read.
    """
    scenario = load_scenario(settings.scenario)
    wall = clock or WallClock()
    hearing = Hearing(settings.site, settings.room)
    # The patient first, once: a vertebra takes time to lay out, and devices that start late tell an old time for ever.
    patient = patient_of(scenario)
    room_from = partial(SimulatedRoom, scenario, patient, site=settings.site, room=settings.room, seed=settings.seed)
    will = room_from(start_us=0).status("offline", settings.start_us or wall.now_us())
    connection = settings.connection(hearing.subscriptions, Will(will.topic, will.payload))
    try:
        with closing(open_bus(connection, Handlers(hearing.on_delivery))) as bus:
            patience = Patience(bus, wall, stopping)
            start = _start(settings, patience, hearing)
            if isinstance(start, Ending):
                return SimulationResult(start)
            return _Run(settings, scenario, room_from(start_us=start), patience, hearing).play(on_progress)
    except BusRefusedError as error:
        return SimulationResult(Ending("refused", str(error)))


def _start(settings: SimulateSettings, patience: Patience, hearing: Hearing) -> int | Ending:
    """Connect, and find the time to start at: never before a moment that the monitor has already seen."""
    if not patience.wait_for(lambda: patience.bus.connected, PATIENCE_US):
        if patience.stopping():
            return _STOPPED
        where = f"{settings.broker_host}:{settings.broker_port}"
        return Ending("not-connected", f"no MQTT broker answered at {where} in 10 s: start it, or name another address")
    if settings.speed is None:
        return patience.wall.now_us()
    if patience.wait_for(lambda: hearing.monitor_runs, GREETING_US):
        return _FOREIGN_CLOCK
    seen_us = hearing.alarms_as_of_us or 0
    if settings.start_us is None:
        return max(patience.wall.now_us(), seen_us + MICROS_PER_S)
    if settings.start_us <= seen_us:
        return Ending(
            "foreign-clock",
            f"the monitor's clock is at {seen_us} µs already, and this run would start at {settings.start_us} µs: "
            "start later, or start the monitor afresh with --simulated-clock",
        )
    return settings.start_us


_STOPPED: Final = Ending("stopped", "stopped on request before the watch was released")
_FOREIGN_CLOCK: Final = Ending(
    "foreign-clock",
    "the monitor goes by another clock than this run's: play without --speed, or start it with --simulated-clock",
)


class _Run:
    """One run, from its first frame to its end."""

    def __init__(
        self, settings: SimulateSettings, scenario: Scenario, room: SimulatedRoom, patience: Patience, hearing: Hearing
    ) -> None:
        start_us = room.at_us
        self._settings: Final = settings
        self._scenario: Final = scenario
        self._start_us: Final = start_us
        self._patience: Final = patience
        self._hearing: Final = hearing
        self._room: Final = room
        self._lead: Final = Lead(start_us)
        self._pace: Final = Pace(patience.wall.now_us(), settings.speed)
        self._clock_topic: Final = topics.CLOCK.at(settings.site, instance=settings.instance)
        self._clock_us = start_us
        self._frames = 0

    def play(self, on_progress: OnProgress) -> SimulationResult:
        """All frames, then goodbye."""
        ending: Ending | None = None
        while ending is None:
            ending = self._wait_for_turn() or self._ending()
            if ending is None:
                self._play_frame(on_progress)
        self._publish(self._room.status("offline", self._room.at_us))
        self._patience.wait_for(lambda: self._patience.bus.unconfirmed == 0, GOODBYE_US)
        operator = self._room.operator
        return SimulationResult(
            ending=ending,
            session=self._room.session,
            start_us=self._start_us,
            frames=self._frames,
            rf_from_us=operator.rf_from_us,
            rf_to_us=operator.rf_to_us,
            closed_us=operator.closed_us,
        )

    def _play_frame(self, on_progress: OnProgress) -> None:
        for transition in self._hearing.take_transitions():
            self._room.hear(transition)
        if self._settings.speed is not None:
            self._clock_us = self._room.at_us
            self._patience.bus.publish(self._clock_topic, ClockReading(at_us=self._clock_us).to_wire())
        elapsed_us = self._room.at_us - self._start_us
        for message in self._room.next_frame():
            self._publish(message)
        self._frames += 1
        self._pace.played(self._patience.wall.now_us())
        if elapsed_us % MICROS_PER_S == 0:
            on_progress(self._progress(elapsed_us))

    def _wait_for_turn(self) -> Ending | None:
        """Until the wall and the monitor let the next frame be played. The network is served at least once."""
        bus, wall = self._patience.bus, self._patience.wall
        bus.poll(0.0)
        while (wait_s := self._pace.wait_s(wall.now_us())) > 0.0 and not self._patience.stopping():
            bus.poll(min(POLL_S, wait_s))
        if not self._patience.wait_for(self._monitor_follows, PATIENCE_US) and not self._patience.stopping():
            return self._no_answer()
        return None

    def _monitor_follows(self) -> bool:
        vitals = self._hearing.vitals
        if vitals is not None:
            self._lead.heard(vitals.as_of_us)
        return self._settings.speed is None or self._lead.allows(self._room.at_us)

    def _ending(self) -> Ending | None:
        at_us, vitals = self._room.at_us, self._hearing.vitals
        if self._patience.stopping():
            return _STOPPED
        if vitals is not None and self._settings.speed is not None and vitals.as_of_us > self._clock_us:
            return _FOREIGN_CLOCK
        released_us = self._released_us()
        if released_us is not None and at_us >= released_us + AFTERGLOW_US:
            return Ending("watch-released", "the case was played to its end, and the monitor released its watch")
        if at_us > self._start_us + micros(self._scenario.maximum_s):
            return self._took_too_long()
        return None

    def _released_us(self) -> int | None:
        closed_us, since_us = self._room.operator.closed_us, self._hearing.session_since_us
        vitals = self._hearing.vitals
        if closed_us is None or vitals is None or vitals.session == self._room.session or since_us <= closed_us:
            return None
        return since_us

    def _took_too_long(self) -> Ending:
        room, maximum_s = self._settings.room, self._scenario.maximum_s
        heard = "has not released its watch" if self._hearing.vitals else "was never heard"
        return Ending(
            "maximum-duration",
            f"the scenario's {maximum_s:g} s are over and the monitor {heard} in {room}: look at the log of safety",
        )

    def _no_answer(self) -> Ending:
        if not self._patience.bus.connected:
            return Ending(
                "not-connected", "the broker was gone for 10 s: look at its log, then play the scenario again"
            )
        behind_s = (self._room.at_us - self._lead.newest_us) / MICROS_PER_S
        return Ending(
            "no-answer",
            f"no vitals of {self._settings.room} for 10 s, and the monitor is {behind_s:.1f} s behind: "
            "see that safety runs on this site with --simulated-clock",
        )

    def _publish(self, message: Outgoing) -> None:
        self._patience.bus.publish(message.topic, message.payload, retain=message.retained)

    def _progress(self, elapsed_us: int) -> Progress:
        return Progress(
            at_us=self._start_us + elapsed_us,
            elapsed_s=elapsed_us / MICROS_PER_S,
            maximum_s=self._scenario.maximum_s,
            stage=self._stage(),
            session=self._room.session,
        )

    def _stage(self) -> Stage:
        operator = self._room.operator
        if operator.closed_us is not None:
            return "record-closed"
        if operator.rf_to_us is not None:
            return "after-rf"
        return "before-rf" if operator.rf_from_us is None else "rf-on"
