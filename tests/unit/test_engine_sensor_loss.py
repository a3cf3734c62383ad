"""R08, R14, R17 and R33: a sensor that cannot be trusted is never taken for a quiet one."""

from __future__ import annotations

import pytest

from support.room import CANAL, SOURCE, Course, Room, named, told, us

TENTH = us(0.1)


def watched(profile: str = "standard", power_w: float = 0.0) -> Room:
    """A room with a case open, canal and tip at 37 degrees, RF as asked for."""
    room = Room()
    room.case(profile=profile)
    room.run(2.0, power_w=power_w, canal=37.0, tip=37.0)
    assert room.transitions == []
    return room


@pytest.mark.parametrize("reading", ["open", "short", "range", "invalid", None, 300.1, 500.0])
def test_r08_is_raised_by_every_kind_of_fault_after_half_a_second(reading: Course) -> None:
    room = watched()
    onset_us = room.now_us + TENTH
    room.run(0.5, canal=reading, tip=37.0)
    assert room.story("R08") == []
    room.run(0.1, canal=reading, tip=37.0)
    (raised,) = room.of("R08")
    assert told([raised]) == ["R08 raised medium"]
    assert raised.event_us == onset_us + us(0.5)
    assert raised.alarm_id == named("R08", CANAL, onset_us)
    assert (raised.name, raised.kind) == ("tc_open", "technical")


def test_r08_is_silent_for_300_degrees_and_for_a_fault_that_ends_in_time() -> None:
    room = watched()
    room.run(5.0, canal=37.0, tip=300.0)
    for _ in range(3):
        room.run(0.5, canal="open", tip=37.0)
        room.run(0.5, canal=37.0, tip=37.0)
    assert room.story("R08") == []


def test_r08_a_loose_contact_is_a_fault_though_good_readings_come_in_between() -> None:
    room = watched()
    for _ in range(3):
        room.run(0.1, canal="open", tip=37.0)
        room.run(0.2, canal=37.0, tip=37.0)
    assert room.story("R08") == ["R08 raised medium"]


def test_r33_a_sensor_that_nobody_spoke_of_guards_no_nerve() -> None:
    room = Room()
    room.case(profile="near", sensors={"tip": ("probe", None)})
    room.run(2.0, power_w=10.0, mystery=22.0, tip=50.0)
    assert "R33 raised high" in room.story()


def test_r08_ends_with_the_fifth_good_sample_in_a_row() -> None:
    room = watched()
    room.run(1.0, canal="open", tip=37.0)
    room.run(0.4, canal=37.0, tip=37.0)
    room.run(0.1, canal="open", tip=37.0)
    room.run(0.4, canal=37.0, tip=37.0)
    assert room.story("R08") == ["R08 raised medium"]
    room.run(0.1, canal=37.0, tip=37.0)
    assert room.story("R08") == ["R08 raised medium", "R08 ended medium"]


@pytest.mark.parametrize(
    ("power_w", "sensor", "priority"),
    [(10.0, "canal", "high"), (0.0, "canal", "medium"), (10.0, "tip", "medium"), (0.0, "tip", "medium")],
)
def test_r08_is_high_for_a_neural_sensor_under_rf(power_w: float, sensor: str, priority: str) -> None:
    room = watched(power_w=power_w)
    readings: dict[str, Course] = {"canal": 37.0, "tip": 37.0, sensor: "open"}
    room.run(1.0, power_w=power_w, impedance_ohm=100.0, source=SOURCE, session=None, period_s=0.1, **readings)
    assert [(entry.sensor, entry.priority) for entry in room.of("R08")] == [(f"{SOURCE}/{sensor}", priority)]


def test_r08_follows_rf_on_and_off() -> None:
    room = watched()
    for power_w in (0.0, 10.0, 0.0):
        room.run(1.0, power_w=power_w, canal="open", tip=37.0)
    assert room.story("R08") == ["R08 raised medium", "R08 escalated high", "R08 deescalated medium"]


def test_r08_follows_the_role_that_a_case_gives_the_sensor() -> None:
    room = Room()
    room.run(2.0, power_w=10.0, canal=37.0, tip="open")
    assert room.story("R08") == ["R08 raised high"]  # nobody said what it is for: neural
    room.case()
    room.run(0.1, power_w=10.0, canal=37.0, tip="open")
    assert room.story("R08") == ["R08 raised high", "R08 deescalated medium"]
    room.amend(sensors={"canal": ("neural", 12.0), "tip": ("neural", 12.0)})
    room.run(0.1, power_w=10.0, canal=37.0, tip="open")
    assert room.story("R08")[2:] == ["R08 escalated high"]


def test_r08_of_one_sensor_costs_its_neighbours_nothing() -> None:
    room = watched()
    room.run(2.5, power_w=0.0, canal=42.5, tip=None)
    assert room.story() == ["R08 raised medium", "R02 raised medium"]


def test_r14_is_raised_after_1_s_named_after_the_last_sample_plus_the_limit() -> None:
    room = watched()
    last_us = room.now_us
    room.now_us += us(0.999)
    assert room.wait(0.0) == []
    said = room.wait(0.5)
    assert told(said) == ["R14 raised medium"] * 3
    canal = next(entry for entry in said if entry.sensor == CANAL)
    assert (canal.event_us, canal.received_us) == (last_us + us(1.0), last_us + us(1.0))
    assert canal.alarm_id == named("R14", CANAL, last_us + us(1.0))
    assert (canal.name, canal.kind) == ("stale", "technical")
    assert {entry.sensor for entry in said} == {CANAL, f"{SOURCE}/tip", SOURCE}


def test_r14_waits_three_periods_of_a_slow_device() -> None:
    room = Room()
    room.case()
    room.run(20.0, canal=37.0, period_s=0.5)
    assert room.wait(1.499) == []
    assert told(room.wait(0.002)) == ["R14 raised medium"]


def test_r14_is_high_after_2_s_for_a_neural_sensor_under_rf() -> None:
    room = watched(power_w=10.0)
    last_us = room.now_us
    room.run(3.0, power_w=10.0, tip=37.0)
    said = room.of("R14")
    assert told(said) == ["R14 raised medium", "R14 escalated high"]
    assert {entry.sensor for entry in said} == {CANAL}
    assert [entry.received_us - last_us for entry in said] == [us(1.0), us(2.0)]
    assert [entry.event_us - last_us for entry in said] == [us(1.0), us(2.0)]
    assert {entry.alarm_id for entry in said} == {named("R14", CANAL, last_us + us(1.0))}


def test_r14_stays_medium_for_a_probe_under_rf_and_for_a_nerve_without() -> None:
    probe = watched(power_w=10.0)
    probe.run(10.0, power_w=10.0, canal=37.0)
    assert probe.story("R14") == ["R14 raised medium"]
    nerve = watched()
    nerve.run(10.0, power_w=0.0, tip=37.0)
    assert nerve.story("R14") == ["R14 raised medium"]


def test_r14_rises_when_rf_goes_on_over_a_silent_nerve_and_falls_when_it_goes_off() -> None:
    room = watched()
    room.run(5.0, power_w=0.0, tip=37.0)
    room.run(1.0, power_w=10.0, tip=37.0)
    room.run(1.0, power_w=0.0, tip=37.0)
    assert room.story("R14") == ["R14 raised medium", "R14 escalated high", "R14 deescalated medium"]


def test_r14_of_a_nerve_gives_way_at_once_to_r17_when_its_source_leaves_and_says_that_it_guards_none() -> None:
    room = Room()
    room.started("first")
    room.status(canal="neural")
    room.run(1.0, power_w=10.0, canal=37.0, tip=37.0)
    room.run(3.0, power_w=10.0, tip=37.0)
    assert room.story("R14")[-1] == "R14 escalated high"
    said = told(room.status("offline", canal="probe"))
    assert "R17 raised high" in said
    assert [entry for entry in said if entry.startswith("R14")] == ["R14 ended high"]


def test_r14_ends_with_the_fifth_good_sample() -> None:
    room = watched()
    room.run(2.0, power_w=0.0, tip=37.0)
    room.run(0.4, power_w=0.0, canal=37.0, tip=37.0)
    assert room.story("R14") == ["R14 raised medium"]
    room.run(0.1, power_w=0.0, canal=37.0, tip=37.0)
    assert room.story("R14") == ["R14 raised medium", "R14 ended medium"]


def test_r14_does_not_end_with_faulty_samples() -> None:
    room = watched()
    room.run(2.0, power_w=0.0, tip=37.0)
    room.run(3.0, power_w=0.0, canal="open", tip=37.0)
    assert "R14 ended medium" not in room.story("R14")
    room.run(0.5, power_w=0.0, canal=37.0, tip=37.0)
    assert room.story("R14")[-1] == "R14 ended medium"


def test_r14_is_high_for_a_nerve_s_sensor_that_never_came() -> None:
    room = Room()
    room.case()
    room.run(5.0, power_w=0.0, tip=37.0)
    assert room.story("R14") == []
    room.run(0.1, power_w=10.0, tip=37.0)
    began_us = room.now_us
    room.run(3.0, power_w=10.0, tip=37.0)
    (raised,) = room.of("R14")
    assert (raised.priority, raised.sensor, raised.received_us) == ("high", CANAL, began_us + us(2.0))


def test_h9_r14_never_clears_masks_or_acknowledges_a_thermal_alarm() -> None:
    room = watched(power_w=10.0)
    room.run(0.5, power_w=10.0, canal=46.0, tip=37.0)
    before = room.story("R01", "R02", "R04", "R06")
    room.run(30.0, power_w=10.0, tip=37.0)
    assert room.story("R01", "R02", "R04", "R06") == before
    hot, silent = room.alarm("R01"), room.alarm("R14")
    assert hot is not None
    assert silent is not None
    room.command("acknowledge", silent.alarm_id)
    after = room.alarm("R01")
    assert after is not None
    assert (after.condition, after.acknowledged) == (True, False)


def test_h5_a_silent_sensor_has_no_temperature_to_show() -> None:
    room = watched()
    room.run(0.9, power_w=0.0, tip=37.0)
    assert room.sensor().temperature_c == 37.0
    assert room.sensor().age_ms == 900
    room.run(0.3, power_w=0.0, tip=37.0)
    assert room.sensor().temperature_c is None


def test_a_silent_generator_keeps_rf_on_and_its_silence_is_an_alarm() -> None:
    room = watched(power_w=10.0)
    room.run(60.0, canal=37.0, tip=37.0)
    assert room.vitals().rf_on
    (raised,) = room.of("R14")
    assert (raised.priority, raised.sensor) == ("medium", SOURCE)


def test_r17_is_raised_after_3_s_of_silence_named_after_the_last_sample_plus_the_limit() -> None:
    room = watched()
    last_us = room.now_us
    room.wait(2.999)
    assert room.story("R17") == []
    room.wait(0.002)
    (raised,) = room.of("R17")
    assert told([raised]) == ["R17 raised medium"]
    assert (raised.event_us, raised.received_us) == (last_us + us(3.0), last_us + us(3.0))
    assert raised.alarm_id == named("R17", SOURCE, last_us + us(3.0))
    assert (raised.name, raised.kind) == ("source_offline", "technical")


def test_r17_is_silent_while_there_is_any_sign_of_life() -> None:
    room = watched()
    room.run(30.0)  # status alone
    assert room.story("R17") == []


def test_r17_is_raised_at_once_by_the_last_will_and_stands_for_its_sensors() -> None:
    room = watched(power_w=10.0)
    said = room.status("offline")
    assert told(said) == ["R17 raised high"]
    assert said[0].evidence is not None
    assert said[0].evidence["sensors"] == [CANAL, f"{SOURCE}/tip"]
    room.wait(10.0)
    assert room.story("R14") == []


def test_r17_follows_rf() -> None:
    room = watched()
    room.status("offline")
    for power_w in (10.0, 0.0):
        room.run(1.0, power_w=power_w, source="gen-2")
    assert room.story("R17") == ["R17 raised medium", "R17 escalated high", "R17 deescalated medium"]


def test_r17_ends_with_a_sample_after_online_and_not_before() -> None:
    room = watched()
    room.status("offline")
    room.now_us += us(1.0)
    assert room.status("online") == []
    room.now_us += TENTH
    assert told(room.temperature(canal=37.0, tip=37.0)) == ["R17 ended medium"]


@pytest.mark.parametrize("profile", ["near", "breached", "unknown"])
def test_r33_is_raised_at_once_when_rf_goes_on_without_a_neural_sensor(profile: str) -> None:
    room = Room()
    room.case(profile=profile)
    room.run(1.0, power_w=0.0, tip=37.0)
    assert room.story("R33") == []
    room.run(0.1, power_w=10.0, tip=37.0)
    (raised,) = room.of("R33")
    assert told([raised]) == ["R33 raised high"]
    assert raised.alarm_id == named("R33", None, room.now_us)
    assert (raised.name, raised.kind) == ("no_neural_sensor", "technical")
    room.run(0.1, power_w=10.0, canal=37.0, tip=37.0)
    assert room.story("R33") == ["R33 raised high", "R33 ended high"]


def test_r33_is_silent_under_standard_and_without_rf() -> None:
    standard = Room()
    standard.case()
    standard.run(3.0, power_w=10.0, tip=37.0)
    assert standard.story("R33") == []
    near = Room()
    near.case(profile="near")
    near.run(3.0, power_w=0.5, tip=37.0)
    assert near.story("R33") == ["R33 raised high"]  # the generator says rf_on
    off = Room()
    off.case(profile="near")
    off.run(3.0, power_w=0.0, tip=37.0)
    assert off.story("R33") == []


@pytest.mark.parametrize("how", ["fault", "silence", "offline"])
def test_r33_is_raised_when_the_last_neural_sensor_is_lost_under_rf(how: str) -> None:
    room = Room()
    room.case(profile="near", sensors={"tc/canal": ("neural", 8.0), "tip": ("probe", None)})
    for _ in range(20):
        room.temperature(source="tc", canal=37.0)
        room.run(0.1, power_w=10.0, tip=37.0)
    assert room.story("R33") == []
    if how == "offline":
        room.status("offline", source="tc")
    for _ in range(30):
        room.run(0.1, power_w=10.0, tip=37.0)
        if how == "fault":
            room.temperature(source="tc", canal="open")
    assert room.story("R33") == ["R33 raised high"]
