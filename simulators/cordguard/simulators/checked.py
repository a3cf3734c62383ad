"""What scenario files are read into, and how their seconds become the microseconds of the wire."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

MICROS_PER_S: Final = 1_000_000
SHOWN_PROBLEMS: Final = 5


class Checked(BaseModel):
    """Base of everything that a person may write into a scenario: frozen, no unknown keys, no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def micros(seconds: float) -> int:
    """Seconds as whole microseconds."""
    return round(seconds * MICROS_PER_S)


def first_problems(error: ValidationError) -> str:
    """What is wrong with a file, field by field, as one line; of very many the first."""
    problems = [
        f"{'.'.join(str(part) for part in problem['loc']) or 'as a whole'}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_context=False)
    ]
    hidden = len(problems) - SHOWN_PROBLEMS
    more = f" (and {hidden} more)" if hidden > 0 else ""
    return "; ".join(problems[:SHOWN_PROBLEMS]) + more
