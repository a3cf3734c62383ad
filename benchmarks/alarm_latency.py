"""How long an alarm takes, and what it costs: Cordguard's safety beside others, in turns, on mosquitto and on NATS.

Everybody gets the same messages from the same devices over the same broker with the settings that Cordguard ships, and
has to publish an alarm whenever a temperature crosses 45 °C. Measured is the time from the sample's publication to the
alarm's arrival at a third party. See benchmarks/README.md for what that does and does not say.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Final

from cordguard_bench import arguments, brokers, machine
from cordguard_bench.contestants.contestant import Contestant
from cordguard_bench.contestants.roster import CONTESTANTS, CORDGUARD, CORDGUARD_TIMED
from cordguard_bench.latency_report import legend, report
from cordguard_bench.measuring import Measurement
from cordguard_bench.session import Failure, Outcome, Turn, prepare, present_brokers, run_all, write_json
from cordguard_bench.workload import FRAMES, Load

NAMES: Final = {contestant.name: contestant for contestant in CONTESTANTS}


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; exit status 0, or 1 if a run came to nothing."""
    parser = _parser()
    asked = parser.parse_args(argv)
    contestants = [NAMES[name] for name in NAMES if name in asked.only]
    load = Load(
        rooms=asked.rooms,
        cycles_per_s=asked.rate / asked.rooms / FRAMES,
        seconds=asked.seconds,
        warm_up_s=asked.warm_up,
        crossing_every_s=asked.crossing_every,
        seed=asked.seed,
    )
    arguments.check(parser, load)
    before = machine.verdict(machine.look())
    print(before, file=sys.stderr)
    absent = prepare(contestants)
    present = [contestant for contestant in contestants if contestant.name not in absent]
    names = present_brokers(asked.broker)
    if not names or not present:
        return 1
    planned = turns(present, names, load, asked.runs)
    if CORDGUARD in present and asked.stop_watch:
        planned += [Turn(CORDGUARD_TIMED, name, load) for name in names]
    outcomes = run_all(planned, patience_s=asked.wait_for_quiet * arguments.SECONDS_PER_MINUTE)
    _say(contestants, names, load, outcomes, absent)
    for name in asked.broker:
        if name not in names:
            print(f"\n{name} is MISSING: {brokers.missing(name)}")
    after = machine.verdict(machine.look())
    print(f"\nBefore: {before}\nAfter:  {after}")
    if asked.json:
        titles = {name: brokers.title(name) for name in names}
        write_json(asked.json, outcomes, brokers=titles, missing=absent, before=before, after=after)
    return int(len(outcomes) < len(planned) or any(isinstance(outcome, Failure) for outcome in outcomes))


def turns(present: Sequence[Contestant], broker_names: Sequence[str], load: Load, runs: int) -> list[Turn]:
    """Everybody once in each round, on each broker; who begins moves on from round to round."""
    return [
        Turn(present[(number + round_) % len(present)], broker, load, round=round_)
        for round_ in range(runs)
        for broker in broker_names
        for number in range(len(present))
    ]


def _say(
    contestants: Sequence[Contestant],
    broker_names: Sequence[str],
    load: Load,
    outcomes: Sequence[Outcome],
    absent: dict[str, str],
) -> None:
    print(f"\n{' · '.join(machine.describe().values())}")
    print(f"{load.messages_per_s:,.0f} messages/s from {load.rooms} rooms, QoS 1; {load.seconds:g} s a run")
    print("Medians over the runs, with [least – most]. Counted from the sample that satisfies a contestant's rule.\n")
    print(legend(contestants))
    measured = [outcome for outcome in outcomes if isinstance(outcome, Measurement)]
    for name in broker_names:
        here = [run for run in measured if run.broker == name]
        by_contestant = {
            one.name: [run for run in here if run.contestant == one.name] for one in (*contestants, CORDGUARD_TIMED)
        }
        print(f"\n{brokers.title(name)}\n")
        print(report(contestants, by_contestant, absent))
    busy = [run.share for run in measured if not run.share.quiet]
    if busy:
        least, most = (pick(share.others_percent for share in busy) for pick in (min, max))
        print(
            f"\nIn {len(busy)} of {len(measured)} runs the machine was busy: others used {least:.0f} to {most:.0f} %."
        )


def _parser() -> argparse.ArgumentParser:
    parser = arguments.parser(__doc__)
    add, positive = parser.add_argument, arguments.positive
    add("--runs", type=arguments.at_least_one, default=5, help="rounds: everybody once in each, on each broker")
    add("--seconds", type=positive, default=30.0, help="length of a run's measured part")
    add("--warm-up", type=arguments.not_negative, default=4.0, help="seconds before it that do not count")
    add("--rooms", type=arguments.at_least_one, default=20, help="rooms, each with one device")
    add("--rate", type=positive, default=1_000.0, help="messages/s of all rooms together")
    add("--crossing-every", type=positive, default=3.0, help="seconds between two crossings of a room")
    add("--seed", type=int, default=1, help="of the devices' phases and noise")
    add("--only", nargs="+", choices=list(NAMES), default=list(NAMES), help="whom to measure")
    add(
        "--stop-watch",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="one more run on each broker that times our engine inside the running service",
    )
    arguments.add_brokers(parser, brokers.BROKERS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
