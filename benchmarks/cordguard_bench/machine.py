"""What the kernel says: CPU time and memory of a process, and whether the machine is busy with something else."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
CORES: Final = os.cpu_count() or 1
KIB_PER_MB: Final = 1_000_000 / 1024
QUIET_OTHERS_PERCENT: Final = 5.0
"""Of the whole machine, used by processes that are not ours; more, and figures are preliminary."""
QUIET_STEAL_PERCENT: Final = 1.0
"""Taken by the host for others."""
LOOK_S: Final = 2.0

_AFTER_NAME: Final = ")"
_UTIME: Final = 11
"""Of the fields after a process's name, in ``/proc/PID/stat``; system time follows."""
_IDLE: Final = slice(3, 5)
"""Idle and waiting for a disk, of a line ``cpu`` in ``/proc/stat``."""
_STEAL: Final = 7
_COUNTED: Final = 8
"""Guest time stands behind and is counted in user time already."""


@dataclass(frozen=True)
class Moment:
    """CPU time used so far, in seconds."""

    at_s: float
    busy_s: float
    """By all processes of the machine."""
    steal_s: float
    ours_s: tuple[float, ...]
    """By each of the processes that were asked for."""


@dataclass(frozen=True)
class Share:
    """How the machine was used between two moments."""

    seconds: float
    ours_s: tuple[float, ...]
    others_percent: float
    """Of all cores, by processes that were not asked for."""
    steal_percent: float

    @property
    def quiet(self) -> bool:
        """Whether figures of this time can be trusted."""
        return self.others_percent <= QUIET_OTHERS_PERCENT and self.steal_percent <= QUIET_STEAL_PERCENT


def moment(pids: Iterable[int] = ()) -> Moment:
    """Now."""
    ticks = [int(word) for word in Path("/proc/stat").read_text().partition("\n")[0].split()[1:]]
    steal = ticks[_STEAL]
    busy = sum(ticks[:_COUNTED]) - sum(ticks[_IDLE]) - steal
    return Moment(time.monotonic(), busy / TICKS_PER_S, steal / TICKS_PER_S, tuple(cpu_s(pid) for pid in pids))


def between(first: Moment, second: Moment) -> Share:
    """What was used from one moment to another; both were asked for the same processes."""
    seconds = second.at_s - first.at_s
    whole_s = seconds * CORES
    ours_s = tuple(after - before for before, after in zip(first.ours_s, second.ours_s, strict=True))
    others_s = second.busy_s - first.busy_s - sum(ours_s)
    return Share(seconds, ours_s, max(others_s / whole_s * 100, 0.0), (second.steal_s - first.steal_s) / whole_s * 100)


def cpu_s(pid: int) -> float:
    """User and system time of a process and its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(_AFTER_NAME)[2].split()
    return (int(fields[_UTIME]) + int(fields[_UTIME + 1])) / TICKS_PER_S


def rss_mb(pid: int) -> float:
    """Memory of a process that is in RAM."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / KIB_PER_MB
    return 0.0


def look(seconds: float = LOOK_S) -> Share:
    """How busy the machine is while we do nothing."""
    before = moment()
    time.sleep(seconds)
    return between(before, moment())


def describe() -> dict[str, str]:
    """The machine in a few words, for those who compare figures."""
    cpuinfo = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in cpuinfo if line.startswith("model name")), "unknown CPU")
    return {
        "cpu": f"{CORES} × {model}",
        "system": f"Linux {platform.release()}, Python {platform.python_version()}",
        "load": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "niceness": str(os.nice(0)),
    }


def verdict(share: Share) -> str:
    """A sentence on whether the machine is quiet."""
    figures = f"others use {share.others_percent:.0f} % of {CORES} cores, the host takes {share.steal_percent:.1f} %"
    load = f"load average {os.getloadavg()[0]:.2f}"
    if share.quiet:
        return f"The machine is quiet: {figures}, {load}."
    return f"THE MACHINE IS BUSY: {figures}, {load}. Figures are preliminary."
