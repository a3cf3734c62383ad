"""What a check says of a device: nothing of a healthy one, and each fault by its name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cordguard.cli.devicecheck.check import LAST_WILL, NAMELESS, check, notes, tally
from cordguard.cli.devicecheck.listening import Finding, Heard, Listening
from cordguard.cli.devicecheck.shell import shipped_policy
from cordguard.simulators.room import SimulatedRoom, patient_of
from cordguard.simulators.scenario import load_scenario
from support.device import DELAY_US, FROM_US, ROOM, SITE, Json, Spoil, message, of_kind, stream, with_messages

POLICY = shipped_policy()


def found(listening: Listening) -> list[Finding]:
    return check(listening, POLICY)


def codes(listening: Listening) -> set[str]:
    return {finding.code for finding in found(listening)}


def words(listening: Listening, code: str) -> str:
    return next(finding.words for finding in found(listening) if finding.code == code)


def test_a_healthy_device_has_nothing_wrong() -> None:
    assert found(stream(seconds=60)) == []


def test_the_simulated_device_has_nothing_wrong() -> None:
    scenario = load_scenario("overheating-near-canal")
    room = SimulatedRoom(scenario, patient_of(scenario), site=SITE, room=ROOM, seed=1, start_us=FROM_US)
    frames = [(room.at_us, room.next_frame()) for _ in range(600)]
    heard = [Heard(at_us + DELAY_US, sent.topic, sent.payload) for at_us, out in frames for sent in out]
    kept = tuple(found._replace(retained=True) for found in heard if found.topic.endswith("/status"))[-1:]
    listening = Listening(SITE, ROOM, scenario.source, FROM_US, room.at_us, tuple(heard), kept)
    assert found(listening) == []
    assert tally(listening) == "Heard in 60 s: generator 600 (10.0/s), temperature 600 (10.0/s), status 60 (1.0/s)."


def set_key(key: str, value: object) -> Spoil:
    return of_kind("temperature", lambda _number, content: {**content, key: value})


def ill(value: object, *, sensor: int = 0) -> Spoil:
    def change(number: int, content: Json) -> Json:
        if number == 50:
            content["readings"][sensor]["temperature_c"] = value
        return content

    return of_kind("temperature", change)


def shifted(from_number: int, by_us: int) -> Spoil:
    def change(_kind: str, number: int, content: Json) -> Json:
        return {**content, "at_us": content["at_us"] + by_us} if number >= from_number else content

    return change


def faulty(_number: int, content: Json) -> Json:
    content["readings"][0] = {"sensor": "canal", "fault": "open"}
    return content


def gone_after(number: int) -> Spoil:
    return lambda _kind, at, content: content if at < number else None


def jittered(number: int, content: Json) -> Json:
    return {**content, "at_us": content["at_us"] + (60_000 if number % 3 == 0 else 0)}


FAULTS: dict[str, tuple[Spoil, set[str]]] = {
    "nothing comes": (lambda _kind, _number, _content: None, {"silent"}),
    "no status": (of_kind("status", lambda _number, _content: None), {"no-status", "no-role"}),
    "status alone": (
        lambda kind, _number, content: content if kind == "status" else None,
        {"no-telemetry", "no-reading"},
    ),
    "a status every five seconds": (
        of_kind("status", lambda number, content: content if number % 50 == 0 else None),
        {"status-slow"},
    ),
    "status of one moment": (of_kind("status", lambda _n, content: {**content, "at_us": FROM_US}), {"status-time"}),
    "says goodbye": (
        of_kind("status", lambda number, content: {**content, "state": "offline"} if number == 190 else content),
        {"said-offline"},
    ),
    "two seconds between temperatures": (
        of_kind("temperature", lambda n, content: {**content, "seq": n // 20} if n % 20 == 0 else None),
        {"rate-low", "R14"},
    ),
    "a clock that jitters": (of_kind("temperature", jittered), {"uneven"}),
    "a clock three seconds behind": (shifted(0, -3_000_000), {"R16"}),
    "a clock one second ahead": (shifted(0, 1_000_000), {"R16"}),
    "a clock set back": (shifted(100, -60_000_000), {"clock-step", "R16", "status-time"}),
    "lost numbers": (of_kind("generator", lambda n, content: None if n % 20 == 7 else content), {"R15"}),
    "numbers that stand still": (set_key("seq", 7), {"R15"}),
    "every frame repeated": (
        of_kind("generator", lambda n, content: content if n < 150 else {**content, "seq": 149, "at_us": FROM_US}),
        {"out-of-order", "repeated", "R15", "R14"},
    ),
    "a key nobody knows": (set_key("temp_unit", "C"), {"unknown-key"}),
    "a temperature that is none": (ill("warm"), {"ill-value"}),
    "a temperature out of range": (ill(4000.0, sensor=1), {"ill-value"}),
    "a sensor without a role": (
        of_kind("status", lambda _n, content: {**content, "sensors": content["sensors"][1:]}),
        {"no-role"},
    ),
    "a sensor that never delivers": (
        of_kind("temperature", lambda _n, content: {**content, "readings": content["readings"][:1]}),
        {"no-reading"},
    ),
    "an open thermocouple": (of_kind("temperature", faulty), {"R08"}),
    "frames without readings": (
        of_kind("temperature", lambda n, content: {**content, "readings": []} if n == 9 else content),
        {"unreadable", "R15"},
    ),
    "gone without a word": (gone_after(20), {"no-last-will", "R17", "status-slow", "R14"}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_told_and_nothing_else(fault: str) -> None:
    spoil, expected = FAULTS[fault]
    told = codes(stream(spoil))
    # Whether a source that is gone takes the silence of its sensors along is safety's affair.
    assert told - {"R14"} == expected - {"R14"} if "R17" in told else told == expected


def test_an_ill_reading_is_told_with_its_reason_and_how_often() -> None:
    assert words(stream(ill("warm")), "ill-value") == (
        "Ill value, which does not count, in 1 of 200 temperature messages: "
        "readings.0.temperature_c: Input should be a valid number."
    )


def test_lost_numbers_are_counted_to_the_end() -> None:
    said = words(stream(of_kind("generator", lambda n, content: None if n % 20 == 7 else content)), "R15")
    assert "[R15 sequence_fault]" in said
    assert ", 9 in all" in said


def test_an_unknown_key_is_named_where_it_stands() -> None:
    def change(_number: int, content: Json) -> Json:
        content["readings"][0]["temp"] = 1
        return content

    said = words(stream(of_kind("temperature", change)), "unknown-key")
    assert "readings.temp (in up to 200 of 200)" in said


def test_a_message_that_cannot_be_read_is_told_with_safetys_own_reason() -> None:
    healthy = stream()
    broken = with_messages(healthy, (*healthy.messages, message("status", 55, b"hello")))
    said = words(broken, "unreadable")
    assert said.startswith("1 message on cordguard/v1/lab/or-1/gen-1/status could not be used at all: ")


def test_retained_telemetry_is_forbidden() -> None:
    kept = message("temperature", 3, {})._replace(retained=True)
    healthy = stream()
    assert codes(replace(healthy, kept=(*(healthy.kept or ()), kept))) == {"retained-telemetry"}
    assert codes(with_messages(healthy, (kept, *healthy.messages))) == {"retained-telemetry"}


def test_a_status_that_is_not_retained_is_told_but_only_if_the_broker_was_asked() -> None:
    assert codes(replace(stream(), kept=())) == {"status-not-retained"}
    assert codes(replace(stream(), kept=None)) == set()


def test_quality_of_service_0_is_told() -> None:
    healthy = stream()
    unsure = with_messages(
        healthy, (heard._replace(qos=0) if heard.topic.endswith("generator") else heard for heard in healthy.messages)
    )
    assert words(unsure, "qos-0").startswith("200 of 200 generator messages")
    assert codes(unsure) == {"qos-0"}


def test_what_the_broker_sends_again_is_no_fault_of_the_device() -> None:
    healthy = stream()
    again = healthy.messages[100]
    assert codes(with_messages(healthy, (*healthy.messages, again._replace(duplicate=True)))) == set()
    assert codes(with_messages(healthy, (*healthy.messages, again))) == {"repeated"}


@pytest.mark.parametrize(
    ("topic", "code"),
    [
        ("cordguard/v1/lab/or-1/gen-1/temp", "unknown-topic"),
        ("cordguard/v1/lab/or-1/Gen-1/temperature", "unknown-topic"),
        ("cordguard/v1/lab/gen-1/or-1/x/temperature", "unknown-topic"),
        ("cordguard/v1/lab/or-2/gen-1/temperature", "other-room"),
    ],
)
def test_topic_mistakes_are_told(topic: str, code: str) -> None:
    healthy = stream()
    stray = healthy.messages[10]._replace(topic=topic)
    assert codes(with_messages(healthy, (*healthy.messages, stray))) == {code}


@pytest.mark.parametrize("topic", ["cordguard/v1/lab/or-1/gen-2/temperature", "cordguard/v1/lab/or-1/vitals"])
def test_what_others_say_is_no_mistake_of_this_source(topic: str) -> None:
    healthy = stream()
    other = healthy.messages[10]._replace(topic=topic)
    assert codes(with_messages(healthy, (*healthy.messages, other))) == set()


@pytest.mark.parametrize(
    ("topic", "hint"),
    [
        ("cordguard/v1/lab/or-2/gen-1/generator", "heard in or-2 instead"),
        ("cordguard/v1/lab/or-1/gen-2/generator", "Heard in or-1 instead: gen-2"),
    ],
)
def test_silence_says_what_was_heard_instead(topic: str, hint: str) -> None:
    nothing = stream(lambda _kind, _number, _content: None)
    other = with_messages(nothing, [message("generator", 1, {})._replace(topic=topic)])
    assert hint in words(other, "silent")


def test_what_is_not_wrong_but_good_to_know_is_a_note() -> None:
    assert notes(stream()) == [LAST_WILL]
    nameless = of_kind("status", lambda _n, content: {key: content[key] for key in content if key != "device"})
    assert notes(stream(nameless)) == [NAMELESS, LAST_WILL]
    assert notes(stream(lambda _kind, _number, _content: None)) == []
