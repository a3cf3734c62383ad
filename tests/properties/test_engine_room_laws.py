"""Laws of a room, whatever devices and people do, and in whatever order."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from cordguard.contract.alarms import Transition
from cordguard.contract.capture import CapturedInput
from cordguard.engine.room import RoomEngine
from cordguard.engine.rules.catalogue import RULES
from support.room import ROOM, SITE, Room, shipped_policy, us

RANK: Final = {"info": 0, "low": 1, "medium": 2, "high": 3}

Act = tuple[str, object]
READINGS = st.one_of(
    st.floats(30.0, 50.0), st.sampled_from([37.0, 41.0, 44.0, 46.0, 46.0]), st.sampled_from(["open", None])
)
ACTS: st.SearchStrategy[Act] = st.one_of(
    st.tuples(st.just("frames"), st.tuples(st.integers(1, 40), READINGS, READINGS, st.sampled_from([0.0, 10.0]))),
    st.tuples(st.just("late"), st.tuples(st.integers(1, 30), READINGS)),
    st.tuples(st.just("silence"), st.sampled_from([0.5, 1.5, 4.0, 61.0, 200.0])),
    st.tuples(st.just("clock"), st.sampled_from([0.0, -1.0, -3.0, 3.0, -3600.0, 3600.0])),
    st.tuples(st.just("status"), st.sampled_from(["online", "offline"])),
    st.tuples(st.just("case"), st.sampled_from(["standard", "near", "breached", None])),
    st.tuples(st.just("amend"), st.sampled_from(["standard", "near", "breached"])),
    st.tuples(st.just("mark"), st.sampled_from(["sensor-moved", "cement-injected", "note"])),
    st.tuples(st.just("command"), st.sampled_from(["acknowledge", "reset", "pause-audio", "resume-audio"])),
    st.tuples(st.just("started"), st.sampled_from([0.2, 5.0, 100.0])),
    st.tuples(st.sampled_from(["close", "restart"]), st.just(None)),
)
LIVES = st.lists(ACTS, max_size=25)


class Life:
    """A room to which these things happen."""

    def __init__(self) -> None:
        self.room = Room()
        self.cases = 0

    def live(self, acts: list[Act]) -> Room:
        """Let it all happen; a page looks on after each."""
        for what, how in acts:
            getattr(self, f"_{what}")(how)
            self.room.vitals().to_wire()
            self.room.engine.present_alarms(self.room.now_us).to_wire()
            self.room.engine.summary_so_far()
        return self.room

    def _frames(self, how: tuple[int, float | str | None, float | str | None, float]) -> None:
        count, canal, tip, power_w = how
        self.room.run(count / 10, power_w=power_w, canal=canal, tip=tip)

    def _late(self, how: tuple[int, float | str | None]) -> None:
        count, canal = how
        first = self.room.skip("temperature", count)
        from_us = self.room.now_us + self.room.clock_us.get("dev", 0)
        self.room.now_us += us((count + 1) / 10)
        self.room.temperature(canal=37.0, tip=37.0)
        for number in range(count):
            self.room.temperature(at_us=from_us + us((number + 1) / 10), seq=first + number, canal=canal)

    def _silence(self, seconds: float) -> None:
        self.room.wait(seconds)

    def _clock(self, ahead_s: float) -> None:
        self.room.clock_us["dev"] = us(ahead_s)

    def _restart(self, _: None) -> None:
        self.room.sequence.clear()

    def _status(self, state: str) -> None:
        self.room.status(state)

    def _case(self, profile: str | None) -> None:
        self.cases += 1
        self.room.case(f"s-{self.cases}", profile=profile)

    def _amend(self, profile: str) -> None:
        if self.cases:
            self.room.amend(profile=profile)

    def _close(self, _: None) -> None:
        if self.cases:
            self.room.close()

    def _mark(self, mark: str) -> None:
        self.room.mark(mark)

    def _command(self, action: str) -> None:
        present = self.room.engine.present_alarms(self.room.now_us).present
        self.room.command(action, present[0].alarm_id if present else "0" * 32)

    def _started(self, down_s: float) -> None:
        self.room.now_us += us(down_s)
        self.room.started()


def by_alarm(transitions: list[Transition]) -> dict[str, list[Transition]]:
    steps: dict[str, list[Transition]] = defaultdict(list)
    for transition in transitions:
        steps[transition.alarm_id].append(transition)
    return steps


def present_after(said: Transition) -> bool:
    return said.condition or said.latched


@settings(max_examples=60)
@given(LIVES)
def test_every_alarm_tells_a_whole_story(acts: list[Act]) -> None:
    room = Life().live(acts)
    for steps in by_alarm(room.transitions).values():
        assert [said.step for said in steps] == list(range(1, len(steps) + 1))
        if steps[0].rule == "R00":
            continue
        assert steps[0].change == "raised"
        for before, after in itertools.pairwise(steps):
            assert_step(before, after)
    present = {alarm.alarm_id: alarm for alarm in room.engine.present_alarms(room.now_us).present}
    last = {name: steps[-1] for name, steps in by_alarm(room.transitions).items() if present_after(steps[-1])}
    assert {name: (said.condition, said.latched, said.acknowledged, said.priority) for name, said in last.items()} == {
        name: (alarm.condition, alarm.latched, alarm.acknowledged, alarm.priority) for name, alarm in present.items()
    }


def assert_step(before: Transition, after: Transition) -> None:
    """One change follows from the one before by a row of the table."""
    latching = RULES[after.rule].latching
    assert present_after(before) or after.change == "raised"  # anew from the same onset
    match after.change:
        case "raised":
            assert not before.condition
            assert not after.acknowledged
        case "escalated":
            assert RANK[after.priority] > RANK[before.priority]
            assert not after.acknowledged
        case "deescalated":
            assert RANK[after.priority] < RANK[before.priority]
            assert after.acknowledged == before.acknowledged
            assert not latching
        case "ended":
            assert before.condition
            assert after.latched == latching
        case "acknowledged":
            assert not before.acknowledged
            assert after.acknowledged
        case "reset":
            assert before.latched
        case "reminded":
            assert (before.priority, before.acknowledged) == ("high", False)
        case _:
            raise AssertionError(after.change)
    assert not (after.condition and after.latched)
    if latching and present_after(before):
        assert RANK[after.priority] >= RANK[before.priority]


@settings(max_examples=40)
@given(LIVES, st.integers(1, 50))
def test_ticks_and_restarts_of_the_engine_change_no_byte(acts: list[Act], every: int) -> None:
    room = Life().live(acts)
    engine = RoomEngine(SITE, ROOM, shipped_policy())
    said: list[bytes] = []
    for number, entry in enumerate(room.inputs):
        before = room.inputs[number - 1].received_us if number else entry.received_us
        if number % every == 0 and not entry.topic.startswith("local/"):
            tick = CapturedInput((before + entry.received_us) // 2, "local/tick", b"{}")
            said += messages(engine, tick)
            engine = RoomEngine.restore(json.loads(json.dumps(engine.snapshot())))
        said += messages(engine, entry)
    assert said == [transition.to_wire() for transition in room.transitions]
    assert engine.snapshot() == room.engine.snapshot()


def messages(engine: RoomEngine, entry: CapturedInput) -> list[bytes]:
    emissions = engine.feed(entry)
    return [emission.message.to_wire() for emission in emissions if isinstance(emission.message, Transition)]
