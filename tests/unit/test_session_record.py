"""What the session's summary says for the record beside temperatures and alarms (domain: NICE audit needs)."""

from __future__ import annotations

from cordguard.contract.summary import SessionSummary
from support.room import Room


def summary_of(room: Room) -> SessionSummary:
    room.close()
    return room.summaries[-1]


def test_it_names_the_devices_that_served_with_what_the_contract_knows_of_them() -> None:
    room = Room()
    device = {"model": "Ablator 3", "serial": "0815", "udi": "(01)04012345678901", "software": "2.1", "colour": "grey"}
    room.send("old/status", {"state": "online", "at_us": room.now_us, "device": device})
    room.wait(60.0)
    room.case(actor="c-3")
    room.send("dev/status", {"state": "online", "at_us": room.now_us, "device": device})
    room.run(1.0, canal=37.0)
    room.send("dev/status", {"state": "offline", "at_us": room.now_us})
    summary = summary_of(room)
    (named,) = summary.devices
    assert (named.source, named.model, named.udi, named.software) == ("dev", "Ablator 3", device["udi"], "2.1")
    assert summary.actor == "c-3"


def test_an_ablation_names_the_high_alarms_that_held_when_rf_ended_and_no_other() -> None:
    room = Room()
    room.case()
    room.run(2.0, power_w=10.0, canal=37.0)
    room.run(1.0, power_w=10.0, canal=46.0)
    room.run(20.0, power_w=0.0, canal=37.0)
    room.mark("ablation-ended")
    room.run(40.0, power_w=0.0, canal=37.0)
    room.run(2.0, power_w=10.0, canal=37.0)
    room.run(40.0, power_w=0.0, canal=37.0)
    first, second = summary_of(room).ablations
    assert first.high_at_end == ("R01",)
    assert second.high_at_end == ()


def test_h21_the_maximum_after_cement_counts_from_the_first_cement_mark() -> None:
    room = Room()
    room.case()
    room.run(1.0, canal=44.0)
    room.run(1.0, canal=38.0)
    assert summary_of(room).sensors[0].max_after_cement_c is None
    room.amend(state="open", closed_us=None)
    room.mark("cement-injected")
    room.run(1.0, canal=39.0)
    room.run(1.0, canal=41.5)
    room.mark("cement-injected")
    room.run(1.0, canal=40.0)
    canal = next(sensor for sensor in summary_of(room).sensors if sensor.sensor == "dev/canal")
    assert canal.max_after_cement_c == 41.5
    assert canal.max_temperature_c == 44.0


def test_unknown_keys_of_status_and_mark_are_counted_and_cost_nothing() -> None:
    room = Room()
    room.case()
    sensors = [{"sensor": "canal", "role": "neural", "wire": "green"}]
    device = {"model": "x", "colour": "grey"}
    room.send("dev/status", {"state": "online", "at_us": room.now_us, "device": device, "sensors": sensors, "up": 1})
    assert room.engine.counters["unknown_keys"] == 3
    room.send("mark", {"mark_id": "m-1", "at_us": room.now_us, "mark": "cement-injected", "volume_ml": 3})
    assert room.engine.counters["unknown_keys"] == 4
    assert room.rejected == []
