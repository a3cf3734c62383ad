"""The person at the table: opens and closes the record, sets marks, works the foot switch, and reacts to alarms.

As a gateway he publishes case and marks. He stops RF for a physiological HIGH, or, if the scenario says so, for a
technical HIGH about a neural sensor; and never sooner than his reaction time after it happened. He may irrigate, at a
planned moment or for a physiological warning, and inject cement afterwards. With nothing to stop for he ignores alarms.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Final, Literal, Protocol

from pydantic import Field

from cordguard.contract.alarms import Transition
from cordguard.contract.case import Case, Mark
from cordguard.simulators.checked import Checked, micros

ACTOR: Final = "simulated-operator"
ROLE: Final = "clinician"

StopsOn = Literal["physiological", "neural-sensor-lost"]
MarkWord = Literal["ablation-started", "ablation-ended", "irrigation-started", "irrigation-ended", "cement-injected"]


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
    stops_on: frozenset[StopsOn] = Field(description="What he stops RF for; nothing: he ignores alarms.")
    irrigates_at_s: Annotated[float, Field(gt=0.0)] | None = Field(
        default=None, description="Runs cold irrigant over the neural sensors from then on."
    )
    irrigates_on_warning: bool = Field(
        default=False, description="Irrigates, his reaction time after it, for a physiological MEDIUM or HIGH."
    )
    irrigates_for_s: Annotated[float, Field(gt=0.0, le=600.0)] = Field(default=20.0, description="How long.")
    irrigation_c: Annotated[float, Field(gt=0.0, le=30.0)] = Field(
        default=6.0, description="By how much it cools the neural sensors."
    )
    cement_after_s: Annotated[float, Field(gt=0.0)] | None = Field(
        default=None, description="Injects cement so long after RF went off; left out: never."
    )


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
        self._irrigates_us = None if settings.irrigates_at_s is None else start_us + micros(settings.irrigates_at_s)
        self._irrigating = False
        self.irrigated_us: tuple[int, int] | None = None
        """From when to when irrigant ran, or will have run."""
        self.cement_us: int | None = None
        """When he injected cement."""
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
        if not under_rf or transition.change not in {"raised", "escalated"}:
            return
        reacts_us = transition.event_us + micros(self._settings.reaction_s)
        if self._would_stop_for(transition):
            self.release_at(reacts_us)
        if self._settings.irrigates_on_warning and _is_a_warning(transition) and self.irrigated_us is None:
            self._irrigates_us = reacts_us if self._irrigates_us is None else min(self._irrigates_us, reacts_us)

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
        said.extend(self._irrigate_when_due(at_us))
        if self._rf_to_us is not None:
            said.extend(self._inject_when_due(at_us, self._rf_to_us))
            said.extend(self._close_when_due(at_us, self._rf_to_us))
        return tuple(said)

    def _mind_the_foot_switch(self, at_us: int) -> tuple[Mark, ...]:
        if at_us >= self._releases_us:
            self._foot_switch.release_foot_switch()
        if self._foot_switch.rf_on:
            return ()
        self._rf_to_us = at_us
        return (self._mark("ablation-ended", at_us),)

    def _irrigate_when_due(self, at_us: int) -> Iterator[Mark]:
        if self.irrigated_us is None and self._irrigates_us is not None and at_us >= self._irrigates_us:
            self.irrigated_us = (at_us, at_us + micros(self._settings.irrigates_for_s))
            self._irrigating = True
            yield self._mark("irrigation-started", at_us)
        if self._irrigating and self.irrigated_us is not None and at_us >= self.irrigated_us[1]:
            self._irrigating = False
            yield self._mark("irrigation-ended", at_us)

    def _inject_when_due(self, at_us: int, rf_to_us: int) -> Iterator[Mark]:
        after_s = self._settings.cement_after_s
        if self.cement_us is None and after_s is not None and at_us >= rf_to_us + micros(after_s):
            self.cement_us = at_us
            yield self._mark("cement-injected", at_us)

    def _close_when_due(self, at_us: int, rf_to_us: int) -> tuple[Case, ...]:
        if self._closed_us is not None or not self._opened or at_us < rf_to_us + micros(self._settings.closes_after_s):
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

    def _mark(self, mark: MarkWord, at_us: int) -> Mark:
        return Mark(mark_id=f"{self._case.session}-{mark}", at_us=at_us, mark=mark, actor=ACTOR, role=ROLE)


def _is_a_warning(transition: Transition) -> bool:
    return transition.kind == "physiological" and transition.priority in {"medium", "high"}
