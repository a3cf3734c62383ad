"""What a run came to: its summary, and whether its record is whole."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from cordguard.audit.reader import read_ledger
from cordguard.audit.store import LedgerUnavailableError, NotALedgerError
from cordguard.audit.verify import Verification, render, verify
from cordguard.cli.report import summary_lines
from cordguard.contract.summary import SessionSummary
from cordguard.runtime.service import EXIT_FAILED, EXIT_OK


def conclude(ledger: Path, unclean: Sequence[str], *, summary_wanted: bool) -> tuple[list[str], list[str], int]:
    """Check the record of a run that has ended.

    Args:
        ledger: its ledger; nobody writes it any more.
        unclean: sentences about services that did not end well.
        summary_wanted: whether a missing final summary is a failure.

    Returns:
        Lines for the user, sentences about what failed, and the exit status: 0, or 1 if anything failed.
    """
    found = verify(ledger)
    summary = None if found.refusal else newest_summary(ledger)
    failures = list(unclean)
    if not found.good:
        failures.append(render(found))
    if summary_wanted and not (summary and summary.final):
        failures.append(f"no final summary stands in {ledger}.")
    lines = [*(summary_lines(summary) if summary else []), *(_record_lines(found) if found.good else [])]
    return lines, failures, EXIT_FAILED if failures else EXIT_OK


def newest_summary(ledger: Path) -> SessionSummary | None:
    """The newest summary of the newest session that has one; None if there is none, or no ledger that can be read."""
    try:
        reader = read_ledger(ledger)
        try:
            summaries = [reader.latest_summary(session) for session in reader.sessions()]
        finally:
            reader.close()
    except (LedgerUnavailableError, NotALedgerError):
        return None
    return next((summary for summary in reversed(summaries) if summary), None)


def program() -> str:
    """How the user calls us from the folder he is in."""
    ours = Path(sys.prefix) / "bin" / "cordguard"
    beside = os.path.relpath(ours)
    return str(ours) if beside.startswith("..") else beside


def _record_lines(found: Verification) -> list[str]:
    return [
        f"Record: {found.count} entries in the ledger, chain whole",
        f"Head of the chain: {found.head_hash}",
        f"Check it again: {shlex.join((program(), 'verify', str(found.path), '--head', found.head_hash))}",
    ]
