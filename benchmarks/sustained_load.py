"""Whether Cordguard's safety keeps up: lag at 3,000 messages/s, cost over 1 to 300 rooms, memory over a simulated hour.

Safety runs as real processes, as ``cordguard up`` starts them. One process watches at most so many rooms of a site;
more rooms are more sites, and a process for each. See benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from cordguard.safety.rooms import ROOMS_MAX
from cordguard_bench import arguments, machine
from cordguard_bench.contestants.roster import CORDGUARD
from cordguard_bench.measuring import Measurement
from cordguard_bench.session import Failure, Outcome, Turn, present_brokers, run_all, write_json
from cordguard_bench.sustained_report import lag_report, memory_report, room_cost, rooms_report
from cordguard_bench.workload import FRAMES, Load

LAG_ROOMS: Final = 60
ALARMS_PER_S: Final = 2.0
"""Of all rooms together, when their number changes: alarms cost the same then."""
MEMORY_ROOMS: Final = 5
MEMORY_CYCLES_PER_S: Final = 10.0
MEMORY_CROSSING_S: Final = 120.0
MEMORY_LOOKS: Final = 60
SECONDS_PER_HOUR: Final = 3_600


@dataclass(frozen=True)
class Part:
    """One question."""

    title: str
    plan: Callable[[argparse.Namespace], Iterator[Turn]]
    answer: Callable[[Sequence[Measurement]], str]


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; exit status 0, or 1 if a run came to nothing."""
    parser = _parser()
    asked = parser.parse_args(argv)
    if asked.slow >= asked.fast:
        parser.error(f"--slow {asked.slow:g} must be below --fast {asked.fast:g}: two rates take the cost apart")
    before = machine.verdict(machine.look())
    print(before, file=sys.stderr)
    asked.broker = present_brokers(asked.broker)
    if not asked.broker:
        return 1
    planned = {name: list(PARTS[name].plan(asked)) for name in asked.part}
    everything = [turn for turns in planned.values() for turn in turns]
    for turn in everything:
        arguments.check(parser, turn.load)
    outcomes = run_all(everything, patience_s=asked.wait_for_quiet * arguments.SECONDS_PER_MINUTE)
    print(f"\n{' · '.join(machine.describe().values())}")
    todo = iter(outcomes)
    for name, turns in planned.items():
        print(f"\n{PARTS[name].title}\n")
        print(_answer(PARTS[name], list(islice(todo, len(turns)))))
    after = machine.verdict(machine.look())
    print(f"\nBefore: {before}\nAfter:  {after}")
    if asked.json:
        write_json(asked.json, outcomes, before=before, after=after)
    return int(len(outcomes) < len(everything) or any(isinstance(outcome, Failure) for outcome in outcomes))


def _answer(part: Part, outcomes: Sequence[Outcome]) -> str:
    failures = [f"FAILED: {outcome.reason}" for outcome in outcomes if isinstance(outcome, Failure)]
    measured = [outcome for outcome in outcomes if isinstance(outcome, Measurement)]
    busy = [run.share.others_percent for run in measured if not run.share.quiet]
    lines = [*failures, part.answer(measured) if measured else ""]
    if busy:
        lines.append(
            f"In {len(busy)} of {len(measured)} runs the machine was busy: others used up to {max(busy):.0f} %."
        )
    return "\n".join(lines)


def _plan_lag(asked: argparse.Namespace) -> Iterator[Turn]:
    cycles_per_s = asked.rate / LAG_ROOMS / FRAMES
    load = Load(rooms=LAG_ROOMS, cycles_per_s=cycles_per_s, seconds=asked.seconds, rooms_per_site=ROOMS_MAX)
    for broker in asked.broker:
        yield Turn(CORDGUARD, broker, load)


def _plan_rooms(asked: argparse.Namespace) -> Iterator[Turn]:
    """On the first broker: what it costs the broker is not the question."""
    for _ in range(asked.runs):
        for rooms in asked.rooms:
            for rate in (asked.slow, asked.fast):
                load = Load(
                    rooms=rooms,
                    cycles_per_s=rate / rooms / FRAMES,
                    seconds=asked.rooms_seconds,
                    crossing_every_s=rooms / ALARMS_PER_S,
                    rooms_per_site=ROOMS_MAX,
                )
                yield Turn(CORDGUARD, asked.broker[0], load)


def _answer_rooms(runs: Sequence[Measurement]) -> str:
    rates = sorted({round(run.load.messages_per_s) for run in runs})
    costs = []
    for rooms in sorted({run.load.rooms for run in runs}):
        slow, fast = (
            [run for run in runs if run.load.rooms == rooms and round(run.load.messages_per_s) == rate]
            for rate in (rates[0], rates[-1])
        )
        if slow and fast and slow is not fast:
            costs.append(room_cost(slow, fast))
    return rooms_report(costs, rates[0], rates[-1]) if costs else "no number of rooms was measured at two rates"


def _plan_memory(asked: argparse.Namespace) -> Iterator[Turn]:
    load = Load(
        rooms=MEMORY_ROOMS,
        cycles_per_s=MEMORY_CYCLES_PER_S,
        seconds=asked.hours * SECONDS_PER_HOUR,
        crossing_every_s=MEMORY_CROSSING_S,
        speed=asked.speed,
    )
    yield Turn(CORDGUARD, asked.broker[0], load, looks=MEMORY_LOOKS)


PARTS: Final = {
    "lag": Part("Lag over time", _plan_lag, lambda runs: "\n\n".join(map(lag_report, runs))),
    "rooms": Part("Cost over rooms", _plan_rooms, _answer_rooms),
    "memory": Part("Memory over time", _plan_memory, lambda runs: "\n\n".join(map(memory_report, runs))),
}


def _parser() -> argparse.ArgumentParser:
    parser = arguments.parser(__doc__)
    parser.add_argument("--part", nargs="+", choices=list(PARTS), default=list(PARTS), help="what to measure")
    arguments.add_brokers(parser, ("mosquitto",))
    positive = arguments.positive
    lag = parser.add_argument_group("lag").add_argument
    lag("--rate", type=positive, default=3_000.0, help=f"messages/s of {LAG_ROOMS} rooms together")
    lag("--seconds", type=positive, default=60.0, help="length of the measured part")
    rooms = parser.add_argument_group("rooms").add_argument
    rooms("--rooms", type=arguments.at_least_one, nargs="+", default=[1, 20, 100, 300], help="numbers of rooms")
    rooms("--slow", type=positive, default=500.0, help="messages/s of all rooms together, the one rate")
    rooms("--fast", type=positive, default=1_500.0, help="the other rate")
    rooms("--rooms-seconds", type=positive, default=15.0, help="length of each measured part")
    rooms("--runs", type=arguments.at_least_one, default=3, help="rounds")
    memory = parser.add_argument_group("memory").add_argument
    memory("--hours", type=positive, default=1.0, help="simulated")
    memory("--speed", type=positive, default=10.0, help="times faster than time")
    return parser


if __name__ == "__main__":
    sys.exit(main())
