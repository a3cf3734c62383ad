"""Headless Chromium of the distribution, driven by playwright; a page that notes every request and every fault."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

EXECUTABLE: Final = "/usr/bin/chromium"
ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SOUND_UNASKED: Final = "--autoplay-policy=no-user-gesture-required"
"""Pages may sound without a click, as in a kiosk; else it hangs on what the driver did before."""

NOTE_LIVE_CHANGES: Final = """
() => {
  window.heard = [];
  const note = (changes) => {
    for (const { target } of changes) {
      const near = target.nodeType === 1 ? target : target.parentElement;
      const live = near?.closest("[aria-live], [role=alert], [role=status]");
      if (live) window.heard.push(`${live.id}: ${near.textContent}`);
    }
  };
  new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true });
}
"""
"""From then on a page keeps in ``heard`` what a screen reader would read aloud."""


@dataclass
class Watched:
    """A page, and what happened in it."""

    page: Page
    requests: list[str] = field(default_factory=list)
    """Addresses of everything it asked for, sockets included."""
    faults: list[str] = field(default_factory=list)
    """Exceptions of its scripts, and what it reported as an error."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for the tests of a file; not longer, since playwright occupies the main thread's event loop."""
    with sync_playwright() as playwright:
        expect.set_options(timeout=10_000)
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=[*ARGUMENTS, SOUND_UNASKED])
        yield browser
        browser.close()


@pytest.fixture
def watched(chromium: Browser) -> Iterator[Watched]:
    """A fresh page without cookies, of the size of a theatre's screen."""
    context = chromium.new_context(viewport={"width": 1920, "height": 1080})
    page = context.new_page()
    page.set_default_timeout(10_000)
    seen = Watched(page)
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("websocket", lambda socket: seen.requests.append(socket.url))
    page.on("pageerror", lambda error: seen.faults.append(str(error)))
    yield seen
    context.close()
