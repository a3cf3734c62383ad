"""Where a run keeps its data and listens."""

from __future__ import annotations

import errno
import os
import shutil
import socket
from pathlib import Path

import pytest

from cordguard.cli.place import OURS, check_writable, free_ports, fresh_folder, kept_folder, raise_if_full
from cordguard.cli.up import FolderWatch
from cordguard.runtime.service import ServiceFailedError, SetupError
from support.processes import taken_port


def test_a_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    assert fresh_folder(tmp_path / "a" / "b").is_dir()


def test_without_a_wish_it_lies_among_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = fresh_folder(None)
    assert folder.parent == tmp_path
    assert folder.name.startswith("cordguard-demo-")


def test_the_check_leaves_nothing_behind(tmp_path: Path) -> None:
    fresh_folder(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", OURS)
def test_an_earlier_run_is_not_written_over(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(SetupError, match=f"holds an earlier run .{name}.*another folder"):
        fresh_folder(tmp_path)
    assert kept_folder(tmp_path) == tmp_path


def test_files_of_others_do_not_hinder(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_bytes(b"")
    assert fresh_folder(tmp_path) == tmp_path


def test_a_file_in_place_of_the_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SetupError, match="cannot be made"):
        fresh_folder(tmp_path / "file")


def test_a_full_disk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        del descriptor
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SetupError, match=r"cannot be written \(No space left on device\); make room"):
        fresh_folder(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_nearly_full_is_one_sentence(tmp_path: Path) -> None:
    more_than_there_is = shutil.disk_usage(tmp_path).total + 2**20
    with pytest.raises(SetupError, match="nearly full"):
        check_writable(tmp_path, least_free_bytes=more_than_there_is)


def test_a_disk_that_fills_up_while_it_runs_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raise_if_full(tmp_path)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=0))
    with pytest.raises(ServiceFailedError, match="is full; make room"):
        raise_if_full(tmp_path)


def test_a_folder_that_is_taken_away_while_it_runs_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ServiceFailedError, match=r"the data folder .*/gone is gone \(No such file or directory\)"):
        raise_if_full(tmp_path / "gone")


def test_up_says_once_that_nothing_can_be_kept_and_once_that_it_can_again(tmp_path: Path) -> None:
    data, elsewhere = tmp_path / "ward", tmp_path / "elsewhere"
    data.mkdir()
    watch = FolderWatch(data)
    assert watch.news() is None
    data.rename(elsewhere)
    words = [watch.news() for _ in range(3)]
    assert words[0] is not None
    assert "is gone" in words[0]
    assert "The watch goes on" in words[0]
    assert words[1:] == [None, None]
    elsewhere.rename(data)
    assert watch.news() == f"the data folder {data} is there again and has room."
    assert watch.news() is None


def test_up_says_that_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=0))
    words = FolderWatch(tmp_path).news()
    assert words is not None
    assert "is full; make room there. The watch goes on" in words


def test_a_taken_port_is_one_sentence_that_names_the_option() -> None:
    with taken_port() as port, pytest.raises(SetupError, match=rf"port {port} on 127\.0\.0\.1 .*--http-port another"):
        free_ports(None, port)


def test_free_ports_are_kept_or_found() -> None:
    found = free_ports(None, None)
    assert free_ports(*found) == found
    assert free_ports(None, found[1])[1] == found[1]


def test_nobody_is_given_one_port_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    (_, port) = free_ports(None, None)
    with pytest.raises(SetupError, match=f"port {port} .*--http-port another"):
        free_ports(port, port)

    class Forgetful(socket.socket):
        """Of a system that gives one free port again and again, as long as nobody listens there."""

        def bind(self, address: tuple[str, int]) -> None:  # type: ignore[override]
            try:
                super().bind((address[0], port))
                super().listen()
            except OSError:
                super().bind(address)

    monkeypatch.setattr(socket, "socket", Forgetful)
    first, second = free_ports(None, None)
    assert first == port
    assert second != port
