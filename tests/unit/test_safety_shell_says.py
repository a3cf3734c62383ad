"""Safety's shell: what it says and how often, how it starts, stops and stalls, and what it publishes again."""

from __future__ import annotations

import errno
import itertools
import json
from pathlib import Path

import pytest

from cordguard.bus.port import Message
from cordguard.contract import topics
from cordguard.contract.alarms import PresentAlarms, Transition
from cordguard.contract.capture import CapturedInput, read_lines
from cordguard.contract.vitals import Vitals
from cordguard.engine import local
from cordguard.runtime.service import SetupError
from cordguard.safety.files import AppendFile
from cordguard.safety.journal import journal_files
from cordguard.safety.playback import shipped_policy_text
from cordguard.safety.shell import SafetyService
from support.journals import ROOM, SITE, START_US, S, topic
from support.safety_shell import CLIENT_ID, Stage, case, frame

CLOCK = topics.CLOCK.at(SITE, instance="main")


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(tmp_path, monkeypatch)


def journal(stage: Stage, room: str = ROOM) -> list[CapturedInput]:
    files = journal_files(stage.data_dir / "journal" / room)
    return [entry for path in files for entry in read_lines(path.read_bytes())]


def journalled(stage: Stage) -> list[str]:
    """Topics of the room's journal, below the room."""
    return [entry.topic.removeprefix(topic("")) for entry in journal(stage)]


def of(messages: list[Message], row: topics.Topic) -> list[Message]:
    return [message for message in messages if message.topic == row.at(SITE, room=ROOM)]


# --- what it says, and how often ---


def test_vitals_come_five_times_a_second_at_most_and_alarms_once(stage: Stage) -> None:
    with stage.running() as service:
        stage.say("gen-1/temperature", frame(1, START_US))
        service.step(0)
        stage.hear()
        for number in range(2, 102):
            stage.say("gen-1/temperature", frame(number, stage.clock.us))
            stage.live(service, 0.1, step_s=0.01)
        said = stage.hear()
    vitals = [Vitals.model_validate_json(message.payload) for message in of(said, topics.VITALS)]
    assert 48 <= len(vitals) <= 51
    gaps = [after.as_of_us - before.as_of_us for before, after in itertools.pairwise(vitals)]
    assert min(gaps) >= 200_000
    assert not any(message.qos for message in of(said, topics.VITALS))
    assert 9 <= len(of(said, topics.ALARMS)) <= 11


def test_present_alarms_are_retained_and_come_at_once_when_something_changes(stage: Stage) -> None:
    with stage.running() as service:
        stage.live(service, 0.2)
        stage.hear()
        for number in range(1, 4):
            stage.say("gen-1/temperature", frame(number, stage.clock.us + number, 46.0))
        service.step(0)
        said = stage.hear()
        assert [t.rule for t in map(read_transition, of(said, topics.TRANSITION))] == ["R01"]
        names = [message.topic.rpartition("/")[2] for message in said]
        assert names.index("transition") < names.index("alarms")
    kept = stage.broker.retained(topics.ALARMS.at(SITE, room=ROOM))
    assert kept is not None
    assert [alarm.rule for alarm in PresentAlarms.model_validate_json(kept.payload).present] == ["R01"]


def read_transition(message: Message) -> Transition:
    return Transition.model_validate_json(message.payload)


def test_health_says_degraded_and_why_while_the_journal_cannot_be_written(stage: Stage) -> None:
    full = False
    opens = stage.files

    def files(path: Path) -> AppendFile:
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return opens(path)

    stage.files = files
    with stage.running() as service:
        stage.live(service, 0.2)
        assert stage.health().state == "ok"
        full = True
        stage.say("gen-1/temperature", frame(1, stage.clock.us))
        stage.live(service, 0.2)
        assert stage.broker.unacknowledged(CLIENT_ID) == (), "seeing wins over keeping"
        health = stage.health()
        assert health.state == "degraded"
        assert health.detail is not None
        assert f"{ROOM}: " in str(health.detail["journal"])
        assert "No space left on device" in str(health.detail["journal"])
        assert [each.change for each in stage.transitions() if each.rule == "R42"] == ["raised"]
        stage.live(service, 15)
        assert [each for each in stage.transitions() if each.change in ("raised", "ended") and each.rule == "R42"] == []
        full = False
        stage.live(service, 1.5)
        assert stage.health().state == "ok"
        assert [each.change for each in stage.transitions() if each.rule == "R42"] == ["ended"]


def test_h13_a_changed_policy_applies_from_the_next_case_a_bad_one_is_refused_and_said(
    stage: Stage, tmp_path: Path
) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(shipped_policy_text())
    with stage.running(policy_path=path) as service:
        stage.say("case", case())
        stage.live(service, 1.5)
        shipped = stage.health().policy
        path.write_text(shipped_policy_text().replace("stop_c = 45.0", "stop_c = 55.0"))
        stage.live(service, 1.5)
        health = stage.health()
        assert (health.state, health.policy) == ("degraded", shipped)
        assert health.detail is not None
        assert "stop_c" in str(health.detail["policy_refused"])
        path.write_text(shipped_policy_text().replace("stop_c = 45.0", "stop_c = 44.0"))
        stage.live(service, 1.5)
        health = stage.health()
        assert health.state == "ok"
        assert health.policy != shipped
        assert stop_limit(stage, service, 1) == 45.0
        stage.say("case", case("s-2", stage.clock.us))
        assert stop_limit(stage, service, 2) == 44.0
        path.unlink()
        stage.live(service, 1.5)
        assert stage.health().state == "degraded"
        assert stage.health().policy == health.policy
    assert journalled(stage).count(local.POLICY) == 1


def stop_limit(stage: Stage, service: SafetyService, seq: int) -> float:
    stage.say("gen-1/temperature", frame(seq, stage.clock.us))
    stage.hear()
    stage.live(service, 0.5)
    vitals = Vitals.model_validate_json(of(stage.hear(), topics.VITALS)[-1].payload)
    limits = vitals.sensors[0].limits
    assert limits is not None
    return limits.stop_c


def test_a_bad_policy_at_start_is_a_sentence(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text("version = 2")
    with pytest.raises(SetupError, match=r"policy\.toml cannot be used: version"):
        stage.start(policy_path=path)


# --- starting, stopping, stalling ---


@pytest.mark.parametrize(("clean", "ended"), [(True, "clean"), (False, "crash")])
def test_how_the_last_run_ended_is_written_down(stage: Stage, *, clean: bool, ended: str) -> None:
    service = stage.start()
    service.step(0)
    stage.say("gen-1/temperature", frame(1, START_US))
    service.step(0)
    if clean:
        service.close()
        assert stage.health().state == "stopped"
    else:
        stage.kill(service)
        assert stage.health().state == "failed"
    stage.clock.us += 5 * S
    with stage.running():
        pass
    started = [json.loads(entry.payload)["ended"] for entry in journal(stage) if entry.topic == local.STARTED]
    assert started == ["first", ended]


def test_r41_a_stall_of_ours_is_told_and_makes_nobody_stale(stage: Stage) -> None:
    with stage.running() as service:
        stage.say("case", case())
        for number in range(1, 21):
            stage.say("gen-1/temperature", frame(number, stage.clock.us))
            stage.live(service, 0.1)
        stage.hear()
        for number in range(21, 51):  # three seconds in which we do not run
            stage.clock.us += 100_000
            stage.say("gen-1/temperature", frame(number, stage.clock.us))
        service.step(0)
        said = stage.transitions()
        assert [(each.rule, each.change) for each in said] == [("R41", "raised"), ("R41", "ended")]
        assert said[0].value == pytest.approx(3.0)
        assert "held up" in said[0].message


def test_r41_waiting_long_for_what_the_broker_keeps_is_a_stall_too(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage.running() as service:
        stage.say("case", case())
        stage.say("gen-1/temperature", frame(1, stage.clock.us))
        stage.live(service, 0.5)
        stage.hear()

        def slow(*_: object) -> tuple[Message, ...]:
            stage.clock.us += 4 * S
            return (Message(topic("case"), json.dumps(case()).encode(), retained=True),)

        monkeypatch.setattr("cordguard.safety.shell.read_retained", slow)
        stage.broker.cut(CLIENT_ID)
        service.step(0)
        service.step(0)
        assert [(each.rule, each.change) for each in stage.transitions()] == [("R41", "raised")]


# --- the outbox ---


def hot(stage: Stage, service: SafetyService, seq: int) -> None:
    """Raise and, with the next call, end R01."""
    for number in range(3):
        stage.say("gen-1/temperature", frame(seq + number, stage.clock.us + number, 46.0))
    service.step(0)


def test_a13_what_the_broker_may_not_have_is_published_again_the_same_and_the_rest_is_not(stage: Stage) -> None:
    service = stage.start()
    service.step(0)
    stage.say("gen-1/temperature", b"no frame")
    service.step(0)
    stage.live(service, 11)  # a self-check writes down what the broker has
    early = of(stage.hear(), topics.REJECTED)
    assert len(early) == 1
    checks = [json.loads(entry.payload) for entry in journal(stage) if entry.topic == local.SELF_CHECK]
    assert [check["confirmed"] for check in checks if "confirmed" in check][-1] >= 1
    hot(stage, service, 1)
    unconfirmed = of(stage.hear(), topics.TRANSITION)
    assert [read_transition(message).rule for message in unconfirmed][-1] == "R01"
    stage.kill(service)
    stage.clock.us += 500_000
    with stage.running() as again:
        again.step(0)
        said = stage.hear()
        repeated = of(said, topics.TRANSITION)[: len(unconfirmed)]
        assert [message.payload for message in repeated] == [message.payload for message in unconfirmed]
        assert of(said, topics.REJECTED) == []


def test_a13_what_was_journalled_but_never_published_is_published_after_the_restart(stage: Stage) -> None:
    """Killed between write and publication: the broker has neither acknowledgement nor transition."""
    service = stage.start()
    service.step(0)
    stage.broker.stop()
    rooms = service._rooms  # noqa: SLF001 - as if the process died in the middle of its work
    keeper, _ = rooms.get(ROOM, START_US)
    for number in range(1, 4):
        payload = json.dumps(frame(number, START_US + number, 46.0)).encode()
        keeper.take(CapturedInput(START_US + number, topic("gen-1/temperature"), payload))
    wanted = [entry.payload.encode() for entry in keeper.engine.outbox]
    assert wanted
    stage.broker.start()
    stage.listener.bus.poll(0)
    stage.listener.bus.poll(0)
    stage.hear()
    stage.clock.us += 100
    with stage.running() as again:
        again.step(0)
        assert [message.payload for message in of(stage.hear(), topics.TRANSITION)] == wanted


def test_a13_the_canary_is_answered_and_keeps_out_of_every_rooms_journal(stage: Stage) -> None:
    with stage.running() as service:
        name = topics.CANARY_TEMPERATURE.at(SITE)
        for number, canary_c in enumerate((46.0, 36.0), start=1):
            readings = [{"sensor": "canary", "temperature_c": canary_c}]
            message = {"seq": number, "at_us": stage.clock.us + number, "readings": readings}
            stage.sender.bus.publish(name, json.dumps(message).encode())
            service.step(0)
        answers = [m for m in stage.hear() if m.topic == topics.CANARY_TRANSITION.at(SITE)]
        assert [read_transition(answer).change for answer in answers] == ["raised", "ended"]
        assert not (stage.data_dir / "journal" / ROOM).exists()
