"""R01, R02, R04 and R06 on the neural sensor: to the sample, to the tenth of a degree, and by name."""

from __future__ import annotations

import random

import pytest

from support.room import CANAL, START_US, Room, named, told, us

TENTH = us(0.1)


def watched(profile: str = "standard") -> Room:
    """A room with a case open, its canal at 37 degrees."""
    room = Room()
    room.case(profile=profile)
    room.run(2.0, canal=37.0)
    assert room.transitions == []
    return room


def sequence(room: Room, *canal: float, period_s: float = 0.1) -> list[str]:
    """Feed one sample after the other; what R01 said in short."""
    for temperature_c in canal:
        room.now_us += us(period_s)
        room.temperature(canal=temperature_c)
    return room.story("R01")


@pytest.mark.parametrize(
    "canal",
    [(45.0, 45.0), (45.0, 44.9, 45.0), (44.9, 45.0, 45.0), (45.0, 44.9, 44.9, 45.0, 44.9, 45.0)],
)
def test_r01_is_raised_by_two_of_the_last_three_samples(canal: tuple[float, ...]) -> None:
    assert sequence(watched(), *canal) == ["R01 raised high"]


@pytest.mark.parametrize(
    "canal", [(44.999, 44.999, 44.999), (45.0, 44.9, 44.9, 45.0, 44.9, 44.9), (50.0,), (45.0, 44.0, 44.0)]
)
def test_r01_is_silent_just_below_and_for_one_of_three(canal: tuple[float, ...]) -> None:
    assert sequence(watched(), *canal) == []


def test_r01_wants_its_two_samples_within_a_second() -> None:
    assert sequence(watched(), 45.0, 45.0, period_s=1.0) == ["R01 raised high"]
    assert sequence(watched(), 45.0, 45.0, period_s=1.001) == []


def test_r01_says_when_where_and_by_which_limit() -> None:
    room = watched()
    sequence(room, 45.2, 45.4)
    (raised,) = room.of("R01")
    first_us = room.now_us - TENTH
    assert raised.alarm_id == named("R01", CANAL, first_us)
    assert (raised.event_us, raised.received_us) == (room.now_us, room.now_us)
    assert (raised.value, raised.limit, raised.session, raised.late) == (45.4, 45.0, "s-1", False)
    assert (raised.name, raised.kind, raised.sensor) == ("neural_abs_stop", "physiological", CANAL)
    assert raised.policy == room.policy.hash
    assert raised.evidence is not None
    assert raised.evidence["onset_us"] == first_us


def test_r01_clears_two_degrees_below_and_stays_latched() -> None:
    room = watched()
    sequence(room, 45.0, 45.0, 44.0, 43.1)
    assert room.story("R01") == ["R01 raised high"]
    sequence(room, 43.0)
    assert room.story("R01") == ["R01 raised high", "R01 ended high"]
    assert room.of("R01")[-1].latched


@pytest.mark.parametrize("role", ["probe", "edge", "tissue"])
def test_r01_r02_r04_r06_judge_neural_sensors_only(role: str) -> None:
    room = Room()
    room.case(sensors={"canal": ("neural", 12.0), "tip": (role, None)})
    room.run(30.0, canal=37.0, tip=lambda at_s: 40.0 + at_s)
    assert room.story("R01", "R02", "R04", "R06") == []


def test_r02_is_raised_after_2_s_to_the_sample_and_named_after_the_first() -> None:
    room = watched()
    onset_us = room.now_us + TENTH
    room.run(2.0, canal=42.0)
    assert room.story("R02") == []
    room.run(0.1, canal=42.0)
    (raised,) = room.of("R02")
    assert told([raised]) == ["R02 raised medium"]
    assert raised.event_us == onset_us + us(2.0)
    assert raised.alarm_id == named("R02", CANAL, onset_us)
    assert (raised.value, raised.limit, raised.name) == (42.0, 42.0, "neural_warn")


def test_r02_is_silent_just_below_and_waits_anew_after_one_cool_sample() -> None:
    room = watched()
    room.run(10.0, canal=41.999)
    for _ in range(5):
        room.run(1.9, canal=42.5)
        room.run(0.1, canal=41.999)
    assert room.story("R02") == []


def test_r02_ends_at_half_a_degree_below_and_not_before() -> None:
    room = watched()
    room.run(3.0, canal=42.5)
    room.run(10.0, canal=41.501)
    assert room.story("R02") == ["R02 raised medium"]
    room.run(0.1, canal=41.5)
    assert room.story("R02") == ["R02 raised medium", "R02 ended medium"]


def ramp(room: Room, from_c: float, slope_c_per_s: float, seconds: float) -> None:
    """The canal warms in a straight line."""
    room.run(seconds, canal=lambda at_s: from_c + slope_c_per_s * at_s)


def settled(slope_c_per_s: float, from_c: float) -> Room:
    """A room whose slope is known and whose R04 has nothing to say yet."""
    room = Room()
    room.case(profile="standard")
    ramp(room, from_c - 12 * slope_c_per_s, slope_c_per_s, 12.0)
    assert room.transitions == []
    return room


def test_a21_r04_is_raised_3_s_after_the_forecast_reaches_its_limit() -> None:
    slope = 0.05
    # the forecast is temperature + 60 s x slope: it reaches 43.5 °C at 40.5 °C
    room = settled(slope, 40.4)
    start_us = room.now_us
    ramp(room, 40.4, slope, 6.0)
    (raised,) = room.of("R04")
    onset_us = start_us + us(2.0)
    assert told([raised]) == ["R04 raised medium"]
    assert abs(raised.event_us - (onset_us + us(3.0))) <= TENTH
    assert raised.alarm_id == named("R04", CANAL, raised.event_us - us(3.0))
    assert raised.limit == 43.5
    assert raised.value == pytest.approx(40.4 + slope * 5.0 + 60 * slope, abs=0.02)
    assert raised.evidence is not None
    assert raised.evidence["lookahead_s"] == 60.0
    assert raised.evidence["slope_c_per_s"] == pytest.approx(slope, rel=1e-6)


def test_a21_r04_escalates_after_3_s_at_the_higher_limit_and_falls_back_step_by_step() -> None:
    room = settled(0.05, 40.4)
    ramp(room, 40.4, 0.05, 45.0)
    assert room.story("R04") == ["R04 raised medium", "R04 escalated high"]
    escalated = room.of("R04")[-1]
    assert escalated.limit == 45.0
    assert escalated.value == pytest.approx(45.15, abs=0.02)
    room.run(12.0, canal=43.5)
    assert room.story("R04")[2:] == ["R04 deescalated medium"]
    room.run(12.0, canal=42.4)
    assert room.story("R04")[2:] == ["R04 deescalated medium", "R04 ended medium"]


def test_a21_r04_is_silent_for_a_forecast_just_below_its_limit() -> None:
    room = settled(0.05, 39.0)
    ramp(room, 39.0, 0.05, 29.0)  # up to 40.45 °C: the forecast stays below 43.5 °C
    assert room.story("R04") == []


def test_a21_r04_is_gated_below_39_degrees_and_below_three_hundredths_of_a_degree_a_second() -> None:
    steep = settled(0.1, 37.0)
    ramp(steep, 37.0, 0.1, 19.9)  # up to 38.99 °C, forecast 45 °C
    assert steep.story("R04") == []
    slow = Room()
    slow.case(profile="near")
    ramp(slow, 41.0, 0.029, 34.0)  # up to 41.99 °C, forecast 44.3 °C under near
    assert slow.story("R04") == []


def test_a21_r04_takes_the_slope_of_the_last_10_s() -> None:
    room = watched()
    room.run(20.0, canal=37.0)
    ramp(room, 37.0, 0.02, 9.5)
    slope = room.sensor().slope_c_per_s
    assert slope is not None
    assert slope < 0.0199
    ramp(room, 37.19, 0.02, 0.6)
    assert room.sensor().slope_c_per_s == pytest.approx(0.02, rel=1e-6)


def test_a21_r04_needs_eight_samples_for_a_slope() -> None:
    room = watched()
    room.now_us += us(30.0)  # the window is empty again
    for number in range(7):
        room.now_us += us(1.4)
        room.temperature(canal=40.0 + number)
    assert room.story("R04") == []


@pytest.mark.parametrize(("period_s", "span_s"), [(0.1, 5.0), (0.25, 5.0), (0.5, 10.0)])
def test_a21_r04_takes_a_5_s_slope_in_the_first_30_s_of_rf_from_4_hz_on(period_s: float, span_s: float) -> None:
    room = Room()
    room.case(profile="standard")
    room.run(20.0, canal=40.0, power_w=0.0, period_s=period_s)
    room.run(1.0, canal=40.0, power_w=10.0, period_s=period_s)
    # a jump to a steep line: the window's slope is that of the line once the line alone fills it
    start = room.now_us
    room.run(span_s + 2.0, canal=lambda at_s: 40.0 + 0.3 * at_s, power_w=10.0, period_s=period_s)
    slope = room.vitals().sensors[0].forecast
    assert slope is not None
    expected = 40.0 + 0.3 * (room.now_us - start) / 1e6 + 60 * 0.3
    assert slope.peak_if_stopped_c == pytest.approx(expected, abs=0.01)


def test_a21_r04_goes_by_the_10_s_slope_while_the_last_5_s_hold_too_few_samples_for_one() -> None:
    """Early in RF, after a gap: it is judged with every sample, and not blind until eight have come."""
    room = Room()
    room.case(profile="standard")
    room.run(1.0, canal=40.0, power_w=0.0)
    room.run(5.0, canal=lambda at_s: 40.0 + 0.2 * at_s, power_w=10.0)
    assert room.story("R04")[-1] == "R04 escalated high"
    room.run(5.0, power_w=10.0)
    room.run(0.1, canal=43.0, power_w=10.0)
    assert room.story("R04")[-1] == "R04 escalated high"
    room.run(0.3, canal=30.0, power_w=10.0)
    assert room.story("R04")[-1] == "R04 ended high"


@pytest.mark.parametrize(
    ("profile", "low", "medium", "high"),
    [("standard", 2.0, 5.0, 10.0), ("near", 1.0, 2.5, 5.0), ("breached", 0.6, 1.5, 3.0), ("unknown", 0.6, 1.5, 3.0)],
)
def test_r06_is_raised_at_once_at_each_dose_of_the_profile(
    profile: str, low: float, medium: float, high: float
) -> None:
    room = watched(profile)
    begun = room.now_us + TENTH
    room.run(high * 15.0 + 1.0, canal=45.0)  # 4 CEM43 a minute: 15 s for each
    said = room.of("R06")
    assert told(said) == ["R06 raised low", "R06 escalated medium", "R06 escalated high"]
    assert [entry.limit for entry in said] == [low, medium, high]
    for entry in said:
        assert entry.limit is not None
        due_us = begun + us(entry.limit * 15.0)
        assert 0 <= entry.event_us - due_us <= 2 * TENTH
    assert said[0].alarm_id == named("R06", CANAL, said[0].event_us)


def test_r06_is_silent_just_below_its_dose() -> None:
    room = watched()
    room.run(30.0, canal=45.0)  # 29.9 s count, and 2 CEM43 take 30 s
    assert room.story("R06") == []
    assert room.sensor().cem43_min == pytest.approx(2.0, rel=0.01)


def test_r06_does_not_end_by_cooling_nor_by_rf_off() -> None:
    room = watched()
    room.run(31.0, canal=45.0)
    room.run(600.0, canal=30.0, power_w=0.0, period_s=1.0)
    assert room.story("R06") == ["R06 raised low"]


@pytest.mark.parametrize("seed", range(3))
def test_h14_noise_of_two_tenths_at_the_limit_raises_at_most_three_alarms_a_minute(seed: int) -> None:
    noise = random.Random(seed)  # noqa: S311 - noise of a thermocouple
    for limit_c, rule in ((45.0, "R01"), (42.0, "R02")):
        room = watched()
        for _ in range(1800):
            room.run(0.1, canal=noise.gauss(limit_c, 0.2))
        raised_us = [entry.event_us for entry in room.of(rule) if entry.change == "raised"]
        most = max((sum(0 <= other - one < us(60.0) for other in raised_us) for one in raised_us), default=0)
        assert most <= 3


def test_two_sensors_have_alarms_of_their_own() -> None:
    room = Room()
    room.case(sensors={"canal": ("neural", 12.0), "root": ("neural", 14.0)})
    room.run(0.2, canal=45.5, root=37.0)
    room.run(0.2, canal=45.5, root=46.0)
    assert [entry.sensor for entry in room.of("R01")] == [CANAL, "dev/root"]
    assert len({entry.alarm_id for entry in room.of("R01")}) == 2


def test_the_session_of_an_alarm_is_that_of_its_onset() -> None:
    room = watched()
    room.run(0.2, canal=45.5)
    room.run(1.0, canal=37.0)
    room.case("s-2")
    room.run(0.2, canal=45.5)
    assert [(entry.change, entry.session) for entry in room.of("R01")] == [
        ("raised", "s-1"),
        ("ended", "s-1"),
        ("raised", "s-1"),
    ]


def test_an_alarm_before_any_case_belongs_to_no_session() -> None:
    room = Room()
    room.status(canal="neural")
    room.run(1.0, canal=45.5)
    assert {entry.session for entry in room.of("R01")} == {None}
    assert room.of("R01")[0].alarm_id == named("R01", CANAL, START_US + TENTH)
