"""What goes wrong after the devices have measured: their gateway, its clock, whose session it believes to serve."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from cordguard.contract.units import Identifier
from cordguard.simulators.checked import MICROS_PER_S, micros
from cordguard.simulators.devices.dice import dice
from cordguard.simulators.devices.fault_times import Chance, Timed


class GatewayLoss(Timed):
    """Messages are lost; all of them if the gateway is."""

    kind: Literal["gateway-loss"]
    share: Chance = Field(default=1.0, description="Share of the messages that is lost.")


class Duplicate(Timed):
    """Messages come twice, as QoS 1 allows."""

    kind: Literal["duplicate"]
    share: Chance = Field(default=0.2, description="Share of the messages that comes twice.")


class Reorder(Timed):
    """Messages come later than those after them."""

    kind: Literal["reorder"]
    share: Chance = Field(default=0.1, description="Share of the messages that is late.")
    by_s: Annotated[float, Field(gt=0.0, le=30.0)] = Field(default=0.3, description="How late.")


class ClockSkew(Timed):
    """The devices' clock runs fast or slow; it stays off by what has come together."""

    kind: Literal["clock-skew"]
    ms_per_s: Annotated[float, Field(ge=-500.0, le=500.0)] = Field(description="Gained in a second.")


class ClockStep(Timed):
    """The devices' clock is set, and set back at the end of the fault if it has one."""

    kind: Literal["clock-step"]
    by_s: Annotated[float, Field(ge=-86_400.0, le=86_400.0)] = Field(description="By so much.")


class ForeignSession(Timed):
    """The devices stamp their frames with a session that is not the open one."""

    kind: Literal["foreign-session"]
    session: Identifier = Field(default="somebody-else", description="The stamp.")


ClockFault = ClockSkew | ClockStep
DeliveryFault = GatewayLoss | Duplicate | Reorder


def clock_off_us(faults: Iterable[ClockFault], elapsed_us: int) -> int:
    """By how much the devices' clock is wrong at this time."""
    return sum(_off_us(fault, elapsed_us) for fault in faults)


def _off_us(fault: ClockFault, elapsed_us: int) -> int:
    if isinstance(fault, ClockStep):
        return micros(fault.by_s) if fault.acts(elapsed_us) else 0
    ran_us = max(elapsed_us - micros(fault.at_s), 0)
    if fault.for_s is not None:
        ran_us = min(ran_us, micros(fault.for_s))
    return round(ran_us * fault.ms_per_s / 1_000.0)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message of a frame."""

    topic: str
    payload: bytes
    retained: bool = False


class Delivery:
    """The way from the devices to the broker, frame by frame."""

    def __init__(self, faults: Sequence[DeliveryFault], seed: int) -> None:
        """Each fault has chance of its own."""
        self._faults: Final = tuple((fault, _dice(fault, seed)) for fault in faults)
        self._late: list[tuple[int, Outgoing]] = []

    def carry(self, messages: Sequence[Outgoing], elapsed_us: int) -> tuple[Outgoing, ...]:
        """What gets through in this frame: late messages that are due, then this frame's own."""
        for fault, rng in self._faults:
            messages = self._through(fault, rng, messages, elapsed_us)
        due = tuple(message for due_us, message in self._late if due_us <= elapsed_us)
        self._late = [(due_us, message) for due_us, message in self._late if due_us > elapsed_us]
        return (*messages, *due)

    def _through(
        self, fault: DeliveryFault, rng: np.random.Generator, messages: Sequence[Outgoing], elapsed_us: int
    ) -> Sequence[Outgoing]:
        luck = rng.random(len(messages))  # drawn in any case: when a fault acts changes nothing but that
        if not fault.acts(elapsed_us):
            return messages
        through: list[Outgoing] = []
        for message, drawn in zip(messages, luck, strict=True):
            hit = bool(drawn < fault.share)
            match fault:
                case GatewayLoss():
                    through += [] if hit else [message]
                case Duplicate():
                    through += [message, message] if hit else [message]
                case Reorder() if hit and not message.retained:
                    self._late.append((elapsed_us + micros(fault.by_s), message))
                case Reorder():
                    through.append(message)
        return through


def _dice(fault: DeliveryFault, seed: int) -> np.random.Generator:
    return dice(seed, f"fault {fault.kind} {fault.at_s * MICROS_PER_S:.0f}")
