from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from cordguard.contract.alarms import Change, Transition
from cordguard.contract.case import Case, Mark
from cordguard.contract.units import Kind, Priority
from cordguard.simulators.devices.operator import Operator, OperatorSettings

START_US: Final = 1_790_000_000_000_000
FRAME_US: Final = 100_000
RF_FROM_S: Final = 3.0
RF_FOR_S: Final = 60.0


@dataclass
class Pedal:
    rf_on: bool = False

    def press_foot_switch(self) -> None:
        self.rf_on = True

    def release_foot_switch(self) -> None:
        self.rf_on = False


def operator(
    pedal: Pedal, *, reaction_s: float = 2.0, stops_on: tuple[str, ...] = ("physiological",), **more: object
) -> Operator:
    settings = OperatorSettings.model_validate(
        {
            "rf_from_s": RF_FROM_S,
            "rf_for_s": RF_FOR_S,
            "closes_after_s": 5.0,
            "reaction_s": reaction_s,
            "stops_on": stops_on,
            **more,
        }
    )
    case = Case(session="s-1", revision=1, state="open", opened_us=START_US)
    return Operator(settings, case, pedal, start_us=START_US, neural_sensors=["gen-1/canal"])


def alarm(
    event_us: int,
    *,
    kind: Kind = "physiological",
    priority: Priority = "high",
    change: Change = "raised",
    sensor: str = "gen-1/canal",
) -> Transition:
    return Transition(
        alarm_id="0" * 32,
        step=1,
        rule="R04",
        name="predicted_peak",
        sensor=sensor,
        kind=kind,
        priority=priority,
        change=change,
        condition=True,
        latched=False,
        acknowledged=False,
        event_us=event_us,
        received_us=event_us,
        message="x",
        policy="sha256:" + "0" * 64,
        late=False,
    )


def released_us(person: Operator, heard: dict[int, list[Transition]]) -> int:
    """The frame in which the foot switch was released, if these transitions are heard before these frames."""
    for frame in range(1_000):
        at_us = START_US + frame * FRAME_US
        for transition in heard.get(frame, []):
            person.hear(transition)
        person.act(at_us)
        if person.rf_to_us is not None:
            assert person.rf_to_us == at_us
            return at_us
    raise AssertionError


@given(
    event_offset_us=st.integers(0, 50_000_000),
    reaction_ms=st.integers(1_000, 5_000),
    late_frames=st.integers(0, 9),
)
def test_rf_stops_at_the_first_frame_at_or_after_event_plus_reaction_whenever_heard_in_time(
    event_offset_us: int, reaction_ms: int, late_frames: int
) -> None:
    event_us = START_US + round(RF_FROM_S * 1e6) + event_offset_us
    due_us = event_us + reaction_ms * 1_000
    heard_before = (event_us - START_US) // FRAME_US + 1 + late_frames  # vitals are less than 1 s behind
    at_us = released_us(operator(Pedal(), reaction_s=reaction_ms / 1_000), {heard_before: [alarm(event_us)]})
    assert at_us - FRAME_US < due_us <= at_us


@given(offsets_us=st.lists(st.integers(0, 20_000_000), min_size=1, max_size=6))
def test_of_several_alarms_the_earliest_counts_in_whatever_order_and_however_often_they_come(
    offsets_us: list[int],
) -> None:
    rf_us = START_US + round(RF_FROM_S * 1e6)
    alarms = [alarm(rf_us + offset_us) for offset_us in offsets_us]
    frame = 31 + min(offsets_us) // FRAME_US
    expected = released_us(operator(Pedal()), {frame: [alarm(rf_us + min(offsets_us))]})
    assert released_us(operator(Pedal()), {frame: [*alarms, *reversed(alarms)]}) == expected


@given(
    kind=st.sampled_from(["physiological", "technical"]),
    priority=st.sampled_from(["high", "medium", "low", "info"]),
    change=st.sampled_from(["raised", "escalated", "deescalated", "ended", "acknowledged", "reset", "reminded"]),
    sensor=st.sampled_from(["gen-1/canal", "gen-1/tip"]),
    also_lost=st.booleans(),
)
def test_he_stops_for_what_the_scenario_says_and_for_nothing_else(
    *, kind: Kind, priority: Priority, change: Change, sensor: str, also_lost: bool
) -> None:
    stops_on = ("physiological", "neural-sensor-lost") if also_lost else ("physiological",)
    heard = alarm(START_US + 10_000_000, kind=kind, priority=priority, change=change, sensor=sensor)
    at_us = released_us(operator(Pedal(), stops_on=stops_on), {101: [heard]})
    meant = kind == "physiological" or (also_lost and sensor == "gen-1/canal")
    stops = priority == "high" and change in {"raised", "escalated"} and meant
    planned_us = START_US + round((RF_FROM_S + RF_FOR_S) * 1e6)
    assert at_us == (START_US + 12_000_000 if stops else planned_us)


def test_an_alarm_from_before_rf_does_not_stop_it() -> None:
    at_us = released_us(operator(Pedal()), {29: [alarm(START_US + 2_900_000)]})
    assert at_us == START_US + 63_000_000


def test_a_whole_case_open_started_ended_closed_each_once_and_in_order() -> None:
    pedal = Pedal()
    person = operator(pedal)
    said: list[tuple[float, Case | Mark]] = []
    for frame in range(800):
        said += [(frame / 10, message) for message in person.act(START_US + frame * FRAME_US)]
    opened, started, ended, closed = (message for _, message in said)
    assert [at_s for at_s, _ in said] == [1.0, 3.0, 63.0, 68.0]
    assert isinstance(opened, Case)
    assert isinstance(closed, Case)
    assert (opened.state, opened.revision, opened.opened_us) == ("open", 1, START_US + 1_000_000)
    assert (closed.state, closed.revision, closed.closed_us) == ("closed", 2, START_US + 68_000_000)
    assert closed.opened_us == opened.opened_us
    assert [mark.mark for mark in (started, ended) if isinstance(mark, Mark)] == ["ablation-started", "ablation-ended"]
    assert not pedal.rf_on


def test_when_the_generator_stops_by_itself_he_notes_the_end() -> None:
    pedal = Pedal()
    person = operator(pedal)
    for frame in range(41):
        person.act(START_US + frame * FRAME_US)
    pedal.rf_on = False
    (mark,) = person.act(START_US + 41 * FRAME_US)
    assert isinstance(mark, Mark)
    assert mark.mark == "ablation-ended"
    assert person.rf_to_us == START_US + 41 * FRAME_US


def marks(person: Operator, heard: dict[int, list[Transition]], frames: int = 900) -> list[tuple[float, str]]:
    """What he marks, and when, s."""
    said: list[tuple[float, str]] = []
    for frame in range(frames):
        for transition in heard.get(frame, []):
            person.hear(transition)
        said += [(frame / 10, each.mark) for each in person.act(START_US + frame * FRAME_US) if isinstance(each, Mark)]
    return said


def test_he_irrigates_once_at_the_planned_moment_for_as_long_as_planned() -> None:
    person = operator(Pedal(), irrigates_at_s=20.0, irrigates_for_s=5.0)
    assert marks(person, {})[1:3] == [(20.0, "irrigation-started"), (25.0, "irrigation-ended")]
    assert person.irrigated_us == (START_US + 20_000_000, START_US + 25_000_000)


@given(
    kind=st.sampled_from(["physiological", "technical"]),
    priority=st.sampled_from(["high", "medium", "low", "info"]),
    willing=st.booleans(),
)
def test_he_irrigates_his_reaction_time_after_a_physiological_warning_if_he_means_to(
    *, kind: Kind, priority: Priority, willing: bool
) -> None:
    heard = [alarm(START_US + 10_000_000, kind=kind, priority=priority)]
    person = operator(Pedal(), stops_on=(), irrigates_on_warning=willing, irrigates_for_s=5.0)
    started = [at_s for at_s, mark in marks(person, {101: heard, 300: heard}) if mark == "irrigation-started"]
    assert started == ([12.0] if willing and kind == "physiological" and priority in {"high", "medium"} else [])


def test_he_injects_cement_once_so_long_after_rf_and_not_without_a_plan() -> None:
    assert marks(operator(Pedal(), cement_after_s=7.0), {})[-1] == (70.0, "cement-injected")
    assert "cement-injected" not in dict(marks(operator(Pedal()), {})).values()


def test_one_who_ignores_alarms_goes_on_to_the_planned_end() -> None:
    at_us = released_us(operator(Pedal(), stops_on=()), {101: [alarm(START_US + 10_000_000)]})
    assert at_us == START_US + round((RF_FROM_S + RF_FOR_S) * 1e6)
