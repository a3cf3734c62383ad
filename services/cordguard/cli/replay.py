"""``cordguard replay``: what the engine makes of a recording. No broker, no clock, as fast as it can."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from cordguard.cli.terminal import complain
from cordguard.contract.capture import CaptureError
from cordguard.runtime.service import SetupError
from cordguard.safety.replay import replay_file


def run_replay(capture: Path, *, policy: Path | None, output: Path | None, summary: bool) -> None:
    """Write one JSON line for each transition, or for each session's summary.

    Raises:
        SetupError: the capture or the policy cannot be read, or the output cannot be written.
    """
    try:
        with _opened(output) as out:
            replay, transitions = replay_file(capture, policy)
            for transition in transitions:
                if not summary:
                    out.write(transition.to_wire().decode() + "\n")
            if summary:
                out.writelines(found.to_wire().decode() + "\n" for found in replay.summaries.values())
    except CaptureError as error:
        msg = f"{error}."
        raise SetupError(msg) from error
    if replay.torn is not None:
        complain(f"the last line of {capture} is incomplete and was left out.")


@contextmanager
def _opened(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        return
    try:
        with output.open("w", encoding="utf-8") as file:
            yield file
    except OSError as error:
        msg = f"{output} cannot be written ({error.strerror}); name another file with --output."
        raise SetupError(msg) from error
