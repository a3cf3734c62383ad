"""What docs/explanations/ledger.md says about the chain is so: its program checks a ledger without any of our code."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from pathlib import Path

from cordguard.audit.entry import KINDS
from cordguard.audit.intake import read
from cordguard.audit.ledger import open_ledger
from cordguard.audit.schema import SQLITE_TRIGGERS
from support.audit_messages import SITE, whole_session

DOCUMENT = (Path(__file__).parents[2] / "docs" / "explanations" / "ledger.md").read_text("utf-8")


def run_documented_program(folder: Path) -> subprocess.CompletedProcess[str]:
    program = re.search(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    assert program is not None
    script = folder / "check.py"
    script.write_text(program.group(1), "utf-8")
    command = [sys.executable, "-I", str(script), str(folder / "ledger.db")]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


def test_h16_the_documented_program_checks_a_ledger_without_our_code(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "ledger.db")
    drafts = [read(SITE, topic, payload, received_us=1) for topic, payload in whole_session()]
    ledger.append([draft for draft in drafts if draft is not None], 1)
    head = ledger.head()
    ledger.close()
    good = run_documented_program(tmp_path)
    assert good.stdout == f"{head.count} {head.hash}\n"
    spoilt = sqlite3.connect(tmp_path / "ledger.db")
    for name in SQLITE_TRIGGERS:
        spoilt.execute(f"DROP TRIGGER {name}")
    spoilt.execute("UPDATE ledger SET session = 's-2' WHERE number = 3")
    spoilt.commit()
    spoilt.close()
    broken = run_documented_program(tmp_path)
    assert broken.returncode == 1
    assert broken.stderr == "entry 3 is not what was written\n"


def test_the_document_names_every_kind_of_entry() -> None:
    assert {kind for kind in KINDS if f"| `{kind}` |" in DOCUMENT} == KINDS
