"""What the engine remembers of those who watch: people at the page, the alarms of late, and ourselves."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final

NOT_COUNTED: Final = frozenset({"R00", "R37", "R38", "R39", "R41", "R42", "R43", "R46", "R47"})
"""Rules about other alarms, those who hear them, ourselves, and answers: none is news of the patient or a device."""
BY_SOURCE: Final = frozenset({"R14", "R17"})
"""Rules whose alarms have one cause if they come from one source at a time."""
ONE_CAUSE_US: Final = 3_000_000
"""A lost device silences its sensors one after the other within this time, and is then called lost itself."""
FLOOD_SPAN_US: Final = 600_000_000
REMEMBERED: Final = 1_000
"""More alarms than this in ten minutes are a flood whatever came before them."""


@dataclass(slots=True)
class Activation:
    """One alarm was raised, now or within the last ten minutes."""

    at_us: int
    """Received time."""
    alarm: str
    """Rule and subject."""
    cause: str
    """What several alarms have in common; the alarm itself if nothing."""
    counted: bool
    """Whether it is the first of its cause; what follows at once is no new alarm to a person."""


@dataclass(slots=True)
class Oversight:
    """State of R37, R38, R39 and R46."""

    audible_us: int = 0
    """Received time of the newest beat of a page whose sound is on."""
    activations: deque[Activation] = field(default_factory=deque)
    """Alarms raised in the last ten minutes, oldest first."""
    unjudged: bool = False
    """Whether an alarm was raised since the flood was last judged."""
    escalated: dict[str, str] = field(default_factory=dict)
    """Name of an alarm that nobody acknowledged to the key it is kept under; each has an R38 of its own."""
    troubles: dict[str, str] = field(default_factory=dict)
    """What is wrong with ourselves, in words, by its name."""
    good_from_us: int | None = None
    """Received time since which nothing is wrong with us, while R39 still stands."""


def note_raised(oversight: Oversight, alarm: str, now_us: int) -> None:
    """Remember that an alarm (rule and subject) was raised."""
    rule, _, subject = alarm.partition(" ")
    if rule in NOT_COUNTED:
        return
    activations = oversight.activations
    cause = subject.partition("/")[0] if rule in BY_SOURCE else alarm
    recent = takewhile(lambda entry: now_us - entry.at_us <= ONE_CAUSE_US, reversed(activations))
    counted = not any(entry.counted and entry.cause == cause for entry in recent)
    activations.append(Activation(now_us, alarm, cause, counted))
    oversight.unjudged = True
    while len(activations) > REMEMBERED or activations[0].at_us <= now_us - FLOOD_SPAN_US:
        activations.popleft()
