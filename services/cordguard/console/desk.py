"""What the web thread knows, in one place: live state, viewers, the door, and the way to the bus."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from cordguard.console import view
from cordguard.console.access import Access
from cordguard.console.annunciator import Annunciators, hear
from cordguard.console.exchange import Exchange, Outgoing
from cordguard.console.fanout import Hub, Viewer
from cordguard.console.live import RoomLive, SiteLive
from cordguard.console.moments import Moment
from cordguard.console.traces import Point
from cordguard.contract import topics
from cordguard.contract.case import Case
from cordguard.contract.commands import Command

SENT_COUNTS_US: Final = 5_000_000
"""A case we sent counts as the room's for so long, until the broker brings it back: nobody opens two in a row."""

TURN_S: Final = 0.1
"""How often frames go out, also when nothing came: the page takes a second without a frame for a frozen server."""


class Desk:
    """Takes messages in, and lays frames out for every viewer."""

    def __init__(
        self, site: str, exchange: Exchange, access: Access, now: Callable[[], Moment], *, simulated: bool
    ) -> None:
        """Empty."""
        self.site = site
        self.live = SiteLive(now(), simulated)
        self.hub = Hub()
        self.access = access
        self.now = now
        self.exchange = exchange
        self._annunciators = Annunciators()
        self._sent: dict[str, tuple[Case, int]] = {}
        """The case sent last, and when, by room."""

    async def run(self) -> None:
        """Turn after turn, until cancelled."""
        while True:
            self.turn()
            await asyncio.sleep(TURN_S)

    def turn(self) -> None:
        """Take in what came, and offer every viewer what is new."""
        for incoming in self.exchange.take():
            self.live.apply(incoming)
        now = self.now()
        self._annunciate(now)
        fresh = {name: _fresh(room, now) for name, room in self.live.rooms.items()}
        for name, viewers in self.hub.rooms().items():
            room = self.live.rooms.get(name or "")
            self._offer(viewers, room, fresh.get(name or "", {}), now)
            if name is None:
                self._choose_room(viewers)

    def hear_page(self, viewer: Viewer, text: str | None) -> None:
        """Something came from a page."""
        hear(viewer, text, self.now())

    def publish_command(self, room: RoomLive, command: Command) -> None:
        """Send a command and wait for its answer."""
        room.commands.ask(command, self.now())
        self.exchange.send(Outgoing(topics.COMMAND.at(self.site, room=room.room), command.to_wire()))

    def publish_case(self, room: str, case: Case) -> None:
        """Send a case, for the broker to keep."""
        now_us = self.now().server_us
        self._sent = {name: sent for name, sent in self._sent.items() if now_us - sent[1] < SENT_COUNTS_US}
        self._sent[room] = (case, now_us)
        self.exchange.send(Outgoing(topics.CASE.at(self.site, room=room), case.to_wire(), retain=True))

    def case_of(self, room: str) -> Case | None:
        """A room's case: what the broker says, or what was sent a moment ago and has not come back yet."""
        live = self.live.rooms.get(room)
        known = live.case if live is not None else None
        sent, sent_us = self._sent.get(room, (None, 0))
        if sent is None or self.now().server_us - sent_us >= SENT_COUNTS_US:
            return known
        came_back = known is not None and known.session == sent.session and known.revision >= sent.revision
        return known if came_back else sent

    def _annunciate(self, now: Moment) -> None:
        """Settle who sounds; tell safety if it can be reached and the run has a time. A late beat would be a lie."""
        rooms = self.hub.rooms()
        self._annunciators.assign(rooms, now)
        if not self.exchange.connected or now.clock_us == 0:
            return
        for room, beat in self._annunciators.due(rooms, now).items():
            topic = topics.ANNUNCIATOR
            self.exchange.send(Outgoing(topic.at(self.site, room=room), beat.to_wire(), qos=topic.qos))

    def _offer(
        self, viewers: Sequence[Viewer], room: RoomLive | None, fresh: Mapping[str, Sequence[Point]], now: Moment
    ) -> None:
        connected = self.exchange.connected
        latest = view.latest(self.live, room, now, connected=connected)
        points = sum(map(len, fresh.values()))
        addition = view.batch(room, fresh, now, whole=False) if points else None
        version = room.record_version if room is not None else -1
        for viewer in viewers:
            if viewer.record_version is None:
                viewer.start_over(view.batch(room, _everything(room), now, whole=True))
            elif addition is not None:
                viewer.offer_batch(addition, points)
            if viewer.record_version != version:
                viewer.record_version = version
                viewer.offer_record(view.record(room, now))
            viewer.offer_latest(latest)

    def _choose_room(self, viewers: Sequence[Viewer]) -> None:
        """Whoever chose no room looks at the first there is."""
        if self.live.rooms:
            for viewer in viewers:
                viewer.room, viewer.record_version = min(self.live.rooms), None


def _fresh(room: RoomLive, now: Moment) -> dict[str, list[Point]]:
    fresh = {key: trace.take_fresh(now.clock_us) for key, trace in room.traces.items()}
    return {key: points for key, points in fresh.items() if points}


def _everything(room: RoomLive | None) -> Mapping[str, Sequence[Point]]:
    return {key: tuple(trace.points) for key, trace in room.traces.items()} if room is not None else {}
