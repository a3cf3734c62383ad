"""Journals kept by the real keeper: lived through, cut, recovered and compared, byte for byte."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Final

from cordguard.contract.capture import CapturedInput, read_lines
from cordguard.engine import local
from cordguard.engine.alarms import Emission
from cordguard.engine.policy import Policy
from cordguard.engine.room import RoomEngine
from cordguard.safety.files import OpenFile, open_file
from cordguard.safety.journal import journal_files
from cordguard.safety.keeper import RoomKeeper, open_room, recover_room
from cordguard.safety.playback import policy_of, shipped_policy_text
from cordguard.safety.snapshot import snapshot_path

SITE: Final = "site"
ROOM: Final = "or-1"
START_US: Final = 1_790_000_000_000_000
S: Final = 1_000_000
POLICY_TEXT: Final = shipped_policy_text()
POLICY: Final[Policy] = policy_of(POLICY_TEXT, "shipped")

Out = list[bytes]
"""Publications, as they go to the broker."""


def topic(word: str) -> str:
    """A topic of the room."""
    return f"cordguard/v1/{SITE}/{ROOM}/{word}"


def wire(emissions: list[Emission]) -> Out:
    """What would be published, byte for byte."""
    return [emission.topic.name.encode() + b" " + emission.message.to_wire() for emission in emissions]


def whole_state(engine: RoomEngine) -> str:
    """The whole state with the order of everything in it: two engines with equal texts go on alike."""
    return json.dumps(engine.snapshot())


def open_journal(folder: Path, now_us: int = START_US, *, files: OpenFile = open_file) -> tuple[RoomKeeper, Out]:
    """The room, found again or made."""
    keeper, out = open_room(folder, SITE, ROOM, POLICY, POLICY_TEXT, now_us, ended="crash", open_port=files)
    return keeper, wire(out)


def recover_journal(folder: Path) -> RoomKeeper | None:
    """The room as its journal left it: what a start does before it says that it started."""
    recovered = recover_room(folder, SITE, ROOM, POLICY, POLICY_TEXT, open_file)
    return recovered[0] if recovered is not None else None


def journal_bytes(folder: Path) -> bytes:
    """All files of a journal, one behind the other."""
    return b"".join(path.read_bytes() for path in journal_files(folder))


def cut_journal(source: Path, target: Path, size: int) -> None:
    """What a crash leaves when so many bytes of a journal were written."""
    target.mkdir(parents=True)
    for path in journal_files(source):
        content = path.read_bytes()
        if size <= 0:
            return
        (target / path.name).write_bytes(content[:size])
        size -= len(content)


def cut_sizes(folder: Path) -> list[int]:
    """Where each file begins, in bytes of the whole journal."""
    sizes = [path.stat().st_size for path in journal_files(folder)]
    return list(accumulate(sizes[:-1], initial=0))


def inputs_of(content: bytes) -> list[CapturedInput]:
    """The inputs of whole lines; line one of a continued file is none."""
    return [entry for entry in read_lines(content[: content.rfind(b"\n") + 1]) if entry.topic != local.CONTINUED]


@dataclass
class Day:
    """A day in the room, written down as it went."""

    folder: Path
    keeper: RoomKeeper
    published: Out = field(default_factory=list)
    snapshots: list[tuple[str, int, bytes]] = field(default_factory=list)
    """Name of a journal file, how many of its lines the state stands for, and the snapshot."""

    @property
    def content(self) -> bytes:
        """The journal."""
        return journal_bytes(self.folder)


def take_snapshot(day: Day) -> None:
    """Have the keeper write one, and keep a copy: the next replaces it."""
    assert day.keeper.snapshot() is None
    newest = journal_files(day.folder)[-1]
    day.snapshots.append((newest.name, newest.read_bytes().count(b"\n"), snapshot_path(newest).read_bytes()))


def play(
    folder: Path,
    script: Callable[[RoomKeeper], Iterator[CapturedInput]],
    *,
    ticks: int | None = 0,
    snapshot_every: int | None = None,
) -> Day:
    """Live through a script. Before each input the room ticks ``ticks`` times, evenly; by chance, if None."""
    keeper, published = open_journal(folder)
    day = Day(folder, keeper, published)
    chance = Random(1)  # noqa: S311 - no secret
    for number, entry in enumerate(script(keeper), start=1):
        count = ticks if ticks is not None else chance.choice((0, 0, 1, 3))
        before_us = keeper.engine.received_us
        for tick in range(1, count + 1):
            day.published += wire(keeper.tick(before_us + (entry.received_us - before_us) * tick // count))
        day.published += wire(keeper.take(entry))
        if snapshot_every is not None and number % snapshot_every == 0:
            take_snapshot(day)
    keeper.close()
    return day
