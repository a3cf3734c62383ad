"""Safety's shell: what it hears and ignores, and when it acknowledges."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cordguard.bus.port import Message
from cordguard.contract import topics
from cordguard.contract.capture import CapturedInput, read_lines
from cordguard.engine import local
from cordguard.safety.journal import journal_files
from cordguard.safety.keeper import RoomKeeper
from support.journals import ROOM, SITE, START_US, S, topic
from support.safety_shell import CLIENT_ID, Stage, case, frame, status

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


# --- what it hears ---


def test_a_clock_on_the_bus_is_ignored_by_a_process_in_real_time(stage: Stage) -> None:
    with stage.running() as service:
        stage.sender.bus.publish(CLOCK, json.dumps({"at_us": START_US + 3_600 * S}).encode())
        stage.say("gen-1/temperature", frame(1, START_US))
        stage.live(service, 0.1)
        assert {entry.received_us for entry in journal(stage)} <= {START_US, START_US + 50_000, START_US + 100_000}
        subscribed = [subscription.filter for subscription in service._connection().subscriptions]  # noqa: SLF001
        assert f"cordguard/v1/{SITE}/#" not in subscribed
        assert topics.CLOCK.filter(SITE) not in subscribed


def test_a_simulated_run_has_one_subscription_and_ignores_what_it_says_itself(stage: Stage) -> None:
    with stage.running(simulated_clock=True) as service:
        assert [subscription.filter for subscription in service._connection().subscriptions] == [  # noqa: SLF001
            f"cordguard/v1/{SITE}/#"
        ]
        for number in range(20):
            stage.sender.bus.publish(CLOCK, json.dumps({"at_us": START_US + number * 100_000}).encode())
            stage.say("gen-1/temperature", frame(number, START_US + number * 100_000, 46.0))
            service.step(0)
        service.step(0)
        said = stage.hear()
        assert of(said, topics.TRANSITION)
        assert of(said, topics.ALARMS)
        assert of(said, topics.VITALS)
    assert set(journalled(stage)) == {local.STARTED, "gen-1/temperature"}


def test_a_simulated_run_takes_its_time_from_the_clock_topic(stage: Stage) -> None:
    with stage.running(simulated_clock=True) as service:
        for at_us in (START_US, START_US + 5 * S):
            stage.sender.bus.publish(CLOCK, json.dumps({"at_us": at_us}).encode())
            stage.say("gen-1/temperature", frame(at_us // S, at_us))
        service.step(0)
    times = [entry.received_us for entry in journal(stage) if entry.topic.endswith("temperature")]
    assert times == [START_US, START_US + 5 * S]


def test_what_comes_before_the_clock_speaks_is_held_unacknowledged_and_then_kept(stage: Stage) -> None:
    stage.say("case", case(), retain=True)
    stage.say("gen-1/status", status(START_US), retain=True)
    with stage.running(simulated_clock=True) as service:
        stage.say("gen-1/temperature", frame(1, START_US))
        for _ in range(3):
            service.step(0)
        assert not (stage.data_dir / "journal" / ROOM).exists()
        assert len(stage.broker.unacknowledged(CLIENT_ID)) == 3
        stage.sender.bus.publish(CLOCK, json.dumps({"at_us": START_US}).encode())
        service.step(0)
        assert stage.broker.unacknowledged(CLIENT_ID) == ()
    assert journalled(stage)[1:] == [local.CONTINUED, "case", "gen-1/status", "gen-1/temperature"]
    assert {entry.received_us for entry in journal(stage)} == {START_US}
    assert [entry.retained for entry in journal(stage)][2:] == [True, True, False]


def test_an_old_clock_kept_by_the_broker_starts_no_run(stage: Stage) -> None:
    stage.sender.bus.publish(CLOCK, json.dumps({"at_us": START_US}).encode(), retain=True)
    with stage.running(simulated_clock=True) as service:
        stage.say("gen-1/temperature", frame(1, START_US))
        service.step(0)
        assert not (stage.data_dir / "journal" / ROOM).exists()


@pytest.mark.parametrize(
    "name",
    [
        f"cordguard/v1/{SITE}/services/gen-1/temperature",
        f"cordguard/v1/{SITE}/Room-1/gen-1/temperature",
        f"cordguard/v1/{SITE}/../gen-1/temperature",
        f"cordguard/v1/{SITE}/{'x' * 64}/gen-1/temperature",
    ],
)
def test_a_message_that_names_no_room_is_counted_and_makes_none(stage: Stage, name: str) -> None:
    with stage.running() as service:
        stage.sender.bus.publish(name, b"{}")
        stage.live(service, 0.1)
        counters = stage.health().detail
        assert counters is not None
        assert counters["counters"] == {"unaddressed": 1}
        assert stage.broker.unacknowledged(CLIENT_ID) == ()
        assert not list((stage.data_dir / "journal").glob("*/*"))


# --- when it acknowledges ---


def test_a_message_is_acknowledged_only_after_the_journal_has_it(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    with stage.running() as service:
        stage.say("gen-1/temperature", frame(1, START_US))
        unacknowledged = []
        take = RoomKeeper.take

        def watched(keeper: RoomKeeper, entry: CapturedInput) -> object:
            unacknowledged.append(len(stage.broker.unacknowledged(CLIENT_ID)))
            return take(keeper, entry)

        monkeypatch.setattr(RoomKeeper, "take", watched)
        service.step(0)
        assert unacknowledged[0] == 1
        assert stage.broker.unacknowledged(CLIENT_ID) == ()
        assert journalled(stage)[-1] == "gen-1/temperature"


def test_a_handler_that_fails_leaves_the_message_with_the_broker(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    service = stage.start()
    service.step(0)
    stage.say("gen-1/temperature", frame(1, START_US))

    def fails(_keeper: RoomKeeper, _entry: CapturedInput) -> object:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(RoomKeeper, "take", fails)
        with pytest.raises(ZeroDivisionError):
            service.step(0)
    assert len(stage.broker.unacknowledged(CLIENT_ID)) == 1
    stage.kill(service)
    with stage.running() as again:
        again.step(0)
        assert stage.broker.unacknowledged(CLIENT_ID) == ()
    assert "gen-1/temperature" in journalled(stage)


def test_retained_case_and_status_are_known_before_what_was_queued(stage: Stage) -> None:
    """After a reconnect telemetry would come before its case."""
    with stage.running() as service:
        stage.live(service, 0.2)
        stage.broker.cut(CLIENT_ID)
        for number in range(1, 5):
            stage.say("gen-1/temperature", frame(number, START_US + number * 100_000))
        stage.say("gen-1/status", status(START_US), retain=True)
        stage.say("case", case(), retain=True)
        stage.live(service, 0.2)
    words = [word for word in journalled(stage) if not word.startswith("local/")]
    assert set(words[:2]) == {"gen-1/status", "case"}
    assert words[2:6] == ["gen-1/temperature"] * 4
    assert {"case", "gen-1/status"} <= set(words[6:]), "the queue has them too, and loses nothing"
