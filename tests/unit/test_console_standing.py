"""What the page says of a case is what safety makes of it."""

from __future__ import annotations

import pytest

from cordguard.console.live import SiteLive
from cordguard.console.standing import GRACE_MS, case_standing
from cordguard.contract import topics
from cordguard.contract.case import Case
from cordguard.contract.health import Rejected
from support.console_messages import ROOM, SITE, T0_US, at, incoming, speak, vitals

MINE = Case(session="s-1", revision=0, state="open", opened_us=T0_US)
OTHER = MINE.model_copy(update={"session": "s-2"})
CLOSED = {"state": "closed", "closed_us": T0_US, "revision": 1}


def room_with(case: Case | None) -> SiteLive:
    """A room that this case came to at 0, whose safety watches session s-1."""
    site = SiteLive(at(-60_000))
    speak(site, at(0))
    if case is not None:
        site.apply(incoming(topics.CASE, case, at(0)))
    return site


def standing(site: SiteLive, ms: int) -> tuple[str, str] | None:
    found = case_standing(site.rooms[ROOM], at(ms))
    return (found.standing, found.text) if found is not None else None


def test_without_a_case_nothing_is_said() -> None:
    assert standing(room_with(None), 0) is None
    assert case_standing(None, at(0)) is None


def test_a_case_that_safety_watches_is_taken() -> None:
    assert standing(room_with(MINE), 0) == ("taken", "")


@pytest.mark.parametrize(("update", "advice"), [({}, " Close it and open a new one."), (CLOSED, "")])
def test_a_case_that_safety_does_not_watch_is_not_taken_after_a_grace(update: dict[str, object], advice: str) -> None:
    site = room_with(OTHER.model_copy(update=update))
    speak(site, at(GRACE_MS))
    assert standing(site, GRACE_MS) == ("waiting", "Safety has not taken this case yet.")
    said = f"Safety has not taken this case: it watches session s-1.{advice}"
    assert standing(site, GRACE_MS + 1) == ("not-taken", said)


def test_an_open_case_of_a_room_that_safety_watches_without_one_is_not_taken() -> None:
    site = room_with(MINE)
    site.apply(incoming(topics.VITALS, vitals(at(5_000)).model_copy(update={"session": None}), at(5_000)))
    found = standing(site, 5_000)
    assert found is not None
    assert found[0] == "not-taken"
    assert "it watches no case" in found[1]


def test_a_closed_case_whose_watch_was_released_is_in_order() -> None:
    site = room_with(MINE.model_copy(update=CLOSED))
    site.apply(incoming(topics.VITALS, vitals(at(5_000)).model_copy(update={"session": None}), at(5_000)))
    assert standing(site, 5_000) == ("taken", "")


def test_an_amendment_that_waits_is_pending() -> None:
    site = room_with(MINE)
    site.apply(incoming(topics.VITALS, vitals(at(5)).model_copy(update={"case_pending": True}), at(5)))
    found = standing(site, 5)
    assert found is not None
    assert found[0] == "pending"
    assert "waits for RF off" in found[1]


def test_h5_while_safety_is_silent_no_case_counts_as_taken() -> None:
    found = standing(room_with(MINE), GRACE_MS + 1)
    assert found == ("unconfirmed", "Safety is silent: whether it watches this case is unknown.")


def test_the_reason_of_a_refusal_is_shown_until_the_next_case() -> None:
    site = room_with(MINE)
    letter = Rejected(topic=topics.CASE.at(SITE, room=ROOM), received_us=T0_US, reason="revision 1 is older", count=1)
    site.apply(incoming(topics.REJECTED, letter, at(1)))
    assert standing(site, 1) == ("taken", "Safety refused a message about the case: revision 1 is older.")
    site.apply(incoming(topics.CASE, MINE.model_copy(update={"revision": 2}), at(2)))
    assert standing(site, 2) == ("taken", "")


def test_a_dead_letter_about_something_else_says_nothing_of_the_case() -> None:
    site = room_with(MINE)
    topic = topics.TEMPERATURE.at(SITE, room=ROOM, source="gen-1")
    letter = Rejected(topic=topic, received_us=T0_US, reason="no readings", count=1)
    site.apply(incoming(topics.REJECTED, letter, at(1)))
    assert standing(site, 1) == ("taken", "")
