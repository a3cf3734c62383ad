"""A scenario as a capture, without broker or monitor: what a room publishes when nobody hears an alarm."""

from __future__ import annotations

from collections.abc import Iterator

from cordguard.contract.capture import CapturedInput
from cordguard.simulators.checked import micros
from cordguard.simulators.room import SimulatedRoom, patient_of
from cordguard.simulators.scenario import Scenario


def scripted_room(
    scenario: Scenario, seed: int, start_us: int, *, site: str = "site", room: str = "room-1"
) -> SimulatedRoom:
    """A room whose operator hears nobody and releases the foot switch when the scenario's ``recording`` says so."""
    simulated = SimulatedRoom(scenario, patient_of(scenario), site=site, room=room, seed=seed, start_us=start_us)
    simulated.operator.release_at(start_us + micros(scenario.recording.rf_off_s))
    return simulated


def record(
    scenario: Scenario, seed: int, start_us: int, *, site: str = "site", room: str = "room-1"
) -> Iterator[CapturedInput]:
    """The inputs of a run in order, each received at the moment it was made, as in a run under a simulated clock.

    The operator follows the scenario's ``recording``: he releases the foot switch then, and frames end then. Same
    arguments, same bytes.
    """
    simulated = scripted_room(scenario, seed, start_us, site=site, room=room)
    end_us = start_us + micros(scenario.recording.until_s)
    while (at_us := simulated.at_us) <= end_us:
        for message in simulated.next_frame():
            yield CapturedInput(at_us, message.topic, message.payload)
