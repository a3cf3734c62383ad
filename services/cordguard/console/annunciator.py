"""Which page sounds the alarms of a room, and the beat that tells safety that one does.

A page says about once a second whether its sound is on. The first live page whose sound is on owns the room's sound and
keeps it while it stays so; else another takes over. Per room and second one beat goes to safety: audible while a page
owns the sound, not audible while pages are live and all of them mute, and none at all without a live page. Nothing
here repeats for long what a page once said: a frozen page stops the beat, and so does a frozen console.

Pure: time is an argument.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from cordguard.console.fanout import Viewer
from cordguard.console.moments import Moment
from cordguard.contract.commands import AnnunciatorBeat

LIVE_FOR_MS: Final = 2_000
"""A page that has not spoken for longer is gone, or frozen."""

BEAT_EVERY_MS: Final = 1_000

Rooms = Mapping[str | None, Sequence[Viewer]]


class PageBeat(BaseModel):
    """What a page says of itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    audible: bool


def hear(viewer: Viewer, text: str | None, now: Moment) -> None:
    """A page has spoken; what is no beat is passed over."""
    try:
        beat = PageBeat.model_validate_json(text or "")
    except ValidationError:
        return
    viewer.audible, viewer.spoke = beat.audible, now


class Annunciators:
    """The sound of every room."""

    def __init__(self) -> None:
        """No page owns any."""
        self._owners: dict[str, Viewer] = {}
        self._beats: dict[str, Moment] = {}
        """When each room's last beat was."""

    def assign(self, rooms: Rooms, now: Moment) -> None:
        """Give each room's sound to one page, and tell every page where it is."""
        self._owners = {
            room: owner
            for room, viewers in rooms.items()
            if room is not None and (owner := _owner(viewers, self._owners.get(room), now)) is not None
        }
        for room, viewers in rooms.items():
            owner = self._owners.get(room or "")
            for viewer in viewers:
                viewer.sound = "nobody" if owner is None else "here" if viewer is owner else "elsewhere"

    def due(self, rooms: Rooms, now: Moment) -> dict[str, AnnunciatorBeat]:
        """The beats that are due now, by room: a second after the last one by either clock."""
        live = {room for room, viewers in rooms.items() if room and any(_is_live(viewer, now) for viewer in viewers)}
        self._beats = {room: said for room, said in self._beats.items() if room in live}
        due = {room for room in live if room not in self._beats or self._beats[room].age_ms(now) >= BEAT_EVERY_MS}
        self._beats |= dict.fromkeys(due, now)
        return {room: AnnunciatorBeat(at_us=now.clock_us, audible=room in self._owners) for room in sorted(due)}


def _owner(viewers: Sequence[Viewer], owner: Viewer | None, now: Moment) -> Viewer | None:
    can = [viewer for viewer in viewers if viewer.audible and _is_live(viewer, now)]
    return next((viewer for viewer in can if viewer is owner), can[0] if can else None)


def _is_live(viewer: Viewer, now: Moment) -> bool:
    # By our own clock alone: a page lives in real time, however fast the run's clock goes.
    return viewer.spoke is not None and now.server_us - viewer.spoke.server_us <= LIVE_FOR_MS * 1_000
