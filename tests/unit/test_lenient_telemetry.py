"""Bad input costs one reading or one dead letter: what is good in a message is read, whatever stands beside it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from cordguard.contract.lenient import (
    GeneratorFrame,
    SensorSample,
    TemperatureFrame,
    Unreadable,
    read,
    read_generator,
    read_status,
    read_temperature,
)
from cordguard.contract.telemetry import Status
from cordguard.contract.units import PAYLOAD_MAX_BYTES

GOOD_C = 38.5
HEAD = {"seq": 7, "at_us": 1_790_000_000_000_000}
GOOD = {"sensor": "root", "temperature_c": GOOD_C}
GENERATOR = HEAD | {"rf_on": True, "power_w": 9.8}
STATUS = {"state": "online", "at_us": 1}


Reader = Callable[[bytes], TemperatureFrame | GeneratorFrame | Status | Unreadable]


def wire(content: object) -> bytes:
    return json.dumps(content).encode()


def temperature(*readings: object, **more: object) -> TemperatureFrame | Unreadable:
    return read_temperature(wire(HEAD | {"readings": readings} | more))


def sample(frame: TemperatureFrame | Unreadable, sensor: str) -> SensorSample:
    assert isinstance(frame, TemperatureFrame), frame
    (found,) = [entry for entry in frame.samples if entry.sensor == sensor]
    return found


NO_MESSAGE = {
    "empty": b"",
    "blank": b"  ",
    "torn": b'{"seq":1,"at_us":2',
    "two objects": b'{"seq":1}{"seq":2}',
    "invalid UTF-8": b'{"seq":1,"at_us":2,"readings":[{"sensor":"\xff\xfe","temperature_c":37.0}]}',
    "null": b"null",
    "a list": b"[1,2]",
    "a number": b"37.0",
    "a text": b'"37.0"',
    "binary": bytes(range(256)),
    "deeply nested lists": b"[" * 20_000 + b"]" * 20_000,
    "deeply nested objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "nested within a frame": b'{"seq":1,"at_us":2,"readings":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "a number of 10,000 digits": b'{"seq":' + b"9" * 10_000 + b',"at_us":2,"readings":[]}',
    "a byte order mark": b'\xef\xbb\xbf{"seq":1,"at_us":2,"rf_on":true,"power_w":1.0,"state":"online"}',
}


@pytest.mark.parametrize("payload", NO_MESSAGE.values(), ids=NO_MESSAGE)
@pytest.mark.parametrize("reader", [read_temperature, read_generator, read_status])
def test_what_is_no_json_object_is_one_dead_letter_with_a_reason(reader: Reader, payload: bytes) -> None:
    refused = reader(payload)
    assert isinstance(refused, Unreadable)
    assert 0 < len(refused.reason) <= 300


BAD_HEADS: dict[str, dict[str, object]] = {
    "no seq": {"at_us": 1},
    "no at_us": {"seq": 1},
    "seq as text": {"seq": "7", "at_us": 1},
    "seq null": {"seq": None, "at_us": 1},
    "seq negative": {"seq": -1, "at_us": 1},
    "seq a fraction": {"seq": 1.5, "at_us": 1},
    "seq true": {"seq": True, "at_us": 1},
    "seq huge": {"seq": 2**63, "at_us": 1},
    "seq of 400 digits": {"seq": 10**400, "at_us": 1},
    "at_us as text": {"seq": 1, "at_us": "now"},
    "at_us negative": {"seq": 1, "at_us": -1},
    "at_us in nanoseconds": {"seq": 1, "at_us": 1_790_000_000_000_000_000},
}


@pytest.mark.parametrize("head", BAD_HEADS.values(), ids=BAD_HEADS)
def test_a_frame_without_a_good_seq_and_time_is_a_dead_letter_that_names_the_field(head: dict[str, object]) -> None:
    field = "seq" if "seq" not in head or head.get("at_us") == 1 else "at_us"
    for refused in (
        read_temperature(wire(head | {"readings": [GOOD]})),
        read_generator(wire(head | {"rf_on": True, "power_w": 9.8})),
    ):
        assert isinstance(refused, Unreadable)
        assert field in refused.reason


@pytest.mark.parametrize(
    "body",
    [{}, {"readings": None}, {"readings": {}}, {"readings": "canal"}, {"readings": []}, {"readings": [1, None, "x"]}],
)
def test_a_temperature_frame_without_its_body_is_a_dead_letter(body: dict[str, object]) -> None:
    refused = read_temperature(wire(HEAD | body))
    assert isinstance(refused, Unreadable)
    assert "reading" in refused.reason


@pytest.mark.parametrize(
    "body", [{}, {"rf_on": None}, {"power_w": None}, {"rf_on": "yes", "power_w": -1.0}, {"rf_on": 1, "power_w": "9"}]
)
def test_a_generator_frame_that_says_nothing_of_rf_is_a_dead_letter(body: dict[str, object]) -> None:
    assert isinstance(read_generator(wire(HEAD | body)), Unreadable)


BAD_VALUES: dict[str, str] = {
    "null": "null",
    "NaN": "NaN",
    "Infinity": "Infinity",
    "-Infinity": "-Infinity",
    "over all floats": "1e999",
    "text": '"38.5"',
    "true": "true",
    "a list": "[38.5]",
    "an object": '{"c":38.5}',
    "below -50": "-50.001",
    "above 400": "400.001",
    "absurd": "-1e300",
    "a huge whole number": "9" * 400,
}


@pytest.mark.parametrize("value", BAD_VALUES.values(), ids=BAD_VALUES)
def test_r08_an_ill_temperature_is_an_invalid_reading_and_its_neighbours_count(value: str) -> None:
    payload = f'{{"seq":7,"at_us":5,"readings":[{{"sensor":"canal","temperature_c":{value}}},{json.dumps(GOOD)}]}}'
    frame = read_temperature(payload.encode())
    assert sample(frame, "canal") == SensorSample("canal", None, "invalid")
    assert sample(frame, "root") == SensorSample("root", GOOD_C, None)
    assert isinstance(frame, TemperatureFrame)
    assert (frame.seq, frame.at_us) == (7, 5)


@pytest.mark.parametrize("value", [-50.0, 0, 37, 400.0])
def test_temperatures_up_to_the_bounds_are_used(value: float) -> None:
    assert sample(temperature({"sensor": "canal", "temperature_c": value}), "canal").temperature_c == value


@pytest.mark.parametrize("fault", ["broken", "", 1, ["open"], True])
def test_r08_an_unknown_fault_is_an_invalid_reading(fault: object) -> None:
    frame = temperature({"sensor": "canal", "temperature_c": 37.0, "fault": fault}, GOOD)
    assert sample(frame, "canal") == SensorSample("canal", None, "invalid")
    assert sample(frame, "root").temperature_c == GOOD_C


def test_a_fault_wins_over_a_temperature() -> None:
    assert sample(temperature({"sensor": "canal", "temperature_c": 37.0, "fault": "open"}), "canal").fault == "open"


@pytest.mark.parametrize("entry", [None, 1, "canal", [], {}, {"temperature_c": 50.0}, {"sensor": 3}, {"sensor": "A b"}])
def test_an_entry_that_names_no_sensor_costs_itself_alone(entry: object) -> None:
    frame = temperature(entry, GOOD)
    assert isinstance(frame, TemperatureFrame)
    assert [found.sensor for found in frame.samples] == ["root"]
    assert frame.complaints


def test_an_ill_cold_junction_does_not_cost_the_temperature() -> None:
    frame = temperature({"sensor": "canal", "temperature_c": 41.0, "cold_junction_c": "warm"}, GOOD)
    assert sample(frame, "canal") == SensorSample("canal", 41.0, None)


@pytest.mark.parametrize("session", [1, "", "no spaces please", "x" * 129, ["s-1"]])
def test_an_ill_session_stamp_is_left_out_and_the_frame_counts(session: object) -> None:
    frame = temperature(GOOD, session=session)
    assert isinstance(frame, TemperatureFrame)
    assert frame.session is None
    assert frame.complaints
    delivered = read_generator(wire(GENERATOR | {"session": session}))
    assert isinstance(delivered, GeneratorFrame)
    assert (delivered.session, delivered.rf_on) == (None, True)


@pytest.mark.parametrize("order", [(36.0, 47.0), (47.0, 36.0)])
def test_of_a_sensor_named_twice_the_hottest_counts(order: tuple[float, float]) -> None:
    frame = temperature(*({"sensor": "canal", "temperature_c": value} for value in order), GOOD)
    assert sample(frame, "canal").temperature_c == 47.0
    assert isinstance(frame, TemperatureFrame)
    assert frame.complaints


def test_a_fault_beside_a_temperature_of_the_same_sensor_does_not_hide_it() -> None:
    frame = temperature({"sensor": "canal", "temperature_c": 47.0}, {"sensor": "canal", "fault": "open"})
    assert sample(frame, "canal").temperature_c == 47.0


def test_unknown_keys_of_devices_are_ignored_and_counted_at_every_depth() -> None:
    frame = temperature({"sensor": "canal", "temperature_c": 37.0, "gain": 1}, firmware="9", extra=None)
    assert isinstance(frame, TemperatureFrame)
    assert frame.unknown_keys == 3
    delivered = read_generator(wire(GENERATOR | {"mode": "auto"}))
    assert isinstance(delivered, GeneratorFrame)
    assert delivered.unknown_keys == 1
    assert isinstance(read_status(wire(STATUS | {"battery": 80})), Status)


def test_unknown_keys_are_counted_in_repaired_frames_too() -> None:
    frame = temperature({"sensor": "canal", "temperature_c": None, "gain": 1}, GOOD, firmware="9")
    assert isinstance(frame, TemperatureFrame)
    assert frame.unknown_keys == 2
    delivered = read_generator(wire(GENERATOR | {"impedance_ohm": "high", "mode": "auto"}))
    assert isinstance(delivered, GeneratorFrame)
    assert delivered.unknown_keys == 1


OPTIONAL = ["impedance_ohm", "power_set_w", "voltage_v", "current_a", "temperature_set_c", "pump_flow_ml_min"]


@pytest.mark.parametrize("key", OPTIONAL)
@pytest.mark.parametrize("value", ["NaN", "-Infinity", "-1e9", '"x"', "[]"])
def test_an_ill_optional_value_of_a_generator_costs_itself_alone(key: str, value: str) -> None:
    payload = f'{{"seq":7,"at_us":5,"rf_on":true,"power_w":9.8,"{key}":{value}}}'
    frame = read_generator(payload.encode())
    assert isinstance(frame, GeneratorFrame)
    assert (frame.rf_on, frame.power_w) == (True, 9.8)
    assert frame.impedance_ohm is None


def test_rf_is_on_by_word_or_by_deed() -> None:
    def rf_on(**body: object) -> bool:
        frame = read_generator(wire(HEAD | body))
        assert isinstance(frame, GeneratorFrame)
        return frame.rf_on

    assert rf_on(rf_on=True, power_w=0.0)
    assert rf_on(rf_on=False, power_w=0.51)
    assert not rf_on(rf_on=False, power_w=0.5)
    assert rf_on(rf_on=True, power_w="a lot")
    assert rf_on(rf_on="sure", power_w=9.8)
    assert not rf_on(rf_on="sure", power_w=0.0)


@pytest.mark.parametrize("power", ["1500.0", "Infinity", "9" * 400])
@pytest.mark.parametrize("word", ["", '"rf_on":false,', '"rf_on":"no",'])
def test_power_too_high_to_be_believed_is_no_known_power_but_rf_is_on(word: str, power: str) -> None:
    frame = read_generator(f'{{"seq":7,"at_us":5,{word}"power_w":{power}}}'.encode())
    assert isinstance(frame, GeneratorFrame)
    assert (frame.rf_on, frame.power_w) == (True, None)


def test_a_status_keeps_its_state_when_its_details_are_ill() -> None:
    status = read_status(
        wire(STATUS | {"device": "a box", "sensors": [{"sensor": "canal", "role": "neural"}, {"sensor": "x"}, 3]})
    )
    assert isinstance(status, Status)
    assert [(entry.sensor, entry.role) for entry in status.sensors] == [("canal", "neural")]
    assert isinstance(read_status(wire(STATUS | {"state": "asleep"})), Unreadable)


@pytest.mark.parametrize("reader", [read_temperature, read_generator, read_status])
def test_64_kib_are_read_and_one_byte_more_is_a_dead_letter(reader: Reader) -> None:
    whole = wire(GENERATOR | {"readings": [GOOD]} | STATUS)
    exactly = whole + b" " * (PAYLOAD_MAX_BYTES - len(whole))
    assert not isinstance(reader(exactly), Unreadable)
    refused = reader(exactly + b" ")
    assert isinstance(refused, Unreadable)
    assert str(PAYLOAD_MAX_BYTES + 1) in refused.reason


def test_a_message_that_was_cut_when_it_was_recorded_is_refused_by_its_true_size() -> None:
    live = read_temperature(b"{" * (1024 * 1024))
    assert live == read_temperature(b"{" * 4096, size=1024 * 1024)
    assert read(Status, b"{}", size=PAYLOAD_MAX_BYTES + 1) == read(Status, b"{}" + b" " * (PAYLOAD_MAX_BYTES - 1))
