from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

from cordguard.console.access import Access
from cordguard.console.desk import Desk
from cordguard.console.exchange import Exchange
from cordguard.console.moments import Moment
from cordguard.contract import topics
from cordguard.contract.case import Case
from cordguard.contract.commands import AnnunciatorBeat
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


def beats_out(desk: Desk) -> list[tuple[AnnunciatorBeat, int, bool]]:
    out = [each for each in desk.exchange.take_outgoing() if each.topic == topics.ANNUNCIATOR.at(SITE, room=ROOM)]
    return [(AnnunciatorBeat.model_validate_json(each.payload), each.qos, each.retain) for each in out]


def test_a_page_that_sounds_makes_the_room_beat_at_qos_0_and_is_told_that_it_does(desk: Desk, time: Time) -> None:
    desk.exchange.connected = True
    with desk.hub.viewer(ROOM, lambda: None) as viewer:
        desk.hear_page(viewer, '{"audible":true}')
        desk.turn()
        assert beats_out(desk) == [(AnnunciatorBeat(at_us=T0_US, audible=True), 0, False)]
        assert {json.loads(message)["sound"] for message in viewer.take()} == {"here"}
    time.moment = at(1_000)
    desk.turn()
    assert beats_out(desk) == []


@pytest.mark.parametrize(("connected", "clock_us"), [(False, T0_US), (True, 0)])
def test_no_beat_waits_for_a_broker_or_for_a_clock(desk: Desk, time: Time, connected: bool, clock_us: int) -> None:  # noqa: FBT001
    desk.exchange.connected = connected
    time.moment = Moment(clock_us, T0_US)
    with desk.hub.viewer(ROOM, lambda: None) as viewer:
        desk.hear_page(viewer, '{"audible":true}')
        desk.turn()
        assert beats_out(desk) == []
