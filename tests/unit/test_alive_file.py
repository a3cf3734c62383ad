"""The sign of life is fresh while a service works, and grows old when it does not."""

from __future__ import annotations

from pathlib import Path

from cordguard.runtime.alive import AliveFile


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_it_is_touched_once_a_second_and_only_while_ready(tmp_path: Path) -> None:
    path, clock = tmp_path / "alive", Clock()
    alive = AliveFile(path, monotonic_s=clock)
    alive.beat(ready=False)
    assert not path.exists()
    for after_s, expected in ((0.0, True), (0.5, False), (0.6, True), (0.1, False)):
        clock.now_s += after_s
        path.unlink(missing_ok=True)
        alive.beat(ready=True)
        assert path.exists() == expected


def test_a_place_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    AliveFile(tmp_path / "nowhere" / "alive").beat(ready=True)
