"""The person at the table: opens and closes the record, sets marks, works the foot switch, and reacts to alarms.

As a gateway he publishes case and marks. He stops RF for a physiological HIGH, or, if the scenario says so, for a
technical HIGH about a neural sensor; and never sooner than his reaction time after it happened.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, Literal, Protocol

from pydantic import Field

from cordguard.contract.alarms import Transition
from cordguard.contract.case import Case, Mark
from cordguard.simulators.checked import Checked, micros

ACTOR: Final = "simulated-operator"
ROLE: Final = "clinician"

StopsOn = Literal["physiological", "neural-sensor-lost"]


class OperatorSettings(Checked):
    """What he means to do, in seconds from the scenario's start, and how he reacts."""

    opens_at_s: Annotated[float, Field(ge=0.0)] = Field(default=1.0, description="Opens the case.")
    rf_from_s: Annotated[float, Field(gt=0.0)] = Field(description="Presses the foot switch.")
    rf_for_s: Annotated[float, Field(gt=0.0)] = Field(description="Releases it so much later, if nothing stops him.")
    closes_after_s: Annotated[float, Field(ge=0.0)] = Field(
        default=60.0, description="Closes the record so long after RF went off."
    )
    reaction_s: Annotated[float, Field(ge=1.0, le=600.0)] = Field(
        description="From an alarm to the foot switch: at least 1 s, which is what keeps simulated runs deterministic."
    )
    stops_on: frozenset[StopsOn] = Field(description="What he stops RF for.")


class FootSwitch(Protocol):
    """The generator's pedal."""

    @property
    def rf_on(self) -> bool:
        """Whether RF is on."""

    def press_foot_switch(self) -> None:
        """RF on."""

    def release_foot_switch(self) -> None:
        """RF off."""


class Operator:
    """Call ``act`` once for each frame, before the devices take it; tell him of transitions by ``hear``."""

    def __init__(
        self,
        settings: OperatorSettings,
        case: Case,
        foot_switch: FootSwitch,
        *,
        start_us: int,
        neural_sensors: Iterable[str],
    ) -> None:
        """``case`` is what he will open, its ``opened_us`` aside; ``neural_sensors`` are written source/sensor."""
        self._settings: Final = settings
        self._case = case
        self._foot_switch: Final = foot_switch
        self._neural: Final = frozenset(neural_sensors)
        self._opens_us: Final = start_us + micros(settings.opens_at_s)
        self._presses_us: Final = start_us + micros(settings.rf_from_s)
        self._releases_us = self._presses_us + micros(settings.rf_for_s)
        self._opened = False
        self._rf_from_us: int | None = None
        self._rf_to_us: int | None = None
        self._closed_us: int | None = None

    @property
    def rf_from_us(self) -> int | None:
        """When he pressed the foot switch."""
        return self._rf_from_us

    @property
    def rf_to_us(self) -> int | None:
        """When RF went off."""
        return self._rf_to_us

    @property
    def closed_us(self) -> int | None:
        """When he closed the record."""
        return self._closed_us

    def release_at(self, at_us: int) -> None:
        """Plan to release the foot switch no later than this."""
        self._releases_us = min(self._releases_us, at_us)

    def hear(self, transition: Transition) -> None:
        """An alarm changed. Only what happened under RF and would make him stop matters; repeats change nothing."""
        under_rf = self._rf_from_us is not None and transition.event_us >= self._rf_from_us
        if under_rf and transition.change in ("raised", "escalated") and self._would_stop_for(transition):
            self.release_at(transition.event_us + micros(self._settings.reaction_s))

    def act(self, at_us: int) -> tuple[Case | Mark, ...]:
        """Do what is due at this frame: work the foot switch, and return what he publishes, in order."""
        said: list[Case | Mark] = []
        if not self._opened and at_us >= self._opens_us:
            self._opened = True
            self._case = self._case.model_copy(update={"opened_us": at_us})
            said.append(self._case)
        if self._rf_from_us is None and at_us >= self._presses_us:
            self._rf_from_us = at_us
            self._foot_switch.press_foot_switch()
            said.append(self._mark("ablation-started", at_us))
        elif self._rf_from_us is not None and self._rf_to_us is None:
            said.extend(self._mind_the_foot_switch(at_us))
        if self._rf_to_us is not None and self._closed_us is None:
            said.extend(self._close_when_due(at_us, self._rf_to_us))
        return tuple(said)

    def _mind_the_foot_switch(self, at_us: int) -> tuple[Mark, ...]:
        if at_us >= self._releases_us:
            self._foot_switch.release_foot_switch()
        if self._foot_switch.rf_on:
            return ()
        self._rf_to_us = at_us
        return (self._mark("ablation-ended", at_us),)

    def _close_when_due(self, at_us: int, rf_to_us: int) -> tuple[Case, ...]:
        if at_us < rf_to_us + micros(self._settings.closes_after_s):
            return ()
        self._closed_us = at_us
        closing = {"revision": self._case.revision + 1, "state": "closed", "closed_us": at_us}
        self._case = self._case.model_copy(update=closing)
        return (self._case,)

    def _would_stop_for(self, transition: Transition) -> bool:
        if transition.priority != "high":
            return False
        if transition.kind == "physiological":
            return "physiological" in self._settings.stops_on
        return "neural-sensor-lost" in self._settings.stops_on and transition.sensor in self._neural

    def _mark(self, mark: Literal["ablation-started", "ablation-ended"], at_us: int) -> Mark:
        return Mark(mark_id=f"{self._case.session}-{mark}", at_us=at_us, mark=mark, actor=ACTOR, role=ROLE)
