"""The load of the benchmarks: a schedule that nothing moves, frames that devices might send, alarms that are due."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

import sustained_load
from alarm_latency import main, turns
from cordguard.contract import topics
from cordguard.contract.alarms import Transition
from cordguard.contract.capture import CapturedInput
from cordguard.contract.telemetry import GeneratorReading, TemperatureReading
from cordguard.engine.room import RoomEngine
from cordguard.safety.playback import policy_of, shipped_policy_text
from cordguard_bench import machine, packets, session
from cordguard_bench.contestants import hysteresis, node_red
from cordguard_bench.contestants.roster import CONTESTANTS
from cordguard_bench.frames import (
    COOL_C,
    FIRST_SEQ,
    HOT_C,
    VARIANTS,
    case_of,
    generator_frames,
    status_of,
    temperature_frames,
)
from cordguard_bench.matching import match
from cordguard_bench.workload import (
    HOT_CYCLES,
    NS_PER_S,
    SOURCE,
    Load,
    room_name,
    telemetry_topic,
    transition_topic,
)

LOAD = Load(rooms=4, cycles_per_s=25, seconds=6, warm_up_s=2)
START_US = 1_790_000_000_000_000


def frames_of(room: int) -> Iterator[tuple[int, bytes, bytes]]:
    """Every cycle of a device: its time, its generator frame, its temperature frame."""
    cool, hot = temperature_frames(room, COOL_C), temperature_frames(room, HOT_C)
    for cycle in range(LOAD.cycles):
        number = FIRST_SEQ + cycle, START_US + LOAD.at_us(room, cycle)
        frames = hot if LOAD.hot(room, cycle) else cool
        yield number[1], generator_frames(room)[cycle % VARIANTS] % number, frames[cycle % VARIANTS] % number


def due_us(room: int, decides_at: int) -> list[int]:
    """When the samples were taken that have to raise an alarm, warm-up included."""
    cycles = (cycle for cycle in range(LOAD.cycles) if LOAD.hot(room, cycle) == decides_at)
    return [START_US + LOAD.at_us(room, cycle) for cycle in cycles]


def test_the_rate_is_the_one_that_was_asked_for() -> None:
    load = Load(rooms=20, cycles_per_s=25, seconds=20)
    assert load.messages_per_s == 1_000
    assert load.messages == 20_000
    assert load.cycles - load.warm_up_cycles == 500


def test_the_schedule_is_absolute_and_every_room_has_its_turn_in_every_cycle() -> None:
    due_ns = [LOAD.due_ns(room, cycle) for cycle in range(50) for room in LOAD.order]
    assert due_ns == sorted(due_ns)
    assert [LOAD.due_ns(2, cycle) - LOAD.due_ns(2, 0) for cycle in (1, 50)] == [40_000_000, 2 * NS_PER_S]
    assert all(0 <= LOAD.due_ns(room, 0) < LOAD.cycle_ns for room in range(LOAD.rooms))
    assert sorted(LOAD.order) == list(range(LOAD.rooms))


def test_a_load_is_the_same_every_time_and_another_seed_gives_another() -> None:
    again = Load(rooms=4, cycles_per_s=25, seconds=6, warm_up_s=2)
    other = Load(rooms=4, cycles_per_s=25, seconds=6, warm_up_s=2, seed=2)
    assert [again.due_ns(room, 9) for room in range(4)] == [LOAD.due_ns(room, 9) for room in range(4)]
    assert [other.due_ns(room, 9) for room in range(4)] != [LOAD.due_ns(room, 9) for room in range(4)]


def test_a_load_faster_than_time_has_the_same_device_times() -> None:
    fast = Load(rooms=4, cycles_per_s=25, seconds=6, speed=10)
    assert fast.due_ns(0, 25) - fast.due_ns(0, 0) == NS_PER_S / 10
    assert fast.at_us(0, 25) - fast.at_us(0, 0) == pytest.approx(1_000_000, abs=10)
    assert fast.messages_per_s == 10 * 200


def test_more_rooms_than_a_process_watches_are_more_sites() -> None:
    load = Load(rooms=130, cycles_per_s=1, seconds=1, rooms_per_site=64)
    assert load.sites == ("bench-0", "bench-1", "bench-2")
    assert [load.site(room) for room in (0, 63, 64, 129)] == ["bench-0", "bench-0", "bench-1", "bench-2"]


def test_everybody_is_asked_for_the_same_crossings() -> None:
    first, second = list(LOAD.expected(1)), list(LOAD.expected(2))
    assert [(room, cycle + 1) for room, cycle in first] == second
    assert {room for room, _ in first} == set(range(LOAD.rooms))
    assert all(LOAD.warm_up_cycles <= cycle <= LOAD.cycles - HOT_CYCLES for _, cycle in first)
    assert 10 <= len(first) <= 12  # four rooms, six seconds, one every two
    assert LOAD.crossings >= len(first) + LOAD.rooms  # each room has crossed in the warm-up too


def test_frames_are_what_the_contract_says_and_all_of_one_length() -> None:
    number = FIRST_SEQ, START_US
    for frame in temperature_frames(1, HOT_C) + temperature_frames(1, COOL_C):
        reading = TemperatureReading.model_validate_json(frame % number)
        assert (reading.seq, reading.at_us) == number
        assert (reading.readings[0].temperature_c or 0) >= 45 or (reading.readings[0].temperature_c or 99) <= 43
    for frame in generator_frames(1):
        assert GeneratorReading.model_validate_json(frame % number).rf_on
        assert len(frame % number) == len(frame % (FIRST_SEQ + 999_999, START_US + 3_600_000_000))


@pytest.mark.parametrize("room", range(LOAD.rooms))
def test_r01_raises_for_the_second_hot_sample_of_each_crossing_and_for_nothing_else(room: int) -> None:
    """So what is expected of us is what our engine makes of these frames."""
    engine = RoomEngine("bench-0", room_name(room), policy_of(shipped_policy_text(), "the shipped policy"))
    site, levels = "bench-0", {"room": room_name(room)}
    said = {
        topics.STATUS.at(site, source=SOURCE, **levels): status_of(START_US).to_wire(),
        topics.CASE.at(site, **levels): case_of(room, START_US).to_wire(),
    }
    inputs = [CapturedInput(START_US, topic, payload) for topic, payload in said.items()]
    for at_us, generator, temperature in frames_of(room):
        inputs.append(CapturedInput(at_us + 500, telemetry_topic(LOAD, room, topics.GENERATOR), generator))
        inputs.append(CapturedInput(at_us + 900, telemetry_topic(LOAD, room, topics.TEMPERATURE), temperature))
    messages = [emission.message for entry in inputs for emission in engine.feed(entry)]
    transitions = [message for message in messages if isinstance(message, Transition)]
    raised = [said.event_us for said in transitions if (said.rule, said.change) == ("R01", "raised")]
    assert raised == due_us(room, 2)


@pytest.mark.parametrize("room", range(LOAD.rooms))
def test_the_peers_rule_raises_for_the_first_hot_sample_of_each_crossing_and_for_nothing_else(room: int) -> None:
    hot, raised = False, []
    for _, _, temperature in frames_of(room):
        hot, alarm = hysteresis.judge(json.loads(temperature), hot=hot)
        raised += [json.loads(alarm)["event_us"]] if alarm is not None else []
    assert raised == due_us(room, 1)
    assert hysteresis.alarm_topic(telemetry_topic(LOAD, room, topics.TEMPERATURE)) == transition_topic(LOAD, room)


def test_node_reds_function_is_the_same_rule() -> None:
    messages = [
        {"topic": telemetry_topic(LOAD, room, row), "payload": json.loads(frame)}
        for room in range(LOAD.rooms)
        for _, generator, temperature in frames_of(room)
        for row, frame in ((topics.GENERATOR, generator), (topics.TEMPERATURE, temperature))
    ]
    raised = run_in_node(messages)
    assert [(said["topic"], json.loads(said["payload"])["event_us"]) for said in raised] == [
        (transition_topic(LOAD, room), at_us) for room in range(LOAD.rooms) for at_us in due_us(room, 1)
    ]
    assert {said["qos"] for said in raised} == {1}


def run_in_node(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    node = shutil.which("node")
    assert node is not None, "node was not found; it comes with npm, which scripts/test installs"
    program = f"""
        const kept = {{}};
        const context = {{ get: name => kept[name], set: (name, value) => {{ kept[name] = value; }} }};
        const rule = new Function('msg', 'context', {json.dumps(node_red.RULE)});
        const input = JSON.parse(require('fs').readFileSync(0, 'utf8'));
        console.log(JSON.stringify(input.map(msg => rule(msg, context)).filter(said => said)));
    """
    done = subprocess.run([node, "-e", program], input=json.dumps(messages), capture_output=True, text=True, check=True)
    said: list[dict[str, Any]] = json.loads(done.stdout)
    return said


def test_alarms_are_matched_by_room_and_sample() -> None:
    start_ns = 5 * NS_PER_S
    hot = [
        (room, cycle, start_ns + LOAD.due_ns(room, cycle))
        for room in range(LOAD.rooms)
        for cycle in range(LOAD.cycles)
        if LOAD.hot(room, cycle)
    ]
    published_ns = {(room, cycle): at_ns for room, cycle, at_ns in hot}

    def came(room: int, cycle: int, after_ms: int) -> tuple[str, int, int]:
        at_us = START_US + LOAD.at_us(room, cycle)
        return transition_topic(LOAD, room), at_us, published_ns.get((room, cycle), 0) + after_ms * 1_000_000

    first, second, third, *_ = LOAD.expected(2)
    in_warm_up = next((room, cycle) for room, cycle, _ in hot if LOAD.hot(room, cycle) == 2)
    arrivals = [
        came(*in_warm_up, 70),
        came(*first, 3),
        came(*first, 9),
        came(second[0], second[1] + 1, 4),  # about its third hot sample
        (transition_topic(LOAD, 0), START_US + 7, start_ns),
    ]
    alarms = match(LOAD, 2, start_us=START_US, start_ns=start_ns, hot=hot, came=arrivals)
    assert alarms.expected == len(list(LOAD.expected(2)))
    assert (alarms.repeated, alarms.unexpected) == (1, 1)
    assert sorted(delay_ms for _, delay_ms in alarms.delays) == pytest.approx([3.0, 44.0], abs=0.01)
    assert all(0 <= at_s <= LOAD.seconds for at_s, _ in alarms.delays)
    assert len(alarms.delays_ms) == alarms.expected
    assert third not in ((room, cycle) for room, cycle in (first, second))


def test_packets_come_out_as_they_went_in_however_they_are_cut() -> None:
    payload = b"x" * 300
    stream = b"\x90\x03\x00\x01\x01" + packets.publish_head("a/b", len(payload)) + b"\x00\x07" + payload
    for size in (1, 2, 7, len(stream)):
        reader, found = packets.Packets(), []
        for at in range(0, len(stream), size):
            found += reader.feed(stream[at : at + size])
        (suback, _), (publish, body) = found
        assert packets.kind(suback) == packets.SUBACK
        assert packets.kind(publish) == packets.PUBLISH
        assert packets.split_publish(publish, body) == ("a/b", b"\x00\x07", payload)


def test_everybody_runs_once_in_a_round_and_nobody_always_first() -> None:
    planned = turns(CONTESTANTS, ["mosquitto", "nats"], LOAD, 5)
    rounds = [planned[at : at + len(CONTESTANTS)] for at in range(0, len(planned), len(CONTESTANTS))]
    assert len(rounds) == 10
    assert all({turn.contestant.name for turn in turns} == {one.name for one in CONTESTANTS} for turns in rounds)
    assert {turns[0].contestant.name for turns in rounds} == {one.name for one in CONTESTANTS}
    assert {turn.broker for turn in planned} == {"mosquitto", "nats"}


def test_a_load_that_is_none_is_refused_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    for wrong, says in (
        (["--rooms", "300", "--rate", "10"], "300 rooms at 10 messages/s for 30 s are 0 frames"),
        (["--rate", "0"], "argument --rate: '0' is not a number above 0"),
        (["--runs", "0"], "argument --runs: '0' is not a whole number from 1"),
        (["--rooms", "many"], "argument --rooms: 'many' is not a whole number from 1"),
    ):
        with pytest.raises(SystemExit):
            main(wrong)
        assert says in capsys.readouterr().err


def test_stopping_keeps_what_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    planned, out = turns(CONTESTANTS, ["mosquitto"], LOAD, 1), io.StringIO()

    def run(turn: session.Turn, _on_time: object) -> session.Outcome:
        if turn is planned[2]:
            raise KeyboardInterrupt
        return session.Failure(turn.contestant.name, turn.broker, "it did not start")

    monkeypatch.setattr(session, "_run", run)
    outcomes = session.run_all(planned, out=out)
    assert [outcome.contestant for outcome in outcomes if isinstance(outcome, session.Failure)] == ["cordguard", "paho"]
    assert "stopped: 2 of 5 runs were done" in out.getvalue()
    assert "paho as it comes: FAILED: it did not start" in out.getvalue()


def test_it_waits_for_a_quiet_machine_as_long_as_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = [machine.Share(1, (), percent, 0) for percent in (80, 30, 2, 70, 70, 70)]
    monkeypatch.setattr(machine, "look", lambda _seconds: looks.pop(0))
    began: list[int] = []

    def run(turn: session.Turn, _on_time: object) -> session.Outcome:
        began.append(len(looks))
        return session.Failure(turn.contestant.name, turn.broker, "")

    monkeypatch.setattr(session, "_run", run)
    session.run_all(turns(CONTESTANTS[:2], ["mosquitto"], LOAD, 1), patience_s=5, out=io.StringIO())
    assert began == [3, 0]


def test_a_part_that_ran_on_a_quiet_machine_is_answered_without_a_doubt() -> None:
    part = sustained_load.Part("lag", lambda _asked: iter(()), lambda _measured: "never called without a run")
    failure = session.Failure("Cordguard safety", "mosquitto", "it never said ready")
    assert sustained_load._answer(part, [failure]) == "FAILED: it never said ready\n"  # noqa: SLF001 - only a test may
