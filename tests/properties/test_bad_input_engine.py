"""Bad input through the engine: it costs one reading or one dead letter, and never what the neighbours get."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cordguard.contract.capture import KEPT_OF_OVERSIZED_BYTES, CapturedInput, decode_line, encode_line
from cordguard.contract.health import Rejected
from cordguard.engine.room import RoomEngine
from support.bad_input import (
    BEGINNING,
    NOT_READABLE,
    PEOPLE,
    SEQ_MAX,
    TIME_MAX_US,
    UNKNOWN_TOPICS,
    WORDS,
    engine,
    payloads,
    play,
    said,
    topics,
    unreadable_messages,
    valid_messages,
)
from support.room import CANAL, SOURCE, START_US, Room, us

Json = dict[str, Any]


def rising(after_s: float) -> float:
    """A canal that gets too hot, and cools again."""
    return 37.0 + after_s * 0.6 if after_s <= 20.0 else 49.0 - (after_s - 20.0) * 0.5


def _from(start_s: float) -> Callable[[float], float]:
    return lambda after_s: rising(start_s + after_s)


def procedure(disturb: Callable[[Room], None] = lambda _room: None) -> Room:
    """A whole little case; ``disturb`` is called once before every second of it."""
    room = Room()
    room.status(canal="neural", tip="probe")
    room.case()
    for second in range(60):
        disturb(room)
        start_s = float(second)
        on = 3 <= second < 25
        room.run(1.0, power_w=10.0 if on else 0.0, canal=_from(start_s), tip=60.0 + second)
    room.close()
    room.run(2.0, power_w=0.0, canal=37.0, tip=50.0)
    return room


@pytest.fixture(scope="module")
def undisturbed() -> Room:
    room = procedure()
    assert {"R01 raised high", "R02 raised medium", "R04 raised high"} <= set(room.story())
    return room


def without_book_keeping(room: RoomEngine) -> Json:
    """The state, but for what is counted and what waits for the broker."""
    kept = {"counters", "rejected", "outbox", "published"}
    return {name: value for name, value in room.snapshot().items() if name not in kept}


@pytest.mark.parametrize("where", [*(f"{SOURCE}/{word}" for word in WORDS), *PEOPLE, *UNKNOWN_TOPICS])
def test_what_cannot_be_read_changes_nothing_for_anybody(undisturbed: Room, where: str) -> None:
    bad = [payload for topic, payload in unreadable_messages() if topic == where]
    inputs = [entry for good in undisturbed.inputs[::40] for entry in _with(good, where, bad)]
    clean, disturbed = engine(), engine()
    expected = play(undisturbed.inputs[::40], clean)
    got = play(inputs, disturbed)
    assert said(got, "transition", "summary") == said(expected, "transition", "summary")
    assert without_book_keeping(disturbed) == without_book_keeping(clean)
    assert disturbed.counters["rejected"] == len(inputs) - len(undisturbed.inputs[::40])


def _with(good: CapturedInput, where: str, bad: list[bytes]) -> list[CapturedInput]:
    return [good, *(CapturedInput(good.received_us, f"{BEGINNING}/{where}", payload) for payload in bad)]


def test_a_stream_with_all_kinds_of_bad_messages_in_it_gives_the_same_alarms_as_without(undisturbed: Room) -> None:
    bad = unreadable_messages()

    def disturb(room: Room) -> None:
        for topic, payload in bad:
            room.feed(topic, payload)

    disturbed = procedure(disturb)
    assert disturbed.transitions == undisturbed.transitions
    assert disturbed.summaries == undisturbed.summaries


Disturbance = Callable[[Room], None]


def _send_other(room: Room, **content: object) -> None:
    frame = {"seq": room.sequence.get(("other", "temperature"), 0), "at_us": room.now_us} | content
    room.sequence["other", "temperature"] = room.sequence.get(("other", "temperature"), 0) + 1
    room.send("other/temperature", frame)


STRANGERS: dict[str, Disturbance] = {
    "a clock an hour ahead": lambda room: _send_other(
        room, at_us=room.now_us + us(3600), readings=[{"sensor": "x", "temperature_c": 37.0}]
    ),
    "a clock an hour behind": lambda room: _send_other(
        room, at_us=room.now_us - us(3600), readings=[{"sensor": "x", "temperature_c": 37.0}]
    ),
    "a clock at the end of time": lambda room: _send_other(
        room, at_us=TIME_MAX_US, readings=[{"sensor": "x", "temperature_c": 37.0}]
    ),
    "a clock without a battery": lambda room: _send_other(
        room, at_us=0, readings=[{"sensor": "x", "temperature_c": 37.0}]
    ),
    "numbers running backward": lambda room: _send_other(
        room, seq=SEQ_MAX - room.now_us // us(1), readings=[{"sensor": "x", "temperature_c": 37.0}]
    ),
    "always the same number": lambda room: _send_other(room, seq=5, readings=[{"sensor": "x", "temperature_c": 37.0}]),
    "hot and not listed": lambda room: _send_other(room, readings=[{"sensor": "x", "temperature_c": 90.0}]),
    "null in every reading": lambda room: _send_other(room, readings=[{"sensor": "x", "temperature_c": None}]),
    "a hundred sensors": lambda room: _send_other(
        room, readings=[{"sensor": f"s{number}", "temperature_c": 37.0} for number in range(100)]
    ),
    "a stamp of another session": lambda room: _send_other(
        room, session="s-other", readings=[{"sensor": "x", "temperature_c": 37.0}]
    ),
}


@pytest.mark.parametrize("stranger", STRANGERS.values(), ids=STRANGERS)
def test_a_source_out_of_its_mind_costs_its_neighbours_nothing(undisturbed: Room, stranger: Disturbance) -> None:
    disturbed = procedure(stranger)
    others = [entry for entry in disturbed.transitions if not (entry.sensor or "").startswith("other")]
    # R37 counts all alarms of the room: there are more of them.
    assert [entry for entry in others if entry.rule != "R37"] == undisturbed.transitions
    mine = [
        {sensor.sensor: sensor for sensor in room.summaries[-1].sensors if sensor.sensor.startswith(SOURCE)}
        for room in (disturbed, undisturbed)
    ]
    assert mine[0] == mine[1]
    assert disturbed.summaries[-1].ablations[0].energy_j == undisturbed.summaries[-1].ablations[0].energy_j


def test_within_a_frame_an_ill_reading_costs_its_neighbours_nothing(undisturbed: Room) -> None:
    def with_ill_reading(entry: CapturedInput) -> CapturedInput:
        ill = b'"readings":[{"sensor":"ill","temperature_c":NaN},null,'
        return replace(entry, payload=entry.payload.replace(b'"readings": [', ill))

    disturbed = [with_ill_reading(entry) for entry in undisturbed.inputs]
    of_others = (b'"sensor":"dev/ill"', b'"rule":"R37"')  # R37 counts all alarms of the room: there are more of them
    neighbours = [line for line in said(play(disturbed), "transition") if not any(mark in line for mark in of_others)]
    assert neighbours == said(play(undisturbed.inputs), "transition")


# --- dead letters ---


@pytest.mark.parametrize("payload", NOT_READABLE.values(), ids=NOT_READABLE)
def test_a_dead_letter_says_what_came_from_where_and_why(payload: bytes) -> None:
    room = Room()
    room.feed(f"{SOURCE}/temperature", payload)
    (letter,) = room.rejected
    assert letter.topic == f"{BEGINNING}/{SOURCE}/temperature"
    assert letter.received_us == room.now_us
    assert letter.reason
    assert base64.b64decode(letter.bytes_base64 or "") == payload[:KEPT_OF_OVERSIZED_BYTES]
    assert Rejected.model_validate_json(letter.to_wire()) == letter


def test_at_most_ten_dead_letters_a_second_come_from_one_source_and_the_rest_is_counted() -> None:
    room = Room()
    for number in range(50):
        room.feed(f"{SOURCE}/{WORDS[number % 3]}", b"no")
        room.feed("other/temperature", b"no")
        room.feed("case", b"no")
    assert len(room.rejected) == 30
    assert room.engine.counters["rejected"] == 150
    assert room.engine.counters["rejected_unpublished"] == 120
    room.wait(1)
    room.feed(f"{SOURCE}/temperature", b"no")
    assert len(room.rejected) == 31


def test_unknown_topic_levels_of_a_room_are_one_dead_letter_each() -> None:
    room = Room()
    for topic in UNKNOWN_TOPICS[:10]:
        room.feed(topic, b"{}")
    assert len(room.rejected) == 10
    assert {letter.reason for letter in room.rejected} == {"topic: not one of the contract's, or a malformed level"}
    assert room.vitals().sensors == ()


@pytest.mark.parametrize("word", ["case", "command"])
def test_unknown_keys_of_cases_and_commands_are_forbidden(word: str) -> None:
    room = Room()
    room.case()
    contents: dict[str, Json] = {
        "case": {"session": "s-2", "revision": 1, "state": "open", "opened_us": room.now_us},
        "command": {
            "command_id": "c-9",
            "at_us": 1,
            "expires_us": room.now_us + us(5),
            "action": "pause-audio",
            "actor": "a-1",
            "role": "clinician",
        },
    }
    before = without_book_keeping(room.engine)
    room.send(word, contents[word] | {"colour": "red"})
    assert "colour" in room.rejected[-1].reason
    assert without_book_keeping(room.engine) == before
    room.send(word, contents[word])
    assert without_book_keeping(room.engine) != before


def test_unknown_keys_of_devices_are_ignored_and_counted() -> None:
    plain, odd = Room(), Room()
    for room, more in ((plain, {}), (odd, {"firmware": "9.1", "x": [1, {"y": None}]})):
        for number in range(20):
            room.now_us += 100_000
            readings = [{"sensor": "canal", "temperature_c": 46.0} | more]
            room.send(f"{SOURCE}/temperature", {"seq": number, "at_us": room.now_us, "readings": readings} | more)
    assert odd.transitions == plain.transitions
    assert odd.engine.counters == {"unknown_keys": 80}
    assert not odd.rejected


def test_a_cut_copy_in_the_journal_gives_the_same_dead_letter_as_the_message_itself() -> None:
    entry = CapturedInput(START_US, f"{BEGINNING}/{SOURCE}/temperature", b"\xff" * 1_000_000)
    assert said(play([decode_line(encode_line(entry))]), "rejected") == said(play([entry]), "rejected")


# --- order, clocks and cases ---


def test_r15_exact_repeats_are_dropped_and_counted_and_never_an_alarm(undisturbed: Room) -> None:
    telemetry = [entry for entry in undisturbed.inputs if entry.topic.endswith(("/generator", "/temperature"))]
    repeated = [again for entry in undisturbed.inputs for again in (entry, replace(entry, duplicate=True))]
    room = engine()
    assert said(play(repeated, room), "transition", "summary") == said(
        play(undisturbed.inputs), "transition", "summary"
    )
    assert room.counters["repeats"] == len(telemetry)


def test_a_repeat_long_after_is_dropped_too(undisturbed: Room) -> None:
    shifted = [*undisturbed.inputs, *(replace(entry, duplicate=True) for entry in undisturbed.inputs[:200])]
    assert said(play(shifted), "transition")[: len(undisturbed.transitions)] == said(
        play(undisturbed.inputs), "transition"
    )
    room = engine()
    play(shifted, room)
    assert "R15" not in {alarm.rule for alarm in room.present_alarms(room.received_us).present}


def test_r15_a_sequence_running_backward_is_used_and_said() -> None:
    room = Room()
    room.case()
    for number in range(30):
        room.now_us += 100_000
        room.temperature(canal=46.0, tip=50.0, seq=1000 - number)
    assert "R01 raised high" in room.story()
    assert "R15 raised low" in room.story()


@pytest.mark.parametrize("hours", [1, -1, 24 * 365])
def test_r16_a_clock_far_off_is_used_and_said(hours: int) -> None:
    room = Room()
    room.case()
    room.clock_us[SOURCE] = us(hours * 3600)
    room.run(20, power_w=10.0, canal=rising, tip=50.0)
    assert {"R16 raised medium", "R01 raised high", "R02 raised medium", "R04 raised high"} <= set(room.story())
    (raised,) = room.of("R16")
    late = [entry for entry in room.transitions if entry.received_us > raised.received_us]
    assert all(abs(entry.event_us - entry.received_us) < us(4) for entry in late)


def test_r40_an_unlisted_sensor_is_judged_as_neural_under_the_strictest_limits() -> None:
    room = Room()
    room.case()
    room.run(3, power_w=10.0, canal=37.0, tip=50.0, extra=43.1)
    assert ("R01 raised high", "dev/extra") in [
        (f"{entry.rule} {entry.change} {entry.priority}", entry.sensor) for entry in room.transitions
    ]
    assert room.alarm("R40", "dev/extra") is not None


def test_telemetry_before_its_case_counts_for_it_once_it_comes() -> None:
    early = Room()
    early.case()
    early.run(30, power_w=10.0, canal=43.0, tip=50.0)
    case = next(entry for entry in early.inputs if entry.topic.endswith("/case"))
    swapped = [entry for entry in early.inputs if entry is not case]
    swapped.append(replace(case, received_us=early.now_us))
    late = engine()
    play(swapped, late)
    one, other = early.engine.summary_so_far(), late.summary_so_far()
    assert one is not None
    assert other is not None
    assert (other.energy_j, other.rf_on_s) == (one.energy_j, one.rf_on_s)
    assert [(sensor.samples, sensor.cem43_min) for sensor in other.sensors] == [
        (sensor.samples, sensor.cem43_min) for sensor in one.sensors
    ]
    doses = [
        {sensor.sensor: sensor.cem43_min for sensor in room.vitals(early.now_us).sensors}
        for room in (early.engine, late)
    ]
    assert doses[0] == doses[1]


def test_the_case_twice_is_one_case_and_an_older_revision_is_a_dead_letter() -> None:
    room = Room()
    room.case()
    first = room.inputs[-1]
    room.run(5, power_w=10.0, canal=44.0, tip=50.0)
    before = room.engine.snapshot()
    room.feed("case", first.payload, retained=True)
    after = room.engine.snapshot()
    assert after["counters"].pop("repeated_cases") == 1
    before["counters"].pop("repeated_cases", None)
    assert {**after, "received_us": 0} == {**before, "received_us": 0}
    room.amend(level="T9")
    room.feed("case", first.payload, retained=True)
    assert "older" in room.rejected[-1].reason


def test_r44_a_stamp_that_contradicted_a_case_is_no_alarm_once_that_case_is_over() -> None:
    room = Room()
    room.status(canal="neural", tip="probe")
    room.case()
    room.run(2, power_w=0.0, canal=37.0, tip=37.0, session="s-yesterday")
    assert room.alarm("R44", SOURCE) is not None
    room.close()
    room.run(200, power_w=0.0, canal=37.0, tip=37.0, session="s-yesterday", period_s=0.5)
    assert [summary.final for summary in room.summaries] == [False, True]
    assert room.alarm("R44", SOURCE) is None
    assert (room.story("R44")[0], room.story("R44")[-1]) == ("R44 raised high", "R44 ended high")


def test_r31_an_older_cement_mark_that_comes_late_does_not_shorten_the_watch() -> None:
    room = Room()
    room.status(canal="neural", tip="probe")
    room.case()
    room.run(1, power_w=10.0, canal=37.0, tip=37.0)
    room.now_us += us(300)
    room.mark("cement-injected")
    room.mark("cement-injected", at_us=START_US)
    room.close()
    room.run(1_195, power_w=0.0, canal=37.0, tip=37.0, period_s=1.0)
    assert [summary.final for summary in room.summaries] == [False]
    room.run(10, power_w=0.0, canal=37.0, tip=37.0, period_s=1.0)
    assert [summary.final for summary in room.summaries] == [False, True]


def test_retained_garbage_and_retained_old_telemetry_raise_nothing_and_hide_nothing() -> None:
    room = Room()
    old = {"seq": 9, "at_us": START_US - us(86_400), "readings": [{"sensor": "canal", "temperature_c": 55.0}]}
    room.send(f"{SOURCE}/temperature", old, retained=True)
    room.feed(f"{SOURCE}/status", b"\x00garbage", retained=True)
    room.feed("case", b"{}", retained=True)
    assert not room.of("R01")
    room.case()
    room.run(3, canal=37.0, tip=40.0)
    assert not room.of("R01", "R02", "R04", "R06")
    room.run(3, canal=46.0, tip=40.0)
    assert "R01 raised high" in room.story()


# --- anything at all ---


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 5_000_000), topics(), payloads(), st.booleans()), max_size=25))
def test_r01_no_bytes_on_any_topic_end_the_engine_or_blind_it(bad: list[tuple[int, str, bytes, bool]]) -> None:
    room = Room()
    room.case()
    for wait_us, topic, payload, retained in bad:
        room.now_us += wait_us
        room.feed(topic, payload, retained=retained)
        _look(room)
    room.run(4.0, canal=50.0, tip=40.0)
    raised = room.alarm("R01", CANAL)
    assert raised is not None
    assert raised.condition
    _look(room)


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(0, 40_000_000), valid_messages()), max_size=20))
def test_no_valid_message_however_absurd_ends_the_engine(told: list[tuple[int, tuple[str, bytes]]]) -> None:
    room = Room()
    for wait_us, (topic, payload) in told:
        room.now_us += wait_us
        room.feed(topic, payload)
        _look(room)
    room.wait(4_000)
    _look(room)


def _look(room: Room) -> None:
    """Whatever came: what is published about the room is well formed, and the state survives being written down."""
    room.vitals().to_wire()
    room.engine.present_alarms(room.now_us).to_wire()
    if (summary := room.engine.summary_so_far()) is not None:
        summary.to_wire()
    written = json.dumps(room.engine.snapshot(), allow_nan=False)
    assert json.dumps(RoomEngine.restore(json.loads(written)).snapshot()) == written
