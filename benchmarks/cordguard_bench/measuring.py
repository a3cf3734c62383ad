"""One run: a broker, a contestant, the devices and the watcher as processes of their own; what came of it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from cordguard.contract import topics
from cordguard_bench import brokers, devices, machine, watcher
from cordguard_bench.contestants.contestant import ACCOUNT, ENGINE_TIME, Contestant, Place
from cordguard_bench.engine_share import judge_again, telemetry_kept
from cordguard_bench.figures import percentile
from cordguard_bench.generator import Report
from cordguard_bench.helpers import helper
from cordguard_bench.matching import Alarms, Arrival, match
from cordguard_bench.processes import Started, running
from cordguard_bench.workload import NS_PER_S, US_PER_S, Load

LEAD_S: Final = 0.3
"""From the order to start until the devices' start."""
US_PER_MS: Final = 1_000
CONTESTANT: Final = "contestant"
"""Its folder in a run's."""
PROGRESS_S: Final = 0.5
REST_S: Final = 6.0
"""Without growth for so long, what is missing will not come: NATS sends again after two seconds."""
REST_TIMEOUT_S: Final = 120.0

OnTime = Callable[[float], None]
"""Called now and then with the share of the run that is over."""


@dataclass(frozen=True)
class Devices:
    """How the load generator did: what it did not do well is nobody else's delay."""

    sent: int
    """Telemetry, warm-up included."""
    unconfirmed: int
    """Messages that the broker never confirmed."""
    backed_up: int
    """Times that a socket did not take a frame at once."""
    late_p99_ms: float
    late_max_ms: float
    """How long after its time a cycle was sent."""
    cpu_us: float
    """CPU time for one message."""


@dataclass(frozen=True)
class Measurement:
    """One run of one contestant on one broker. CPU times are user and system time for one message, in microseconds."""

    contestant: str
    broker: str
    load: Load
    alarms: Alarms
    devices: Devices
    cpu_us: float
    """Of the contestant's processes together."""
    broker_us: float
    rss_mb: list[float]
    """Memory of the contestant's processes together, at equal times in the window; the last one at its end."""
    share: machine.Share
    """How the machine was used in the window."""
    engine_us: float | None = None
    """Of the engine alone, if the contestant is ours: its messages judged again in a row."""
    live_engine_us: float | None = None
    """Of the engine inside the running service, if it was timed there."""
    kept: int | None = None
    """Telemetry in its journals, if the contestant is ours."""
    round: int = 0
    """In which round it was; runs of one round were neighbours in time."""


def measure(
    contestant: Contestant,
    broker_name: str,
    load: Load,
    folder: Path,
    *,
    looks: int = 1,
    on_time: OnTime = lambda _share: None,
) -> Measurement:
    """Do one run.

    Args:
        contestant: who.
        broker_name: on which broker, freshly started.
        load: under which load.
        folder: for everything that is written; empty or absent.
        looks: how often memory is looked at.
        on_time: for progress.

    Raises:
        BenchmarkError: a process did not do what it should.
    """
    played = _play(contestant, broker_name, load, folder, looks, on_time)
    report, share = played.report, played.share
    broker_s, devices_s, _, _, *contestant_s = share.ours_s
    journalled = judge_again(folder / CONTESTANT) if contestant.journals else None

    def each_us(seconds: float) -> float:
        return seconds / load.messages * US_PER_S

    return Measurement(
        contestant=contestant.name,
        broker=broker_name,
        load=load,
        alarms=match(
            load,
            contestant.decides_at,
            start_us=report.start_us,
            start_ns=played.start_ns,
            hot=report.hot,
            came=played.came,
        ),
        devices=_devices(report, each_us(devices_s)),
        cpu_us=each_us(sum(contestant_s)),
        broker_us=each_us(broker_s),
        rss_mb=played.rss_mb,
        share=share,
        engine_us=journalled.engine_us if journalled else None,
        live_engine_us=_live_engine_us(folder / CONTESTANT / ENGINE_TIME),
        kept=journalled.telemetry if journalled else None,
    )


@dataclass(frozen=True)
class _Played:
    """What a run left."""

    start_ns: int
    report: Report
    came: list[Arrival]
    share: machine.Share
    """Of broker, devices, watcher and this process, then of the contestant's processes."""
    rss_mb: list[float]


def _play(contestant: Contestant, broker_name: str, load: Load, folder: Path, looks: int, on_time: OnTime) -> _Played:
    with ExitStack() as stack:
        ears, sender = (stack.enter_context(helper(name, folder)) for name in ("watcher", "generator"))
        broker = stack.enter_context(brokers.run_broker(broker_name, folder / "broker"))
        place = Place(broker.port, broker.credentials[ACCOUNT], folder / CONTESTANT, load)
        started = [stack.enter_context(running(command)) for command in contestant.commands(place)]
        heard = topics.TRANSITION.filter()
        ears.begin(asdict(watcher.Order(broker.port, "audit", broker.credentials["audit"], heard, load.crossings)))
        sender.begin(asdict(devices.Order(load, broker.port, "simulator", broker.credentials["simulator"])))
        start_ns = time.monotonic_ns() + int(LEAD_S * NS_PER_S)
        sender.tell(start_ns)
        pids = (broker.pid, sender.pid, ears.pid, os.getpid(), *(one.pid for one in started))
        share, rss_mb = _look_on(load, start_ns, pids, started, looks, on_time)
        report = Report(**sender.result())
        if contestant.journals:
            _await_rest(place.folder, report.sent)
        came = ears.result()
    return _Played(start_ns, report, came, share, rss_mb)


def _live_engine_us(path: Path) -> float | None:
    if not path.exists():
        return None
    timed = json.loads(path.read_text())
    return float(timed["spent_us"] / timed["inputs"])


def _devices(report: Report, cpu_us: float) -> Devices:
    late_ms = [late_us / US_PER_MS for late_us in report.late_us]
    return Devices(report.sent, report.unconfirmed, report.backed_up, percentile(late_ms, 0.99), max(late_ms), cpu_us)


def _look_on(
    load: Load, start_ns: int, pids: tuple[int, ...], started: list[Started], looks: int, on_time: OnTime
) -> tuple[machine.Share, list[float]]:
    """Wait for the window to begin and to end; how the machine was used in it, and memory."""
    start_s = start_ns / NS_PER_S + load.warm_up_s / load.speed
    window_s = load.seconds / load.speed
    _sleep_until(start_s, on_time, start_s, window_s)
    begin, rss_mb = machine.moment(pids), []
    for look in range(1, looks + 1):
        _sleep_until(start_s + window_s * look / looks, on_time, start_s, window_s)
        for one in started:
            if one.process.poll() is not None:
                ended = "ended before the run did"
                raise one.failure(ended)
        rss_mb.append(sum(machine.rss_mb(one.pid) for one in started))
    return machine.between(begin, machine.moment(pids)), rss_mb


def _await_rest(folder: Path, sent: int) -> None:
    """Wait until everything is in the journals, or they do not grow any more: what is late is not lost."""
    deadline_s = time.monotonic() + REST_TIMEOUT_S
    kept, since_s = -1, time.monotonic()
    while time.monotonic() - since_s < REST_S and time.monotonic() < deadline_s:
        now = telemetry_kept(folder)
        if now >= sent:
            return
        if now != kept:
            kept, since_s = now, time.monotonic()
        time.sleep(PROGRESS_S)


def _sleep_until(at_s: float, on_time: OnTime, start_s: float, window_s: float) -> None:
    while (left_s := at_s - time.monotonic()) > 0:
        on_time((time.monotonic() - start_s) / window_s)
        time.sleep(min(left_s, PROGRESS_S))
