"""How late each rule speaks after its condition began: what the dictionary states is what the engine does (A7)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import pytest

from cordguard.contract.alarms import Transition
from cordguard.contract.units import Priority
from cordguard.engine.rules.catalogue import CATALOGUE, RULES
from support.room import Room, us

FRAME_S: Final = 0.1
"""Devices of these tests deliver so often: a rule cannot see more finely."""

Play = Callable[[Room], None]


def stated_s(rule: str, priority: Priority) -> float:
    """The delay that the dictionary states for a level, in seconds."""
    (level,) = (level for level in RULES[rule].levels if level.priority == priority)
    if level.persistence == "at once":
        return 0.0
    if rule == "R01":
        return 2 * FRAME_S  # two of three samples: the second one, or the third
    found = re.fullmatch(r"([\d.]+) s", level.persistence)
    assert found is not None, f"{rule}: {level.persistence} is no time"
    return float(found.group(1))


def settled(**facts: object) -> Room:
    """A room with a case under RF, at 37 degrees, long enough for every window."""
    room = Room()
    room.started("first")
    room.case(**facts)  # type: ignore[arg-type]
    heard(room, 15.0, power_w=10.0, canal=37.0, tip=37.0)
    assert room.transitions == []
    return room


def heard(room: Room, seconds: float, **course: object) -> None:
    """Devices deliver and a page is heard."""
    for _ in range(round(seconds)):
        room.run(1.0, **course)  # type: ignore[arg-type]
        room.beat()


def at_temperature(canal: object) -> Play:
    def play(room: Room) -> None:
        heard(room, 6.0, power_w=10.0, canal=canal, tip=37.0)

    return play


def at_impedance(impedance_ohm: float) -> Play:
    def play(room: Room) -> None:
        heard(room, 6.0, power_w=10.0, canal=37.0, tip=37.0, impedance_ohm=impedance_ohm)

    return play


def unlisted(room: Room) -> None:
    heard(room, 4.0, power_w=10.0, canal=37.0, tip=37.0, other=37.0)


def unheard(room: Room) -> None:
    room.run(12.0, power_w=10.0, canal=37.0, tip=37.0)


BEGINS: Final[list[tuple[str, Priority, Play]]] = [
    ("R01", "high", at_temperature(45.5)),
    ("R02", "medium", at_temperature(42.5)),
    ("R08", "high", at_temperature("open")),
    ("R18", "medium", at_impedance(135.0)),
    ("R18", "high", at_impedance(250.0)),
    ("R40", "medium", unlisted),
    ("R46", "medium", unheard),
]
"""What begins with the first frame after a moment, or for R46 with the last beat before it."""


def first(room: Room, rule: str, priority: Priority) -> Transition:
    return next(
        entry
        for entry in room.of(rule)
        if (entry.change, entry.priority) in (("raised", priority), ("escalated", priority))
    )


@pytest.mark.parametrize(("rule", "priority", "play"), BEGINS, ids=[f"{rule}-{level}" for rule, level, _ in BEGINS])
def test_a7_a_rule_speaks_as_late_as_the_dictionary_states_and_no_later(
    rule: str, priority: Priority, play: Play
) -> None:
    room = settled()
    began_us = room.now_us
    play(room)
    said = first(room, rule, priority)
    late_s = (said.received_us - began_us) / 1e6 - FRAME_S
    assert late_s + FRAME_S >= 0
    assert late_s <= stated_s(rule, priority) + 1e-6
    if rule not in ("R01", "R46"):
        assert late_s == pytest.approx(stated_s(rule, priority))


def ramp(slope_c_per_s: float) -> Callable[[float], float]:
    return lambda after_s: 37.0 + slope_c_per_s * after_s


def test_a7_a21_the_forecast_speaks_3_s_after_it_reached_its_limit_as_stated() -> None:
    """Its slope looks back 10 s: the forecast itself is late by that window, which is no part of the 3 s."""
    room = settled()
    reached_us = None
    for number in range(1_000):
        room.run(FRAME_S, power_w=10.0, canal=ramp(0.05)(number * FRAME_S), tip=37.0)
        if number % 10 == 0:
            room.beat()
        forecast = room.sensor().forecast
        if reached_us is None and forecast is not None and (forecast.peak_if_stopped_c or 0.0) >= 43.5:
            reached_us = room.now_us
        if room.of("R04"):
            break
    assert reached_us is not None
    said = first(room, "R04", "medium")
    assert (said.received_us - reached_us) / 1e6 == pytest.approx(stated_s("R04", "medium"))


@pytest.mark.parametrize("dose_limit", [2.0, 5.0, 10.0])
def test_a7_the_dose_speaks_with_the_sample_that_reaches_it(dose_limit: float) -> None:
    room = settled()
    priority: Priority = {2.0: "low", 5.0: "medium", 10.0: "high"}[dose_limit]  # type: ignore[assignment]
    while room.sensor().cem43_min < dose_limit:
        room.run(FRAME_S, power_w=10.0, canal=46.0, tip=37.0)
        room.beat()
    assert first(room, "R06", priority).received_us == room.now_us
    assert stated_s("R06", priority) == 0.0


@pytest.mark.parametrize(("rule", "priority", "silent_s"), [("R14", "medium", 1.0), ("R14", "high", 2.0)])
def test_a7_a_silent_sensor_is_said_as_late_as_stated(rule: str, priority: Priority, silent_s: float) -> None:
    room = settled()
    last_us = room.now_us
    heard(room, 3.0, power_w=10.0, tip=37.0)
    assert (first(room, rule, priority).received_us - last_us) / 1e6 == pytest.approx(silent_s)
    (level,) = (level for level in RULES[rule].levels if level.priority == priority)
    assert f"silent for {silent_s:g} s" in level.when


@pytest.mark.parametrize("priority", ["high", "medium"])
def test_a7_a_silent_source_is_said_as_late_as_stated(priority: Priority) -> None:
    room = settled() if priority == "high" else Room()
    if priority == "medium":
        room.case()
        room.run(15.0, power_w=0.0, canal=37.0, tip=37.0)
    last_us = room.now_us
    room.wait(5.0)
    assert first(room, "R17", priority).received_us - last_us == us(3.0)
    assert all("silent for 3 s" in level.when for level in RULES["R17"].levels)


def test_a7_nobody_answers_is_said_as_late_as_stated() -> None:
    room = settled()
    heard(room, 40.0, power_w=10.0, canal=46.0, tip=37.0)
    raised_us = room.of("R01")[0].received_us
    assert first(room, "R38", "high").received_us - raised_us == us(stated_s("R38", "high"))


def test_a7_no_high_alarm_about_the_patient_waits_longer_than_3_s() -> None:
    waits = {
        rule.id: stated_s(rule.id, "high")
        for rule in CATALOGUE
        for level in rule.levels
        if level.priority == "high" and rule.kind == "physiological"
    }
    assert waits.keys() == {"R01", "R04", "R06", "R18"}
    assert max(waits.values()) == 3.0
