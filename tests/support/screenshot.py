"""Takes the picture of the live page that the README shows: a real run of the demo, seen through a browser."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import sync_playwright

from support.chromium import ARGUMENTS, EXECUTABLE

TARGET: Final = Path(__file__).parents[2] / "docs" / "images" / "live-page.png"
FIRST_HIGH_WITHIN_MS: Final = 300_000
LET_IT_RUN_MS: Final = 12_000

SHOW_BRIGHT_HALF: Final = "document.getAnimations().forEach((each) => { each.pause(); each.currentTime = 0; })"
"""So that the picture does not hang on the moment of a flash."""


@contextmanager
def demo() -> Iterator[str]:
    """A running demo in real time; its login link."""
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.executable, "-m", "cordguard.cli", "demo", "--data", folder],
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        try:
            yield _link(process)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def main() -> None:
    """Take it."""
    with demo() as link, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=list(ARGUMENTS))
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        page.goto(link)
        page.get_by_role("button", name="3 min").click()
        page.wait_for_selector('.alarm[data-priority="high"]:has-text("R01")', timeout=FIRST_HIGH_WITHIN_MS)
        page.wait_for_timeout(LET_IT_RUN_MS)
        page.evaluate(SHOW_BRIGHT_HALF)
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=TARGET)
        browser.close()
    sys.stdout.write(f"{TARGET}\n")


def _link(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"http://\S+", line):
            return found.group(0)
    msg = "the demo ended before it showed its page"
    raise SystemExit(msg)


if __name__ == "__main__":
    main()
