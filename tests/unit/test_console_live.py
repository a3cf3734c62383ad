from __future__ import annotations

from typing import Any

import pytest
from pydantic_core import from_json

from cordguard.console import view
from cordguard.console.bounds import INSTANCES_MAX, MARKED_MAX, MOST
from cordguard.console.live import Incoming, RoomLive, SiteLive
from cordguard.console.moments import Moment
from cordguard.console.numerals import numerals
from cordguard.contract import topics
from cordguard.contract.case import Case, CaseSensor
from cordguard.contract.telemetry import Status
from support.console_messages import (
    ROOM,
    SITE,
    T0_US,
    alarm,
    alarms,
    at,
    failure,
    health,
    incoming,
    living,
    speak,
    summary,
    transition,
    vitals,
)

TEMPERATURE = topics.TEMPERATURE.at(SITE, room=ROOM, source="gen-1")


def room_of(site: SiteLive) -> RoomLive:
    return site.rooms[ROOM]


@pytest.mark.parametrize(
    ("after_ms", "state", "shown"),
    [(0, "fresh", 41.2), (940, "fresh", 41.2), (941, "stale", 41.2), (2_940, "stale", 41.2), (2_941, "unknown", None)],
)
def test_h5_a_temperature_is_grey_after_1_s_and_gone_after_3_s(after_ms: int, state: str, shown: float | None) -> None:
    site = living(at(0))  # the reading was 60 ms old when safety told it
    sensor = numerals(room_of(site), at(after_ms)).sensors[0]
    assert (sensor.state, sensor.temperature_c, sensor.age_ms) == (state, shown, 60 + after_ms)


def test_h5_every_number_of_a_silent_safety_becomes_unknown() -> None:
    site = living(at(0))
    generator = numerals(room_of(site), at(3_001)).generator
    assert (generator.rf, generator.power_w, generator.impedance_ohm, generator.energy_j) == (
        "unknown",
        None,
        None,
        None,
    )


def test_h5_numbers_grow_old_when_the_simulated_clock_stands_still() -> None:
    site = living(at(0))
    dead_simulation = Moment(T0_US, T0_US + 3_500_000)
    assert numerals(room_of(site), dead_simulation).sensors[0].state == "unknown"


def test_h5_numbers_grow_old_in_simulated_time() -> None:
    site = living(at(0))
    fast_simulation = Moment(T0_US + 3_500_000, T0_US + 175_000)
    assert numerals(room_of(site), fast_simulation).sensors[0].state == "unknown"


def test_h5_retained_vitals_are_never_shown_as_live() -> None:
    site = SiteLive(at(0))
    site.apply(incoming(topics.VITALS, vitals(at(0)), at(0), retained=True))
    assert numerals(room_of(site), at(0)).sensors == ()


def test_a_faulty_sensor_has_no_temperature_however_fresh() -> None:
    site = living(at(0))
    site.apply(incoming(topics.VITALS, vitals(at(0), temperature_c=None, fault="open"), at(0)))
    sensor = numerals(room_of(site), at(0)).sensors[0]
    assert (sensor.state, sensor.temperature_c, sensor.fault) == ("unknown", None, "open")


def test_a_sensor_carries_what_the_case_says_of_its_place() -> None:
    site = living(at(0))
    place = CaseSensor(sensor="gen-1/canal", role="neural", structure="spinal-cord", distance_mm=9.0)
    case = Case(session="s-1", revision=0, state="open", opened_us=T0_US, sensors=(place,))
    site.apply(incoming(topics.CASE, case, at(0)))
    sensor = numerals(room_of(site), at(0)).sensors[0]
    assert (sensor.structure, sensor.distance_mm) == ("spinal-cord", 9.0)


def test_rf_of_a_room_without_a_generator_is_unknown_not_off() -> None:
    site = living(at(0))
    without = vitals(at(0)).model_copy(update={"generator": None, "rf_on": False})
    site.apply(incoming(topics.VITALS, without, at(0)))
    assert numerals(room_of(site), at(0)).generator.rf == "unknown"


def test_one_bad_reading_breaks_one_line_and_no_other() -> None:
    site = SiteLive(at(0))
    payload = (
        f'{{"seq":1,"at_us":{T0_US},"readings":[{{"sensor":"canal","temperature_c":"hot"}},'
        f'{{"sensor":"tip","temperature_c":61.0}}]}}'
    )
    site.apply(Incoming(TEMPERATURE, payload.encode(), retained=False, came=at(0)))
    points = {key: trace.take_fresh(at(1_000).clock_us) for key, trace in room_of(site).traces.items()}
    assert points == {"gen-1/canal": [(T0_US, None)], "gen-1/tip": [(T0_US, 61.0)]}


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b'{"at_us":1}', b"\xff\xfe", b"x" * 1_000_000])
def test_what_cannot_be_read_is_counted_and_changes_nothing(payload: bytes) -> None:
    site = living(at(0))
    before = numerals(room_of(site), at(10))
    known = ("temperature", "generator", "status", "vitals", "alarms", "transition", "case", "summary", "rejected")
    for topic in (row for row in topics.TABLE if row.name in known):
        levels = {"room": ROOM} | ({"source": "gen-1"} if "{source}" in topic.template else {})
        site.apply(Incoming(topic.at(SITE, **levels), payload, retained=False, came=at(0)))
    assert site.unread == len(known)
    assert numerals(room_of(site), at(10)) == before


def test_foreign_topics_and_the_watchdogs_test_room_are_passed_over() -> None:
    site = SiteLive(at(0))
    for topic in ("weather/today", topics.CANARY_TRANSITION.at(SITE), topics.CANARY_TEMPERATURE.at(SITE)):
        site.apply(Incoming(topic, transition().to_wire(), retained=False, came=at(0)))
    assert (site.rooms, site.unread) == ({}, 0)


def test_a_transition_that_comes_twice_is_one_event_and_one_mark() -> None:
    site = SiteLive(at(0))
    for _ in range(2):
        site.apply(incoming(topics.TRANSITION, transition(), at(0)))
    assert (len(room_of(site).events), len(room_of(site).marks)) == (1, 1)


def test_an_alarm_that_stood_before_the_page_opened_is_marked_at_its_onset() -> None:
    site = SiteLive(at(0))
    site.apply(incoming(topics.ALARMS, alarms(at(0), alarm(since_us=T0_US - 5)), at(0), retained=True))
    shown = from_json(view.record(room_of(site), at(0)))["marks"]
    assert shown == [{"at_us": T0_US - 5, "priority": "high", "symbol": "!!!"}]


def test_retained_alarms_are_shown_and_prove_nothing_about_now() -> None:
    site = SiteLive(at(0))
    site.apply(incoming(topics.ALARMS, alarms(at(0), alarm()), at(0), retained=True))
    room = room_of(site)
    assert room.alarms is not None
    assert room.alarms_came is None


def test_retained_alarms_after_a_reconnect_do_not_replace_newer_ones() -> None:
    site = SiteLive(at(0))
    site.apply(incoming(topics.ALARMS, alarms(at(10), alarm()), at(10)))
    site.apply(incoming(topics.ALARMS, alarms(at(0)), at(20), retained=True))
    room = room_of(site)
    assert room.alarms is not None
    assert len(room.alarms.present) == 1


def test_a11_a_reminder_is_told_until_a_pause_begins_and_again_within_it() -> None:
    site = living(at(0))

    def reminded_for_s(moment: Moment) -> float | None:
        frame = from_json(view.latest(site, room_of(site), moment, connected=True))
        answer: float | None = frame["alarms"]["reminded_for_s"]
        return answer

    assert reminded_for_s(at(0)) is None
    site.apply(incoming(topics.TRANSITION, transition("reminded", step=2), at(10)))
    assert reminded_for_s(at(510)) == 0.5
    for moment in (at(600), at(1_600)):
        site.apply(incoming(topics.ALARMS, alarms(moment, alarm(), audio="paused"), moment))
    assert reminded_for_s(at(700)) is None
    site.apply(incoming(topics.TRANSITION, transition("reminded", step=3), at(2_000)))
    site.apply(incoming(topics.ALARMS, alarms(at(2_600), alarm(), audio="paused"), at(2_600)))
    assert reminded_for_s(at(3_000)) == 1.0


def test_an_older_revision_of_the_case_changes_nothing() -> None:
    site = SiteLive(at(0))
    case = Case(session="s-1", revision=3, state="open", opened_us=T0_US)
    site.apply(incoming(topics.CASE, case, at(0)))
    site.apply(incoming(topics.CASE, case.model_copy(update={"revision": 2, "level": "T8"}), at(0)))
    assert room_of(site).case == case


def shown(site: SiteLive) -> Any:  # noqa: ANN401 - JSON
    return from_json(view.latest(site, room_of(site), at(0), connected=True))


def test_no_crowd_of_rooms_fills_the_memory() -> None:
    site = living(at(0))
    for number in range(MOST["rooms"] + 10):
        site.apply(incoming(topics.VITALS, vitals(at(0)), at(0), room=f"room-{number}"))
    assert len(site.rooms) == MOST["rooms"]
    assert shown(site)["left_out"] == ["Too many rooms: some are not shown."]


def test_no_crowd_of_made_up_devices_fills_the_memory_and_the_page_says_that_some_are_left_out() -> None:
    site = living(at(0))
    status = Status(state="online", at_us=T0_US)
    for number in range(MOST["devices"]):
        site.apply(incoming(topics.STATUS, status, at(0), room=ROOM, source=f"made-up-{number}"))
    assert shown(site)["left_out"] == []
    site.apply(incoming(topics.STATUS, status, at(0), room=ROOM, source="one-more"))
    site.apply(incoming(topics.STATUS, status, at(5), room=ROOM, source="made-up-0"))
    assert len(room_of(site).sources) == MOST["devices"]
    assert room_of(site).sources["made-up-0"][1] == at(5), "who is known is still heard"
    assert shown(site)["left_out"] == ["Too many devices: some are not shown."]


def test_no_crowd_of_made_up_services_fills_the_memory_or_keeps_a_real_one_out() -> None:
    site = SiteLive(at(0))
    for number in range(MOST["services"]):
        site.apply(incoming(topics.HEALTH, health(at(0)), at(0), service="recorder", instance=f"made-up-{number}"))
    speak(site, at(0))
    assert len(site.services) == INSTANCES_MAX + 2
    assert shown(site)["left_out"] == ["Too many services: some are not shown."]
    for number in range(MOST["services"]):
        site.apply(incoming(topics.HEALTH, health(at(0)), at(0), service=f"made-up-{number}", instance="main"))
    assert len(site.services) == MOST["services"]
    assert ("safety", "main") in site.services


def test_no_crowd_of_made_up_watchdogs_fills_the_memory() -> None:
    site = living(at(0))
    for number in range(MOST["watchdogs"] + 5):
        site.apply(incoming(topics.FAILURE, failure(), at(0), instance=f"made-up-{number}"))
    assert len(site.failures) == MOST["watchdogs"]


def test_no_number_of_alarms_fills_the_memory_and_one_that_stands_is_marked_once() -> None:
    site = SiteLive(at(0))
    standing = alarm(alarm_id="f" * 32)
    for number in range(MARKED_MAX + 300):
        if number % 100 == 0:
            site.apply(incoming(topics.ALARMS, alarms(at(number), standing), at(number)))
        site.apply(incoming(topics.ALARMS, alarms(at(number), alarm(alarm_id=f"{number:032x}")), at(number)))
    room = room_of(site)
    assert len(room.marked) == MARKED_MAX
    version = room.record_version
    site.apply(incoming(topics.ALARMS, alarms(at(9_000), standing), at(9_000)))
    assert room.record_version == version


def test_a_service_that_spoke_only_before_we_came_has_no_live_word() -> None:
    site = SiteLive(at(0))
    site.apply(incoming(topics.HEALTH, health(at(0)), at(0), service="safety", instance="main", retained=True))
    assert site.services["safety", "main"][1] is None
    speak(site, at(5))
    assert site.services["safety", "main"][1] == at(5)


@pytest.mark.parametrize(("highest_c", "unquotable"), [(51.9, []), (52.1, ["gen-1/canal"])])
def test_a_dose_beyond_any_number_is_named_as_such_by_the_server(highest_c: float, unquotable: list[str]) -> None:
    site = SiteLive(at(0))
    site.apply(incoming(topics.SUMMARY, summary(highest_c), at(0)))
    assert from_json(view.record(room_of(site), at(0)))["unquotable"] == unquotable
