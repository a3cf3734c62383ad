"""Ten minutes without us in a case at 40 messages a second: 24,000 wait at the broker, and each counts (H11)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from cordguard.contract.alarms import Transition
from cordguard.contract.capture import CapturedInput
from cordguard.engine.alarms import Emission
from cordguard.safety.files import open_file
from cordguard.safety.keeper import RoomKeeper, open_room
from support.journals import POLICY, POLICY_TEXT, ROOM, SITE, START_US, S, open_journal
from support.long_case import long_case

pytestmark = pytest.mark.slow

DOWN_FROM_US = START_US + 20 * S
DOWN_TO_US = DOWN_FROM_US + 600 * S
UNTIL_S = 680
APART_US = 200
"""Between two messages of a backlog: the broker hands them out as fast as we take them."""


def said(emissions: Iterable[Emission]) -> list[Transition]:
    return [emission.message for emission in emissions if isinstance(emission.message, Transition)]


def hear(keeper: RoomKeeper, entries: Iterable[CapturedInput], from_us: int = 0) -> list[Transition]:
    """What was said at once, received one behind the other from a moment on; the shell ticks all the time."""
    out = []
    for entry in entries:
        from_us = max(from_us + APART_US, entry.received_us)
        out += said(keeper.tick(from_us))
        out += said(keeper.take(CapturedInput(from_us, entry.topic, entry.payload)))
    return out


def about_tissue(transitions: list[Transition]) -> list[tuple[str, str, str, int]]:
    """What happened to the patient, in order. Reminders go by our own clock, so an outage shifts them."""
    return [
        (each.alarm_id, each.rule, each.change, each.event_us)
        for each in transitions
        if each.kind == "physiological" and each.change != "reminded"
    ]


def test_r41_h11_24000_messages_of_ten_minutes_are_judged_in_event_time(tmp_path: Path) -> None:
    entries = list(long_case(UNTIL_S))
    before = [entry for entry in entries if entry.received_us <= DOWN_FROM_US]
    backlog = [entry for entry in entries if DOWN_FROM_US < entry.received_us <= DOWN_TO_US]
    after = [entry for entry in entries if entry.received_us > DOWN_TO_US]
    assert len(backlog) >= 24_000

    unbroken, _ = open_journal(tmp_path / "unbroken")
    wanted = hear(unbroken, entries)
    unbroken.close()

    keeper, _ = open_journal(tmp_path / "broken")
    first = hear(keeper, before)
    keeper.close()
    down_us = keeper.engine.received_us
    again, emissions = open_room(
        tmp_path / "broken", SITE, ROOM, POLICY, POLICY_TEXT, DOWN_TO_US, ended="crash", open_port=open_file
    )
    back = said(emissions) + hear(again, backlog, DOWN_TO_US)
    assert again.engine.received_us < DOWN_TO_US + 10 * S
    heard = [*first, *back, *hear(again, after, again.engine.received_us)]
    again.close()

    blind = [each for each in heard if each.rule == "R41" and each.change != "reminded"]
    assert [each.change for each in blind] == ["raised", "ended"]
    assert blind[0].evidence is not None
    assert (blind[0].evidence["blind_from_us"], blind[0].evidence["blind_to_us"]) == (down_us, DOWN_TO_US)

    hot = [each for each in back if each.rule == "R01"]
    assert {each.change for each in hot} >= {"raised", "ended"}
    assert all(each.late for each in hot)
    assert all(each.late is (each.received_us - each.event_us > 2 * S) for each in heard)
    assert about_tissue(heard) == about_tissue(wanted)
    assert len({(each.alarm_id, each.step) for each in heard}) == len(heard)
    assert not [each for each in heard if each.rule in ("R14", "R15", "R16", "R17", "R40")]


def test_the_messages_of_an_outage_that_come_twice_say_nothing_twice(tmp_path: Path) -> None:
    """Two minutes of a backlog that the broker hands out, loses track of, and hands out once more."""
    entries = list(long_case(120))
    backlog = [entry for entry in entries if entry.received_us > START_US + 20 * S]
    keeper, _ = open_journal(tmp_path)
    hear(keeper, [entry for entry in entries if entry.received_us <= START_US + 20 * S])
    once = hear(keeper, backlog, START_US + 120 * S)
    repeated = [CapturedInput(entry.received_us, entry.topic, entry.payload, duplicate=True) for entry in backlog]
    twice = hear(keeper, repeated, keeper.engine.received_us)
    keeper.close()
    assert any(each.rule == "R01" for each in once)
    assert about_tissue(twice) == []
