"""Every class of generator on a toy tissue: its control law, its end, its errors."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from cordguard.simulators.devices.control import Seen, StopReason
from cordguard.simulators.devices.dice import dice
from cordguard.simulators.devices.generator import FootSwitch, Generator
from cordguard.simulators.devices.generator_settings import GeneratorSettings
from support.toy_tissue import FRAME_S, Lump, treat

SETTINGS: Final = TypeAdapter[GeneratorSettings](GeneratorSettings)
ARTICULATED: Final = {"kind": "articulated-bipolar", "power_set_w": 10.0, "edges": ["edge-1", "edge-2"]}
COOLED: Final = {"kind": "cooled-bipolar", "power_set_w": 20.0, "probe": "tip"}
INFUSED: Final = {"kind": "infused-bipolar", "power_set_w": 20.0, "probe": "tip", "ramp_c_per_s": 20.0}
PULSED: Final = {"kind": "pulsed-monopolar", "power_set_w": 60.0}
CLASSES: Final = [ARTICULATED, COOLED, INFUSED, PULSED]
EDGES: Final = ("edge-1", "edge-2")


def generator(facts: dict[str, object], **changes: object) -> Generator:
    return Generator(SETTINGS.validate_python(facts | changes), dice(1, "meters"))


def lump(facts: dict[str, object], **changes: float) -> Lump:
    return Lump(names=EDGES if facts["kind"] == "articulated-bipolar" else ("tip",), **changes)


class TestEveryClass:
    @pytest.mark.parametrize("facts", CLASSES, ids=lambda facts: str(facts["kind"]))
    def test_without_the_foot_switch_it_delivers_nothing(self, facts: dict[str, object]) -> None:
        device = generator(facts)
        assert device.step(FRAME_S, Seen(100.0, {"tip": 37.0}), pressed=False) == 0.0
        reading = device.reading(5)
        assert (reading.rf_on, reading.power_w, reading.voltage_v, reading.current_a) == (False, 0.0, 0.0, 0.0)
        assert reading.impedance_ohm is None

    @pytest.mark.parametrize("facts", CLASSES, ids=lambda facts: str(facts["kind"]))
    def test_released_it_stops_at_once_and_pressed_anew_it_begins_anew(self, facts: dict[str, object]) -> None:
        device = generator(facts)
        first = treat(device, lump(facts), 8.0)
        assert first.power_w[-1] > 0.0
        assert device.step(FRAME_S, Seen(100.0, {"tip": 40.0}), pressed=False) == 0.0
        assert treat(device, lump(facts), 8.0).power_w == first.power_w

    @pytest.mark.parametrize("facts", CLASSES, ids=lambda facts: str(facts["kind"]))
    def test_power_never_rises_faster_than_its_ramp_nor_above_what_was_set(self, facts: dict[str, object]) -> None:
        delivered_w = treat(generator(facts, ramp_w_per_s=4.0), lump(facts), 60.0).power_w
        assert np.max(np.diff([0.0, *delivered_w])) <= 0.4 + 1e-9
        assert max(delivered_w) <= float(str(facts["power_set_w"]))

    @pytest.mark.parametrize("facts", CLASSES, ids=lambda facts: str(facts["kind"]))
    @pytest.mark.parametrize(("load_ohm", "reason"), [(1_200.0, "open-circuit"), (10.0, "short-circuit")])
    def test_it_stops_itself_when_the_load_is_no_tissue_for_300_ms_until_pressed_anew(
        self, facts: dict[str, object], load_ohm: float, reason: StopReason
    ) -> None:
        device = generator(facts)
        course = treat(device, lump(facts), 20.0, lambda _, seen: replace(seen, impedance_ohm=load_ohm))
        assert device.stopped_for == reason
        assert course.seconds == pytest.approx(0.3)
        assert not device.under_way
        assert device.step(FRAME_S, Seen(100.0, {}), pressed=True) == 0.0
        device.step(FRAME_S, Seen(100.0, {}), pressed=False)
        assert device.stopped_for is None

    def test_a_short_spark_of_200_ms_does_not_stop_it(self) -> None:
        device = generator(ARTICULATED)

        def sparking(at_s: float, seen: Seen) -> Seen:
            return replace(seen, impedance_ohm=5.0 if 1.95 < at_s < 2.15 else 100.0)

        treat(device, lump(ARTICULATED), 5.0, sparking)
        assert device.stopped_for is None

    @pytest.mark.parametrize("facts", [ARTICULATED, COOLED, INFUSED], ids=lambda facts: str(facts["kind"]))
    def test_it_stops_itself_when_a_sensor_that_it_goes_by_is_lost(self, facts: dict[str, object]) -> None:
        device = generator(facts)

        def losing(at_s: float, seen: Seen) -> Seen:
            return replace(seen, temperatures_c={} if at_s > 9.0 else seen.temperatures_c)

        treat(device, lump(facts), 20.0, losing)
        assert device.stopped_for == "sensor-lost"

    def test_voltage_and_current_agree_with_power_and_impedance(self) -> None:
        device = generator(ARTICULATED, edges=[])
        for number in range(50):
            device.step(FRAME_S, Seen(90.0, {}), pressed=True)
            reading = device.reading(number)
            assert reading.seq == number + 1
            assert reading.voltage_v is not None
            assert reading.current_a is not None
            assert reading.impedance_ohm is not None
            assert reading.voltage_v * reading.current_a == pytest.approx(reading.power_w, rel=2e-3)
            assert reading.voltage_v / reading.current_a == pytest.approx(reading.impedance_ohm, rel=2e-3)

    def test_meters_err_by_up_to_20_percent_and_no_more(self) -> None:
        device = generator(ARTICULATED, edges=[], power_step_w=10.0, power_meter_error=0.2, impedance_meter_error=-0.2)
        for _ in range(50):
            true_w = device.step(FRAME_S, Seen(100.0, {}), pressed=True)
        shown = device.reading(0)
        assert true_w == 10.0
        assert shown.power_w == pytest.approx(12.0, rel=0.03)
        assert shown.impedance_ohm == pytest.approx(80.0, rel=0.03)
        with pytest.raises(ValidationError, match="power_meter_error"):
            generator(ARTICULATED, power_meter_error=0.21)

    def test_the_lamp_follows_the_foot_at_once(self) -> None:
        switch = FootSwitch()
        switch.press_foot_switch()
        assert switch.pressed
        assert switch.rf_on
        switch.release_foot_switch()
        assert not switch.pressed
        assert not switch.rf_on

    def test_an_unknown_class_is_refused_with_the_known_ones(self) -> None:
        with pytest.raises(
            ValidationError, match="'articulated-bipolar', 'cooled-bipolar', 'infused-bipolar', 'pulsed-"
        ):
            generator({"kind": "microwave"})


class TestArticulatedBipolar:
    def test_power_is_raised_in_steps_and_shown_as_set(self) -> None:
        device = generator(ARTICULATED, edges=[], power_step_w=3.0, step_every_s=10.0, ramp_w_per_s=1_000.0)
        power_w = treat(device, lump(ARTICULATED), 50.0).power_w
        assert [power_w[second * 10 + 5] for second in (0, 10, 20, 30, 40)] == [3.0, 6.0, 9.0, 10.0, 10.0]
        assert device.reading(0).power_set_w == 10.0

    def test_it_ends_when_the_warmer_edge_has_read_50_c_for_a_second(self) -> None:
        device = generator(ARTICULATED)

        def warmer(at_s: float, seen: Seen) -> Seen:
            return replace(seen, temperatures_c={"edge-1": 40.0, "edge-2": 50.1 if at_s >= 30.0 else 49.9})

        assert treat(device, lump(ARTICULATED), 60.0, warmer).seconds == pytest.approx(31.0, abs=0.11)
        assert device.stopped_for == "end-point"

    def test_one_noisy_reading_is_no_end_point(self) -> None:
        device = generator(ARTICULATED)

        def noisy(at_s: float, seen: Seen) -> Seen:
            return replace(seen, temperatures_c=dict.fromkeys(EDGES, 51.0 if round(at_s * 10) % 5 else 49.0))

        treat(device, lump(ARTICULATED), 20.0, noisy)
        assert device.stopped_for is None


class TestCooledBipolar:
    def test_it_ramps_to_70_c_by_itself_holds_it_and_ends(self) -> None:
        device = generator(COOLED, ramp_c_per_s=1.0, hold_s=200.0)
        course = treat(device, lump(COOLED), 600.0)
        reached_s = next(at for at, tip_c in enumerate(course.tip_c) if tip_c >= 68.0) * FRAME_S
        assert 30.0 < reached_s < 60.0
        assert max(course.tip_c) < 76.0
        assert np.mean(course.tip_c[-600:]) == pytest.approx(70.0, abs=0.5)
        assert device.stopped_for == "time-over"
        assert course.seconds == pytest.approx(reached_s + 200.0, abs=0.3)

    def test_it_stops_itself_10_c_above_its_set_point(self) -> None:
        device = generator(COOLED)
        treat(device, lump(COOLED), 60.0, lambda _, seen: replace(seen, temperatures_c={"tip": 80.1}))
        assert device.stopped_for == "over-temperature"

    def test_it_stops_itself_when_the_set_point_is_not_reached_in_time(self) -> None:
        device = generator(COOLED, reach_within_s=90.0)
        course = treat(device, lump(COOLED, cools_w_per_c=5.0), 600.0)
        assert device.stopped_for == "not-rising"
        assert course.seconds == pytest.approx(90.0, abs=0.2)

    def test_it_stops_itself_when_its_pump_fails_and_shows_the_flow(self) -> None:
        device = generator(COOLED, pump_flow_ml_min=30.0)
        device.step(FRAME_S, Seen(100.0, {"tip": 37.0}), pressed=True)
        assert device.reading(0).pump_flow_ml_min == 30.0
        treat(device, lump(COOLED), 20.0, lambda _, seen: replace(seen, pump=0.4))
        assert device.stopped_for == "pump"
        assert device.reading(1).pump_flow_ml_min == 12.0


class TestInfusedBipolar:
    def test_it_infuses_before_rf_and_then_holds(self) -> None:
        course = treat(generator(INFUSED, prime_s=5.0, temperature_set_c=80.0), lump(INFUSED), 200.0)
        assert course.power_w[:50] == [0.0] * 50
        assert not any(course.rf_on[:49])
        assert course.power_w[52] > 0.0
        assert np.mean(course.tip_c[-300:]) == pytest.approx(80.0, abs=0.5)

    def test_it_stops_itself_when_the_infusion_fails(self) -> None:
        device = generator(INFUSED)
        treat(device, lump(INFUSED), 20.0, lambda at_s, seen: replace(seen, pump=0.0 if at_s > 10.0 else 1.0))
        assert device.stopped_for == "pump"


class TestPulsedMonopolar:
    def test_it_rests_15_s_when_impedance_has_risen_15_ohm_and_goes_on(self) -> None:
        device = generator(PULSED)
        course = treat(device, lump(PULSED), 200.0)
        resting = [power_w == 0.0 for power_w in course.power_w]
        starts = [at for at in range(1, len(resting)) if resting[at] and not resting[at - 1]]
        assert len(starts) >= 3
        for at in starts[:-1]:
            assert resting.index(False, at) - at == 150
        assert all(course.rf_on)
        assert max(course.tip_c) < 95.0

    def test_it_ends_after_its_time_rests_included(self) -> None:
        device = generator(PULSED, treat_s=60.0)
        assert treat(device, lump(PULSED), 200.0).seconds == pytest.approx(60.0, abs=0.11)
        assert device.stopped_for == "time-over"

    @pytest.mark.parametrize("pad_ohm", [15.0, 130.0])
    def test_it_stops_itself_when_its_pad_has_no_safe_contact(self, pad_ohm: float) -> None:
        device = generator(PULSED)
        treat(device, lump(PULSED), 20.0, lambda at_s, seen: replace(seen, pad_ohm=60.0 if at_s < 5.0 else pad_ohm))
        assert device.stopped_for == "pad"
        assert device.reading(0).pad_impedance_ohm == pytest.approx(pad_ohm, rel=0.03)
