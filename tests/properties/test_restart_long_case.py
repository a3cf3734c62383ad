"""A case of two hours, 288,000 lines: cut 20 times, found again in under a second each time, and nothing differs."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random

import pytest

from cordguard.contract.capture import decode_line
from cordguard.safety.journal import journal_files
from cordguard.safety.snapshot import SNAPSHOT_LINES, snapshot_path
from support.journals import Day, open_journal, recover_journal, take_snapshot, whole_state, wire
from support.long_case import long_case

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

CUTS = 20
LINES = 288_000
REST = 2_000
"""Inputs that are lived through after a recovery."""


def test_a_two_hour_case_cut_20_times_is_found_again_in_under_a_second(tmp_path: Path) -> None:
    chance = Random(11)  # noqa: S311 - no secret
    cuts = {0, *(chance.randrange(LINES - REST) for _ in range(CUTS - 1))}
    keeper, published = open_journal(tmp_path / "unbroken")
    day = Day(tmp_path / "unbroken", keeper, published)
    states: dict[int, tuple[str, int]] = {}
    offsets: dict[int, int] = {}
    for number, entry in enumerate(long_case()):
        day.published += wire(keeper.take(entry))
        if keeper.lines_since_snapshot >= SNAPSHOT_LINES:
            take_snapshot(day)
        if number in cuts:
            newest = journal_files(day.folder)[-1]
            offsets[number] = newest.stat().st_size
            states[number] = whole_state(keeper.engine), keeper.engine.published
    keeper.close()
    path = journal_files(day.folder)[-1]
    content = path.read_bytes()
    assert content.count(b"\n") > LINES
    assert len(offsets) == CUTS

    took_s = []
    for number in sorted(cuts):
        folder = tmp_path / str(number)
        folder.mkdir()
        rest = content[offsets[number] :].split(b"\n", REST)[:REST]
        size = offsets[number] + chance.randrange(len(rest[0]) + 1)
        (folder / path.name).write_bytes(content[:size])
        lines = content[:size].count(b"\n")
        for name, stands_for, snapshot in day.snapshots:
            if name == path.name and stands_for <= lines:
                snapshot_path(folder / path.name).write_bytes(snapshot)
        began_s = time.process_time()
        again = recover_journal(folder)
        took_s.append(time.process_time() - began_s)
        assert again is not None
        assert (whole_state(again.engine), again.engine.published) == states[number]
        said = [part for line in rest for part in wire(again.take(decode_line(line)))]
        assert said == day.published[states[number][1] :][: len(said)]
        again.close()
    assert max(took_s) < 1.0  # of the processor's time: other work on the machine does not count


def test_a_two_hour_journal_with_and_without_its_snapshot_is_the_same(tmp_path: Path) -> None:
    keeper, _ = open_journal(tmp_path)
    for entry in long_case():
        keeper.take(entry)
        if keeper.lines_since_snapshot >= SNAPSHOT_LINES:
            assert keeper.snapshot() is None
    keeper.close()
    quick = recover_journal(tmp_path)
    assert quick is not None
    quick.close()
    snapshot_path(journal_files(tmp_path)[-1]).unlink()
    slow = recover_journal(tmp_path)
    assert slow is not None
    slow.close()
    assert whole_state(quick.engine) == whole_state(slow.engine) == whole_state(keeper.engine)
    assert quick._journal.reference() == slow._journal.reference()  # noqa: SLF001 - what summaries are given
