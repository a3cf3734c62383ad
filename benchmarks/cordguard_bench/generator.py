"""The devices, as one process (``python -m cordguard_bench.generator``): every frame at its time, whatever happens.

Nothing that the broker or a contestant does may make it wait, or what is slow would get less to do just when it is slow
(coordinated omission): sockets do not block, and a time is noted before a frame is given to its socket. How late it was
itself stands in its report.

Standard input: a line with ``Order`` as JSON; then, after it said ``ready``, a line with the start, in nanoseconds of
CLOCK_MONOTONIC. Standard output: ``ready``, and at the end ``Report`` as JSON.
"""

from __future__ import annotations

import ctypes
import gc
import json
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from cordguard_bench.devices import Clock, Device, Order
from cordguard_bench.helpers import READY
from cordguard_bench.workload import FRAMES, NS_PER_S, Load

_PR_SET_TIMERSLACK: Final = 29


@dataclass
class Report:
    """What was sent."""

    sent: int = 0
    """Telemetry frames, warm-up included."""
    unconfirmed: int = 0
    """Packets that the broker did not confirm in time."""
    backed_up: int = 0
    """Times that a socket did not take a frame at once."""
    late_us: list[int] = field(default_factory=list)
    """How late each cycle was sent."""
    hot: list[tuple[int, int, int]] = field(default_factory=list)
    """Hot samples: room, cycle, and when it was published, in nanoseconds of CLOCK_MONOTONIC."""
    start_us: int = 0
    """UTC at the devices' start, by their clock."""


def run(order: Order, devices: list[Device], clock: Clock, start_ns: int, start_us: int) -> Report:
    """Send everything, each frame at its time."""
    load, report = order.load, Report(start_us=start_us)
    in_turn = [devices[room] for room in load.order]
    for cycle in range(load.cycles):
        for device in in_turn:
            due_ns = start_ns + load.due_ns(device.room, cycle)
            elapsed_us = load.at_us(device.room, cycle)
            hot = load.hot(device.room, cycle)
            data = device.cycle(cycle, start_us + elapsed_us, hot=bool(hot))
            wait_ns = due_ns - time.monotonic_ns()
            if wait_ns > 0:
                time.sleep(wait_ns / NS_PER_S)
            clock.tell(elapsed_us)
            now_ns = time.monotonic_ns()
            device.link.send(data)
            device.link.receive()
            report.late_us.append((now_ns - due_ns) // 1_000)
            if hot:
                report.hot.append((device.room, cycle, now_ns))
    for device in devices:
        device.link.settle()
    report.sent = load.cycles * load.rooms * FRAMES
    report.unconfirmed = sum(device.link.unconfirmed for device in devices)
    report.backed_up = sum(device.link.backed_up for device in devices)
    return report


def main() -> None:
    """See the head of this file."""
    asked: dict[str, Any] = json.loads(sys.stdin.readline())
    order = Order(**{**asked, "load": Load(**asked["load"])})
    ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1)  # wake up when asked to, not up to 50 µs later
    devices = [Device(order, room) for room in range(order.load.rooms)]
    start_us = time.time_ns() // 1_000
    clock = Clock(order, start_us)
    for device in devices:
        device.appear(order.load, start_us)
    for device in devices:
        device.link.settle()
    gc.collect()
    gc.disable()
    print(READY, flush=True)
    start_ns = int(sys.stdin.readline())
    if order.load.speed == 1:
        start_us = (time.time_ns() + start_ns - time.monotonic_ns()) // 1_000
    report = run(order, devices, clock, start_ns, start_us)
    for device in devices:
        device.link.close()
    clock.close()
    print(json.dumps(asdict(report)), flush=True)


if __name__ == "__main__":
    main()
