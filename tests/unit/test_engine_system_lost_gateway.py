"""R17 and what hangs on it: a lost gateway is one alarm with its children named, not twenty."""

from __future__ import annotations

from typing import Final

from support.room import Room, named, us

GATEWAY: Final = "gw"
CHILDREN: Final = [f"s{number:02}" for number in range(20)]
KEYS: Final = [f"{GATEWAY}/{child}" for child in CHILDREN]
NERVE: Final = KEYS[0]


def gateway(power_w: float = 0.0) -> Room:
    """A case with twenty sensors behind one gateway, the first of which guards a nerve; RF comes from elsewhere."""
    room = Room()
    room.started("first")
    sensors = {key: ("neural" if key == NERVE else "tissue", None) for key in KEYS}
    room.case(sensors={**sensors, "canal": ("neural", 12.0)})
    for _ in range(20):
        deliver(room, power_w)
    assert room.transitions == []
    return room


def deliver(room: Room, power_w: float, **lost: bool) -> None:
    """A tenth of a second in which all deliver, but what is lost."""
    room.run(0.1, power_w=power_w, canal=37.0)
    if not lost.get("gateway"):
        room.frame({child: 37.0 for child in CHILDREN if not lost.get(child)}, source=GATEWAY)


def lose(room: Room, seconds: float, power_w: float = 0.0) -> None:
    """The gateway delivers nothing."""
    for _ in range(round(seconds * 10)):
        deliver(room, power_w, gateway=True)


def present(room: Room) -> list[tuple[str, str | None]]:
    """Rule and subject of each alarm that is present."""
    return [(alarm.rule, alarm.sensor) for alarm in room.engine.present_alarms(room.now_us).present]


def test_r17_a_lost_gateway_is_one_alarm_with_its_children_named() -> None:
    room = gateway()
    last_us = room.now_us
    lose(room, 3.5)
    assert present(room) == [("R17", GATEWAY)]
    (raised,) = room.of("R17")
    assert raised.received_us == last_us + us(3.0)
    assert raised.alarm_id == named("R17", GATEWAY, last_us + us(3.0))
    assert raised.evidence is not None
    assert raised.evidence["sensors"] == KEYS
    silent, yielded = room.of("R14")
    assert (silent.change, silent.sensor, silent.received_us) == ("raised", GATEWAY, last_us + us(1.0))
    assert (yielded.change, yielded.received_us) == ("ended", raised.received_us)
    assert "R17" in yielded.message


def test_r14_twenty_sensors_that_fall_silent_together_are_one_alarm_with_all_of_them_named() -> None:
    room = gateway()
    last_us = room.now_us
    lose(room, 1.5)
    assert present(room) == [("R14", GATEWAY)]
    (raised,) = room.of("R14")
    assert raised.alarm_id == named("R14", GATEWAY, last_us + us(1.0))
    assert raised.evidence is not None
    assert raised.evidence["sensors"] == KEYS
    assert raised.message == f"{GATEWAY}: 20 sensors silent for more than 1 s"
    assert all(sensor.temperature_c is None for sensor in room.vitals().sensors if sensor.sensor in KEYS)


def test_r14_the_common_silence_ends_with_the_fifth_frame_and_who_is_not_in_it_is_missed_alone() -> None:
    room = gateway()
    last_us = room.now_us
    lose(room, 1.5)
    for _ in range(4):
        deliver(room, 0.0, s07=True)
    assert present(room) == [("R14", GATEWAY)]
    deliver(room, 0.0, s07=True)
    assert present(room) == []
    for _ in range(11):
        deliver(room, 0.0, s07=True)
    assert present(room) == [("R14", f"{GATEWAY}/s07")]
    assert room.alarm("R14", f"{GATEWAY}/s07").since_us == last_us + us(1.0)  # type: ignore[union-attr]


def test_r14_a_gateway_with_a_generator_is_one_alarm_and_ends_when_both_deliver() -> None:
    room = gateway()
    for _ in range(20):
        deliver(room, 0.0)
        room.generator(0.0, source=GATEWAY)
    lose(room, 1.5)
    assert present(room) == [("R14", GATEWAY)]
    (raised,) = room.of("R14")
    assert raised.message.startswith(f"{GATEWAY}: generator and 20 sensors silent")
    for _ in range(8):
        deliver(room, 0.0)
    assert present(room) == [("R14", GATEWAY)]
    for _ in range(5):
        deliver(room, 0.0)
        room.generator(0.0, source=GATEWAY)
    assert present(room) == []


def test_r33_many_silent_sensors_guard_nothing() -> None:
    room = Room()
    room.started("first")
    room.case(profile="near", sensors=dict.fromkeys(KEYS[:4], ("neural", 8.0)))
    frame = dict.fromkeys(CHILDREN[:4], 37.0)
    room.frame(frame, source=GATEWAY)
    for _ in range(20):
        room.run(0.1, power_w=10.0)
        room.frame(frame, source=GATEWAY)
    room.run(1.2, power_w=10.0)
    assert present(room)[:1] == [("R33", None)]
    assert ("R14", GATEWAY) in present(room)


def test_r14_three_sensors_that_fall_silent_together_are_named_each() -> None:
    room = Room()
    room.started("first")
    frame = dict.fromkeys(CHILDREN[:3], 37.0)
    for _ in range(20):
        room.run(0.1, canal=37.0)
        room.frame(frame, source=GATEWAY)
    room.run(1.5, canal=37.0)
    assert set(present(room)) == {("R14", key) for key in KEYS[:3]}


def test_r17_stays_the_one_alarm_however_long_the_gateway_is_away() -> None:
    room = gateway()
    lose(room, 120.0)
    assert present(room) == [("R17", GATEWAY)]
    assert len(room.of("R17")) == 1


def test_r14_a_nerve_behind_the_gateway_keeps_its_own_high_alarm_while_rf_is_on() -> None:
    room = gateway(power_w=10.0)
    lose(room, 5.0, power_w=10.0)
    assert set(present(room)) == {("R17", GATEWAY), ("R14", NERVE)}
    nerve = room.alarm("R14", NERVE)
    assert nerve is not None
    assert (nerve.priority, nerve.condition) == ("high", True)
    lose(room, 1.0, power_w=0.0)
    assert present(room) == [("R17", GATEWAY)]


def test_r17_rises_to_high_when_rf_goes_on_over_a_lost_gateway_and_names_the_nerve() -> None:
    room = gateway()
    lose(room, 5.0)
    lose(room, 1.0, power_w=10.0)
    escalated = room.of("R17")[-1]
    assert (escalated.change, escalated.priority) == ("escalated", "high")
    assert escalated.evidence is not None
    assert NERVE in escalated.evidence["sensors"]  # type: ignore[operator]


def test_r17_a_gateway_that_is_back_with_all_children_leaves_nothing() -> None:
    room = gateway()
    lose(room, 10.0)
    before = len(room.of("R14"))
    for _ in range(50):
        deliver(room, 0.0)
    assert present(room) == []
    assert room.story("R17") == ["R17 raised medium", "R17 ended medium"]
    assert len(room.of("R14")) == before


def test_r14_a_child_that_did_not_come_back_with_its_gateway_is_missed_alone() -> None:
    room = gateway()
    last_us = room.now_us
    lose(room, 10.0)
    for _ in range(20):
        deliver(room, 0.0, s07=True)
    assert present(room) == [("R14", f"{GATEWAY}/s07")]
    alarm = room.alarm("R14", f"{GATEWAY}/s07")
    assert alarm is not None
    assert alarm.since_us == last_us + us(1.0)
    steps = [entry.step for entry in room.of("R14") if entry.sensor == alarm.sensor]
    assert steps == [1]


def test_r14_one_lost_child_of_a_living_gateway_is_its_own_alarm() -> None:
    room = gateway()
    for _ in range(50):
        deliver(room, 0.0, s07=True)
    assert present(room) == [("R14", f"{GATEWAY}/s07")]
    assert room.story("R17") == []


def test_r33_a_nerve_that_is_not_back_yet_guards_nothing_though_its_gateway_is() -> None:
    room = Room()
    room.started("first")
    room.case(profile="near", sensors={NERVE: ("neural", 8.0), KEYS[1]: ("tissue", None)})
    room.frame({"s00": 37.0, "s01": 37.0}, source=GATEWAY)
    for _ in range(20):
        room.run(0.1, power_w=10.0)
        room.frame({"s00": 37.0, "s01": 37.0}, source=GATEWAY)
    room.status("offline", source=GATEWAY)
    room.run(1.0, power_w=10.0)
    assert room.story("R33") == ["R33 raised high"]
    room.status("online", source=GATEWAY)
    room.frame({"s01": 37.0}, source=GATEWAY)
    assert room.story("R17") == ["R17 raised high", "R17 ended high"]
    assert room.story("R33") == ["R33 raised high"]
    room.now_us += us(0.1)
    room.frame({"s00": 37.0, "s01": 37.0}, source=GATEWAY)
    assert room.story("R33") == ["R33 raised high", "R33 ended high"]


def test_r37_a_lost_gateway_is_no_flood() -> None:
    room = gateway()
    lose(room, 60.0)
    assert len([entry for entry in room.of("R14") if entry.change == "raised"]) == 1
    assert room.story("R37") == []
