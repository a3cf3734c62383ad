"""The safety engine of one room: bytes in, alarm changes out. A function of its ordered inputs and of nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from pydantic import ValidationError

from cordguard.contract.alarms import PresentAlarms
from cordguard.contract.capture import LOCAL_PREFIX, CapturedInput
from cordguard.contract.case import Case
from cordguard.contract.lenient import (
    Unreadable,
    read,
)
from cordguard.contract.summary import CaptureReference, SessionSummary
from cordguard.contract.topics import (
    CASE,
    SUMMARY,
    parse,
)
from cordguard.contract.vitals import Vitals
from cordguard.engine import local
from cordguard.engine.alarms import Emission, Step
from cordguard.engine.cases import opens, summary_context
from cordguard.engine.intake import reject, take_message
from cordguard.engine.limits import resolve
from cordguard.engine.policy import Policy, PolicyRefused, parse_policy
from cordguard.engine.rules.oversight import is_news_of_monitor, judge_monitor, oversee
from cordguard.engine.rules.room import judge_blind, judge_self
from cordguard.engine.session import summarise
from cordguard.engine.snapshots import dump_state, load_state
from cordguard.engine.state import OutboxEntry, RoomState
from cordguard.engine.streams import STALE_US
from cordguard.engine.timers import Deadline, deadlines, fire
from cordguard.engine.views import present_alarms, vitals

_US_PER_S: Final = 1_000_000

CaptureSoFar = Callable[[], CaptureReference]
"""Says which recording the engine has read so far, up to and including the present input."""


class RoomEngine:
    """One room. Not thread-safe; knows no clock and no I/O."""

    def __init__(self, site: str, room: str, policy: Policy, *, monitor: str = "cordguard") -> None:
        """An empty room under a policy; ``monitor`` names the software in summaries."""
        self._state = RoomState(site, room, policy, policy)
        self._monitor = monitor
        self._no_deadline_before_us = 0
        """Until then nothing can be due: deadlines are looked for again only when this has passed."""

    @classmethod
    def restore(cls, content: dict[str, Any], *, monitor: str = "cordguard") -> RoomEngine:
        """The engine whose ``snapshot`` this is.

        Raises:
            pydantic.ValidationError: it is none.
        """
        state = load_state(content)
        engine = cls(state.site, state.room, state.policy, monitor=monitor)
        engine._state = state
        return engine

    def snapshot(self) -> dict[str, Any]:
        """The whole state as JSON values: equal states give equal values."""
        return dump_state(self._state)

    @property
    def place(self) -> tuple[str, str]:
        """Site and room."""
        return self._state.site, self._state.room

    def replace_policy(self, policy: Policy) -> None:
        """Judge by another policy from now on, the present case included: for what-if replays only."""
        state = self._state
        state.policy = state.next_policy = policy
        if state.watch is not None:
            state.watch.bound = resolve(policy, state.watch.case)

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self._state.policy

    @property
    def received_us(self) -> int:
        """Received time of the newest input."""
        return self._state.received_us

    @property
    def watched_session(self) -> str | None:
        """The session under watch, from opening to release."""
        return self._state.session

    @property
    def counters(self) -> dict[str, int]:
        """What was counted for health."""
        return dict(self._state.counters)

    @property
    def outbox(self) -> tuple[OutboxEntry, ...]:
        """Publications that the broker may not have yet; to be published again after a restart."""
        return tuple(self._state.outbox)

    @property
    def published(self) -> int:
        """Number of the newest publication that is kept until it is confirmed."""
        return self._state.published

    def present_alarms(self, as_of_us: int) -> PresentAlarms:
        """All alarms that are present, most urgent first."""
        return present_alarms(self._state, as_of_us)

    def vitals(self, as_of_us: int) -> Vitals:
        """The room as the rules see it."""
        return vitals(self._state, as_of_us)

    def summary_so_far(self) -> SessionSummary | None:
        """What the watched session has come to, not final; None if none is watched."""
        state = self._state
        if state.watch is None or state.fold is None:
            return None
        next_fold = replace(state.fold, revision=state.fold.revision + 1)
        return summarise(next_fold, summary_context(state, state.watch, self._monitor, final=False))

    def report_fault(self, entry: CapturedInput, fault: str) -> list[Emission]:
        """Say that an input met a bug of ours: a dead letter. The input is lost, the watch goes on."""
        self._state.count("engine_faults")
        step = Step(self._state, self._state.received_us)
        reject(step, entry, parse(entry.topic), f"safety could not judge this ({fault}); please report it")
        return step.out

    def is_news_of_monitor(self, lag_ms: float | None, free_percent: float | None, used_percent: float | None) -> bool:
        """Whether these findings about ourselves would change anything: only then are they an input, as ticks are."""
        return is_news_of_monitor(self._state.oversight, lag_ms, free_percent, used_percent)

    def opens_case(self, entry: CapturedInput) -> bool:
        """Whether an input opens a case that is not known yet: a new journal file begins with it."""
        parsed = parse(entry.topic)
        if parsed is None or parsed.topic is not CASE:
            return False
        case = read(Case, entry.payload, size=entry.size)
        return not isinstance(case, Unreadable) and opens(self._state, case)

    def due_us(self, now_us: int) -> int | None:
        """The earliest deadline that is due by ``now_us``, or None. Cheap while nothing can be due."""
        if now_us < self._no_deadline_before_us:
            return None
        earliest = min(deadlines(self._state), default=None)
        if earliest is None or earliest.due_us > now_us:
            # Inputs can only bring a deadline nearer through feed, which resets this.
            self._no_deadline_before_us = earliest.due_us if earliest is not None else now_us + _US_PER_S
            return None
        return max(earliest.due_us, self._state.received_us)

    def feed(self, entry: CapturedInput, capture: CaptureSoFar | None = None) -> list[Emission]:
        """Advance by one input: first what had become due before it, then the input itself.

        ``entry.received_us`` must not run back; an earlier one counts as the newest known.
        """
        out: list[Emission] = []
        received_us = max(entry.received_us, self._state.received_us)
        if entry.topic.startswith(LOCAL_PREFIX):
            self._feed_local(entry, received_us, out)
        else:
            self._feed_message(entry, received_us, out)
        if capture is not None and out:
            self._complete_summaries(out, capture)
        return out

    def _feed_message(self, entry: CapturedInput, received_us: int, out: list[Emission]) -> None:
        if received_us >= self._no_deadline_before_us:
            self._fire_due(received_us, out)
        state = self._state
        step = Step(state, received_us, out, state.received_us)
        state.received_us = received_us
        take_message(step, entry, self._monitor)
        oversee(step)
        # Plain telemetry sets no deadline nearer than the shortest silence; anything else may.
        nearest_us = received_us + STALE_US if step.plain and not out else received_us
        if nearest_us < self._no_deadline_before_us:
            self._no_deadline_before_us = nearest_us

    def _feed_local(self, entry: CapturedInput, received_us: int, out: list[Emission]) -> None:
        """One of our own inputs."""
        state, topic = self._state, entry.topic
        about_ourselves = topic in (local.STARTED, local.SELF_CHECK)
        if not about_ourselves:
            self._fire_due(received_us, out)
        step = Step(state, received_us, out, state.received_us)
        if topic != local.TICK:  # a tick is nothing but what it makes fire, and that has moved the time
            state.received_us = received_us
        self._take_local(step, entry)
        oversee(step)
        self._no_deadline_before_us = 0
        if about_ourselves:
            # Only now is it known since when silence counts.
            self._fire_due(received_us, out)

    def _fire_due(self, until_us: int, out: list[Emission]) -> None:
        state = self._state
        while (due_us := self.due_us(until_us)) is not None:
            deadline: Deadline = min(deadlines(state))
            state.received_us = due_us
            fire(Step(state, due_us, out), deadline, self._monitor)

    def _complete_summaries(self, out: list[Emission], capture: CaptureSoFar) -> None:
        """Summaries name the recording that they stand on; so must their copies that wait for the broker."""
        for index, emission in enumerate(out):
            if emission.topic is not SUMMARY or not isinstance(emission.message, SessionSummary):
                continue
            message = emission.message.model_copy(update={"capture": capture()})
            out[index] = Emission(SUMMARY, message)
            plain = emission.message.to_wire().decode()
            for entry in self._state.outbox:
                if entry.payload == plain:
                    entry.payload = message.to_wire().decode()

    def _take_local(self, step: Step, entry: CapturedInput) -> None:
        """Our own inputs. One that cannot be read is a journal of another version: nothing to do about it here."""
        try:
            match entry.topic:
                case local.STARTED:
                    self._take_start(step, local.Started.model_validate_json(entry.payload))
                case local.POLICY:
                    self._take_policy(step, local.PolicyChange.model_validate_json(entry.payload).policy_text)
                case local.SELF_CHECK:
                    self._take_self_check(step, local.SelfCheck.model_validate_json(entry.payload))
                case _:
                    pass  # a tick has done its work by its time
        except ValidationError:
            step.state.count("unreadable_local_inputs")

    def _take_start(self, step: Step, started: local.Started) -> None:
        if started.ended != "first":
            judge_blind(step, step.previous_us, f"it was not running; the last run ended: {started.ended}")
        self._take_policy(step, started.policy_text)

    def _take_policy(self, step: Step, text: str) -> None:
        policy = parse_policy(text)
        if isinstance(policy, PolicyRefused):
            step.state.count("refused_policies")
            return
        step.state.next_policy = policy

    def _take_self_check(self, step: Step, check: local.SelfCheck) -> None:
        state = step.state
        if check.stalled_from_us is not None:
            judge_blind(step, check.stalled_from_us, "it was held up")
        if check.disconnected_from_us is not None:
            judge_blind(step, check.disconnected_from_us, "it had no connection to the broker")
        if check.confirmed is not None:
            while state.outbox and state.outbox[0].number <= check.confirmed:
                state.outbox.popleft()
        judge_self(step, check)
        judge_monitor(step, check)
