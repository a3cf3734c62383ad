from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

from support.audio import TAP
from support.chromium import NOTE_LIVE_CHANGES, Watched
from support.waiting import wait_until

pytestmark = pytest.mark.browser


@dataclass
class Server:
    """A process with console, alarm system and devices, and its login link."""

    process: subprocess.Popen[str]
    link: str

    def freeze(self) -> None:
        """Stop it where it is: its sockets stay open, and nothing comes any more."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self.process.pid, signal.SIGCONT)


@pytest.fixture
def server() -> Iterator[Server]:
    """A running one."""
    tests = Path(__file__).parents[1]
    with subprocess.Popen(
        [sys.executable, "-m", "support.console_stage"],
        cwd=tests,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        server = Server(process, process.stdout.readline().strip())
        try:
            yield server
        finally:
            server.thaw()
            process.communicate(timeout=15)


def test_h5_a_frozen_server_is_no_data_within_a_second_and_blank_within_three(server: Server, watched: Watched) -> None:
    page = watched.page
    page.goto(server.link)
    value = page.locator(".card.neural .value")
    expect(value).to_have_text("37.4")
    expect(page.locator("#no-data")).to_be_hidden()

    page.evaluate(NOTE_LIVE_CHANGES)
    server.freeze()
    frozen_s = time.monotonic()
    expect(page.locator("#no-data")).to_contain_text("NO DATA", timeout=3_000)
    noticed_after_s = time.monotonic() - frozen_s
    expect(page.locator("body")).to_have_attribute("data-feed", "stale")
    expect(value).to_have_text("---", timeout=5_000)
    blank_after_s = time.monotonic() - frozen_s
    expect(page.locator(".rf")).to_have_text("RF ---")
    expect(page.locator("#alarms")).to_have_attribute("data-state", "last-known")
    heard = [words for words in page.evaluate("window.heard") if words.startswith("no-data-why: ")]
    assert len(heard) == 1, "it is read aloud once, not ten times a second"
    assert noticed_after_s < 1.5
    assert blank_after_s < 3.5

    server.thaw()
    expect(value).to_have_text("37.4")
    expect(page.locator("#no-data")).to_be_hidden()
    expect(page.locator("#alarms")).to_have_attribute("data-state", "current")
    assert watched.faults == []


def test_h5_a_server_that_ends_is_no_data(server: Server, watched: Watched) -> None:
    page = watched.page
    page.goto(server.link)
    expect(page.locator(".card.neural .value")).to_have_text("37.4")
    server.process.kill()
    expect(page.locator("#no-data")).to_contain_text("NO DATA", timeout=3_000)
    expect(page.locator(".card.neural .value")).to_have_text("---", timeout=5_000)
    # It tries to connect again and again; none of that makes what it shows any younger.
    tries = len(watched.requests) + 4
    wait_until(lambda: page.evaluate("1") and len(watched.requests) >= tries, timeout_s=20, what="further tries")
    expect(page.locator("body")).to_have_attribute("data-feed", "blank")
    assert watched.faults == []


def test_a16_a20_the_page_that_owns_the_sound_sounds_the_loss_of_its_server_on_its_own_and_no_other_page_does(
    server: Server, watched: Watched
) -> None:
    page = watched.page
    page.add_init_script(TAP)
    page.goto(server.link)
    expect(page.locator("#sound-state")).to_have_text("This page sounds alarms.")
    other = page.context.new_page()
    other.add_init_script(TAP)
    other.goto(page.url)
    expect(other.locator("#sound-state")).to_have_text("Another page sounds alarms.")
    assert page.evaluate("window.bursts") == []
    server.freeze()
    page.wait_for_function("() => window.loudness() > 0.01", timeout=6_000)
    assert page.evaluate("window.bursts") == [523]
    assert other.evaluate("window.bursts") == []
    server.thaw()
    expect(page.locator("#no-data")).to_be_hidden()
    assert watched.faults == []
