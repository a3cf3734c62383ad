"""What is to be read from afar, measured in the pixels of the page (A4): a capital of 1/200 of the distance."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page, expect

from support.chromium import Watched
from support.console_stage import Stage
from support.waiting import wait_until

pytestmark = pytest.mark.browser

PIXELS_PER_MM = 96 / 25.4
"""As style sheets count: how large that is on a screen is measured where it hangs."""
SIGN_MM, CONDITION_MM = 20.0, 5.0
"""For 4 m and for 1 m."""

ADD_CAPITAL = """
(words) => {
  for (const animation of document.getAnimations()) {
    animation.pause();
    animation.currentTime = 0;
  }
  const capital = words.cloneNode();
  capital.id = "capital";
  capital.textContent = "H";
  words.after(capital);
}
"""
TRIES = 8
ADOPT = """
(rules) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(rules);
  document.adoptedStyleSheets.push(sheet);
}
"""
EDGES = """
(row) => [".sign", ".message", ".acknowledge"].map((part) => {
  const { left, right } = row.querySelector(part).getBoundingClientRect();
  return [left, right];
})
"""
INK_HEIGHT = """
async (picture) => {
  const bytes = Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
  const isInk = (at) => [0, 1, 2].reduce((sum, part) => sum + Math.abs(data[at + part] - data[part]), 0) > 200;
  let rows = 0;
  for (let row = 0; row < bitmap.height; row += 1) {
    let found = false;
    for (let column = 0; column < bitmap.width; column += 1) found ||= isInk(4 * (row * bitmap.width + column));
    rows += found ? 1 : 0;
  }
  return rows;
}
"""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    running = Stage(tmp_path)
    wait_until(lambda: running.console.ready, what="the console")
    yield running
    running.close()


@pytest.fixture
def page(stage: Stage, watched: Watched) -> Iterator[Page]:
    watched.page.goto(stage.link)
    expect(watched.page.locator(".card.neural .value")).to_have_text("37.4")
    yield watched.page
    assert watched.faults == []


def capital_mm(page: Page, selector: str) -> float:
    """How high a capital is in these words."""
    for _ in range(TRIES):
        page.locator(selector).first.evaluate(ADD_CAPITAL)
        capital = page.locator("#capital")
        with suppress(Error):  # the page drew its alarms anew, without our letter
            picture = base64.b64encode(capital.screenshot(timeout=2_000)).decode()
            page.evaluate("() => document.getElementById('capital')?.remove()")
            height: float = page.evaluate(INK_HEIGHT, picture)
            return height / PIXELS_PER_MM
    msg = f"no picture of a capital in {selector}"
    raise AssertionError(msg)


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1920, 1080)])
@pytest.mark.parametrize("priority", ["high", "medium", "low"])
def test_a4_the_capitals_of_the_sign_are_20_mm_high_and_those_of_the_condition_5_mm(
    stage: Stage, page: Page, priority: str, width: int, height: int
) -> None:
    page.set_viewport_size({"width": width, "height": height})
    stage.do(lambda: stage.safety.raise_many(priority, "low"))
    expect(page.locator(".alarm .word")).to_have_text([priority.upper(), "LOW"])
    one_pixel_mm = 1 / PIXELS_PER_MM  # the edge of a letter is a half-shaded one
    assert SIGN_MM - one_pixel_mm <= capital_mm(page, ".alarm.first .word") <= SIGN_MM + 2 * one_pixel_mm
    for message in (".alarm.first .message", ".alarm:not(.first) .message"):
        assert CONDITION_MM - one_pixel_mm <= capital_mm(page, message)


def test_a4_the_measurement_finds_letters_that_are_too_small(stage: Stage, page: Page) -> None:
    stage.do(lambda: stage.safety.raise_many("high", "low"))
    expect(page.locator(".alarm")).to_have_count(2)
    page.evaluate(ADOPT, ".alarm.first .sign { font-size: 20mm !important; }")
    assert capital_mm(page, ".alarm.first .word") == pytest.approx(14.0, abs=0.3)
    page.evaluate(ADOPT, ".alarm:not(.first) .message { font-size: 19px !important; }")
    assert capital_mm(page, ".alarm:not(.first) .message") == pytest.approx(3.5, abs=0.3)


def test_a4_the_words_of_the_most_urgent_alarm_are_not_cut_off(stage: Stage, page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    stage.do(lambda: stage.safety.raise_many("medium"))
    first = page.locator(".alarm.first")
    expect(first.locator(".acknowledge")).to_be_visible()
    edges = first.evaluate(EDGES)
    assert len(edges) == 3
    for left, right in edges:
        assert left >= 0
        assert right <= 1280
    assert first.evaluate("(row) => row.scrollWidth <= row.clientWidth")
