"""Who is asked to stop counts it, and gives the signals back, unless only the way out follows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from cordguard.runtime.interrupts import Interrupts

ENDS_LATE = """
import os, signal, sys
from cordguard.runtime.interrupts import Interrupts
with Interrupts(last=True):
    pass
os.kill(os.getpid(), signal.SIGTERM)
os.kill(os.getpid(), signal.SIGINT)
sys.exit(7)
"""


def test_signals_are_counted_and_given_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Interrupts() as interrupts:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupts.count == 2
    assert signal.getsignal(signal.SIGTERM) is before


def test_who_has_finished_and_is_on_its_way_out_does_not_die_of_being_asked_to_stop() -> None:
    assert subprocess.run([sys.executable, "-c", ENDS_LATE], check=False).returncode == 7
