"""Every fault: what it does, when, by what chance, and that it does nothing else."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from cordguard.contract.telemetry import SensorReading, TemperatureReading
from cordguard.simulators.devices.control import Seen
from cordguard.simulators.devices.faults import FaultSettings, SensorFaults, load_seen
from cordguard.simulators.devices.load_faults import LoadFault
from cordguard.simulators.devices.sensor_faults import SensorFault, dip
from cordguard.simulators.devices.stream_faults import (
    ClockFault,
    ClockSkew,
    ClockStep,
    Delivery,
    DeliveryFault,
    Outgoing,
    clock_off_us,
)

SETTINGS: Final = TypeAdapter[FaultSettings](FaultSettings)
FRAME_US: Final = 100_000
Facts = dict[str, object]


def sensor_fault(facts: Facts) -> SensorFault:
    fault = SETTINGS.validate_python(facts)
    assert isinstance(fault, SensorFault)
    return fault


def delivery_fault(facts: Facts) -> DeliveryFault:
    fault = SETTINGS.validate_python(facts)
    assert isinstance(fault, DeliveryFault)
    return fault


def sound(canal_c: float = 40.0, tip_c: float = 70.0) -> TemperatureReading:
    readings = (
        SensorReading(sensor="canal", temperature_c=canal_c, cold_junction_c=24.0),
        SensorReading(sensor="tip", temperature_c=tip_c, cold_junction_c=24.0),
    )
    return TemperatureReading(seq=1, at_us=0, readings=readings)


def read(
    *faults: Facts, seconds: int = 20, rf_on: bool = True, canal_c: float = 40.0, seed: int = 1
) -> list[TemperatureReading]:
    """What is read frame by frame, the canal at one temperature (a hundredth warmer with every frame)."""
    script = SensorFaults([sensor_fault(facts) for facts in faults], seed)
    return [script.frame(sound(canal_c + 0.01 * at), at * FRAME_US, rf_on=rf_on) for at in range(seconds * 10)]


def canal_c(frames: list[TemperatureReading]) -> list[float]:
    return [reading.temperature_c or math.nan for reading in (frame.readings[0] for frame in frames)]


SENSOR_FAULTS: Final[list[Facts]] = [
    {"kind": "open", "sensor": "canal"},
    {"kind": "short", "sensor": "canal"},
    {"kind": "reversed", "sensor": "canal"},
    {"kind": "stuck", "sensor": "canal"},
    {"kind": "drift", "sensor": "canal", "c_per_s": -0.1},
    {"kind": "detached", "sensor": "canal"},
    {"kind": "rf-pick-up", "sensor": "canal"},
    {"kind": "swapped", "sensor": "canal", "with_sensor": "tip"},
]


class TestSensors:
    @pytest.mark.parametrize("facts", SENSOR_FAULTS, ids=lambda facts: str(facts["kind"]))
    def test_a_fault_lasts_from_its_first_moment_to_the_one_before_its_end(self, facts: Facts) -> None:
        wrong = read({**facts, "at_s": 5.0, "for_s": 3.0})
        right = read()
        assert wrong[:50] == right[:50]
        assert wrong[80:] == right[80:]
        assert all(one.readings[0] != other.readings[0] for one, other in zip(wrong[51:80], right[51:80], strict=True))

    @pytest.mark.parametrize("facts", SENSOR_FAULTS[:-1], ids=lambda facts: str(facts["kind"]))
    def test_its_neighbour_stays_as_it_was(self, facts: Facts) -> None:
        assert all(frame.readings[1] == sound().readings[1] for frame in read({**facts, "at_s": 5.0}))

    def test_left_open_it_lasts_for_good(self) -> None:
        assert [frame.readings[0].fault for frame in read({"kind": "open", "sensor": "canal", "at_s": 5.0})][50:] == [
            "open"
        ] * 150

    def test_open_and_short_take_the_temperature_s_place(self) -> None:
        for kind in ("open", "short"):
            reading = read({"kind": kind, "sensor": "canal", "at_s": 0.0})[0].readings[0]
            assert (reading.fault, reading.temperature_c, reading.cold_junction_c) == (kind, None, 24.0)

    def test_reversed_it_reads_as_far_below_the_terminals(self) -> None:
        assert canal_c(read({"kind": "reversed", "sensor": "canal", "at_s": 0.0}))[0] == 8.0

    def test_stuck_it_reads_what_it_read_last(self) -> None:
        assert set(canal_c(read({"kind": "stuck", "sensor": "canal", "at_s": 5.0}))[50:]) == {40.49}

    def test_drifting_it_is_off_by_its_rate(self) -> None:
        drifting = canal_c(read({"kind": "drift", "sensor": "canal", "at_s": 5.0, "c_per_s": -0.1}))
        assert drifting[150] == pytest.approx(40.0 + 1.5 - 1.0)

    def test_swapped_each_is_read_under_the_other_s_name(self) -> None:
        frame = read({"kind": "swapped", "sensor": "canal", "with_sensor": "tip", "at_s": 0.0})[0]
        assert {reading.sensor: reading.temperature_c for reading in frame.readings} == {"canal": 70.0, "tip": 40.0}

    def test_detached_it_falls_by_3_c_in_5_s_to_skin(self) -> None:
        loose = canal_c(read({"kind": "detached", "sensor": "canal", "at_s": 5.0}, seconds=40))
        assert loose[99] < loose[50] - 3.0
        assert loose[-1] == pytest.approx(29.0, abs=0.5)

    def test_pick_up_is_there_with_rf_only(self) -> None:
        facts: Facts = {"kind": "rf-pick-up", "sensor": "canal", "at_s": 0.0, "by_c": 2.0, "noise_c": 1.5}
        off_c = np.array(canal_c(read(facts, rf_on=True, seconds=200))) - np.array(canal_c(read(seconds=200)))
        assert np.mean(off_c) == pytest.approx(2.0, abs=0.2)
        assert np.std(off_c) == pytest.approx(1.5, rel=0.1)
        assert read(facts, rf_on=False) == read(rf_on=False)

    def test_irrigation_cools_while_it_runs_and_fades_after(self) -> None:
        facts: Facts = {"kind": "irrigation-dip", "sensor": "canal", "at_s": 5.0, "for_s": 20.0, "by_c": 6.0}
        colder_c = np.array(canal_c(read(seconds=120))) - np.array(canal_c(read(facts, seconds=120)))
        assert not colder_c[:50].any()
        assert colder_c[249] == pytest.approx(6.0, abs=0.05)
        assert colder_c[-1] < 0.05
        assert dip(20.0, 20.0) > dip(30.0, 20.0) > dip(60.0, 20.0) > 0.0

    def test_a_sensor_without_a_temperature_gets_none_from_a_second_fault(self) -> None:
        faults: list[Facts] = [{"kind": kind, "sensor": "canal", "at_s": 0.0} for kind in ("open", "reversed")]
        (frame, *_) = read(*faults)
        assert frame.readings[0].fault == "open"

    def test_a_bad_contact_hits_its_share_of_frames_and_always_the_same_ones(self) -> None:
        facts: Facts = {"kind": "open", "sensor": "canal", "at_s": 0.0, "share": 0.3}
        hits = [frame.readings[0].fault is not None for frame in read(facts, seconds=500)]
        assert np.mean(hits) == pytest.approx(0.3, abs=0.03)
        assert hits == [frame.readings[0].fault is not None for frame in read(facts, seconds=500)]
        assert hits != [frame.readings[0].fault is not None for frame in read(facts, seconds=500, seed=2)]

    def test_one_more_fault_changes_no_other_one_s_chance(self) -> None:
        facts: Facts = {"kind": "open", "sensor": "canal", "at_s": 0.0, "share": 0.3}
        more: Facts = {"kind": "rf-pick-up", "sensor": "tip", "at_s": 0.0}
        assert [frame.readings[0] for frame in read(more, facts)] == [frame.readings[0] for frame in read(facts)]


class TestLoad:
    SEEN: Final = Seen(100.0, {"tip": 70.0}, pad_ohm=60.0)

    @pytest.mark.parametrize(
        ("facts", "seen"),
        [
            ({"kind": "impedance-short"}, Seen(8.0, {"tip": 70.0}, pad_ohm=60.0)),
            ({"kind": "impedance-open"}, Seen(5_000.0, {"tip": 70.0}, pad_ohm=60.0)),
            ({"kind": "pad-failure", "ohm": 200.0}, Seen(100.0, {"tip": 70.0}, pad_ohm=200.0)),
            ({"kind": "pump-failure", "flow_share": 0.2}, Seen(100.0, {"tip": 70.0}, 0.2, pad_ohm=60.0)),
        ],
    )
    def test_a_fault_changes_what_the_generator_measures_while_it_lasts(self, facts: Facts, seen: Seen) -> None:
        fault = SETTINGS.validate_python({**facts, "at_s": 5.0, "for_s": 2.0})
        assert isinstance(fault, LoadFault)
        found = [load_seen([fault], self.SEEN, at_us) for at_us in (4_900_000, 5_000_000, 6_900_000, 7_000_000)]
        assert found == [self.SEEN, seen, seen, self.SEEN]

    def test_a_generator_without_a_pad_has_none_that_could_fail(self) -> None:
        fault = SETTINGS.validate_python({"kind": "pad-failure", "at_s": 0.0})
        assert isinstance(fault, LoadFault)
        assert load_seen([fault], Seen(100.0, {}), 0) == Seen(100.0, {})


def carried(*faults: Facts, frames: int = 200, seed: int = 1) -> list[list[int]]:
    """The numbers of the messages that get through, frame by frame; every tenth frame has a retained one, too."""
    way = Delivery([delivery_fault(facts) for facts in faults], seed)
    return [
        [int(message.payload) for message in way.carry([Outgoing("t", b"%d" % at)], at * FRAME_US)]
        for at in range(frames)
    ]


class TestDelivery:
    def test_sound_it_carries_everything_at_once(self) -> None:
        assert carried() == [[at] for at in range(200)]

    def test_a_lost_gateway_lets_nothing_through_while_it_lasts(self) -> None:
        through = carried({"kind": "gateway-loss", "at_s": 5.0, "for_s": 2.0})
        assert through == [[] if 50 <= at < 70 else [at] for at in range(200)]

    def test_a_bad_network_loses_its_share_and_always_the_same_ones(self) -> None:
        facts: Facts = {"kind": "gateway-loss", "at_s": 0.0, "share": 0.1}
        through = carried(facts, frames=3_000)
        assert sum(map(len, through)) == pytest.approx(2_700, abs=60)
        assert through == carried(facts, frames=3_000)
        assert through != carried(facts, frames=3_000, seed=2)

    def test_a_duplicate_is_the_same_message_again(self) -> None:
        through = carried({"kind": "duplicate", "at_s": 0.0, "share": 0.5}, frames=1_000)
        assert all(set(each) == {at} for at, each in enumerate(through))
        assert sum(map(len, through)) == pytest.approx(1_500, abs=60)

    def test_a_late_message_comes_after_those_that_follow_it_and_none_is_lost(self) -> None:
        through = carried({"kind": "reorder", "at_s": 0.0, "for_s": 15.0, "share": 0.2, "by_s": 0.3})
        flat = [number for frame in through for number in frame]
        assert sorted(flat) == list(range(200))
        late = [number for before, number in pairwise(flat) if number < before]
        assert 15 < len(late) < 45

    def test_what_is_retained_is_never_late(self) -> None:
        way = Delivery([delivery_fault({"kind": "reorder", "at_s": 0.0, "share": 1.0})], 1)
        status = Outgoing("status", b"", retained=True)
        assert way.carry([status], 0) == (status,)

    def test_one_more_fault_changes_no_other_one_s_chance(self) -> None:
        loss: Facts = {"kind": "gateway-loss", "at_s": 0.0, "share": 0.1}
        twice: Facts = {"kind": "duplicate", "at_s": 0.0, "share": 1.0}
        assert carried(loss, twice) == [each * 2 for each in carried(loss)]


class TestClock:
    @pytest.mark.parametrize(
        ("facts", "off_ms"),
        [
            ({"kind": "clock-step", "by_s": -3.0}, [0, -3_000, -3_000, -3_000]),
            ({"kind": "clock-step", "by_s": 2.0, "for_s": 10.0}, [0, 2_000, 0, 0]),
            ({"kind": "clock-skew", "ms_per_s": 50.0}, [0, 250, 750, 4_750]),
            ({"kind": "clock-skew", "ms_per_s": -50.0, "for_s": 10.0}, [0, -250, -500, -500]),
        ],
    )
    def test_a_clock_is_off_as_scripted(self, facts: Facts, off_ms: list[int]) -> None:
        fault = SETTINGS.validate_python({**facts, "at_s": 5.0})
        assert isinstance(fault, ClockSkew | ClockStep)
        faults: list[ClockFault] = [fault]
        assert [clock_off_us(faults, at_s * 1_000_000) // 1_000 for at_s in (4, 10, 20, 100)] == off_ms


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"kind": "opened", "at_s": 1.0}, "does not match any of the expected tags: 'open', 'short', 'reversed'"),
        ({"kind": "open", "at_s": 1.0}, r"open\.sensor\n  Field required"),
        ({"kind": "open", "sensor": "canal"}, r"open\.at_s\n  Field required"),
        ({"kind": "open", "sensor": "canal", "at_s": 1.0, "for_s": 0.0}, "greater than 0"),
        ({"kind": "gateway-loss", "sensor": "canal", "at_s": 1.0}, "Extra inputs are not permitted"),
        ({"kind": "drift", "sensor": "canal", "at_s": 1.0, "c_per_s": 2.0}, "less than or equal to 1"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(fields: Facts, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        SETTINGS.validate_python(fields)
