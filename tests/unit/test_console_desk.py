from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from cordguard.console.access import Access
from cordguard.console.desk import Desk
from cordguard.console.exchange import Exchange
from cordguard.console.moments import Moment
from cordguard.contract import topics
from cordguard.contract.case import Case
from support.console_messages import ROOM, SITE, T0_US, at, incoming

CASE = Case(session="s-1", revision=1, state="open", opened_us=T0_US)


@dataclass
class Time:
    """A clock that the test moves."""

    moment: Moment = field(default_factory=lambda: at(0))

    def now(self) -> Moment:
        return self.moment


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def desk(time: Time) -> Desk:
    access = Access("token", cookie="c", names=frozenset(), new_secret=lambda: "s")
    return Desk(SITE, Exchange(), access, time.now, simulated=False)


def test_a_case_just_sent_is_the_rooms_case_until_the_broker_has_had_time_to_bring_it_back(
    desk: Desk, time: Time
) -> None:
    assert desk.case_of(ROOM) is None
    desk.publish_case(ROOM, CASE)
    time.moment = at(4_999)
    assert desk.case_of(ROOM) == CASE
    time.moment = at(5_000)
    assert desk.case_of(ROOM) is None


def test_what_the_broker_brings_back_counts_from_then_on(desk: Desk) -> None:
    desk.publish_case(ROOM, CASE)
    newer = CASE.model_copy(update={"revision": 2, "level": "T8"})
    desk.live.apply(incoming(topics.CASE, newer, at(0)))
    assert desk.case_of(ROOM) == newer


def test_a_closing_just_sent_counts_before_the_open_case_that_the_broker_still_has(desk: Desk) -> None:
    desk.live.apply(incoming(topics.CASE, CASE, at(0)))
    closed = CASE.model_copy(update={"revision": 2, "state": "closed", "closed_us": T0_US})
    desk.publish_case(ROOM, closed)
    assert desk.case_of(ROOM) == closed
