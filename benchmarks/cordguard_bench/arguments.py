"""What command lines of benchmarks have in common."""

from __future__ import annotations

import argparse
import contextlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cordguard_bench import brokers
from cordguard_bench.workload import HOT_CYCLES, Load

FEWEST_CYCLES: Final = 2 * HOT_CYCLES
SECONDS_PER_MINUTE: Final = 60.0


def parser(description: str | None) -> argparse.ArgumentParser:
    """A parser whose help shows defaults, with the options that every benchmark has."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter, allow_abbrev=False
    )
    made.add_argument(
        "--wait-for-quiet",
        type=not_negative,
        default=0.0,
        metavar="MINUTES",
        help="wait before a run until nobody else uses the machine, at most so long in all",
    )
    made.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured there")
    return made


def add_brokers(to: argparse.ArgumentParser, default: tuple[str, ...]) -> None:
    """The option that chooses brokers."""
    to.add_argument("--broker", nargs="+", choices=brokers.BROKERS, default=list(default), help="on which")


def check(to: argparse.ArgumentParser, load: Load) -> None:
    """End with a sentence if a load is none: too few frames of a device, or alarms that would melt into one."""
    if load.window_cycles < FEWEST_CYCLES:
        to.error(
            f"{load.rooms} rooms at {load.messages_per_s:g} messages/s for {load.seconds:g} s are {load.window_cycles} "
            f"frames of a kind from each device; at least {FEWEST_CYCLES} are needed: raise the rate or the seconds"
        )


def at_least_one(text: str) -> int:
    """A whole number from 1."""
    return int(_number(text, lambda value: value >= 1 and value.is_integer(), "a whole number from 1"))


def positive(text: str) -> float:
    """A number above 0."""
    return _number(text, lambda value: value > 0, "a number above 0")


def not_negative(text: str) -> float:
    """A number from 0."""
    return _number(text, lambda value: value >= 0, "a number from 0")


def _number(text: str, fits: Callable[[float], bool], expected: str) -> float:
    with contextlib.suppress(ValueError):
        if math.isfinite(value := float(text)) and fits(value):
            return value
    msg = f"{text!r} is not {expected}"
    raise argparse.ArgumentTypeError(msg)
