"""What safety makes of the room's case: what the broker keeps as open need not be what is watched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from cordguard.console.live import RoomLive
from cordguard.console.moments import Moment, freshness

GRACE_MS: Final = 3_000
"""So long safety may take to take a case."""

Standing = Literal["taken", "pending", "waiting", "not-taken", "unconfirmed"]


@dataclass(frozen=True, slots=True)
class CaseStanding:
    """One word for the page to show beside the case, and a sentence; an empty sentence says that all is well."""

    standing: Standing
    text: str


def case_standing(room: RoomLive | None, now: Moment) -> CaseStanding | None:
    """How the room's case stands with safety by its newest vitals; None if there is no case."""
    if room is None or room.case is None:
        return None
    standing = _standing(room, now)
    text = _text(room, standing)
    return CaseStanding(standing, " ".join(filter(None, (text, _refusal(room)))))


def _standing(room: RoomLive, now: Moment) -> Standing:
    case, vitals = room.case, room.vitals
    in_grace = room.case_came is not None and now.server_us - room.case_came.server_us <= GRACE_MS * 1_000
    speaks = room.vitals_came is not None and freshness(room.vitals_came.age_ms(now)) != "unknown"
    if case is None or vitals is None or not speaks:
        return "waiting" if in_grace else "unconfirmed"
    if vitals.session == case.session:
        return "pending" if vitals.case_pending else "taken"
    if case.state == "closed" and vitals.session is None:
        return "taken"  # its watch was released
    return "waiting" if in_grace else "not-taken"


def _text(room: RoomLive, standing: Standing) -> str:
    match standing:
        case "taken":
            return ""
        case "pending":
            return "The amendment waits for RF off; until then the stricter limits hold."
        case "waiting":
            return "Safety has not taken this case yet."
        case "unconfirmed":
            return "Safety is silent: whether it watches this case is unknown."
    watched = room.vitals.session if room.vitals is not None else None
    instead = f"it watches session {watched}" if watched is not None else "it watches no case"
    is_open = room.case is not None and room.case.state == "open"
    advice = " Close it and open a new one." if is_open else ""
    return f"Safety has not taken this case: {instead}.{advice}"


def _refusal(room: RoomLive) -> str:
    return f"Safety refused a message about the case: {room.case_refused}." if room.case_refused is not None else ""
