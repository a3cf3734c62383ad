"""Restart equivalence: a journal cut at any byte, recovered and fed the rest, equals the run that never broke."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from itertools import accumulate
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cordguard.contract.capture import CapturedInput, read_bytes, read_lines
from cordguard.engine import local
from cordguard.safety.journal import journal_files
from cordguard.safety.keeper import RoomKeeper
from cordguard.safety.snapshot import read_snapshot, snapshot_path
from support.days import scripted
from support.journals import (
    ROOM,
    SITE,
    Day,
    cut_journal,
    cut_sizes,
    inputs_of,
    journal_bytes,
    open_journal,
    play,
    recover_journal,
    whole_state,
    wire,
)

GOLDEN = Path(__file__).parents[1] / "scenarios" / "golden"
SEEDS = 24
RECORDINGS = ("overheating-near-canal", "canal-sensor-lost")
LINES_MAX = 1_500
SNAPSHOT_EVERY = 40
"""Inputs from one snapshot of a day to the next."""


@pytest.fixture(scope="module", autouse=True)
def _folder() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder:
        _days.folder = Path(folder)
        yield
        unbroken.cache_clear()


class _days:  # noqa: N801 - a place, not a class
    folder: Path


@cache
def in_this_room(name: str) -> tuple[CapturedInput, ...]:
    """The golden capture of a scenario, as if its devices were in our room."""
    capture = read_lines(read_bytes(GOLDEN / f"{name}.capture.jsonl.gz"))
    return tuple(
        replace(entry, topic="/".join(("cordguard", "v1", SITE, ROOM, *entry.topic.split("/")[4:])))
        for entry in capture
        if not entry.topic.startswith("local/")
    )


def recorded(name: str) -> Callable[[RoomKeeper], Iterator[CapturedInput]]:
    """A simulated case in short: all that people say, and every fourth second of what devices say."""

    def script(_keeper: RoomKeeper) -> Iterator[CapturedInput]:
        count = 0
        for entry in in_this_room(name):
            spoken = not entry.topic.endswith(("/generator", "/temperature"))
            if (spoken or (entry.received_us // 1_000_000) % 4 == 0) and count < LINES_MAX:
                count += 1
                yield entry

    return script


@cache
def unbroken(name: str | int) -> Day:
    """A day without a crash."""
    script = scripted(name) if isinstance(name, int) else recorded(name)
    return play(_days.folder / str(name), script, ticks=None, snapshot_every=SNAPSHOT_EVERY)


def judge_crash(name: str | int, size: int, snapshot: int | None = None) -> None:
    """Cut the journal of a day behind so many bytes, recover, live the rest: nothing differs.

    One of the day's snapshots may lie beside the file that it was made of; if that is the newest file and long enough,
    it is what recovery begins with.
    """
    day = unbroken(name)
    whole = day.content
    rest = inputs_of(whole)[len(inputs_of(whole[:size])) :]
    with tempfile.TemporaryDirectory(dir=_days.folder) as place:
        folder = Path(place) / "crashed"
        cut_journal(day.folder, folder, size)
        if snapshot is not None:
            lay_snapshot(day, folder, snapshot)
        keeper = recover_journal(folder)
        if keeper is None:
            keeper, _ = open_journal(folder)
            rest = rest[1:]  # it begins with the line that says so
        known = keeper.engine.published
        published = [part for entry in rest for part in wire(keeper.take(entry))]
        keeper.close()
        assert published == day.published[known:]
        assert whole_state(keeper.engine) == whole_state(day.keeper.engine)
        assert inputs_of(journal_bytes(folder)) == inputs_of(whole)


def lay_snapshot(day: Day, folder: Path, number: int) -> None:
    """Put a snapshot where it stood, and see whether it counts exactly if it must."""
    journal, lines, content = day.snapshots[number]
    path = folder / journal
    snapshot_path(path).write_bytes(content)
    if path.exists():
        begun = read_snapshot(path, path.read_bytes())
        assert (begun is not None) == (path.read_bytes().count(b"\n") >= lines)


def any_cut(name: str | int) -> st.SearchStrategy[tuple[str | int, int]]:
    """A day and a number of bytes."""
    return st.integers(0, len(unbroken(name).content)).map(lambda size: (name, size))


@settings(max_examples=60)
@given(st.integers(0, SEEDS - 1).flatmap(any_cut))
def test_restart_a_days_journal_cut_at_any_byte(cut: tuple[str | int, int]) -> None:
    judge_crash(*cut)


@settings(max_examples=6)
@given(st.sampled_from(RECORDINGS).flatmap(any_cut))
def test_restart_a_simulated_cases_journal_cut_at_any_byte(cut: tuple[str | int, int]) -> None:
    judge_crash(*cut)


@settings(max_examples=40)
@given(st.integers(0, SEEDS - 1).flatmap(any_cut), st.data())
def test_restart_with_any_snapshot_is_restart_without(cut: tuple[str | int, int], data: st.DataObject) -> None:
    judge_crash(*cut, data.draw(st.integers(0, len(unbroken(cut[0]).snapshots) - 1)))


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_restart_a_journal_cut_just_before_and_behind_a_snapshot(seed: int) -> None:
    day = unbroken(seed)
    begins = dict(zip((path.name for path in journal_files(day.folder)), cut_sizes(day.folder), strict=True))
    for number in range(0, len(day.snapshots), 5):
        journal, lines, _ = day.snapshots[number]
        content = (day.folder / journal).read_bytes()
        offset = begins[journal] + len(b"".join(content.splitlines(keepends=True)[:lines]))
        for size in (offset - 1, offset, offset + 1):
            judge_crash(seed, size, number)


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_restart_2000_cuts_at_random_bytes(seed: int) -> None:
    """84 cuts of each of 24 days, half of them with a snapshot."""
    day = unbroken(seed)
    chance = Random(seed)  # noqa: S311 - no secret
    for number in range(84):
        snapshot = chance.randrange(len(day.snapshots)) if number % 2 else None
        judge_crash(seed, chance.randint(0, len(day.content)), snapshot)


@pytest.mark.parametrize("offset", [-1, 0, 1, 100])
@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_restart_around_every_rotation(seed: int, offset: int) -> None:
    """A case opens or is released: the new file is not there yet, begun, torn in line one, or just whole."""
    sizes = [path.stat().st_size for path in journal_files(unbroken(seed).folder)]
    assert len(sizes) > 2
    for end in accumulate(sizes[:-1]):
        judge_crash(seed, end + offset)


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_restart_within_line_one_of_every_file(seed: int) -> None:
    begin = 0
    for path in journal_files(unbroken(seed).folder):
        line_one = len(path.read_bytes().partition(b"\n")[0])
        for size in (begin + line_one - 1, begin + line_one, begin + line_one + 1):
            judge_crash(seed, size)
        begin += path.stat().st_size


def test_the_days_hold_all_that_may_happen() -> None:
    """The proofs above are worth what the days hold."""
    entries = [entry for seed in range(SEEDS) for entry in inputs_of(unbroken(seed).content)]
    said = b"\n".join(part for seed in range(SEEDS) for part in unbroken(seed).published)
    assert {entry.topic for entry in entries} >= {local.STARTED, local.TICK, local.POLICY, local.SELF_CHECK}
    for rule in (
        b"R01",
        b"R02",
        b"R04",
        b"R06",
        b"R08",
        b"R14",
        b"R15",
        b"R16",
        b"R17",
        b"R18",
        b"R33",
        b"R40",
        b"R41",
    ):
        assert b'"rule":"%s"' % rule in said
    for change in (
        b"raised",
        b"escalated",
        b"deescalated",
        b"ended",
        b"acknowledged",
        b"reset",
        b"reminded",
        b"refused",
    ):
        assert b'"change":"%s"' % change in said
    assert b'"final":true' in said
    assert all(len(inputs_of(unbroken(seed).content)) <= LINES_MAX for seed in range(SEEDS))
    assert max(unbroken(seed).content.count(b'"dup":true') for seed in range(SEEDS)) > 0
