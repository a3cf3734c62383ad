"""A recording may end before its case does: what the session has come to by then is a summary too."""

from __future__ import annotations

from support.room import Room


def test_a_session_that_was_never_closed_has_a_summary_that_is_not_final() -> None:
    room = Room()
    room.case()
    room.run(5, canal=37.0, tip=40.0)
    before = room.engine.snapshot()
    summary = room.engine.summary_so_far()
    assert summary is not None
    assert (summary.session, summary.revision, summary.final) == ("s-1", 1, False)
    assert room.engine.snapshot() == before


def test_the_summary_so_far_goes_on_from_the_one_at_closing() -> None:
    room = Room()
    room.case()
    room.run(5, canal=37.0, tip=40.0)
    room.close()
    assert [summary.revision for summary in room.summaries] == [1]
    summary = room.engine.summary_so_far()
    assert summary is not None
    assert summary.revision == 2


def test_without_a_case_there_is_nothing_to_summarise() -> None:
    assert Room().engine.summary_so_far() is None
