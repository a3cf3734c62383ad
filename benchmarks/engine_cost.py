"""What the engine costs alone, without broker, network and disk: by message, by room, in memory, and in a replay.

Rooms get the messages of the load that alarm_latency.py sends (a generator frame and a temperature frame with four
sensors, 25 times a second, now and then over 45 °C). Rounds alternate, each beside a loop of plain Python whose speed
says how fast the machine is just now. See benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from cordguard.contract.capture import CapturedInput, encode_line
from cordguard.contract.topics import CASE, GENERATOR, STATUS, TEMPERATURE
from cordguard.engine import local
from cordguard.engine.room import RoomEngine
from cordguard.safety.playback import policy_of, shipped_policy_text
from cordguard.safety.replay import replay_file
from cordguard_bench import machine
from cordguard_bench.figures import spread, table
from cordguard_bench.frames import (
    COOL_C,
    FIRST_SEQ,
    HOT_C,
    VARIANTS,
    case_of,
    generator_frames,
    status_of,
    temperature_frames,
)
from cordguard_bench.workload import SOURCE, US_PER_S, Load, room_name

START_US: Final = 1_790_000_000_000_000
RATE_PER_S: Final = 25.0
CALIBRATION_TURNS: Final = 200_000
ROOMS: Final = (1, 20, 100, 300)
MEMORY_LOOKS: Final = 6
CONFIRM_US: Final = 10_000_000
MINUTES: Final = 60

Entries = list[CapturedInput]


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; always 0: figures are looked at, not asserted."""
    asked = _parser().parse_args(argv)
    print(machine.verdict(machine.look()), file=sys.stderr)
    print(" · ".join(machine.describe().values()))
    print(_by_rooms(asked.messages, asked.runs))
    print(_by_kind(asked.messages, asked.runs))
    print(_replay(asked.messages, asked.runs))
    print(_memory(asked.minutes))
    return 0


def inputs(rooms: int, messages: int) -> Iterator[tuple[int, CapturedInput]]:
    """So many messages of so many rooms in the order of their times, each with its room's number."""
    load = Load(rooms, RATE_PER_S, messages / rooms / RATE_PER_S / 2.0 + 1.0, warm_up_s=0.0)
    generator, cool, hot = generator_frames(1), temperature_frames(2, COOL_C), temperature_frames(3, HOT_C)
    topics = [
        {row.name: row.at(load.site(room), room=room_name(room), source=SOURCE) for row in (GENERATOR, TEMPERATURE)}
        for room in range(rooms)
    ]
    for cycle in range(-(-messages // (2 * rooms))):
        for room in load.order:
            at_us = START_US + US_PER_S + load.at_us(room, cycle)
            warm = (hot if load.hot(room, cycle) else cool)[cycle % VARIANTS]
            for name, frame in ((GENERATOR.name, generator[cycle % VARIANTS]), (TEMPERATURE.name, warm)):
                yield room, CapturedInput(at_us + 800, topics[room][name], frame % (FIRST_SEQ + cycle, at_us))


def opening(room: int, load: Load) -> tuple[CapturedInput, CapturedInput]:
    """How a room becomes known: its device's status, and its case."""
    site, name = load.site(room), room_name(room)
    status = CapturedInput(
        START_US, STATUS.at(site, room=name, source=SOURCE), status_of(START_US).to_wire(), retained=True
    )
    return status, CapturedInput(START_US, CASE.at(site, room=name), case_of(room, START_US).to_wire())


def opened(rooms: int) -> list[RoomEngine]:
    """Engines of rooms whose device and case are known."""
    policy = policy_of(shipped_policy_text(), "the shipped policy")
    load = Load(rooms, RATE_PER_S, 1.0)
    engines = []
    for room in range(rooms):
        engine = RoomEngine(load.site(room), room_name(room), policy)
        for entry in opening(room, load):
            engine.feed(entry)
        engines.append(engine)
    return engines


def judge_us(engines: list[RoomEngine], entries: list[tuple[int, CapturedInput]]) -> float:
    """CPU time of one message, timers included, as safety's keeper asks for them before every message."""
    gc.collect()
    began_ns = time.thread_time_ns()
    for room, entry in entries:
        engine = engines[room]
        while (due_us := engine.due_us(entry.received_us)) is not None:
            engine.feed(CapturedInput(due_us, local.TICK, b"{}"))
        engine.feed(entry)
    return (time.thread_time_ns() - began_ns) / 1_000 / len(entries)


def calibrate_us() -> float:
    """CPU time of a turn of a loop of plain Python: how fast this machine is just now."""
    began_ns = time.thread_time_ns()
    total = 0.0
    for number in range(CALIBRATION_TURNS):
        total += number * 0.5
    return (time.thread_time_ns() - began_ns) / 1_000 / CALIBRATION_TURNS


def _by_rooms(messages: int, runs: int) -> str:
    found: dict[int, list[float]] = {rooms: [] for rooms in ROOMS}
    loops = []
    prepared = {rooms: list(inputs(rooms, messages)) for rooms in ROOMS}
    for _ in range(runs):
        loops.append(calibrate_us())
        for rooms in ROOMS:
            found[rooms].append(judge_us(opened(rooms), prepared[rooms]))
    rows = [[f"{rooms} rooms", spread(values).text()] for rooms, values in found.items()]
    rows.append(["a turn of a plain loop", spread(loops).text(3)])
    return _titled("engine, CPU µs for each message", table(["", "median [least – most]"], rows))


def _by_kind(messages: int, runs: int) -> str:
    everything = list(inputs(1, messages))
    found: dict[str, list[float]] = {}
    for _ in range(runs):
        engine = opened(1)[0]
        spent: dict[str, int] = {}
        count: dict[str, int] = {}
        for _, entry in everything:
            kind = entry.topic.rpartition("/")[2]
            began_ns = time.thread_time_ns()
            engine.feed(entry)
            spent[kind] = spent.get(kind, 0) + time.thread_time_ns() - began_ns
            count[kind] = count.get(kind, 0) + 1
        for kind, spent_ns in spent.items():
            found.setdefault(kind, []).append(spent_ns / 1_000 / count[kind])
    rows = [[kind, spread(values).text()] for kind, values in found.items()]
    return _titled("by kind, with a clock round each (it adds about half a µs)", table(["", "µs"], rows))


def _replay(messages: int, runs: int) -> str:
    telemetry = [entry for _, entry in inputs(1, messages)]
    captures = {
        "status, case, telemetry": [*opening(0, Load(1, RATE_PER_S, 1.0)), *telemetry],
        "telemetry alone": telemetry,
    }
    rates: dict[str, list[float]] = {name: [] for name in captures}
    said: dict[str, int] = {}
    loops = []
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder) / f"{number}.capture.jsonl" for number, name in enumerate(captures)}
        for name, entries in captures.items():
            paths[name].write_bytes(b"".join(map(encode_line, entries)))
        for _ in range(runs):
            loops.append(calibrate_us())
            for name, path in paths.items():
                gc.collect()
                began_ns = time.thread_time_ns()
                said[name] = sum(1 for _ in replay_file(path)[1])
                rates[name].append(len(captures[name]) / (time.thread_time_ns() - began_ns) * 1e9)
    rows = [[name, spread(values).text(0), str(said[name])] for name, values in rates.items()]
    rows.append(["a turn of a plain loop, µs", spread(loops).text(3), ""])
    head = ["", "median [least – most]", "transitions found"]
    return _titled("cordguard replay, one room, messages a second of CPU time", table(head, rows))


def _memory(minutes: int) -> str:
    """What an engine holds as simulated time goes by; Python's own objects, by tracemalloc."""
    every = max(minutes // MEMORY_LOOKS, 1)
    engine, confirm_us = opened(1)[0], 0
    rows = []
    tracemalloc.start()
    total = round(minutes * 60 * RATE_PER_S * 2)
    step = round(every * 60 * RATE_PER_S * 2)
    for number, (_, entry) in enumerate(inputs(1, total), start=1):
        engine.feed(entry)
        if entry.received_us >= confirm_us:  # as safety does: what the broker has need not be kept
            confirm_us = entry.received_us + CONFIRM_US
            confirmed = b'{"confirmed":%d}' % engine.published
            engine.feed(CapturedInput(entry.received_us, local.SELF_CHECK, confirmed))
        if number % step == 0:
            gc.collect()
            held, _ = tracemalloc.get_traced_memory()
            rows.append([f"after {number // step * every} min", f"{held / 1e3:.0f}"])
    tracemalloc.stop()
    return _titled("memory of one room's engine since its first message, kB", table(["simulated", "kB"], rows))


def _titled(title: str, text: str) -> str:
    return f"\n{title}\n{text}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--messages", type=int, default=60_000, help="of each measurement")
    parser.add_argument("--runs", type=int, default=5, help="rounds")
    parser.add_argument("--minutes", type=int, default=MINUTES, help="simulated, for memory")
    return parser


if __name__ == "__main__":
    sys.exit(main())
