from __future__ import annotations

import pytest

from cordguard.bus.port import BusRefusedError
from cordguard.runtime.service import EXIT_BAD_SETUP, run


class Refused:
    """A service whose broker will not have it."""

    ready = False
    closed = False

    def step(self, timeout_s: float) -> None:
        del timeout_s
        msg = "the broker refused safety: its password is wrong"
        raise BusRefusedError(msg)

    def close(self) -> None:
        self.closed = True


def test_a_refusal_by_the_broker_ends_a_service_with_its_sentence_and_no_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    service = Refused()
    assert run(lambda: service) == EXIT_BAD_SETUP
    assert service.closed
    [record] = caplog.records
    assert record.getMessage() == "the broker refused safety: its password is wrong"
    assert record.exc_info is None
