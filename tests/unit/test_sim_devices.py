from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from cordguard.simulators.devices.faults import FaultScript, FaultSettings
from cordguard.simulators.devices.generator import Generator, GeneratorSettings
from cordguard.simulators.devices.thermometry import SensorSettings, Thermometry
from cordguard.simulators.tissue.properties import TISSUES
from cordguard.simulators.tissue.spherical import SphereGrid, SphericalTissue

FRAME_S = 0.1


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def sensor(**changes: object) -> SensorSettings:
    facts = {"name": "canal", "role": "neural", "position_mm": (0.0, 10.0, 0.0), "noise_c": 0.0, "noise_rf_c": 0.0}
    return SensorSettings.model_validate(facts | changes)


def temperature_c(thermometry: Thermometry, *, rf_on: bool = False) -> float:
    reading = thermometry.frame(0, {}, rf_on=rf_on).readings[0]
    assert reading.temperature_c is not None
    return reading.temperature_c


class TestThermometry:
    def test_a_sensor_covers_63_percent_of_a_step_in_one_time_constant(self) -> None:
        thermometry = Thermometry([sensor(lag_s=0.8)], {"canal": 37.0}, rng())
        for _ in range(8):
            thermometry.follow({"canal": 47.0}, FRAME_S)
        assert temperature_c(thermometry) == pytest.approx(37.0 + 10.0 * (1.0 - np.exp(-1.0)), abs=0.01)

    def test_without_lag_it_reads_the_tissue_plus_its_offset(self) -> None:
        thermometry = Thermometry([sensor(lag_s=0.0, offset_c=-0.3)], {"canal": 37.0}, rng())
        thermometry.follow({"canal": 41.0}, FRAME_S)
        assert temperature_c(thermometry) == 40.7

    @pytest.mark.parametrize(("rf_on", "sd_c"), [(False, 0.05), (True, 0.3)])
    def test_noise_has_the_sd_of_the_settings_with_and_without_rf(self, *, rf_on: bool, sd_c: float) -> None:
        thermometry = Thermometry([sensor(noise_c=0.05, noise_rf_c=0.3)], {"canal": 37.0}, rng())
        read_c = [temperature_c(thermometry, rf_on=rf_on) for _ in range(4_000)]
        assert np.mean(read_c) == pytest.approx(37.0, abs=5.0 * sd_c / np.sqrt(4_000))
        assert np.std(read_c) == pytest.approx(sd_c, rel=0.05)

    def test_frames_are_numbered_and_carry_the_cold_junction(self) -> None:
        thermometry = Thermometry([sensor()], {"canal": 37.0}, rng())
        frames = [thermometry.frame(number, {}, rf_on=False) for number in range(3)]
        assert [frame.seq for frame in frames] == [1, 2, 3]
        assert all(abs((frame.readings[0].cold_junction_c or 0.0) - 23.9) < 0.2 for frame in frames)

    def test_r08_a_fault_replaces_the_temperature_and_leaves_the_neighbours_as_they_were(self) -> None:
        sensors = [sensor(noise_c=0.1), sensor(name="tip", role="probe", noise_c=0.1)]
        start_c = {"canal": 37.0, "tip": 37.0}
        sound = Thermometry(sensors, start_c, rng()).frame(0, {}, rf_on=False)
        broken = Thermometry(sensors, start_c, rng()).frame(0, {"canal": "open"}, rf_on=False)
        assert broken.readings[0].fault == "open"
        assert broken.readings[0].temperature_c is None
        assert broken.readings[1] == sound.readings[1]


class TestGenerator:
    POWER = GeneratorSettings(control="power", power_set_w=10.0, ramp_w_per_s=4.0, impedance_stop_ohm=500.0)
    HOLD = GeneratorSettings(control="temperature", power_set_w=15.0, temperature_set_c=70.0, probe="tip")

    def test_without_the_foot_switch_it_delivers_nothing(self) -> None:
        generator = Generator(self.POWER, rng())
        assert generator.update(100.0, None, FRAME_S) == 0.0
        reading = generator.reading(5)
        assert (reading.rf_on, reading.power_w, reading.voltage_v, reading.current_a) == (False, 0.0, 0.0, 0.0)
        assert reading.impedance_ohm is None

    def test_it_ramps_to_the_set_power_and_stops_at_once(self) -> None:
        generator = Generator(self.POWER, rng())
        generator.press_foot_switch()
        delivered_w = [generator.update(100.0, None, FRAME_S) for _ in range(40)]
        assert np.max(np.diff([0.0, *delivered_w])) <= 0.4 + 1e-9
        assert delivered_w[-1] == 10.0
        generator.release_foot_switch()
        assert generator.update(100.0, None, FRAME_S) == 0.0
        assert not generator.reading(0).rf_on

    def test_pressed_anew_it_ramps_anew(self) -> None:
        generator = Generator(self.POWER, rng())
        for _ in range(2):
            generator.press_foot_switch()
            assert generator.update(100.0, None, FRAME_S) == pytest.approx(0.4)
            generator.release_foot_switch()

    def test_voltage_and_current_agree_with_power_and_impedance(self) -> None:
        generator = Generator(self.POWER, rng())
        generator.press_foot_switch()
        for number in range(50):
            generator.update(90.0, None, FRAME_S)
            reading = generator.reading(number)
            assert reading.seq == number + 1
            assert reading.voltage_v is not None
            assert reading.current_a is not None
            assert reading.impedance_ohm is not None
            assert reading.voltage_v * reading.current_a == pytest.approx(reading.power_w, rel=2e-3)
            assert reading.voltage_v / reading.current_a == pytest.approx(reading.impedance_ohm, rel=2e-3)

    def test_it_cuts_off_by_itself_above_its_impedance_limit_until_pressed_anew(self) -> None:
        generator = Generator(self.POWER, rng())
        generator.press_foot_switch()
        assert generator.update(500.0, None, FRAME_S) > 0.0
        assert generator.update(501.0, None, FRAME_S) == 0.0
        assert generator.update(100.0, None, FRAME_S) == 0.0
        assert not generator.rf_on

    def test_it_holds_a_set_temperature_by_adjusting_power(self) -> None:
        tissue = SphericalTissue(TISSUES["lytic-tumour"], SphereGrid(3.0, 40.0, 185))
        generator = Generator(self.HOLD, rng())
        generator.press_foot_switch()
        tip_c, power_w = [], []
        for _ in range(3_000):
            power_w.append(generator.update(tissue.impedance_ohm(), tissue.temperature_c((0.0, 0.0, 0.0)), FRAME_S))
            tissue.step(power_w[-1], FRAME_S)
            tip_c.append(tissue.temperature_c((0.0, 0.0, 0.0)))
        assert max(tip_c) < 75.0
        assert np.mean(tip_c[-600:]) == pytest.approx(70.0, abs=1.0)
        assert np.std(tip_c[-600:]) < 0.5
        assert 0.5 < power_w[-1] < 15.0

    def test_temperature_control_without_a_reading_of_its_probe_ends_rf(self) -> None:
        generator = Generator(self.HOLD, rng())
        generator.press_foot_switch()
        assert generator.update(100.0, 37.0, FRAME_S) > 0.0
        assert generator.update(100.0, None, FRAME_S) == 0.0
        assert not generator.rf_on

    def test_temperature_control_needs_a_set_point_and_a_probe(self) -> None:
        with pytest.raises(ValidationError, match="needs temperature_set_c and probe"):
            GeneratorSettings(control="temperature", power_set_w=10.0)


class TestFaultScript:
    def test_a_sensor_fault_lasts_from_its_first_moment_to_the_one_before_its_end(self) -> None:
        script = FaultScript([FaultSettings(kind="short", sensor="tip", from_s=1.0, to_s=2.0)], rng())
        found = {ms: script.next_frame(ms * 1_000).sensors for ms in (900, 1_000, 1_900, 2_000)}
        assert found == {900: {}, 1_000: {"tip": "short"}, 1_900: {"tip": "short"}, 2_000: {}}

    def test_silence_concerns_the_source_and_no_sensor(self) -> None:
        script = FaultScript([FaultSettings(kind="silence", from_s=0.0, to_s=1.0)], rng())
        now = script.next_frame(0)
        assert now.silent
        assert not now.sensors
        assert not script.next_frame(1_000_000).silent

    def test_a_bad_contact_hits_its_share_of_frames_and_always_the_same_ones(self) -> None:
        fault = FaultSettings(kind="open", sensor="canal", from_s=0.0, to_s=1_000.0, share=0.3)
        hits, again = (
            [bool(script.next_frame(at * 100_000).sensors) for at in range(5_000)]
            for script in (FaultScript([fault], rng()), FaultScript([fault], rng()))
        )
        assert hits == again
        assert np.mean(hits) == pytest.approx(0.3, abs=0.03)

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"kind": "open", "sensor": "canal", "from_s": 2.0, "to_s": 2.0}, "to_s must be later than from_s"),
            ({"kind": "open", "from_s": 1.0, "to_s": 2.0}, "open and short need a sensor"),
            ({"kind": "silence", "sensor": "canal", "from_s": 1.0, "to_s": 2.0}, "silence takes none"),
        ],
    )
    def test_a_fault_that_makes_no_sense_is_refused(self, fields: dict[str, object], sentence: str) -> None:
        with pytest.raises(ValidationError, match=sentence):
            FaultSettings.model_validate(fields)
