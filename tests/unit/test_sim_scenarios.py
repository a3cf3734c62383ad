from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib import resources
from itertools import islice, pairwise
from pathlib import Path
from typing import Final

import pytest

from cordguard.contract import topics
from cordguard.contract.capture import CapturedInput, encode_line
from cordguard.contract.case import Case
from cordguard.contract.telemetry import GeneratorReading, Status, TemperatureReading
from cordguard.simulators.recording import record
from cordguard.simulators.scenario import ScenarioError, available_scenarios, load_scenario, read_scenario

START_US: Final = 1_790_000_000_000_000
GOOD: Final = (resources.files("cordguard.simulators") / "scenarios/canal-sensor-lost.toml").read_text(encoding="utf-8")


LONG: Final = ("canal-sensor-lost", "overheating-near-canal")
"""The two that lie in a vertebra, and last minutes."""


def in_one_tissue(text: str, kind: str = "lytic-tumour") -> str:
    """The same scenario on the quick model."""
    head, _, rest = text.partition("[patient.vertebra]")
    ball = f'[tissue]\nkind = "{kind}"\nelectrode_radius_mm = 3.0\n\n[case]'
    return head + ball + rest.partition("[case]")[2]


@cache
def recorded(name: str, seed: int = 1) -> list[CapturedInput]:
    return list(record(load_scenario(name), seed, START_US))


def digest(inputs: list[CapturedInput]) -> str:
    return hashlib.sha256(b"".join(encode_line(entry) for entry in inputs)).hexdigest()


def elapsed_s(entry: CapturedInput) -> float:
    return (entry.received_us - START_US) / 1e6


def canal_c(inputs: list[CapturedInput]) -> dict[float, float | None]:
    return {
        elapsed_s(entry): TemperatureReading.model_validate_json(entry.payload).readings[0].temperature_c
        for entry in inputs
        if entry.topic.endswith("/temperature")
    }


def rf_on(inputs: list[CapturedInput]) -> dict[float, bool]:
    return {
        elapsed_s(entry): GeneratorReading.model_validate_json(entry.payload).rf_on
        for entry in inputs
        if entry.topic.endswith("/generator")
    }


class TestLoading:
    @pytest.mark.parametrize("name", available_scenarios())
    def test_a_shipped_scenario_makes_clinical_sense_and_says_what_it_must_raise_and_must_not(self, name: str) -> None:
        scenario = load_scenario(name)
        assert scenario.name == name
        assert len(scenario.clinical_sense) > 300
        assert 30 < len(scenario.first_sentence) < 200
        assert scenario.silent

    def test_a_file_of_ones_own_is_called_by_its_path(self, tmp_path: Path) -> None:
        file = tmp_path / "mine.toml"
        file.write_text(GOOD, encoding="utf-8")
        assert load_scenario(str(file)).name == "mine"

    def test_an_unknown_name_is_answered_with_the_known_ones(self) -> None:
        with pytest.raises(
            ScenarioError, match=r"no scenario 'canal'; take one of .*canal-sensor-lost, .*overheating-near-canal"
        ):
            load_scenario("canal")

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ScenarioError, match=r"none\.toml cannot be read"):
            load_scenario(str(tmp_path / "none.toml"))

    @pytest.mark.parametrize(
        ("old", "new", "sentence"),
        [
            ("[case]", "[case", "scenario bad is not TOML"),
            ('title = "', 'name = "x"\ntitle = "', "leave name out"),
            ('level = "L1"', 'level = "L 1"', "case.level: String should match pattern"),
            ('kind = "lytic"', 'kind = "cheese"', "patient.vertebra.lesion.kind: Input should be 'lytic', 'mixed' or"),
            ("gap_mm = 4.0\n", "", "gap_mm belongs to two contacts"),
            ("gap_mm = 4.0", "gap_mm = 40.0", "grid.size_mm must be at least 74 for this needle"),
            (
                "[patient.vertebra]",
                "[tissue]\nkind = 'fat'\nelectrode_radius_mm = 3.0\n[patient.vertebra]",
                "give either",
            ),
            ("reaction_s = 4.0", "reaction_s = 0.5", "operator.reaction_s: Input should be greater than or equal to 1"),
            ("reaction_s = 4.0", "reaction_ms = 4000", "operator.reaction_ms: Extra inputs are not permitted"),
            ('title = "', 'subtitle = "', "title: Field required"),
            ('sensor = "canal"', 'sensor = "channel"', "there is no sensor 'channel'; sensors are canal, tip, edge"),
            ('probe = "tip"', 'probe = "top"', "there is no sensor 'top'"),
            ('name = "edge"', 'name = "tip"', "two sensors are called 'tip'"),
            ('silent = ["R01"', 'silent = ["R08"', "rules both in raises and in silent: R08"),
            ('"R08"', '"R8"', "raises.0: String should match pattern"),
            ("rf_from_s = 31.0", "rf_from_s = 131.0", "operator.rf_from_s < recording.rf_off_s"),
            ("opens_at_s = 1.0", "opens_at_s = 126.0", "operator.opens_at_s must be earlier than recording.rf_off_s"),
            ("for_s = 64.0", "for_s = 0.0", "faults.0.open.for_s: Input should be greater than 0"),
            ('kind = "open"', 'kind = "melted"', "faults.0: Input tag 'melted' found using 'kind' does not match any"),
            ('kind = "cooled-bipolar"', 'kind = "laser"', "generator: Input tag 'laser' found using 'kind' does not"),
            (
                "reaction_s = 4.0",
                "reaction_s = 4.0\ncement_after_s = 9.0",
                "and [patient.cement] go together",
            ),
            ('electrode = "bipolar"', 'electrode = "monopolar"', 'generator needs case.electrode = "bipolar"'),
            ("lag_s = 0.3", "lag_s = -1.0", "sensors.1.lag_s: Input should be greater than or equal to 0"),
            ("maximum_s = 900.0", "maximum_s = nan", "maximum_s: Input should be"),
        ],
    )
    def test_a_bad_file_is_refused_with_the_field_and_what_is_expected(self, old: str, new: str, sentence: str) -> None:
        assert old in GOOD
        with pytest.raises(ScenarioError) as refused:
            read_scenario(GOOD.replace(old, new, 1), "bad")
        assert sentence in str(refused.value)
        assert "\n" not in str(refused.value)

    def test_a_quick_scenario_lies_in_one_tissue_of_the_table(self) -> None:
        assert read_scenario(in_one_tissue(GOOD), "quick").tissue is not None
        with pytest.raises(ScenarioError, match="'cheese' is not in the table of tissues; take one of bone"):
            read_scenario(in_one_tissue(GOOD, "cheese"), "bad")

    def test_a_file_name_that_cannot_be_part_of_an_identifier_is_refused(self) -> None:
        with pytest.raises(ScenarioError, match="name: String should match pattern"):
            read_scenario(GOOD, "my scenario")

    def test_of_many_problems_the_first_are_named_and_the_rest_counted(self) -> None:
        with pytest.raises(ScenarioError, match=r"Field required.*and \d+ more\)"):
            read_scenario('title = "x"', "bad")


class TestRecording:
    @pytest.mark.parametrize("name", available_scenarios())
    def test_same_seed_and_start_give_the_same_bytes_and_another_seed_others(self, name: str) -> None:
        begun = 250
        once, again, other = (
            digest(list(islice(record(load_scenario(name), seed, START_US), begun))) for seed in (1, 1, 2)
        )
        assert once == again
        assert other != once

    @pytest.mark.parametrize("name", LONG)
    def test_every_message_keeps_the_contract_and_numbers_have_no_gap(self, name: str) -> None:
        last_seq: dict[str, int] = {}
        last_us = 0
        for entry in recorded(name):
            parsed = topics.parse(entry.topic)
            assert parsed is not None
            message = parsed.topic.payload.model_validate_json(entry.payload)
            assert entry.received_us >= last_us
            last_us = entry.received_us
            if isinstance(message, GeneratorReading | TemperatureReading):
                assert message.unknown_keys == 0
                assert message.at_us == entry.received_us
                assert message.seq == last_seq.get(entry.topic, 0) + 1
                last_seq[entry.topic] = message.seq
        scenario = load_scenario(name)
        assert set(last_seq.values()) == {round(scenario.recording.until_s * 10) + 1}

    def test_status_is_said_at_birth_and_once_a_second(self) -> None:
        states = [entry for entry in recorded("canal-sensor-lost") if entry.topic.endswith("/status")]
        assert [elapsed_s(entry) for entry in states] == [float(second) for second in range(361)]
        first = Status.model_validate_json(states[0].payload)
        assert first.state == "online"
        assert [(sensor.sensor, sensor.role) for sensor in first.sensors] == [
            ("canal", "neural"),
            ("tip", "probe"),
            ("edge", "edge"),
        ]

    def test_the_case_names_its_sensors_with_their_source(self) -> None:
        cases = [
            Case.model_validate_json(e.payload) for e in recorded("canal-sensor-lost") if e.topic.endswith("/case")
        ]
        assert [(case.state, case.revision) for case in cases] == [("open", 1), ("closed", 2)]
        assert [sensor.sensor for sensor in cases[0].sensors] == ["gen-1/canal", "gen-1/tip", "gen-1/edge"]
        assert (cases[0].profile, cases[0].level, cases[0].electrode) == ("near", "L1", "bipolar")

    def test_a_silent_gateway_publishes_nothing_and_its_numbers_show_the_gap(self) -> None:
        text = GOOD.replace('kind = "open"\nsensor = "canal"', 'kind = "gateway-loss"').replace(
            "for_s = 64.0", "for_s = 2.0"
        )
        inputs = list(record(read_scenario(in_one_tissue(text), "silent"), 1, START_US))
        frames = [json.loads(e.payload)["seq"] for e in inputs if e.topic.endswith("/temperature")]
        assert [(a, b) for a, b in pairwise(frames) if b != a + 1] == [(1210, 1231)]
        assert not [e for e in inputs if 121.0 <= elapsed_s(e) < 123.0 and "/gen-1/" in e.topic]


class TestDevicesInTheRoom:
    def test_a_wrong_clock_stands_in_every_message_of_the_devices_and_in_no_mark(self) -> None:
        inputs = recorded("clock-an-hour-off")
        off_s = {
            entry.topic.rpartition("/")[2]: {json.loads(entry.payload)["at_us"] - entry.received_us}
            for entry in inputs
            if entry.topic.endswith(("/generator", "/temperature", "/status", "/mark"))
        }
        hour_us = 3_600_000_000
        assert off_s == {"generator": {hour_us}, "temperature": {hour_us}, "status": {hour_us}, "mark": {0}}

    def test_a_foreign_stamp_begins_when_it_is_scripted(self) -> None:
        stamps = {
            json.loads(entry.payload).get("session"): elapsed_s(entry)
            for entry in reversed(recorded("another-patient-s-session"))
            if entry.topic.endswith("/generator")
        }
        assert stamps == {"session-of-this-morning": 15.0, None: 0.0}

    def test_irrigation_is_marked_and_cools_the_neural_sensor_at_once(self) -> None:
        canal = canal_c(recorded("irrigated-in-time"))
        assert (canal[41.9] or 0.0) - (canal[52.0] or 0.0) > 3.0
        assert (canal[75.0] or 0.0) - (canal[61.0] or 0.0) > 3.0

    def test_devices_with_slow_rates_send_so_many_messages_a_second(self) -> None:
        inputs = recorded("slow-devices")
        counted = {kind: sum(entry.topic.endswith(kind) for entry in inputs) for kind in ("/generator", "/temperature")}
        assert counted == {"/generator": 2 * 70 + 1, "/temperature": 6 * 70 + 1}

    def test_a_monopolar_generator_rests_between_pulses_with_its_rf_on(self) -> None:
        frames = [json.loads(e.payload) for e in recorded("pulsed-monopolar") if e.topic.endswith("/generator")]
        treated = [frame["power_w"] for frame in frames if frame["rf_on"]]
        rests = [at for at, (before, now) in enumerate(pairwise(treated)) if before > 0.0 and now == 0.0]
        assert len(rests) >= 3

    @pytest.mark.parametrize(
        ("name", "ends_s"),
        [("touches-metal", 35.2), ("contact-lost", 35.2), ("pad-peels-off", 30.2), ("pump-stands-still", 35.2)],
    )
    def test_a_generator_ends_by_itself_a_third_of_a_second_after_an_error(self, name: str, ends_s: float) -> None:
        assert max(at_s for at_s, on in rf_on(recorded(name)).items() if on) == pytest.approx(ends_s - 0.1)

    def test_cement_that_leaks_heats_the_canal_with_the_needle_out(self) -> None:
        inputs = recorded("cement-leaks-into-the-canal")
        canal, on = canal_c(inputs), rf_on(inputs)
        assert max(at_s for at_s, value in on.items() if value) < 15.0
        assert max(value or 0.0 for at_s, value in canal.items() if at_s < 25.0) < 39.0
        assert 45.0 < max(value or 0.0 for value in canal.values()) < 67.0


class TestPhysics:
    def test_overheating_crosses_45_c_only_after_rf_is_off_and_then_cools_below_40_c(self) -> None:
        inputs = recorded("overheating-near-canal")
        canal, on = canal_c(inputs), rf_on(inputs)
        off_s = max(at_s for at_s, value in on.items() if value) + 0.1
        at_off_c = canal[off_s]
        assert at_off_c is not None
        assert 43.5 < at_off_c < 45.0
        peak_s, peak_c = max(((at_s, value) for at_s, value in canal.items() if value), key=lambda pair: pair[1])
        assert 45.3 < peak_c < 46.3
        assert 15.0 < peak_s - off_s < 60.0
        assert max(value or 0.0 for at_s, value in canal.items() if at_s > off_s + 300.0) < 40.0

    def test_canal_is_blind_while_its_sensor_is_open_and_was_never_warm(self) -> None:
        inputs = recorded("canal-sensor-lost")
        canal, on = canal_c(inputs), rf_on(inputs)
        blind_s = [at_s for at_s, value in canal.items() if value is None]
        assert (min(blind_s), max(blind_s), len(blind_s)) == (121.0, 184.9, 640)
        assert on[121.0]
        assert not on[126.0]
        assert max(value or 0.0 for value in canal.values()) < 40.5

    @pytest.mark.parametrize("name", LONG)
    def test_impedance_falls_with_heat_and_never_looks_like_desiccation(self, name: str) -> None:
        inputs = recorded(name)
        ohms = [json.loads(e.payload).get("impedance_ohm") for e in inputs if e.topic.endswith("/generator")]
        under_rf = [ohm for ohm in ohms if ohm is not None]
        baseline_ohm = sorted(under_rf[:100])[50]
        assert max(under_rf[100:]) < 1.1 * baseline_ohm
        assert min(under_rf) > 25.0
