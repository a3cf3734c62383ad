"""An outage of ours: the backlog is judged in event time, nobody is called silent for it, one R41 states it (H11)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cordguard.contract.alarms import Transition
from cordguard.contract.capture import CapturedInput
from cordguard.engine.alarms import Emission
from cordguard.safety.files import open_file
from cordguard.safety.keeper import RoomKeeper, open_room
from support.journals import POLICY, POLICY_TEXT, ROOM, SITE, START_US, S, topic

STEP_US = S // 10


class Devices:
    """A generator and a thermometer at 10 Hz, alive once a second; what they say does not hang on who listens."""

    def __init__(self) -> None:
        self.number = 0

    def run(self, seconds: float, from_c: float, to_c: float) -> Iterator[tuple[int, str, bytes]]:
        """(at, topic, payload) while the canal goes from one temperature to another."""
        steps = round(seconds * 10)
        for step in range(1, steps + 1):
            self.number += 1
            at_us = START_US + self.number * STEP_US
            head = {"seq": self.number, "at_us": at_us}
            canal_c = round(from_c + (to_c - from_c) * step / steps, 3)
            if self.number % 10 == 1:
                yield at_us, "gen-1/status", _json({"state": "online", "at_us": at_us})
            yield at_us, "gen-1/generator", _json(head | {"rf_on": True, "power_w": 10.0, "impedance_ohm": 100.0})
            readings = [{"sensor": "canal", "temperature_c": canal_c}]
            yield at_us, "gen-1/temperature", _json(head | {"readings": readings})


def _json(message: object) -> bytes:
    return json.dumps(message).encode()


def start(folder: Path, now_us: int, ended: str = "crash") -> tuple[RoomKeeper, list[Transition]]:
    keeper, out = open_room(folder, SITE, ROOM, POLICY, POLICY_TEXT, now_us, ended=ended, open_port=open_file)
    return keeper, said(out)


def said(emissions: list[Emission]) -> list[Transition]:
    return [emission.message for emission in emissions if isinstance(emission.message, Transition)]


def live(keeper: RoomKeeper, messages: Iterator[tuple[int, str, bytes]]) -> list[Transition]:
    """Everything arrives at once, and the shell ticks all the time."""
    out = []
    for at_us, word, payload in messages:
        out += said(keeper.tick(at_us)) + said(keeper.take(CapturedInput(at_us, topic(word), payload)))
    return out


def queued(keeper: RoomKeeper, now_us: int, messages: Iterator[tuple[int, str, bytes]]) -> list[Transition]:
    """What waited at the broker comes in a burst, 1 ms apart, and the shell ticks all the time."""
    out = []
    for at_us, word, payload in messages:
        now_us = max(now_us + 1_000, at_us)
        out += said(keeper.tick(now_us)) + said(keeper.take(CapturedInput(now_us, topic(word), payload)))
    return out


def open_case(keeper: RoomKeeper) -> None:
    case = {"session": "s-1", "revision": 1, "state": "open", "opened_us": START_US, "profile": "standard"}
    sensors = [{"sensor": "gen-1/canal", "role": "neural"}]
    case |= {"posterior_wall": "intact", "sensors": sensors}
    keeper.take(CapturedInput(START_US, topic("case"), _json(case)))


BY_OUR_CLOCK = ("R37", "R38", "R46")
"""Rules about who hears and answers: an outage shifts them, as it shifts reminders."""


def changes(transitions: list[Transition]) -> list[tuple[str, str, int]]:
    """What happened by the devices' clocks, in order."""
    by_devices = [each for each in transitions if each.change != "reminded" and each.rule not in BY_OUR_CLOCK]
    return [(each.alarm_id, each.change, each.event_us) for each in by_devices]


@pytest.mark.parametrize("outage_s", [4, 20, 90])
@pytest.mark.parametrize("ended", ["crash", "clean"])
def test_r41_h11_an_outage_is_stated_once_and_its_backlog_judged_in_event_time(
    tmp_path: Path, outage_s: int, ended: str
) -> None:
    """The canal passes 45 °C while we are down."""
    unbroken, _ = start(tmp_path / "unbroken", START_US)
    open_case(unbroken)
    devices = Devices()
    wanted = [
        *live(unbroken, devices.run(20, 37.0, 37.0)),
        *live(unbroken, devices.run(outage_s, 37.0, 47.0)),
        *live(unbroken, devices.run(10, 47.0, 47.0)),
    ]

    broken, _ = start(tmp_path / "broken", START_US)
    open_case(broken)
    devices = Devices()
    before = live(broken, devices.run(20, 37.0, 37.0))
    down_us = broken.engine.received_us
    broken.close()
    up_us = down_us + outage_s * S
    again, first = start(tmp_path / "broken", up_us, ended)
    backlog = queued(again, up_us, devices.run(outage_s, 37.0, 47.0))
    after = live(again, devices.run(10, 47.0, 47.0))

    blind = [transition for transition in [*first, *backlog, *after] if transition.rule == "R41"]
    assert [transition.change for transition in blind] == ["raised", "ended"]
    assert blind[0].priority == "high"
    assert blind[0].evidence is not None
    assert blind[0].evidence["blind_from_us"] == down_us
    assert blind[0].evidence["blind_to_us"] == up_us
    assert f"did not watch for {outage_s:.1f} s" in blind[0].message
    assert ended in blind[0].message

    others = [transition for transition in [*before, *first, *backlog, *after] if transition.rule != "R41"]
    assert changes(others) == changes(wanted)
    assert not [transition for transition in others if transition.rule in ("R14", "R15", "R16", "R17", "R40")]
    assert any(transition.rule == "R01" for transition in backlog)
    for transition in others:
        assert transition.late is (transition.received_us - transition.event_us > 2 * S)
    assert any(transition.late for transition in backlog) == (outage_s > 4)


def test_r14_r17_silence_that_goes_on_after_an_outage_counts_from_our_return(tmp_path: Path) -> None:
    keeper, _ = start(tmp_path, START_US)
    open_case(keeper)
    live(keeper, Devices().run(5, 37.0, 37.0))
    up_us = keeper.engine.received_us + 30 * S
    keeper.close()
    again, first = start(tmp_path, up_us)
    out = first + [part for ms in range(0, 5_000, 10) for part in said(again.tick(up_us + ms * 1_000))]
    raised = {transition.rule: transition.received_us - up_us for transition in out if transition.change == "raised"}
    assert raised["R41"] == 0
    assert raised["R14"] == 1 * S
    assert raised["R17"] == 3 * S
    escalated = {t.rule: t.received_us - up_us for t in out if t.change == "escalated"}
    assert escalated["R14"] == 2 * S


def test_r41_every_outage_states_its_own_interval(tmp_path: Path) -> None:
    keeper, _ = start(tmp_path, START_US)
    open_case(keeper)
    devices = Devices()
    stated = []
    wanted = []
    for _ in range(3):
        live(keeper, devices.run(5, 37.0, 37.0))
        keeper.close()
        up_us = keeper.engine.received_us + 5 * S
        keeper, first = start(tmp_path, up_us)
        wanted.append(up_us)
        stated += [each.evidence["blind_to_us"] for each in first if each.rule == "R41" and each.evidence is not None]
        queued(keeper, up_us, devices.run(5, 37.0, 37.0))
    assert stated == wanted


def test_r41_an_idle_room_was_not_watched_and_says_nothing(tmp_path: Path) -> None:
    keeper, _ = start(tmp_path, START_US)
    keeper.take(CapturedInput(START_US, topic("gen-1/status"), _json({"state": "online", "at_us": START_US})))
    keeper.close()
    _, first = start(tmp_path, START_US + 600 * S)
    assert first == []


def test_r41_counts_in_the_summary_as_time_not_watched(tmp_path: Path) -> None:
    keeper, _ = start(tmp_path, START_US)
    open_case(keeper)
    live(keeper, Devices().run(5, 37.0, 37.0))
    up_us = keeper.engine.received_us + 7 * S
    keeper.close()
    again, _ = start(tmp_path, up_us)
    summary = again.engine.summary_so_far()
    assert summary is not None
    assert summary.monitor_blind_s == pytest.approx(7.0)


def test_the_received_time_never_runs_back_whatever_the_clock_says(tmp_path: Path) -> None:
    keeper, _ = start(tmp_path, START_US)
    open_case(keeper)
    live(keeper, Devices().run(5, 37.0, 37.0))
    newest_us = keeper.engine.received_us
    keeper.close()
    again, _ = start(tmp_path, START_US - 3_600 * S)
    assert again.engine.received_us == newest_us
    again.take(CapturedInput(START_US, topic("gen-1/status"), _json({"state": "online", "at_us": START_US})))
    assert again.engine.received_us == newest_us
