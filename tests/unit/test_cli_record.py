"""What the demo reads from the ledger while audit writes it, and after the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cordguard.audit.intake import read
from cordguard.audit.ledger import Ledger, open_ledger
from cordguard.cli.casewatch import LOOK_EVERY_S, CaseState, CaseWatch
from cordguard.cli.conclusion import conclude, newest_summary
from support.audit_messages import SITE, Sent, case, summary, transition, whole_session


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    opened = open_ledger(path)
    yield opened
    opened.close()


def enter(ledger: Ledger, *sent: Sent) -> None:
    drafts = [read(SITE, topic, payload, received_us=1) for topic, payload in sent]
    ledger.append([draft for draft in drafts if draft is not None], 7)


class Watched:
    """A watch under a clock of its own; ``state`` looks afresh each time."""

    def __init__(self, path: Path) -> None:
        self._now_s = 0.0
        self.watch = CaseWatch(path, monotonic_s=lambda: self._now_s)

    def state(self) -> CaseState:
        self._now_s += LOOK_EVERY_S
        return self.watch.state()

    def state_at_once(self) -> CaseState:
        return self.watch.state()


@pytest.fixture
def watched(path: Path) -> Iterator[Watched]:
    watched = Watched(path)
    yield watched
    watched.watch.close()


def test_a_ledger_that_does_not_exist_yet_is_no_trouble(watched: Watched) -> None:
    assert watched.state() == CaseState()


def test_alarms_are_counted_once_each_while_they_come(watched: Watched, ledger: Ledger) -> None:
    enter(ledger, case(), transition(1))
    assert watched.state().alarms == 1
    enter(ledger, transition(2, change="acknowledged", acknowledged=True), transition(1, alarm_id="f" * 32))
    assert watched.state().alarms == 2


def test_the_case_is_over_with_the_final_summary_and_not_before(watched: Watched, ledger: Ledger) -> None:
    enter(ledger, case(), summary(revision=1))
    assert not watched.state().over
    enter(ledger, summary(revision=2))
    assert watched.state().over


def test_the_file_is_not_read_more_often_than_it_must(watched: Watched, ledger: Ledger) -> None:
    watched.state()
    enter(ledger, case(), summary(revision=2))
    assert not watched.state_at_once().over
    assert watched.state().over


def test_a_whole_record_ends_well_and_shows_its_head(ledger: Ledger, path: Path) -> None:
    enter(ledger, *whole_session())
    lines, failures, status = conclude(path, (), summary_wanted=True)
    assert (failures, status) == ([], 0)
    assert f"Head of the chain: {ledger.head().hash}" in lines
    assert any("RF on 61.5 s" in line for line in lines)


def test_a_missing_final_summary_is_a_failure_if_it_was_wanted(ledger: Ledger, path: Path) -> None:
    enter(ledger, case(), summary(revision=1))
    _, failures, status = conclude(path, (), summary_wanted=True)
    assert status == 1
    assert failures == [f"no final summary stands in {path}."]
    assert conclude(path, (), summary_wanted=False)[2] == 0


def test_a_broken_chain_is_a_failure_and_its_head_is_not_shown(ledger: Ledger, path: Path) -> None:
    enter(ledger, *whole_session())
    ledger.close()
    content = path.read_bytes()
    assert content.count(b"energy_j") > 0
    path.write_bytes(content.replace(b'"energy_j":600.0', b'"energy_j":900.0'))
    lines, failures, status = conclude(path, (), summary_wanted=True)
    assert status == 1
    assert "BROKEN" in failures[0]
    assert not any(line.startswith("Head of the chain") for line in lines)


def test_no_ledger_at_all_is_a_failure(path: Path) -> None:
    _, failures, status = conclude(path, (), summary_wanted=False)
    assert status == 1
    assert "NO LEDGER" in failures[0]


def test_a_service_that_did_not_end_well_is_a_failure(ledger: Ledger, path: Path) -> None:
    enter(ledger, *whole_session())
    _, failures, status = conclude(path, ("audit was killed.",), summary_wanted=True)
    assert (failures, status) == (["audit was killed."], 1)


def test_the_newest_session_that_has_a_summary_is_shown(ledger: Ledger, path: Path) -> None:
    enter(ledger, *whole_session())
    enter(ledger, summary("s-2", 2), case("s-3"))
    found = newest_summary(path)
    assert found is not None
    assert found.session == "s-2"
