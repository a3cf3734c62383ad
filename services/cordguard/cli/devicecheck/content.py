"""What the messages say: ill values, keys that nobody knows, sensors without a role. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

from pydantic_core import from_json

from cordguard.cli.devicecheck.listening import KINDS, Finding, Listening
from cordguard.contract.lenient import Unreadable, read, read_generator, read_status, read_temperature
from cordguard.contract.telemetry import DeviceIdentity, SensorReading, Status, StatusSensor
from cordguard.contract.topics import GENERATOR, STATUS, TEMPERATURE, Topic
from cordguard.contract.units import DeviceModel

PARTS: Final[dict[str, type[DeviceModel]]] = {
    "readings": SensorReading,
    "sensors": StatusSensor,
    "device": DeviceIdentity,
}
"""The keys under which parts of a message stand, and what each is."""
NAMED_MAX: Final = 10
"""More complaints or keys than this are only counted."""


def check_values(listening: Listening) -> Iterator[Finding]:
    """Messages that were used although something in them is ill. What cannot be used at all safety says itself."""
    for kind in KINDS:
        live = listening.live(kind)
        complaints = Counter(reason for heard in live for reason in _complaints(kind, heard.payload))
        for reason, times in complaints.most_common(NAMED_MAX):
            words = f"Ill value, which does not count, in {times} of {len(live)} {kind.name} messages: {reason}."
            yield Finding("ill-value", words)
        if len(complaints) > NAMED_MAX:
            more = len(complaints) - NAMED_MAX
            yield Finding("ill-value", f"{more} more complaints about {kind.name} messages are left out.")


def check_keys(listening: Listening) -> Iterator[Finding]:
    """Keys that the contract does not know."""
    for kind in KINDS:
        live = listening.live(kind)
        keys = Counter(key for heard in live for key in set(_unknown_keys(kind, heard.payload)))
        if keys:
            named = ", ".join(key for key, _ in keys.most_common(NAMED_MAX))
            words = (
                f"{kind.name} messages hold keys that the contract does not know, and nobody reads: {named} "
                f"(in up to {max(keys.values())} of {len(live)}). Spell them as the schema does, or leave them out."
            )
            yield Finding("unknown-key", words)


def check_roles(listening: Listening) -> Iterator[Finding]:
    """Whether the sensors that deliver are those that the status names."""
    statuses = (read_status(heard.payload) for heard in (*listening.kept_of(STATUS), *listening.live(STATUS)))
    named = {entry.sensor for status in statuses if not isinstance(status, Unreadable) for entry in status.sensors}
    frames = (read_temperature(heard.payload) for heard in listening.live(TEMPERATURE))
    deliver = {sample.sensor for frame in frames if not isinstance(frame, Unreadable) for sample in frame.samples}
    for sensor in sorted(deliver - named):
        words = (
            f"No status names a role for sensor {sensor}: unless the case does, it is judged as neural under the "
            f"strictest limits. List it under 'sensors' of the status."
        )
        yield Finding("no-role", words)
    for sensor in sorted(named - deliver):
        yield Finding("no-reading", f"The status names sensor {sensor}, but no temperature frame has a reading of it.")


def says_who_it_is(listening: Listening) -> bool:
    """Whether any status tells model or serial number."""
    statuses = (read_status(heard.payload) for heard in (*listening.kept_of(STATUS), *listening.live(STATUS)))
    devices = [status.device for status in statuses if not isinstance(status, Unreadable)]
    return any(device is not None and (device.model or device.serial) for device in devices)


def _complaints(kind: Topic, payload: bytes) -> tuple[str, ...]:
    if kind is STATUS:
        strict = read(Status, payload)
        repaired = isinstance(strict, Unreadable) and not isinstance(read_status(payload), Unreadable)
        return (strict.reason,) if isinstance(strict, Unreadable) and repaired else ()
    frame = read_generator(payload) if kind is GENERATOR else read_temperature(payload)
    return () if isinstance(frame, Unreadable) else frame.complaints


def _unknown_keys(kind: Topic, payload: bytes) -> Iterator[str]:
    try:
        content = from_json(payload, allow_inf_nan=True)
    except ValueError:
        return
    if isinstance(content, dict):
        yield from _beyond(kind.payload.model_fields, content)
        for key, model in PARTS.items():
            for part in _objects(content.get(key)):
                yield from (f"{key}.{name}" for name in _beyond(model.model_fields, part))


def _beyond(known: Iterable[str], content: dict[str, Any]) -> list[str]:
    return sorted(content.keys() - set(known))


def _objects(content: object) -> list[dict[str, Any]]:
    members = content if isinstance(content, list) else [content]
    return [member for member in members if isinstance(member, dict)]
