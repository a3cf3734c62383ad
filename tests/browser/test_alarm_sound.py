"""What alarms sound like, measured in the samples that the page's own modules render; and when they do."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from support.audio import RATE_HZ, Pulse, bursts, fundamental_and_harmonics_hz, pulses, render
from support.console_stage import Stage
from support.waiting import wait_until

pytestmark = pytest.mark.browser

PLAN = """
async (changes) => {
  const { Bursts } = await import("/static/bursts.js");
  const bursts = new Bursts();
  const planned = [];
  let calls = [];
  for (let tenth = 0; tenth < 600; tenth += 1) {
    for (const [atS, keys] of changes) {
      if (Math.round(atS * 10) === tenth) calls = keys.map((key) => ({ key, priority: key.split(" ")[0] }));
    }
    const { cut, begin } = bursts.next(calls, tenth / 10);
    if (cut || begin) planned.push([tenth / 10, cut ? "cut" : "", begin ?? ""].filter((word) => word !== ""));
  }
  return planned;
}
"""
CALLS = """
async ([latest, ageS, failingForS]) => {
  const { callsOf } = await import("/static/bursts.js");
  return callsOf(latest, ageS, failingForS).map(({ priority }) => priority);
}
"""

PRESENT = [
    {"alarm_id": "a", "priority": "high", "can_acknowledge": True},
    {"alarm_id": "b", "priority": "high", "can_acknowledge": False},
    {"alarm_id": "c", "priority": "low", "can_acknowledge": True},
    {"alarm_id": "d", "priority": "info", "can_acknowledge": True},
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Page]:
    """A page that may load our modules; what they do hangs on their arguments alone."""
    stage = Stage(tmp_path_factory.mktemp("sound"))
    try:
        wait_until(lambda: stage.console.ready, what="the console")
        with chromium.new_page() as page:
            page.goto(stage.link)
            page.wait_for_url(f"{stage.console.url}/")
            yield page
    finally:
        stage.close()


@pytest.mark.parametrize(
    ("priority", "count", "shortest_s", "longest_s", "for_s"),
    [("high", 10, 2.5, 15.0, 30.0), ("medium", 3, 2.5, 30.0, 30.0), ("low", 2, 15.0, 60.0, 50.0)],
)
def test_a5_the_pulses_of_a_burst_and_the_time_between_bursts_are_those_of_the_priority(
    page: Page, priority: str, count: int, shortest_s: float, longest_s: float, for_s: float
) -> None:
    found = bursts(pulses(render(page, priority, for_s=for_s)))
    whole = found[:-1]  # the end may cut the last
    assert len(whole) >= 2
    assert {len(burst) for burst in whole} == {count}
    between = [later[0].begin_s - earlier[-1].end_s for earlier, later in pairwise(found)]
    assert all(shortest_s < gap_s < longest_s for gap_s in between)


def test_a5_a_high_burst_is_twice_five_pulses_and_each_five_are_three_and_two(page: Page) -> None:
    (burst,) = bursts(pulses(render(page, "high", for_s=5.0)))
    gaps_s = [later.begin_s - earlier.end_s for earlier, later in pairwise(burst)]
    assert max(gaps_s) == gaps_s[4]
    assert gaps_s[:4] == pytest.approx(gaps_s[5:], abs=0.02)
    assert gaps_s[2] > 2 * max(gaps_s[0], gaps_s[1], gaps_s[3])
    assert all(0.075 <= pulse.end_s - pulse.begin_s <= 0.2 for pulse in burst)


@pytest.mark.parametrize("priority", ["high", "medium", "low"])
def test_a5_each_tone_has_a_fundamental_of_150_to_1000_hz_and_four_harmonics_within_15_db(
    page: Page, priority: str
) -> None:
    samples = render(page, priority, for_s=5.0)
    for pulse in pulses(samples):
        fundamental_hz, harmonics_hz = fundamental_and_harmonics_hz(samples, pulse)
        assert 150 <= fundamental_hz <= 1_000
        assert len(harmonics_hz) >= 4
    assert np.abs(samples).max() < 1.0  # not clipped


def test_a5_a_more_urgent_tone_is_higher_and_no_quieter(page: Page) -> None:
    def of(priority: str) -> tuple[float, float]:
        samples = render(page, priority, for_s=5.0)
        return fundamental_and_harmonics_hz(samples, pulses(samples)[0])[0], float(np.abs(samples).max())

    assert of("high") > of("medium") > of("low")
    assert of("high")[1] >= of("medium")[1] >= of("low")[1]


def test_a5_the_measurement_finds_a_tone_without_harmonics_and_one_whose_harmonics_are_faint() -> None:
    time_s = np.arange(RATE_HZ) / RATE_HZ
    bare = np.sin(2 * np.pi * 500 * time_s)
    faint = bare + 0.1 * sum(np.sin(2 * np.pi * 500 * number * time_s) for number in range(2, 6))
    for samples in (bare, faint):
        fundamental_hz, harmonics_hz = fundamental_and_harmonics_hz(samples, Pulse(0.0, 0.15))
        assert fundamental_hz == pytest.approx(500, abs=2)
        assert harmonics_hz == []


def test_a6_alarms_of_three_priorities_together_sound_as_the_highest_alone(page: Page) -> None:
    together = render(page, "low", "medium", "high", for_s=20.0)
    assert np.array_equal(together, render(page, "high", for_s=20.0))


@pytest.mark.parametrize(
    ("changes", "planned"),
    [
        pytest.param([(0, ["info x"]), (1, [])], [], id="information is silent"),
        pytest.param(
            [(0, ["medium a"]), (0.5, ["medium a", "high b"]), (1, ["medium a", "high b", "low c"]), (2, [])],
            [[0, "medium"], [0.5, "cut", "high"], [2, "cut"]],
            id="a higher one cuts a lower one off, and a lower one changes nothing",
        ),
        pytest.param(
            [(0, ["high a", "medium b"]), (1, ["medium b"]), (8, [])],
            [[0, "high"], [1, "cut", "medium"]],
            id="what is acknowledged falls silent, and the next one is heard",
        ),
        pytest.param(
            [(0, ["low a"]), (2, ["medium a"]), (4, [])],
            [[0, "low"], [2, "medium"]],
            id="an alarm that escalates sounds again at once",
        ),
        pytest.param(
            [(0, ["medium a"]), (2, []), (3, ["medium a"]), (5, [])],
            [[0, "medium"], [3, "medium"]],
            id="after a pause it sounds at once",
        ),
        pytest.param(
            [(0, ["low a"]), (2, ["low a", "low b"]), (6, [])],
            [[0, "low"], [3.1, "low"]],
            id="a new one of the same priority does not wait for the repetition",
        ),
    ],
)
def test_a6_a12_bursts_begin_and_end_with_what_calls(
    page: Page, changes: list[tuple[float, list[str]]], planned: list[list[Any]]
) -> None:
    assert page.evaluate(PLAN, changes) == planned


@pytest.mark.parametrize(
    ("paused_for_s", "age_s", "failing_for_s", "stands_still", "called"),
    [
        pytest.param(None, 0.0, None, False, ["high", "low"], id="unacknowledged alarms call"),
        pytest.param(60.0, 0.0, None, False, [], id="a pause silences them"),
        pytest.param(3.0, 3.1, None, False, ["high", "low"], id="a pause that ends while the server is silent ends"),
        pytest.param(None, 30.0, 29.0, False, ["high", "high", "low"], id="a16 a failed alarm system calls too"),
        pytest.param(60.0, 4.0, 1.0, False, ["high"], id="a16 also in a pause"),
        pytest.param(None, 121.0, 120.0, False, ["high", "low"], id="a16 for two minutes"),
        pytest.param(None, 0.0, 1.0, True, [], id="a simulated run that has ended is silent"),
    ],
)
def test_a10_a16_what_calls_for_somebody(
    page: Page,
    paused_for_s: float | None,
    age_s: float,
    failing_for_s: float | None,
    stands_still: bool,  # noqa: FBT001
    called: list[str],
) -> None:
    shown = {"audio_paused_for_s": paused_for_s, "reminded_for_s": None, "present": PRESENT}
    latest = {"stands_still": stands_still, "alarms": shown}
    assert page.evaluate(CALLS, [latest, age_s, failing_for_s]) == called


@pytest.mark.parametrize(
    ("priorities", "reminded_for_s", "age_s", "called"),
    [
        pytest.param("all", 0.0, 0.0, ["high"], id="a reminder is heard in a pause"),
        pytest.param("all", 3.0, 1.0, ["high"], id="to the end of its burst"),
        pytest.param("all", 3.5, 1.0, [], id="and not again"),
        pytest.param("all", None, 0.0, [], id="nothing is heard without one"),
        pytest.param("medium", 0.0, 0.0, [], id="nor for what is not HIGH"),
        pytest.param("seen", 0.0, 0.0, [], id="nor for what somebody has acknowledged since"),
    ],
)
def test_a11_in_a_pause_a_reminder_of_a_high_alarm_is_heard_once(
    page: Page, priorities: str, reminded_for_s: float | None, age_s: float, called: list[str]
) -> None:
    present = {"all": PRESENT, "medium": PRESENT[2:], "seen": PRESENT[1:]}[priorities]
    shown = {"audio_paused_for_s": 60.0, "reminded_for_s": reminded_for_s, "present": present}
    assert page.evaluate(CALLS, [{"stands_still": False, "alarms": shown}, age_s, None]) == called
