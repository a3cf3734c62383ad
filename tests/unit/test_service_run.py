from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from cordguard.bus.port import BusRefusedError
from cordguard.runtime.interrupts import Interrupts
from cordguard.runtime.service import EXIT_BAD_SETUP, EXIT_FAILED, EXIT_OK, ServiceFailedError, SetupError, run


@dataclass
class Scripted:
    """A service that takes a step, and then does what it was told: fail, or find that it is asked to end."""

    failure: Exception | None = None
    ready: bool = False
    closed: bool = False

    def step(self, timeout_s: float) -> None:
        del timeout_s
        if self.ready:
            if self.failure is not None:
                raise self.failure
            os.kill(os.getpid(), signal.SIGTERM)
        self.ready = True

    def close(self) -> None:
        self.closed = True


@dataclass
class Left:
    """Stands for the end of the process."""

    statuses: list[int] = field(default_factory=list)

    def __call__(self, status: int) -> None:
        self.statuses.append(status)


@pytest.fixture
def left() -> Left:
    return Left()


@pytest.fixture
def under_nohup() -> Iterator[None]:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGHUP, before)


def test_asked_to_end_a_service_says_that_it_was_ready_and_is_closed(
    left: Left, capsys: pytest.CaptureFixture[str]
) -> None:
    service = Scripted()
    assert run(lambda: service, leave=left) == EXIT_OK
    assert (service.closed, left.statuses) == (True, [])
    assert capsys.readouterr().out == "ready\n"


def test_h11_a_fault_of_ours_never_looks_like_a_stop_in_good_order(
    left: Left, caplog: pytest.LogCaptureFixture
) -> None:
    service = Scripted(ValueError("no such row"))
    assert run(lambda: service, leave=left) == EXIT_FAILED
    assert (service.closed, left.statuses) == (False, [EXIT_FAILED])
    assert caplog.records[0].exc_info is not None
    assert caplog.records[-1].getMessage() == "a fault of ours, ValueError: no such row; the line above says where"


def test_h11_a_service_that_cannot_go_on_says_so_and_no_goodbye(left: Left, caplog: pytest.LogCaptureFixture) -> None:
    service = Scripted(ServiceFailedError("the web server has ended"))
    assert run(lambda: service, leave=left) == EXIT_FAILED
    assert (service.closed, left.statuses) == (False, [EXIT_FAILED])
    assert [record.getMessage() for record in caplog.records] == ["the web server has ended"]


def test_a_refusal_by_the_broker_ends_a_service_with_its_sentence_and_no_traceback(
    left: Left, caplog: pytest.LogCaptureFixture
) -> None:
    service = Scripted(BusRefusedError("the broker refused safety: its password is wrong"))
    assert run(lambda: service, leave=left) == EXIT_BAD_SETUP
    assert (service.closed, left.statuses) == (True, [])
    [record] = caplog.records
    assert record.getMessage() == "the broker refused safety: its password is wrong"
    assert record.exc_info is None


def test_a_bad_set_up_is_one_sentence(left: Left, caplog: pytest.LogCaptureFixture) -> None:
    def build() -> Scripted:
        msg = "the data folder cannot be made"
        raise SetupError(msg)

    assert run(build, leave=left) == EXIT_BAD_SETUP
    assert left.statuses == []
    assert [record.getMessage() for record in caplog.records] == ["the data folder cannot be made"]


def test_a_closed_terminal_asks_to_end() -> None:
    with Interrupts() as interrupts:
        os.kill(os.getpid(), signal.SIGHUP)
        assert interrupts.count == 1


@pytest.mark.usefixtures("under_nohup")
def test_under_nohup_a_closed_terminal_asks_nothing() -> None:
    with Interrupts() as interrupts:
        os.kill(os.getpid(), signal.SIGHUP)
        assert interrupts.count == 0
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
