"""Two engines side by side: the same alarms under the same ids, and whoever keeps them keeps one of each."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cordguard.audit.ledger import open_ledger
from cordguard.audit.reader import read_ledger
from cordguard.audit.shell import AuditService
from cordguard.contract.alarms import is_same_change
from cordguard.contract.topics import TRANSITION
from cordguard.recorder.settings import RecorderSettings
from cordguard.recorder.shell import Recorder
from cordguard.recorder.store import connect, open_store
from cordguard.runtime.clock import SimulatedClock
from cordguard.runtime.service import Service
from cordguard.runtime.settings import ServiceSettings
from cordguard.safety.settings import SafetySettings
from cordguard.safety.shell import SafetyService
from support.journals import ROOM, SITE, START_US
from support.safety_shell import HandClock, Stage, case, frame, status

FRAME_US = 100_000
LAG_US = 3_217
"""The second engine receives everything a little later."""


class Pair:
    """Two safety services, a recorder and an audit service on one broker."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stage = Stage(folder / "first", monkeypatch)
        self.clock = HandClock(START_US + LAG_US)
        settings = SafetySettings(site=SITE, instance="second", data_dir=folder / "second")
        opened = self.stage.broker.open
        self.engines = [self.stage.start(), SafetyService(settings, opened, clock=self.clock)]
        self.pace = SimulatedClock(1)
        self.recorder = Recorder(
            RecorderSettings(site=SITE, data_dir=folder),
            open_bus=opened,
            store=open_store(folder / "store.db"),
            clock=self.pace,
            own_clock=self.pace,
            shipping=None,
        )
        self.audit = AuditService(
            ServiceSettings(site=SITE, data_dir=folder), opened, open_ledger(folder / "ledger.db"), self.pace
        )
        self.heard: list[dict[str, Any]] = []
        self.step()

    def services(self) -> tuple[Service, ...]:
        """Everybody who runs."""
        return (*self.engines, self.recorder, self.audit)

    def step(self) -> None:
        """A tenth of a second for everybody."""
        self.stage.clock.us += FRAME_US
        self.clock.us = self.stage.clock.us + LAG_US
        self.pace.advance_to(self.pace.now_us() + FRAME_US)
        for service in self.services():
            service.step(0)
        name = TRANSITION.at(SITE, room=ROOM)
        self.heard += [json.loads(each.payload) for each in self.stage.hear() if each.topic == name]

    def close(self) -> None:
        for service in self.services():
            service.close()


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    opened = Pair(tmp_path, monkeypatch)
    yield opened
    opened.close()


def play(pair: Pair) -> None:
    """The canal at 47 °C for 10 s; somebody acknowledges; it cools, and the sensor falls silent."""
    pair.stage.say("case", case(opened_us=START_US), retain=True)
    pair.stage.say("gen-1/status", status(pair.stage.clock.us), retain=True)
    for number in range(1, 260):
        canal_c = 47.0 if 50 < number < 150 else 37.0
        now_us = pair.stage.clock.us
        if number % 10 == 0:
            pair.stage.say("gen-1/status", status(now_us), retain=True)
        if number < 230:
            pair.stage.say("gen-1/temperature", frame(number, now_us, canal_c))
        if number == 100:
            hot = next(each for each in pair.heard if each["rule"] == "R01")
            command = {"command_id": "c-1", "at_us": now_us, "expires_us": now_us + 10_000_000, "actor": "a-1"}
            command |= {"action": "acknowledge", "alarm_id": hot["alarm_id"], "role": "clinician"}
            pair.stage.say("command", command)
        pair.step()


def test_two_engines_say_the_same_under_the_same_ids(pair: Pair) -> None:
    play(pair)
    said: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    for each in pair.heard:
        said[each["alarm_id"], each["step"]].append(each)
    assert {(both[0]["rule"], both[0]["change"]) for both in said.values()} >= {
        ("R01", "raised"),
        ("R01", "acknowledged"),
        ("R01", "ended"),
        ("R14", "raised"),
    }
    assert {len(both) for both in said.values()} == {2}
    for one, other in said.values():
        differing = {name for name in {*one, *other} if one.get(name) != other.get(name)}
        timeless = one["change"] == "acknowledged"
        assert differing <= ({"received_us", "late", "event_us"} if timeless else {"received_us", "late"})
    assert any(one["received_us"] != other["received_us"] for one, other in said.values())


def test_recorder_and_ledger_keep_one_of_two_engines_transitions(pair: Pair, tmp_path: Path) -> None:
    play(pair)
    wanted = {(each["alarm_id"], each["step"]) for each in pair.heard}
    assert len(pair.heard) == 2 * len(wanted)
    store = connect(tmp_path / "store.db")
    assert store.execute("SELECT count(*) FROM transition").fetchone()[0] == len(wanted)
    store.close()
    reader = read_ledger(tmp_path / "ledger.db")
    kinds = [entry.kind for entry in reader.entries()]
    reader.close()
    assert kinds.count("transition") == len(wanted)
    assert "conflict" not in kinds


def test_when_one_of_two_engines_dies_the_other_says_all(pair: Pair) -> None:
    second = pair.engines.pop()
    pair.stage.broker.cut(f"safety-{SITE}-second")
    play(pair)
    assert {(each["rule"], each["change"]) for each in pair.heard} >= {("R01", "raised"), ("R14", "raised")}
    second.close()


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"received_us": 9, "late": True}, True),
        ({"event_us": 9, "received_us": 9}, True),
        ({"event_us": 9}, False),
        ({"priority": "low"}, False),
        ({"value": 1.0}, False),
    ],
)
def test_only_the_time_of_receipt_may_differ(changes: dict[str, Any], *, same: bool) -> None:
    telling = {"alarm_id": "a", "step": 1, "priority": "high", "event_us": 7, "received_us": 7, "late": False}
    assert is_same_change(telling, telling | changes) is same
    assert is_same_change(telling | changes, telling) is same
