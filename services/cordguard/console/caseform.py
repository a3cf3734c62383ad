"""The case form: what a person typed becomes a Case, or one plain sentence for each field that is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from cordguard.contract.case import Case, CaseSensor
from cordguard.contract.units import Identifier

_CHOICES: Final = {
    "electrode": "Choose bipolar or monopolar.",
    "lesion": "Choose lytic, mixed or sclerotic, or leave it empty.",
    "posterior_wall": "Choose intact, breached or unknown.",
    "profile": "Choose standard, near, breached or unknown.",
    "role": "Choose neural, tissue, probe or edge.",
}

SENTENCES: Final[dict[str, str]] = {
    **_CHOICES,
    "procedure": (
        "Give the procedure's identifier: letters, digits and . _ : - only, beginning with a letter or digit, "
        "at most 128. The audit record hangs on it. No patient names."
    ),
    "level": "Give a vertebral level such as T8 or L1/L2, or leave it empty.",
    "sensor": "Name the sensor as source/sensor, for example gen-1/canal, in lower-case letters, digits and hyphens.",
    "structure": "Name the structure in lower-case letters and hyphens, for example spinal-cord, or leave it empty.",
    "distance_mm": "Give the distance in millimetres, from 0 to 500, or leave it empty.",
    "sensors": "List at most 64 sensors, each of them once.",
}

PERSON_SENTENCES: Final[dict[str, str]] = {
    "actor": "Give an identifier: letters, digits and . _ : - only, beginning with a letter or digit. No names.",
    "role": "Give a role in lower-case letters, digits, hyphens and underscores, for example clinician.",
}


def _blank_is_absent(value: object) -> object:
    """An empty field of a form says nothing."""
    if isinstance(value, str):
        return value.strip() or None
    return value


def _distance(value: object) -> object:
    """A number as typed, with a point or a comma."""
    content = _blank_is_absent(value)
    return content.replace(",", ".") if isinstance(content, str) else content


Typed = Annotated[str | None, BeforeValidator(_blank_is_absent)]


class SensorFields(BaseModel):
    """One row of the form's table of sensors."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sensor: Typed = None
    role: Typed = None
    structure: Typed = None
    distance_mm: Annotated[float | str | None, BeforeValidator(_distance)] = None


class CaseFields(BaseModel):
    """The form as typed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    procedure: Typed = None
    electrode: Typed = None
    level: Typed = None
    lesion: Typed = None
    posterior_wall: Typed = None
    profile: Typed = None
    sensors: tuple[SensorFields, ...] = Field(default=(), max_length=64)


@dataclass(frozen=True, slots=True)
class FormErrors:
    """What is wrong: field (``procedure``, ``sensors.0.distance_mm``) to sentence; ``form`` for the whole."""

    errors: dict[str, str]


def open_case(
    fields: CaseFields, current: Case | None, *, session: str, actor: Identifier, now_us: int
) -> Case | FormErrors:
    """The case that the form asks for."""
    if now_us == 0:
        return FormErrors({"form": "The simulated clock has not spoken yet: wait until the simulation runs."})
    if current is not None and current.state == "open":
        return FormErrors({"form": f"A case is open in this room (session {current.session}): close it first."})
    errors = {} if fields.procedure is not None else {"procedure": SENTENCES["procedure"]}
    wanted: dict[str, Any] = fields.model_dump(exclude_none=True)
    try:
        case = Case.model_validate(
            {**wanted, "session": session, "revision": 0, "state": "open", "opened_us": now_us, "actor": actor}
        )
    except ValidationError as error:
        return FormErrors(errors | sentences(error.errors(include_url=False, include_input=False)))
    errors |= _repeated(case.sensors)
    return FormErrors(errors) if errors else case


def close_case(current: Case | None, *, actor: Identifier, now_us: int) -> Case | FormErrors:
    """The next revision of the open case, closed."""
    if current is None or current.state == "closed":
        return FormErrors({"form": "No case is open in this room: there is nothing to close."})
    if now_us == 0:
        return FormErrors({"form": "The simulated clock has not spoken yet: wait until the simulation runs."})
    closing = {"revision": current.revision + 1, "state": "closed", "closed_us": max(now_us, current.opened_us)}
    return current.model_copy(update={**closing, "actor": actor})


def sentences(errors: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Pydantic's complaints in plain words, by field."""
    return dict(map(_sentence, errors))


def _sentence(error: Mapping[str, Any]) -> tuple[str, str]:
    path = [str(part) for part in error["loc"] if part != "body"]
    if len(path) == 1 and path[0] in PERSON_SENTENCES:
        return path[0], PERSON_SENTENCES[path[0]]
    known = [part for part in path if part in SENTENCES]
    if not known:
        return "form", f"{'.'.join(path) or 'form'}: {error['msg']}. Reload the page and try again."
    upto = max(index for index, part in enumerate(path) if part in SENTENCES) + 1
    upto = max(upto, 2) if path[0] == "sensors" and len(path) > 1 else upto
    return ".".join(path[:upto]), SENTENCES[known[-1]]


def _repeated(sensors: tuple[CaseSensor, ...]) -> dict[str, str]:
    names = [sensor.sensor for sensor in sensors]
    return {
        f"sensors.{index}.sensor": "This sensor is already listed above: name each sensor once."
        for index, name in enumerate(names)
        if name in names[:index]
    }
