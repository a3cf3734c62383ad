"""A summary stays readable however long a plug is loose: what it cannot list it counts."""

from __future__ import annotations

from cordguard.contract.alarms import Transition
from cordguard.contract.case import Case
from cordguard.contract.units import OWN_MAX_BYTES, Priority
from cordguard.engine.ids import alarm_id
from cordguard.engine.session import ALARMS_MAX, SessionFold, SummaryContext, summarise

CASE = Case(session="s-1", revision=1, state="open", opened_us=0)


def raised(number: int, priority: Priority) -> Transition:
    return Transition(
        alarm_id=alarm_id("site", "room-1", "R08", "gen-1/canal", number),
        step=1,
        session="s-1",
        rule="R08",
        name="tc_open",
        sensor="gen-1/canal",
        kind="technical",
        priority=priority,
        change="raised",
        condition=True,
        latched=False,
        acknowledged=False,
        event_us=number,
        received_us=number,
        message="gen-1/canal: fault (open)",
        policy="sha256:" + 64 * "0",
        late=False,
    )


def test_h16_very_many_alarms_leave_a_summary_that_every_reader_takes() -> None:
    fold = SessionFold("s-1", 0, revision=1)
    for number in range(3 * ALARMS_MAX):
        fold.add_transition(raised(number, "high" if number % 10 == 0 else "medium"))
    summary = summarise(fold, SummaryContext(CASE, "standard", "sha256:" + 64 * "0", "cordguard", {}, final=True))
    assert len(summary.to_wire()) < OWN_MAX_BYTES
    assert len(summary.alarms) == ALARMS_MAX
    assert summary.alarms_left_out == 2 * ALARMS_MAX
    assert (summary.alarm_counts.high, summary.alarm_counts.medium) == (600, 5400)
    listed = [alarm.priority for alarm in summary.alarms]
    assert listed.count("high") == 600
    assert max(alarm.raised_us for alarm in summary.alarms) == 3 * ALARMS_MAX - 1
