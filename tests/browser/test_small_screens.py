"""What a screen has no room for is said, and what matters most stays in sight."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from cordguard.contract import topics
from cordguard.contract.telemetry import Status
from support.chromium import Watched
from support.console_stage import Stage
from support.waiting import wait_until

pytestmark = pytest.mark.browser

SCREENS = [(1280, 800), (1920, 1080)]
IN_SIGHT = """
(rows) => rows.filter((row) => {
  const box = row.getBoundingClientRect();
  return [box.top + 2, box.bottom - 2].every((y) => row.contains(document.elementFromPoint(box.left + 20, y)));
}).length
"""
NARROWEST_LABELS = """
async () => {
  const { axisValues } = await import("/static/chart.js");
  let narrowest = Infinity;
  for (const [low, high] of [[34, 48], [34, 56], [20, 90], [0, 14], [0, 210], [0, 240], [0, 300], [0, 990]]) {
    for (let tall = 1; tall < 400; tall += 1) {
      const values = axisValues({ low, high }, tall);
      if (tall >= 16 && values.length < 2) return `no axis at ${tall}`;
      values.slice(1).forEach((value, index) => {
        narrowest = Math.min(narrowest, ((value - values[index]) / (high - low)) * tall);
      });
    }
  }
  return narrowest;
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


def in_sight(rows: Locator) -> int:
    """How many of these rows are seen from top to bottom."""
    count: int = rows.evaluate_all(IN_SIGHT)
    return count


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_a4_four_alarms_are_in_sight(stage: Stage, page: Page, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    stage.do(lambda: stage.safety.raise_many("low", "medium", "low", "high"))
    rows = page.locator(".alarm")
    expect(rows.locator(".word")).to_have_text(["HIGH", "MEDIUM", "LOW", "LOW"])
    wait_until(lambda: in_sight(rows) == 4, what="four alarms in sight")
    expect(page.locator("#alarms-hidden")).to_be_hidden()
    box = page.locator("#alarms").bounding_box()
    assert box is not None
    assert box["height"] <= 0.4 * height


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_a4_of_too_many_alarms_the_most_urgent_stays_and_the_others_are_counted(
    stage: Stage, page: Page, width: int, height: int
) -> None:
    page.set_viewport_size({"width": width, "height": height})
    stage.do(lambda: stage.safety.raise_many(*["low"] * 10, "high", *["medium"] * 10))
    rows, line = page.locator(".alarm"), page.locator("#alarms-hidden")
    expect(rows).to_have_count(21)
    expect(line).to_contain_text("10 LOW")
    hidden = 21 - in_sight(rows)
    expect(line).to_contain_text(f"{hidden} more alarms not in sight: ")
    while page.locator("#alarms").evaluate("(list) => list.scrollTop + list.clientHeight < list.scrollHeight - 1"):
        line.click()
    expect(line).to_contain_text("10 MEDIUM")
    assert in_sight(page.locator(".alarm.first")) == 1
    assert in_sight(rows.last) == 1
    line.click()
    expect(line).to_contain_text(f"{hidden} more alarms not in sight: ")


def test_many_devices_push_neither_services_nor_the_person_off_the_page(stage: Stage, page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})

    def come() -> None:
        status = Status(state="online", at_us=stage.clock.now_us()).to_wire()
        for number in range(70):
            topic = topics.STATUS.at("site", room=stage.devices.room, source=f"made-up-{number}")
            stage.devices.bus.publish(topic, status)

    stage.do(come)
    expect(page.locator("#left-out")).to_have_text("Too many devices: some are not shown.")
    for words in ("#left-out", "#services .title", "#person"):
        box = page.locator(words).bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 1280


def test_labels_of_an_axis_never_overlap(page: Page) -> None:
    assert page.evaluate(NARROWEST_LABELS) >= 15.9


@pytest.mark.parametrize(
    ("limit_in_s", "said"), [(0.0, "limit reached"), (0.4, "limit in under 1 s"), (12.2, "limit in 12 s")]
)
def test_a_limit_that_is_reached_is_not_a_time_left(stage: Stage, page: Page, limit_in_s: float, said: str) -> None:
    stage.safety.limit_in_s = limit_in_s
    expect(page.locator(".forecast")).to_have_text(f"Peak if stopped now 42.6 ± 0.3 °C · {said}")
