"""Looks at this machine: programs, folders, ports, clock. Changes nothing that it does not take back."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cordguard.audit.verify import Verification, verify
from cordguard.bus.nats import OLDEST_VERSION, find_server, server_version
from cordguard.bus.ports import HOST, held_port
from cordguard.cli.doctor.judge import Found, judge_broker, judge_clock, judge_python, judge_room
from cordguard.cli.place import LEDGER, check_writable
from cordguard.contract.capture import CaptureError, read_bytes, read_lines, split_torn_tail
from cordguard.runtime.clock import WallClock
from cordguard.runtime.service import SetupError
from cordguard.safety.policy_file import PolicyFile

JOURNALS: Final = "journal/*/*.capture.jsonl*"
TIMEDATECTL: Final = "timedatectl"
MIB: Final = 1024**2
_NS_PER_US: Final = 1_000


def look_at_programs() -> Iterator[Found]:
    """Python and the broker."""
    yield from judge_python(sys.version_info[:3], sys.platform)
    server = find_server()
    yield judge_broker(server, server_version(server) if server else (), OLDEST_VERSION)


def look_at_ports(wanted: dict[str, int]) -> Iterator[Found]:
    """Whether nobody listens where we would."""
    for option, port in wanted.items():
        try:
            with held_port(port):
                yield Found("ok", f"Port {port} on {HOST} is free ({option})")
        except OSError as error:
            words = (
                f"Port {port} on {HOST} cannot be used ({error.strerror}): end what listens there, or give {option}."
            )
            yield Found("BAD", words)


def look_at_policy(path: Path | None) -> Found:
    """Whether safety would take the limits."""
    try:
        file = PolicyFile(path)
    except SetupError as error:
        return Found("BAD", f"{str(error)[:1].upper()}{str(error)[1:]}.")
    return Found("ok", f"Policy {path or 'that is shipped'}: valid ({file.policy.hash[:23]}…)")


def look_at_folder(folder: Path) -> Iterator[Found]:
    """Room, ledger and journals of a data folder."""
    existing = next((place for place in (folder, *folder.resolve().parents) if place.exists()), folder)
    try:
        check_writable(existing)
        yield judge_room(folder, shutil.disk_usage(existing).free)
    except SetupError as error:
        yield Found("BAD", f"{str(error)[:1].upper()}{str(error)[1:]}")
    if not folder.exists():
        yield Found("note", f"{folder} does not exist yet: cordguard up makes it")
        return
    yield _look_at_ledger(folder / LEDGER)
    yield from look_at_journals(folder)


def look_at_journals(folder: Path) -> Iterator[Found]:
    """Whether every recording can be read to its end."""
    paths = sorted(folder.glob(JOURNALS))
    lines = 0
    for path in paths:
        try:
            whole, torn = split_torn_tail(read_bytes(path))
            lines += sum(1 for _ in read_lines(whole))
        except CaptureError as error:
            yield Found(
                "BAD", f"Journal {path} is damaged: {error}. What stands before can be replayed; keep the file."
            )
            continue
        if torn is not None:
            yield Found("note", f"Journal {path} ends in the middle of a line, as after a crash; safety cuts that off")
    taken_mib = sum(path.stat().st_size for path in paths) / MIB
    yield Found("ok", f"Journals: {len(paths)} files, {taken_mib:.1f} MiB, {lines} inputs read")


def newest_kept_us(folder: Path | None) -> int | None:
    """When something in a data folder was last written; None if there is nothing."""
    kept = [] if folder is None else [folder / LEDGER, *folder.glob(JOURNALS)]
    return max((path.stat().st_mtime_ns // _NS_PER_US for path in kept if path.exists()), default=None)


def look_at_clock(folder: Path | None) -> Iterator[Found]:
    """The system's clock."""
    yield from judge_clock(WallClock().now_us(), newest_kept_us(folder), synchronised=_synchronised())


def _look_at_ledger(path: Path) -> Found:
    if not path.exists():
        return Found("note", f"No ledger in {path.parent} yet")
    found = verify(path)
    if found.good:
        return Found("ok", f"Ledger: {found.count} entries, chain whole")
    return Found("BAD", f"Ledger: {_first_problem(found)}. See: cordguard verify {path}")


def _first_problem(found: Verification) -> str:
    if found.refusal is not None:
        return found.refusal
    first = found.problems[0] if found.problems else "the chain does not hold"
    return f"BROKEN, {found.problem_count} problems, the first: {first}"


def _synchronised() -> bool | None:
    program = shutil.which(TIMEDATECTL)
    if program is None:
        return None
    command = [program, "show", "--property=NTPSynchronized", "--value"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.fullmatch(r"\s*(yes|no)\s*", said)
    return match.group(1) == "yes" if match else None
