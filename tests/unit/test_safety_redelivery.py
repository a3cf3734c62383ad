"""What was on its way to a killed process comes again late: an excursion that was told is not told again."""

from __future__ import annotations

import json

import pytest

from cordguard.contract.alarms import Transition
from cordguard.contract.capture import CapturedInput
from cordguard.engine.room import RoomEngine
from support.journals import POLICY, ROOM, SITE, START_US, S, topic

HOT = range(20, 60)
COOL_C, HOT_C = 37.0, 46.0


def frame(number: int, received: int | None = None) -> CapturedInput:
    """A frame of the canal's sensor, at 10 Hz; received in its turn, or in that of another."""
    at_us = START_US + number * S // 10
    readings = [{"sensor": "canal", "temperature_c": HOT_C if number in HOT else COOL_C}]
    payload = json.dumps({"seq": number, "at_us": at_us, "readings": readings}).encode()
    return CapturedInput(START_US + (received or number) * S // 10, topic("gen-1/temperature"), payload)


def case() -> CapturedInput:
    sensors = [{"sensor": "gen-1/canal", "role": "neural"}]
    message = {"session": "s-1", "revision": 1, "state": "open", "opened_us": START_US, "profile": "standard"}
    content = {**message, "posterior_wall": "intact", "sensors": sensors}
    return CapturedInput(START_US, topic("case"), json.dumps(content).encode())


def changes(missing: set[int], again_at: int) -> list[tuple[str, str, str]]:
    """What the level rules say when some frames come in the turn of another."""
    engine = RoomEngine(SITE, ROOM, POLICY)
    engine.feed(case())
    out: list[Transition] = []
    for number in range(1, 100):
        due = sorted(missing) if number == again_at else []
        turn = [*(frame(late, number) for late in due), *([] if number in missing else [frame(number)])]
        emissions = [emission.message for entry in turn for emission in engine.feed(entry)]
        out += [message for message in emissions if isinstance(message, Transition) and message.rule in ("R01", "R02")]
    return [(each.alarm_id, each.rule, each.change) for each in out]


@pytest.mark.parametrize("missing", [{40}, {50, 51}, {57, 58, 59}, {58}])
def test_r01_r02_late_samples_of_an_excursion_that_was_told_tell_it_not_again(missing: set[int]) -> None:
    told = changes(set(), 0)
    assert [(rule, change) for _, rule, change in told] == [
        ("R01", "raised"),
        ("R02", "raised"),
        ("R01", "ended"),
        ("R02", "ended"),
    ]
    assert changes(missing, again_at=80) == told


def test_r01_late_samples_of_an_excursion_that_nobody_saw_tell_it() -> None:
    seen = changes(set(HOT), again_at=80)
    assert [(rule, change) for _, rule, change in seen] == [
        ("R01", "raised"),
        ("R02", "raised"),
        ("R01", "ended"),
        ("R02", "ended"),
    ]


def test_r01_r02_a_second_excursion_among_late_ones_is_told_too() -> None:
    """The first was told late, and its end is that of our not knowing: it hides no other."""
    engine = RoomEngine(SITE, ROOM, POLICY)
    engine.feed(case())
    raised = []
    first, second = list(range(20, 45)), list(range(70, 95))
    turns = [*range(1, 20), 100, *first, *range(101, 106), *second, *range(106, 120)]
    for turn, number in enumerate(turns):
        hot = number in first or number in second
        at_us = START_US + number * S // 10
        readings = [{"sensor": "canal", "temperature_c": HOT_C if hot else COOL_C}]
        payload = json.dumps({"seq": number, "at_us": at_us, "readings": readings}).encode()
        entry = CapturedInput(START_US + (100 + turn) * S // 10, topic("gen-1/temperature"), payload)
        said = [emission.message for emission in engine.feed(entry)]
        raised += [each.rule for each in said if isinstance(each, Transition) and each.change == "raised"]
    assert raised.count("R01") == 2
    assert raised.count("R02") == 2
