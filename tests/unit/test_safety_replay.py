"""Replaying a journal: our own inputs count from the first line on, and what-if policies replace the recorded ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cordguard.contract.capture import CapturedInput, CaptureError, encode_line
from cordguard.engine import local
from cordguard.safety.journal import journal_files
from cordguard.safety.playback import started_line
from cordguard.safety.replay import replay_file
from support.days import scripted
from support.journals import POLICY_TEXT, START_US, S, open_journal, play, topic, wire

STRICT_TEXT = POLICY_TEXT.replace("stop_c = 45.0", "stop_c = 44.0")


def hot(seq: int, temperature_c: float) -> CapturedInput:
    at_us = START_US + seq * S // 10
    frame = {"seq": seq, "at_us": at_us, "readings": [{"sensor": "canal", "temperature_c": temperature_c}]}
    return CapturedInput(at_us, topic("gen-1/temperature"), json.dumps(frame).encode())


def write(path: Path, *entries: CapturedInput) -> Path:
    path.write_bytes(b"".join(encode_line(entry) for entry in entries))
    return path


def case(profile: str) -> CapturedInput:
    message = {"session": "s-1", "revision": 1, "state": "open", "opened_us": START_US, "profile": profile}
    message |= {"posterior_wall": "intact", "sensors": [{"sensor": "gen-1/canal", "role": "neural"}]}
    return CapturedInput(START_US, topic("case"), json.dumps(message).encode())


def limits(path: Path, policy: Path | None = None) -> set[float | None]:
    _, found = replay_file(path, policy)
    return {transition.limit for transition in found if transition.rule == "R01" and transition.change == "raised"}


def test_a_policy_that_was_read_before_the_first_message_is_the_cases(tmp_path: Path) -> None:
    """A start, a crash, and a start under another policy, all before anybody said a word."""
    frames = [hot(seq, 44.5) for seq in range(1, 10)]
    begin = started_line(POLICY_TEXT, "first", START_US - 2)
    again = started_line(STRICT_TEXT, "crash", START_US - 1)
    assert limits(write(tmp_path / "a", begin, case("standard"), *frames)) == set()
    assert limits(write(tmp_path / "b", begin, again, case("standard"), *frames)) == {44.0}


def test_alarms_about_ourselves_from_before_the_first_message_are_replayed(tmp_path: Path) -> None:
    slow = CapturedInput(START_US, local.SELF_CHECK, b'{"latency_ms":{"p50":1.0,"p99":2000.0}}')
    path = write(tmp_path / "a", started_line(POLICY_TEXT, "first", START_US), slow, hot(1, 37.0))
    _, found = replay_file(path)
    assert [transition.rule for transition in found] == ["R43"]


def test_a_what_if_policy_replaces_all_that_were_recorded(tmp_path: Path) -> None:
    policy = tmp_path / "strict.toml"
    policy.write_text(STRICT_TEXT)
    frames = [hot(seq, 44.5) for seq in range(1, 10)]
    path = write(tmp_path / "a", started_line(POLICY_TEXT, "first", START_US), case("standard"), *frames)
    assert limits(path) == set()
    assert limits(path, policy) == {44.0}


def test_a_torn_last_line_is_left_out_and_told_a_whole_one_without_line_feed_counts(tmp_path: Path) -> None:
    path = write(tmp_path / "a", started_line(POLICY_TEXT, "first", START_US), hot(1, 46.0), hot(2, 46.0))
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    replay, found = replay_file(path)
    assert list(found)
    assert replay.torn is None
    path.write_bytes(whole[:-2])
    replay, found = replay_file(path)
    assert not list(found)
    assert replay.torn is not None


def test_a_damaged_line_is_named_with_its_number(tmp_path: Path) -> None:
    path = write(tmp_path / "a", started_line(POLICY_TEXT, "first", START_US), hot(1, 37.0))
    path.write_bytes(path.read_bytes() + b'{"received_us":"x"}\n')
    _, found = replay_file(path)
    with pytest.raises(CaptureError, match=r"line 3: not a capture line"):
        list(found)


def test_each_file_of_a_day_replays_alone_since_line_one_has_the_whole_state(tmp_path: Path) -> None:
    day = play(tmp_path / "day", scripted(3))
    files = journal_files(day.folder)
    first_topics = [json.loads(path.read_bytes().partition(b"\n")[0])["topic"] for path in files]
    assert first_topics == [local.STARTED] + [local.CONTINUED] * (len(files) - 1)
    final = []
    for path in files:
        replay, found = replay_file(path)
        list(found)
        final += [summary.session for summary in replay.summaries.values() if summary.final]
    assert "s-1" in final


def test_a_case_still_under_watch_at_the_end_is_summarised_so_far(tmp_path: Path) -> None:
    keeper, _ = open_journal(tmp_path)
    wire(keeper.take(case("near")))
    keeper.close()
    replay, found = replay_file(journal_files(tmp_path)[-1])
    list(found)
    assert replay.summaries["s-1"].profile == "near"
