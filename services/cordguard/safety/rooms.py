"""All rooms of a site: found again at start, made when first heard of, each with its engine and journal."""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cordguard.contract.capture import CapturedInput, CaptureError
from cordguard.contract.topics import CANARY_ROOM
from cordguard.engine import local
from cordguard.engine.alarms import Emission
from cordguard.engine.policy import Policy, PolicyRefused, parse_policy
from cordguard.runtime.service import SetupError
from cordguard.safety.files import OpenFile
from cordguard.safety.journal import journal_files
from cordguard.safety.keeper import RoomKeeper, open_room
from cordguard.safety.snapshot import SNAPSHOT_LINES

ROOMS_MAX: Final = 64
"""Rooms of one site that one process watches."""
CLEAN_STOP: Final = "clean-stop"
"""A file that stands in the journal folder while safety is stopped in good order."""

log = logging.getLogger(__name__)


class Rooms:
    """The rooms of one site."""

    def __init__(self, folder: Path, site: str, policy: Policy, policy_text: str, open_port: OpenFile) -> None:
        """Nothing is read before ``recover``."""
        self._folder = folder
        self._site = site
        self._policy = policy
        self._policy_text = policy_text
        self._open = open_port
        self._keepers: dict[str, RoomKeeper] = {}
        self._unaddressed = 0

    def __iter__(self) -> Iterator[tuple[str, RoomKeeper]]:
        """Every room that is known."""
        return iter(tuple(self._keepers.items()))

    @property
    def policy_hash(self) -> str:
        """Hash of the policy that the next case will be judged under."""
        return self._policy.hash

    def recover(self, now_us: int) -> None:
        """Find every room again; what there is to be published because of that stands in the outboxes.

        Raises:
            SetupError: a journal was written by a version that this one cannot read, or the folder cannot be used.
        """
        mark = self._folder / CLEAN_STOP
        ended = "clean" if mark.exists() else "crash"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            mark.unlink(missing_ok=True)
            names = sorted(path.name for path in self._folder.iterdir() if path.is_dir() and journal_files(path))
        except OSError as error:
            msg = f"the journal folder {self._folder} cannot be used ({error.strerror}); give another with --data-dir"
            raise SetupError(msg) from None
        for name in names:
            if name != CANARY_ROOM:
                self._open_room(name, now_us, ended)

    def admits(self, room: str) -> bool:
        """Whether a room is known, or there is a place for it: made-up names must not fill a disk with journals."""
        return room in self._keepers or len(self._keepers) < ROOMS_MAX

    def pass_over(self, topic: str) -> None:
        """Count what has no room. Who makes up topics must not fill the log: it is said at 1, 2, 4, 8, … of them."""
        self._unaddressed += 1
        if self._unaddressed.bit_count() == 1:
            log.warning("a message on %.200s names no room that can be watched; %d so far", topic, self._unaddressed)

    def get(self, room: str, now_us: int) -> tuple[RoomKeeper, list[Emission]]:
        """A room's keeper, made when first heard of; and what is to be published because of that."""
        keeper = self._keepers.get(room)
        if keeper is not None:
            return keeper, []
        out = self._open_room(room, now_us, "first")
        return self._keepers[room], out

    def journal_troubles(self) -> dict[str, str]:
        """Why journals cannot be written, by room."""
        reasons = {room: keeper.journal_trouble for room, keeper in self}
        return {room: reason for room, reason in reasons.items() if reason is not None}

    def counters(self) -> dict[str, int]:
        """What all rooms counted for health, and what named none."""
        total = Counter({"unaddressed": self._unaddressed} if self._unaddressed else {})
        for _, keeper in self:
            total.update(keeper.engine.counters)
        return dict(total)

    def newest_received_us(self) -> int:
        """The newest time that was written down: our clock must not fall behind it."""
        return max((keeper.engine.received_us for keeper in self._keepers.values()), default=0)

    def change_policy(self, text: str, now_us: int) -> Iterator[tuple[str, list[Emission]]]:
        """Take over a policy that fits the schema, from the next case on."""
        policy = parse_policy(text)
        if isinstance(policy, PolicyRefused):
            return
        self._policy, self._policy_text = policy, text
        change = local.PolicyChange(policy_text=text).model_dump_json().encode()
        for room, keeper in self:
            keeper.policy_text = text
            yield room, keeper.take(CapturedInput(now_us, local.POLICY, change))

    def snapshot(self) -> None:
        """Put one room's state beside its journal, if that is due: one at a time, so that no turn takes long."""
        keeper = max((keeper for _, keeper in self), key=lambda keeper: keeper.lines_since_snapshot, default=None)
        if keeper is None or keeper.lines_since_snapshot < SNAPSHOT_LINES:
            return
        reason = keeper.snapshot()
        if reason is not None:
            log.warning("no snapshot could be written (%s); alarms and journal go on, a restart takes longer", reason)

    def close(self) -> None:
        """Force all journals to the disk, and leave word that this was on purpose."""
        for _, keeper in self:
            keeper.close()
        with contextlib.suppress(OSError):
            (self._folder / CLEAN_STOP).touch()

    def _open_room(self, room: str, now_us: int, ended: str) -> list[Emission]:
        try:
            keeper, out = open_room(
                self._folder / room,
                self._site,
                room,
                self._policy,
                self._policy_text,
                now_us,
                ended=ended,
                open_port=self._open,
            )
        except CaptureError as error:
            msg = f"the journal of room {room} cannot be recovered ({error}); move its folder away to begin anew"
            raise SetupError(msg) from None
        self._keepers[room] = keeper
        return out
