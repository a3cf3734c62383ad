"""R41, R42, R43 and R47: what the monitor says about itself."""

from __future__ import annotations

import json

import pytest

from cordguard.contract.alarms import Transition
from cordguard.contract.capture import CapturedInput
from cordguard.engine.canary import CanaryEngine
from support.room import CANAL, SITE, START_US, Room, named, shipped_policy, told, us

TENTH = us(0.1)


def watched(power_w: float = 10.0) -> Room:
    """A room with a case open under RF."""
    room = Room()
    room.started("first")
    room.case()
    room.run(2.0, power_w=power_w, canal=37.0, tip=37.0)
    assert room.transitions == []
    return room


def test_r41_states_the_interval_in_which_we_did_not_watch() -> None:
    room = watched()
    from_us = room.now_us
    room.now_us += us(30.0)
    (raised,) = room.started("crash")
    assert told([raised]) == ["R41 raised high"]
    assert (raised.event_us, raised.received_us) == (room.now_us, room.now_us)
    assert raised.alarm_id == named("R41", None, room.now_us)
    assert (raised.name, raised.kind, raised.session) == ("monitor_blind", "technical", "s-1")
    assert raised.evidence is not None
    assert raised.evidence["blind_from_us"] == from_us
    assert raised.evidence["blind_to_us"] == room.now_us
    assert raised.value == pytest.approx(30.0)
    assert "30.0 s" in raised.message


def test_r41_is_medium_without_rf_and_says_nothing_where_nobody_is_watched() -> None:
    case = watched(power_w=0.0)
    case.now_us += us(30.0)
    assert told(case.started("clean")) == ["R41 raised medium"]
    idle = Room()
    idle.started("first")
    idle.now_us += us(3600.0)
    assert idle.started("crash") == []


def test_r41_ends_when_what_comes_is_live_again_and_stays_latched() -> None:
    room = watched()
    backlog_us = room.now_us
    room.now_us += us(30.0)
    room.started()
    for number in range(50):
        at_us = backlog_us + (number + 1) * TENTH
        assert "R41 ended high" not in told(room.temperature(at_us=at_us, canal=37.0, tip=37.0))
    room.run(0.1, power_w=10.0, canal=37.0, tip=37.0)
    (ended,) = room.of("R41")[1:]
    assert (ended.change, ended.condition, ended.latched) == ("ended", False, True)


def test_no_device_is_called_stale_or_offline_for_the_time_we_were_down() -> None:
    room = watched()
    room.now_us += us(600.0)
    room.started()
    room.run(5.0, power_w=10.0, canal=37.0, tip=37.0)
    assert room.story("R14", "R17", "R33") == []


def test_silence_counts_anew_from_our_start() -> None:
    room = watched()
    room.now_us += us(600.0)
    room.started()
    started_us = room.now_us
    assert told(room.wait(0.999)) == []
    room.wait(3.0)
    first = {rule: room.of(rule)[0].received_us - started_us for rule in ("R14", "R17")}
    assert first == {"R14": us(1.0), "R17": us(3.0)}


def test_an_outage_s_backlog_is_judged_in_event_time_in_order_and_says_late() -> None:
    room = watched(power_w=0.0)
    down_us = room.now_us
    room.now_us += us(60.0)
    room.started()
    for number in range(1, 601):
        at_us = down_us + number * TENTH
        room.now_us += us(0.001)
        room.temperature(at_us=at_us, canal=42.5 if 100 <= number < 200 else 37.0, tip=37.0)
    raised, ended = room.of("R02")
    assert [raised.change, ended.change] == ["raised", "ended"]
    assert raised.event_us == down_us + 120 * TENTH
    assert ended.event_us == down_us + 200 * TENTH
    assert raised.alarm_id == named("R02", CANAL, down_us + 100 * TENTH)
    assert [raised.late, ended.late] == [True, True]
    assert room.story("R14", "R16", "R40") == []


def test_the_dose_of_an_outage_s_backlog_is_that_of_an_unbroken_run() -> None:
    room = watched(power_w=0.0)
    down_us = room.now_us
    room.now_us += us(60.0)
    room.started()
    for number in range(1, 601):
        room.now_us += us(0.001)
        room.temperature(at_us=down_us + number * TENTH, canal=43.0, tip=37.0)
    assert room.sensor().cem43_min == pytest.approx(59.95 / 60, rel=1e-3)
    assert not room.sensor().dose_estimated


def test_a_stall_of_ours_is_told_like_a_restart() -> None:
    room = watched()
    from_us = room.now_us
    room.now_us += us(5.0)
    said = room.send("local/self-check", {"stalled_from_us": from_us})
    assert told(said) == ["R41 raised high"]


def test_r42_is_raised_while_the_journal_cannot_be_written() -> None:
    room = watched()
    said = room.send("local/self-check", {"journal": "unwritable", "reason": "no space left"})
    assert told(said) == ["R42 raised high"]
    assert (said[0].name, said[0].kind) == ("journal_unwritable", "technical")
    assert said[0].alarm_id == named("R42", None, room.now_us)
    assert "no space left" in said[0].message
    assert room.send("local/self-check", {"journal": "unwritable", "reason": "no space left"}) == []
    room.run(0.2, power_w=10.0, canal=46.0, tip=37.0)
    assert room.story("R01") == ["R01 raised high"]  # seeing wins over keeping
    assert told(room.send("local/self-check", {"journal": "ok"})) == ["R42 ended high"]


def test_a7_r43_is_raised_above_1_s_and_ends_below_half_a_second() -> None:
    room = watched()
    said = [
        told(room.send("local/self-check", {"latency_ms": {"p50": 1.0, "p99": p99}}))
        for p99 in (1_000.0, 1_000.1, 500.0, 499.9)
    ]
    assert said == [[], ["R43 raised medium"], [], ["R43 ended medium"]]
    (raised, _) = room.of("R43")
    assert (raised.name, raised.kind, raised.value, raised.limit) == ("latency_budget", "technical", 1_000.1, 1_000.0)
    latency = room.vitals().latency_ms
    assert latency is not None
    assert latency.p99 == 499.9


def test_r43_ends_60_s_after_the_last_measurement_since_no_alarm_was_late_meanwhile() -> None:
    room = Room()
    room.started("first")
    room.self_check(latency_ms={"p50": 1.0, "p99": 2_000.0})
    room.wait(50.0)
    room.self_check(latency_ms={"p50": 1.0, "p99": 700.0})  # neither too late nor in time again
    told_us = room.now_us
    room.self_check(confirmed=1)
    assert told(room.wait(59.9)) == []
    room.wait(600.0)
    _, ended = room.of("R43")
    assert (ended.change, ended.received_us) == ("ended", told_us + us(60.0))
    assert "No alarm changed for 60 s" in ended.message


def test_r43_that_ended_for_want_of_alarms_is_raised_anew_by_the_next_late_one() -> None:
    room = Room()
    room.started("first")
    for _ in range(2):
        room.self_check(latency_ms={"p50": 1.0, "p99": 2_000.0})
        room.wait(61.0)
    assert room.story("R43") == ["R43 raised medium", "R43 ended medium"] * 2


def canary(temperature_c: object, number: int, engine: CanaryEngine) -> list[Transition]:
    at_us = START_US + number * us(0.5)
    frame = {"seq": number, "at_us": at_us, "readings": [{"sensor": "tc", "temperature_c": temperature_c}]}
    entry = CapturedInput(at_us + 300, f"cordguard/v1/{SITE}/canary/watchdog/temperature", json.dumps(frame).encode())
    return [emission.message for emission in engine.feed(entry) if isinstance(emission.message, Transition)]


def test_r47_answers_each_change_of_the_canary_at_once() -> None:
    engine = CanaryEngine(SITE, shipped_policy().hash)
    said = [told(canary(value, number, engine)) for number, value in enumerate([36.0, 44.9, 45.0, 46.0, 44.9, 36.0])]
    assert said == [[], [], ["R47 raised info"], [], ["R47 ended info"], []]


def test_r47_is_technical_info_named_by_its_onset_and_counts_steps() -> None:
    engine = CanaryEngine(SITE, shipped_policy().hash)
    (raised,) = canary(46.0, 0, engine)
    (ended,) = canary(36.0, 1, engine)
    assert (raised.kind, raised.name, raised.step, ended.step) == ("technical", "canary", 1, 2)
    assert raised.alarm_id == ended.alarm_id == named("R47", "watchdog/tc", START_US, room="canary")
    (again,) = canary(46.0, 2, engine)
    assert (again.step, again.alarm_id) == (1, named("R47", "watchdog/tc", START_US + us(1.0), room="canary"))


def test_r47_passes_over_what_is_no_temperature_or_not_newer() -> None:
    engine = CanaryEngine(SITE, shipped_policy().hash)
    assert canary(46.0, 5, engine) != []
    assert canary(36.0, 5, engine) == []
    assert canary(36.0, 4, engine) == []
    assert canary(None, 6, engine) == []
