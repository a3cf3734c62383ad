"""While safety has no broker it hears nobody: nobody is called silent for it, and R41 says how long it was (H11)."""

from __future__ import annotations

from pathlib import Path

import pytest

from cordguard.bus.filters import matches
from cordguard.contract.alarms import Transition
from cordguard.contract.topics import (
    CANARY_TEMPERATURE,
    GENERATOR,
    STATUS,
    TABLE,
    TEMPERATURE,
    TRANSITION,
    Topic,
    all_sources,
)
from cordguard.safety.attention import STALL_US, Attention
from cordguard.safety.shell import SafetyService
from support.journals import ROOM, SITE, START_US, S, recover_journal, whole_state
from support.safety_shell import Stage, case, frame, status

MINUTE_US = 60 * S


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(tmp_path, monkeypatch)


class Device:
    """Speaks ten times a second, whether it has a broker or not."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.number = 0
        self._known = 0
        """How much of what was published was looked at: a listener, too, would be cut off."""

    def live(self, seconds: float, safety: SafetyService | None = None) -> list[Transition]:
        """What is said of its room meanwhile."""
        heard = []
        for _ in range(round(seconds * 10)):
            self.number += 1
            self.stage.clock.us += S // 10
            if self.number % 10 == 1:
                self.stage.say("gen-1/status", status(self.stage.clock.us), retain=True)
            self.stage.say("gen-1/temperature", frame(self.number, self.stage.clock.us))
            heard += self.pass_(safety)
        return heard

    def pass_(self, safety: SafetyService | None) -> list[Transition]:
        """Let everybody work once."""
        self.stage.sender.bus.poll(0)
        if safety is not None:
            safety.step(0)
        published, self._known = self.stage.broker.log[self._known :], len(self.stage.broker.log)
        said = [each.payload for each in published if each.topic == TRANSITION.at(SITE, room=ROOM)]
        return [Transition.model_validate_json(payload) for payload in said]


@pytest.fixture
def device(stage: Stage) -> Device:
    stage.say("case", case(), retain=True)
    return Device(stage)


def told(transitions: list[Transition]) -> list[tuple[str, str]]:
    return [(each.rule, each.change) for each in transitions if each.change != "reminded"]


@pytest.mark.parametrize("seconds", [2.0, 7.0])
def test_r14_h11_nobody_is_called_silent_while_safety_waits_for_its_broker(
    stage: Stage, device: Device, seconds: float
) -> None:
    """It starts, and the broker is not there yet."""
    with stage.running() as service:
        device.live(2, service)
        stage.kill(service)
    device.live(1)
    stage.broker.stop()
    again = stage.start()
    heard = device.live(seconds, again)
    stage.broker.start()
    heard += device.live(3, again)
    again.close()
    assert told(heard) == [("R41", "raised"), ("R41", "ended")]


def test_r41_h11_an_outage_of_the_broker_is_ours_and_no_devices(stage: Stage, device: Device) -> None:
    with stage.running() as service:
        assert told(device.live(2, service)) == []
        stage.broker.stop()
        lost_us = stage.clock.us
        heard = device.live(6, service)
        stage.broker.start()
        heard += device.live(3, service)
    assert told(heard) == [("R41", "raised"), ("R41", "ended")]
    blind = heard[0]
    assert blind.evidence is not None
    assert blind.evidence["blind_from_us"] == lost_us + S // 10
    assert "did not watch for 6.0 s (it had no connection to the broker)" in blind.message


def test_r41_a_broker_that_is_away_for_less_than_a_second_is_not_worth_a_word(stage: Stage, device: Device) -> None:
    with stage.running() as service:
        heard = device.live(2, service)
        stage.broker.stop()
        heard += device.live(0.5, service)
        stage.broker.start()
        heard += device.live(3, service)
    assert told(heard) == []


def test_r14_who_is_silent_when_the_broker_is_back_is_called_so_from_then_on(stage: Stage, device: Device) -> None:
    with stage.running() as service:
        device.live(2, service)
        stage.broker.stop()
        device.live(1, service)
        for _ in range(50):
            stage.clock.us += S // 10
            device.pass_(service)
        stage.broker.start()
        heard = []
        back_us = stage.clock.us + S // 10
        for _ in range(15):
            stage.clock.us += S // 10
            heard += device.pass_(service)
    (raised,) = [each for each in heard if each.rule == "R14" and each.change == "raised"]
    assert raised.received_us == back_us + S


def test_h11_a_journal_of_an_outage_gives_the_same_state_again(stage: Stage, device: Device) -> None:
    with stage.running() as service:
        device.live(2, service)
        stage.broker.stop()
        device.live(4, service)
        stage.broker.start()
        device.live(2, service)
        lived = whole_state(dict(service._rooms)[ROOM].engine)  # noqa: SLF001 - compared, not touched
    found = recover_journal(stage.data_dir / "journal" / ROOM)
    assert found is not None
    found.close()
    assert whole_state(found.engine) == lived
    assert '"R41' in lived


# --- the parts ---


def test_a_turn_that_came_late_says_since_when() -> None:
    attention = Attention(START_US, connected=True)
    assert attention.turn(START_US + STALL_US) is None
    assert attention.turn(START_US + 2 * STALL_US + 1) == START_US + STALL_US
    assert attention.turn(START_US + 2 * STALL_US + 2) is None


def test_who_hears_nobody_is_not_held_up() -> None:
    attention = Attention(START_US)
    assert attention.away
    assert attention.turn(START_US + MINUTE_US) is None
    assert attention.back(START_US + MINUTE_US) == START_US
    assert not attention.away
    assert attention.turn(START_US + MINUTE_US + STALL_US) is None


def test_a_connection_that_is_lost_again_counts_from_the_first_loss() -> None:
    attention = Attention(START_US, connected=True)
    attention.lost(START_US + 1)
    attention.lost(START_US + 2)
    assert attention.back(START_US + 3) == START_US + 1
    assert attention.back(START_US + 4) is None


@pytest.mark.parametrize("row", TABLE, ids=[row.name for row in TABLE])
def test_one_filter_matches_all_that_sources_say_and_nothing_else(row: Topic) -> None:
    levels = {"room": "or-1", "source": "gen-1", "service": "safety", "instance": "main"}
    name = row.at(SITE, **{key: level for key, level in levels.items() if f"{{{key}}}" in row.template})
    of_sources = row in (GENERATOR, TEMPERATURE, STATUS, CANARY_TEMPERATURE)
    assert matches(all_sources(SITE), name) is of_sources
