"""What a person asks of the alarm system, and what became of it. The answer is always safety's transition."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from cordguard.console.moments import Moment
from cordguard.contract.alarms import Transition
from cordguard.contract.commands import AlarmId, Command
from cordguard.contract.units import Identifier, Word
from cordguard.runtime.clock import MICROS_PER_S

VALID_FOR_US: Final = 10 * MICROS_PER_S
"""A command that was not executed by then is refused: nobody's click acts minutes later."""

SHOWN_FOR_MS: Final = 20_000
"""How long the page shows what became of a command."""

_KEPT: Final = 20

Outcome = Literal["waiting", "done", "refused", "unanswered"]


class Request(BaseModel):
    """What the page sends when a button is pressed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Literal["acknowledge", "reset", "pause-audio", "resume-audio"]
    alarm_id: AlarmId | None = None
    confirmed: bool = False
    """A reset wants a second confirmation."""
    reason_code: Word | None = None


class Person(BaseModel):
    """Who acts, and in which role."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    actor: Identifier = Field(description="Opaque identifier, not a name.")
    role: Word


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that is not passed on, with the reason."""

    reason: str


def command_for(request: Request, person: Person, *, command_id: str, now: Moment) -> Command | Refusal:
    """The command that a request asks for."""
    if now.clock_us == 0:
        return Refusal("The simulated clock has not spoken yet: wait until the simulation runs.")
    if request.action in {"acknowledge", "reset"} and request.alarm_id is None:
        return Refusal(f"To {request.action}, name the alarm that is meant (alarm_id).")
    if request.action == "reset" and not request.confirmed:
        return Refusal("A reset wants a second confirmation: press Confirm reset.")
    return Command(
        command_id=command_id,
        at_us=now.clock_us,
        expires_us=now.clock_us + VALID_FOR_US,
        alarm_id=request.alarm_id,
        action=request.action,
        actor=person.actor,
        role=person.role,
        reason_code=request.reason_code,
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """One command and what became of it."""

    command: Command
    asked: Moment
    outcome: Outcome = "waiting"
    text: str = "waiting for the alarm system"


@dataclass(slots=True)
class CommandLog:
    """The latest commands of one room."""

    _asked: deque[Asked] = field(default_factory=lambda: deque(maxlen=_KEPT))

    def ask(self, command: Command, now: Moment) -> None:
        """A command went out."""
        self._asked.append(Asked(command, now))

    def answer(self, transition: Transition) -> None:
        """A transition came: it may answer one of ours."""
        outcome: Outcome = "refused" if transition.change == "refused" else "done"
        for index, asked in enumerate(self._asked):
            if asked.command.command_id == transition.command_id:
                self._asked[index] = replace(asked, outcome=outcome, text=transition.message)

    def recent(self, now: Moment) -> list[Asked]:
        """What the page shows, oldest first; one that nobody answered in time says so."""
        shown = [asked for asked in self._asked if now.server_us - asked.asked.server_us < SHOWN_FOR_MS * 1_000]
        return [_overdue(asked, now) for asked in shown]


def _overdue(asked: Asked, now: Moment) -> Asked:
    if asked.outcome != "waiting" or now.server_us - asked.asked.server_us < VALID_FOR_US:
        return asked
    return replace(asked, outcome="unanswered", text="no answer from the alarm system: the command has expired")
