"""Files that end early, and files that are archived, change nothing: no alarm, no case's recording, no recovery."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cordguard.contract.capture import CapturedInput
from cordguard.safety import keeper as keeping
from cordguard.safety.journal import journal_files
from cordguard.safety.keeper import RoomKeeper
from support.days import scripted
from support.journals import Day, inputs_of, play, recover_journal, whole_state

KEPT_FILES = 2
"""What somebody who archives leaves behind (docs/how-to/archive-journals.md)."""
NEVER = 1_000_000

SEEDS = st.integers(0, 10_000)
QUIET_LINES = st.integers(3, 10)
"""Fewer than a day has before its first case."""
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""A smaller seed is no simpler day."""


class House:
    """A made-up day in which long files end, and somebody archives."""

    def __init__(self, folder: Path, seed: int, quiet_lines: int, archive: Path | None = None) -> None:
        self.folder = folder
        self.archive = archive
        self.cases: dict[str, None] = {}
        """Names of the files in which a case was watched, in order."""
        self.ended = 0
        self._seed = seed
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(keeping, "QUIET_LINES", quiet_lines)
            self.day: Day = play(folder, self._script)

    def _script(self, keeper: RoomKeeper) -> Iterator[CapturedInput]:
        for entry in scripted(self._seed)(keeper):
            yield entry
            files = journal_files(self.folder)
            if keeper.engine.watched_session is not None:
                self.cases[files[-1].name] = None
            assert keeper.end_long_file(keeper.engine.received_us) == []
            self.ended += len(journal_files(self.folder)) - len(files)
            if self.archive is not None:
                for path in journal_files(self.folder)[:-KEPT_FILES]:
                    path.replace(self.archive / path.name)

    def recordings(self, folder: Path) -> list[bytes]:
        """Each case's, as it stands in a folder."""
        return [(folder / name).read_bytes() for name in self.cases]


@settings(max_examples=12, deadline=None, phases=PHASES)
@given(SEEDS, QUIET_LINES)
def test_h16_quiet_files_that_end_early_change_no_alarm_and_no_cases_recording(seed: int, quiet_lines: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        long = House(Path(name) / "long", seed, NEVER)
        short = House(Path(name) / "short", seed, quiet_lines)
        assert long.ended == 0
        assert short.ended > 0
        assert short.day.published == long.day.published  # summaries too, with the hashes of the recordings
        assert whole_state(short.day.keeper.engine) == whole_state(long.day.keeper.engine)
        assert inputs_of(short.day.content) == inputs_of(long.day.content)
        assert len(long.cases) >= 2
        assert short.recordings(short.folder) == long.recordings(long.folder)


@settings(max_examples=12, deadline=None, phases=PHASES)
@given(SEEDS, QUIET_LINES, st.floats(0.0, 1.0))
def test_h16_h11_whoever_archives_all_but_the_two_newest_files_takes_nothing_from_a_recovery(
    seed: int, quiet_lines: int, part: float
) -> None:
    """Wherever the crash cuts the newest file, in its line one too."""
    with tempfile.TemporaryDirectory() as name:
        files = journal_files(House(Path(name) / "day", seed, quiet_lines).folder)
        assert len(files) > KEPT_FILES
        content = files[-1].read_bytes()
        line_one = content.index(b"\n") + 1
        for size in (0, round(part * line_one), line_one, round(part * len(content)), len(content)):
            expected = whole_state_after(Path(name) / "whole", files, content[:size])
            assert whole_state_after(Path(name) / "archived", files[-KEPT_FILES:], content[:size]) == expected


def whole_state_after(folder: Path, files: list[Path], newest: bytes) -> str:
    """What is recovered from some files, the newest of them cut."""
    folder.mkdir()
    for path in files[:-1]:
        shutil.copy(path, folder)
    (folder / files[-1].name).write_bytes(newest)
    keeper = recover_journal(folder)
    assert keeper is not None
    keeper.close()
    shutil.rmtree(folder)
    return whole_state(keeper.engine)


@settings(max_examples=8, deadline=None, phases=PHASES)
@given(SEEDS, QUIET_LINES)
def test_h16_archiving_all_day_long_takes_nothing_from_anybody(seed: int, quiet_lines: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        archive = Path(name) / "archive"
        archive.mkdir()
        undisturbed = House(Path(name) / "undisturbed", seed, NEVER)
        archived = House(Path(name) / "archived", seed, quiet_lines, archive)
        assert archived.day.published == undisturbed.day.published
        left = journal_files(archived.folder)
        assert len(left) <= KEPT_FILES
        recovered = recover_journal(archived.folder)
        assert recovered is not None
        recovered.close()
        assert whole_state(recovered.engine) == whole_state(archived.day.keeper.engine)
        for path in left:
            shutil.copy(path, archive)
        assert archived.recordings(archive) == undisturbed.recordings(undisturbed.folder)
