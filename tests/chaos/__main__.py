"""Kills safety as often as asked, on a real broker, and says whether anything was lost, missed or made up.

Rooms live side by side, four kills each, in rounds of about half a minute; each room's device streams in real time
while its canal heats over 45 °C and cools. What a room said is compared with an engine that nobody interrupted and with
its own journal played back.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from statistics import median
from typing import Final

from cordguard.bus.broker import EmbeddedBroker
from cordguard.cli.terminal import Progress, complain, say
from support.broker import Server
from support.kill_verdict import Evidence, faults
from support.mosquitto import MosquittoBroker
from support.safety_kills import Victim, live_through, random_kills
from support.safety_process import World

KILLS_PER_ROOM: Final = 4
ROUND_S: Final = 32.0
"""What a round takes, until one was measured."""
STALLED_S: Final = 0.5
"""A round in which our own devices came so late counts for nothing."""
EXIT_OK, EXIT_FAULTS, EXIT_BAD_SETUP = 0, 1, 2


def main(arguments: Sequence[str]) -> int:
    """Run; the exit status: 0 nothing was wrong, 1 something was, 2 it could not be begun."""
    options = _parser().parse_args(arguments)
    folder = options.data or Path(tempfile.mkdtemp(prefix="cordguard-chaos-"))
    if folder.exists() and any(folder.iterdir()):
        complain(f"{folder} is not empty; give another folder with --data.")
        return EXIT_BAD_SETUP
    killed, found, void = 0, 0, 0
    recovered_s: list[float] = []
    chance, began_s = Random(options.seed), time.monotonic()  # noqa: S311 - no secret
    progress = Progress(sys.stderr)
    while killed < options.kills:
        bar = _bar(killed, options.kills, time.monotonic() - began_s, options.rooms)
        progress.show(lambda bar=bar: bar)  # type: ignore[misc]  # bound now
        place = folder / f"after-{killed}-kills"
        # Its own broker: sessions that nobody ends would slow down the next rounds.
        with _broker(options.broker, place / "broker") as broker:
            victims, wrong = play_round(broker, place, f"chaos-{killed}", chance, options.rooms)
        if any(victim.world.stalled_s > STALLED_S for victim in victims):
            void += 1  # devices that fall silent because the machine stalls are judged as such, by whoever is there
            shutil.rmtree(place)
            continue
        killed += sum(victim.killed for victim in victims)
        recovered_s += [seconds for victim in victims for seconds in victim.recovered_s]
        found += len(wrong)
        progress.clear()
        for sentence in wrong:
            say(f"{place}: {sentence}")
        if not wrong:
            shutil.rmtree(place)
    if not found and options.data is None:
        shutil.rmtree(folder)
    minutes = (time.monotonic() - began_s) / 60.0
    kept = f"; {void} rounds void, since this machine stalled" if void else ""
    kept += f"; evidence in {folder}" if found else ""
    say(
        f"{killed} kills on {options.broker} in {minutes:.0f} min (seed {options.seed}): "
        f"{found or 'nothing'} wrong; ready again after {median(recovered_s):.1f} s (median), "
        f"{max(recovered_s):.1f} s at worst{kept}"
    )
    return EXIT_FAULTS if found else EXIT_OK


def play_round(broker: Server, folder: Path, site: str, chance: Random, rooms: int) -> tuple[list[Victim], list[str]]:
    """So many rooms to their end, and what was wrong with them; what each room said is kept beside its journal."""
    with ExitStack() as stack:
        victims = []
        for number in range(rooms):
            kills, down = random_kills(chance)
            world = World(broker, folder / f"room-{number}", f"{site}-{number}", stack)
            victims.append(Victim(world, kills, down))
        wrong = []
        try:
            live_through(victims)
        except AssertionError as error:
            wrong.append(f"not all rooms came to their end: {error}")
        for number, victim in enumerate(victims):
            evidence = victim.evidence()
            wrong += [f"room {number}: {fault}" for fault in faults(evidence)]
            _keep(evidence, victim.world.data_dir)
        return victims, wrong


def _keep(evidence: Evidence, folder: Path) -> None:
    wanted = [transition.to_wire() for transition in evidence.wanted]
    for name, lines in (("sent", evidence.sent), ("heard", evidence.heard), ("wanted", wanted)):
        (folder / f"{name}.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))


@contextmanager
def _broker(kind: str, folder: Path) -> Iterator[Server]:
    broker = EmbeddedBroker(folder) if kind == "nats" else MosquittoBroker(folder)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


def _bar(killed: int, wanted: int, passed_s: float, rooms: int) -> str:
    each_s = passed_s / killed if killed else ROUND_S / (KILLS_PER_ROOM * rooms)
    return f"{killed} of {wanted} kills, about {(wanted - killed) * each_s / 60.0:.0f} min to go"


def _at_least(least: int) -> type[int]:
    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            msg = f"takes a whole number from {least} on, not {text}"
            raise argparse.ArgumentTypeError(msg)
        return int(text)

    return read  # type: ignore[return-value]  # argparse takes any callable


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__, allow_abbrev=False)
    parser.add_argument("--kills", type=_at_least(1), default=1_000, help="at least so many; 1,000 take under an hour")
    parser.add_argument("--broker", choices=("nats", "mosquitto"), default="nats", help="which one is between")
    parser.add_argument("--rooms", type=_at_least(1), default=4, help="side by side; more than cores × 2 are too slow")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of the kills")
    parser.add_argument("--data", type=Path, help="an empty folder for everything; kept, where a temporary one is not")
    return parser


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_FAULTS))  # or what it started would go on
    sys.exit(main(sys.argv[1:]))
