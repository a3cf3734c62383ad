"""Safety's shell: moves bytes between broker, journal and engine, and decides nothing."""

from __future__ import annotations

import logging
import time
from typing import Final

from cordguard.bus.paho import open_paho
from cordguard.bus.port import Connection, Delivery, Handlers, Message, OpenBus, Subscription
from cordguard.bus.retained import read_retained
from cordguard.contract.capture import CapturedInput
from cordguard.contract.topics import (
    ALARMS,
    ANNUNCIATOR,
    CANARY_ROOM,
    CANARY_TEMPERATURE,
    CASE,
    CLOCK,
    COMMAND,
    GENERATOR,
    MARK,
    STATUS,
    TEMPERATURE,
    VITALS,
    all_sources,
    parse,
    room_of,
    whole_site,
)
from cordguard.engine.alarms import Emission
from cordguard.engine.canary import CanaryEngine
from cordguard.runtime import run_clock
from cordguard.runtime.clock import Clock, SimulatedClock, WallClock
from cordguard.runtime.health import HealthReporter
from cordguard.safety.attention import Attention
from cordguard.safety.canary_journal import CanaryJournal
from cordguard.safety.files import THE_DISK, Disk, OpenFile, open_file
from cordguard.safety.keeper import RoomKeeper
from cordguard.safety.policy_file import PolicyFile
from cordguard.safety.publisher import Publisher
from cordguard.safety.rooms import Rooms
from cordguard.safety.schedule import Rota, Schedule
from cordguard.safety.selfwatch import SelfWatch
from cordguard.safety.settings import SafetySettings
from cordguard.safety.wellbeing import wellbeing

SERVICE: Final = "safety"
TICK_US: Final = 10_000
"""Timers of all rooms are looked at so often: a loop that turns for every message must not ask them all each time."""
VITALS_US: Final = 200_000
ALARMS_US: Final = 1_000_000
SYNC_US: Final = 1_000_000
HOUSEKEEPING_US: Final = 1_000_000
BEAT_US: Final = 250_000
SELF_CHECK_US: Final = 10_000_000
RETAINED: Final = (CASE, STATUS)
OF_SOURCES: Final = (GENERATOR, TEMPERATURE, STATUS, CANARY_TEMPERATURE)
OF_PEOPLE: Final = (CASE, MARK, COMMAND, ANNUNCIATOR)
_NS_PER_US: Final = 1_000
_INPUT_NAMES: Final = frozenset(topic.name for topic in (*OF_SOURCES, *OF_PEOPLE))

log = logging.getLogger(__name__)


class SafetyService:
    """One process for a room or a site, beside its broker."""

    def __init__(
        self,
        settings: SafetySettings,
        open_bus: OpenBus,
        *,
        clock: Clock | None = None,
        files: OpenFile = open_file,
        disk: Disk = THE_DISK,
    ) -> None:
        """Recover every room, then connect.

        Raises:
            SetupError: policy or journal cannot be used.
        """
        self._settings = settings
        self._open_bus = open_bus
        self._policy = PolicyFile(settings.policy_path)
        self._rooms = Rooms(settings.journal_dir, settings.site, self._policy.policy, self._policy.text, files)
        self._canary = CanaryEngine(settings.site, self._policy.policy.hash)
        self._canary_journal = CanaryJournal(settings.journal_dir / CANARY_ROOM, files)
        self._publisher = Publisher(settings.site)
        self._self = SelfWatch(clock or WallClock(), settings.journal_dir, disk, settings.journal_budget_gib)
        self._simulated = SimulatedClock() if settings.simulated_clock else None
        self._clock: Clock = clock or self._simulated or WallClock()
        self._held: list[Delivery] = []
        """What came in a simulated run before its clock spoke: still the broker's, since it stands in no journal."""
        self._rooms.recover(self._clock.now_us())
        if clock is None and self._simulated is None:
            self._clock = WallClock(not_below_us=self._rooms.newest_received_us())
        self._health = HealthReporter(SERVICE, settings.site, settings.instance, self._clock)
        self._tick_due = Schedule(TICK_US)
        self._vitals_due = Rota(VITALS_US)
        self._alarms_due = Rota(ALARMS_US)
        self._sync_due = Rota(SYNC_US, early=True)
        self._housekeeping_due = Schedule(HOUSEKEEPING_US)
        self._self_check_due = Schedule(SELF_CHECK_US)
        self._beat_due = Schedule(BEAT_US)
        # A simulated run's clock stands still while we are away: nobody can fall silent.
        self._attention = Attention(self._clock.now_us(), connected=self._simulated is not None)
        handlers = Handlers(self._on_delivery, self._on_connected, self._on_disconnected)
        self._bus = open_bus(self._connection(), handlers)
        for room, keeper in self._rooms:
            # What recovery said stands in the outbox too: it is published from there.
            self._publisher.repeat(self._bus, room, keeper.engine.outbox)

    @property
    def ready(self) -> bool:
        """Connected, and every retained case and status is known."""
        return self._bus.connected

    def step(self, timeout_s: float) -> None:
        """Take in what comes, and do what time asks for."""
        self._self.turn(timeout_s)
        self._bus.poll(timeout_s)
        if not self._bus.connected:
            self._self.waited()  # to look for the broker may take long, and there is nobody to be late for
        self._on_time()

    def close(self) -> None:
        """End in good order."""
        self._rooms.close()
        self._canary_journal.close()
        self._health.stopped(self._bus)
        self._bus.close()

    def _connection(self) -> Connection:
        site = self._settings.site
        filters = [all_sources(site), *(topic.filter(site) for topic in OF_PEOPLE)]
        filters = [whole_site(site)] if self._simulated else filters
        subscriptions = tuple(Subscription(topic_filter) for topic_filter in filters)
        client_id = f"{SERVICE}-{site}-{self._settings.instance}"
        return self._settings.connection(client_id, subscriptions, will=self._health.will)

    # --- what comes in ---

    def _on_connected(self, session_present: bool) -> None:  # noqa: FBT001 - the port's signature
        """Before anything queued is judged, learn which cases are open and which devices are there."""
        del session_present
        if self._simulated is not None:
            return  # the one subscription of a simulated run brings retained messages in its own order
        filters = [topic.filter(self._settings.site) for topic in RETAINED]
        connection = self._settings.connection(f"{SERVICE}-{self._settings.site}-{self._settings.instance}", ())
        try:
            retained = read_retained(self._open_bus, connection, filters)
        except TimeoutError as error:
            log.warning("retained cases could not be read: %s", error)
            retained = ()
        finally:
            self._self.waited()
        now_us = self._clock.now_us()
        self._check_all(now_us, disconnected_from_us=self._attention.back(now_us))
        for message in retained:
            self._take(message)

    def _on_disconnected(self, reason: str) -> None:
        del reason  # the bus has logged it
        if self._simulated is None:
            self._attention.lost(self._clock.now_us())

    def _on_delivery(self, delivery: Delivery) -> None:
        message = delivery.message
        parsed = parse(message.topic)
        if parsed is not None and parsed.topic is CLOCK:
            self._follow_clock(message)
        elif parsed is None or parsed.topic.name in _INPUT_NAMES:
            if self._simulated is not None and self._simulated.now_us() == 0:
                self._held.append(delivery)
                return
            self._note_alive()
            self._take(message)
        delivery.acknowledge()

    def _follow_clock(self, message: Message) -> None:
        if self._simulated is None or message.retained:
            return
        run_clock.follow(self._simulated, message.payload)
        held, self._held = self._held, []
        for early in held:
            self._take(early.message)
            early.acknowledge()
        self._on_time()

    def _take(self, message: Message) -> None:
        began_us = self._self.clock.now_us()
        room = room_of(message.topic)
        now_us = self._clock.now_us()
        entry = CapturedInput(now_us, message.topic, message.payload, message.retained, message.duplicate)
        if parse(message.topic) is not None and room is None:
            self._canary_journal.append(entry)
            self._publisher.publish(self._bus, CANARY_ROOM, self._canary.feed(entry), 0)
            return
        if room is None or not self._rooms.admits(room):
            self._rooms.pass_over(message.topic)
            return
        keeper, first = self._rooms.get(room, now_us)
        if self._publish(room, keeper, first + keeper.take(entry)):
            self._self.handed_over(began_us)

    def _publish(self, room: str, keeper: RoomKeeper, emissions: list[Emission]) -> bool:
        if not emissions:
            return False
        changed = self._publisher.publish(self._bus, room, emissions, keeper.engine.published)
        if changed:
            self._publish_alarms(room, keeper)
        return changed

    # --- what time asks for ---

    def _on_time(self) -> None:
        now_us = self._clock.now_us()
        self._beat()
        if not now_us:
            return
        self._note_alive()
        if self._attention.away:
            return  # nothing can be heard nor said: what is due will be when we are back
        if self._tick_due.due(now_us):
            rooms = dict(self._rooms)
            for room, keeper in rooms.items():
                self._publish(room, keeper, keeper.tick(now_us))
            self._serve_in_turn(rooms, now_us)
        if self._housekeeping_due.due(now_us):
            self._keep_house(now_us)

    def _serve_in_turn(self, rooms: dict[str, RoomKeeper], now_us: int) -> None:
        for room in self._vitals_due.due(rooms, now_us):
            topic = VITALS.at(self._settings.site, room=room)
            self._bus.publish(topic, rooms[room].engine.vitals(now_us).to_wire(), qos=VITALS.qos)
        for room in self._alarms_due.due(rooms, now_us):
            self._publish_alarms(room, rooms[room])
        for room in self._sync_due.due(rooms, now_us):
            self._publish(room, rooms[room], rooms[room].sync(now_us) + rooms[room].end_long_file(now_us))

    def _note_alive(self) -> None:
        """A stall of ours is nobody's silence: say since when we were blind."""
        now_us = self._clock.now_us()
        stalled_from_us = self._attention.turn(now_us) if self._simulated is None else None
        if stalled_from_us is not None:
            self._check_all(now_us, stalled_from_us=stalled_from_us)

    def _check_all(self, now_us: int, **findings: int | None) -> None:
        """Tell every room what we found out about ourselves, if anything."""
        found = {name: finding for name, finding in findings.items() if finding is not None}
        for room, keeper in self._rooms if found else ():
            self._publish(room, keeper, keeper.check(now_us, **found))

    def _publish_alarms(self, room: str, keeper: RoomKeeper) -> None:
        message = keeper.engine.present_alarms(self._clock.now_us()).to_wire()
        topic = ALARMS.at(self._settings.site, room=room)
        if self._bus.connected:  # retained and repeated every second: nothing to queue up
            self._bus.publish(topic, message, retain=True)

    def _keep_house(self, now_us: int) -> None:
        self._rooms.snapshot()
        text = self._policy.changed()
        if text is not None:
            for room, emissions in self._rooms.change_policy(text, now_us):
                self._publish(room, dict(self._rooms)[room], emissions)
        if self._self_check_due.due(now_us):
            self._check_self(now_us)

    def _check_self(self, now_us: int) -> None:
        measured = self._self.take()
        for room, keeper in self._rooms:
            confirmed = self._publisher.confirmed(room)
            waiting = keeper.engine.outbox
            findings = measured.news_for(keeper.engine)
            if waiting and waiting[0].number <= confirmed:
                findings["confirmed"] = confirmed
            if findings:
                self._publish(room, keeper, keeper.check(now_us, **findings))

    def _beat(self) -> None:
        """Health goes by wall time, in simulated runs too."""
        if not self._beat_due.due(time.monotonic_ns() // _NS_PER_US):
            return
        state, detail = wellbeing(self._rooms, self._policy, self._self)
        lag_ms, queue, policy = self._self.lag.worst_ms, self._bus.unconfirmed, self._rooms.policy_hash
        self._health.beat(self._bus, state, lag_ms=lag_ms, queue=queue, detail=detail, policy=policy)


def build(settings: SafetySettings, open_bus: OpenBus = open_paho) -> SafetyService:
    """Safety, ready to run."""
    return SafetyService(settings, open_bus)
