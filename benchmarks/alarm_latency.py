"""How long an alarm takes, and what it costs: Cordguard's safety beside others, in turns, on mosquitto and on NATS.

Everybody gets the same messages from the same devices over the same broker with the settings that Cordguard ships, and
has to publish an alarm whenever a temperature crosses 45 °C. Measured is the time from the sample's publication to the
alarm's arrival at a third party. See benchmarks/README.md for what that does and does not say.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cordguard_bench import brokers, machine
from cordguard_bench.contestants.contestant import Contestant
from cordguard_bench.contestants.roster import CONTESTANTS, CORDGUARD, CORDGUARD_TIMED
from cordguard_bench.latency_report import legend, report
from cordguard_bench.measuring import Measurement
from cordguard_bench.session import Outcome, Turn, prepare, present_brokers, run_all, write_json
from cordguard_bench.workload import FRAMES, Load

NAMES: Final = {contestant.name: contestant for contestant in CONTESTANTS}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; exit status 0, or 1 if a run of ours failed."""
    asked = _parser().parse_args(arguments)
    contestants = [NAMES[name] for name in NAMES if name in asked.only]
    load = Load(
        rooms=asked.rooms,
        cycles_per_s=asked.rate / asked.rooms / FRAMES,
        seconds=asked.seconds,
        warm_up_s=asked.warm_up,
        crossing_every_s=asked.crossing_every,
        seed=asked.seed,
    )
    before = machine.verdict(machine.look())
    print(before, file=sys.stderr)
    absent = prepare(contestants)
    present = [contestant for contestant in contestants if contestant.name not in absent]
    names = present_brokers(asked.broker)
    planned = turns(present, names, load, asked.runs)
    if CORDGUARD in present and asked.stop_watch:
        planned += [Turn(CORDGUARD_TIMED, name, load) for name in names]
    outcomes = run_all(planned)
    _say(contestants, names, load, outcomes, absent)
    after = machine.verdict(machine.look())
    print(f"\nBefore: {before}\nAfter:  {after}")
    if asked.json:
        titles = {name: brokers.title(name) for name in names}
        write_json(asked.json, outcomes, brokers=titles, missing=absent, before=before, after=after)
    return 0


def turns(present: Sequence[Contestant], broker_names: Sequence[str], load: Load, runs: int) -> list[Turn]:
    """Everybody once in each round, on each broker; who begins moves on from round to round."""
    return [
        Turn(present[(number + first) % len(present)], broker, load)
        for first in range(runs)
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
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--runs", type=int, default=5, help="rounds; everybody runs once in each, on each broker")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of a run's measured part")
    parser.add_argument("--warm-up", type=float, default=4.0, help="seconds before it that do not count")
    parser.add_argument("--rooms", type=int, default=20, help="rooms, each with one device")
    parser.add_argument("--rate", type=float, default=1_000.0, help="messages/s of all rooms together")
    parser.add_argument("--crossing-every", type=float, default=2.0, help="seconds between two crossings of a room")
    parser.add_argument("--seed", type=int, default=1, help="of the devices' phases and noise")
    parser.add_argument("--broker", nargs="+", choices=brokers.BROKERS, default=list(brokers.BROKERS), help="on which")
    parser.add_argument("--only", nargs="+", choices=list(NAMES), default=list(NAMES), help="whom to measure")
    parser.add_argument(
        "--stop-watch",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="one more run on each broker that times our engine inside the running service",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured there")
    return parser


if __name__ == "__main__":
    sys.exit(main())
