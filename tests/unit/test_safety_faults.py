"""A bug of ours costs one input, never the watch: it is written down first, and would end every restart otherwise."""

from __future__ import annotations

import pytest

from cordguard.contract.capture import CapturedInput
from cordguard.contract.health import Rejected
from cordguard.contract.topics import GENERATOR
from cordguard.safety.journal import RunningHash
from cordguard.safety.playback import advance
from support.room import ROOM, SITE, Room


def test_a_bug_in_the_engine_costs_one_input_and_a_dead_letter_and_the_watch_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    room = Room()
    room.case()

    def bug(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr("cordguard.engine.intake.take_generator", bug)
        frame = b'{"seq":1,"at_us":1,"rf_on":true,"power_w":9}'
        entry = CapturedInput(room.now_us, GENERATOR.at(SITE, room=ROOM, source="gen-1"), frame)
        (dead_letter,) = advance(room.engine, entry, RunningHash().reference)
    assert isinstance(dead_letter.message, Rejected)
    assert "ZeroDivisionError" in dead_letter.message.reason
    assert room.engine.counters["engine_faults"] == 1
    assert "a bug in the engine" in caplog.text
    room.run(2.0, canal=46.0)
    assert "R01 raised high" in room.story()
