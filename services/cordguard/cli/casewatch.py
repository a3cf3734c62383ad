"""Looks into the ledger of a run while audit writes it: how many alarms so far, and is the final summary there?"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cordguard.audit.entry import Entry
from cordguard.audit.reader import LedgerReader, read_ledger
from cordguard.audit.store import LedgerUnavailableError, NotALedgerError
from cordguard.contract.summary import SessionSummary

LOOK_EVERY_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class CaseState:
    """What the ledger holds of the run's newest session."""

    alarms: int = 0
    """Different alarms of this session, those about equipment too."""
    summary: SessionSummary | None = None
    """Its newest summary."""

    @property
    def over(self) -> bool:
        """Whether the watch was released: nothing more will come."""
        return self.summary is not None and self.summary.final


class CaseWatch:
    """Reads now and then; between looks the last state stands."""

    def __init__(self, ledger: Path, *, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        """``ledger`` need not exist yet."""
        self._path = ledger
        self._reader: LedgerReader | None = None
        self._monotonic_s = monotonic_s
        self._next_look_s = 0.0
        self._state = CaseState()

    def state(self) -> CaseState:
        """The newest known state. A ledger that cannot be read at the moment changes nothing."""
        now_s = self._monotonic_s()
        if now_s >= self._next_look_s:
            self._next_look_s = now_s + LOOK_EVERY_S
            # Not made yet, or just being written: look again later.
            with suppress(LedgerUnavailableError, NotALedgerError):
                self._look()
        return self._state

    def close(self) -> None:
        """Let go of the file."""
        if self._reader is not None:
            self._reader.close()

    def _look(self) -> None:
        if self._reader is None:
            self._reader = read_ledger(self._path)
        sessions = self._reader.sessions()
        if sessions:
            newest = sessions[-1]
            self._state = CaseState(
                alarms=len({alarm for entry in self._reader.of_session(newest) if (alarm := _raised(entry))}),
                summary=self._reader.latest_summary(newest),
            )


def _raised(entry: Entry) -> str | None:
    """The alarm that a transition raised; None for everything else."""
    if entry.kind != "transition":
        return None
    transition = json.loads(entry.content)
    return str(transition["alarm_id"]) if transition["change"] == "raised" else None
