from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from cordguard.contract import topics
from cordguard.contract.alarms import PresentAlarms
from cordguard.contract.case import Case
from cordguard.contract.health import ClockReading
from support.chromium import Watched
from support.console_stage import Stage
from support.waiting import wait_until

pytestmark = pytest.mark.browser

SAMPLE_FLASHING = """
([selector, forMs]) => new Promise((done) => {
  const target = document.querySelector(selector);
  const samples = [];
  const begin = performance.now();
  const look = () => {
    samples.push([performance.now() - begin, getComputedStyle(target).backgroundColor]);
    if (performance.now() - begin < forMs) setTimeout(look, 10);
    else done(samples);
  };
  look();
})
"""
NEWEST_INK = """
(canvas) => {
  const ratio = canvas.width / canvas.clientWidth;
  const column = canvas.getContext("2d").getImageData(canvas.width - 16 * ratio, 30, 1, canvas.height - 40).data;
  for (let at = 0; at < column.length; at += 4) {
    const [red, green, blue] = column.slice(at, at + 3);
    if (red === 0xf2 && green === 0xf5 && blue === 0xf9) return (at / 4 + 30) / ratio;
  }
  return null;
}
"""
HAS_POINTER_LINE = """
(canvas) => {
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let seen = 0;
  for (let at = 0; at < pixels.length; at += 4) seen += pixels[at] === 0x52 && pixels[at + 1] === 0x65 ? 1 : 0;
  return seen > 20;
}
"""
SIMULATED = "simulated"
RED, YELLOW, CYAN = "rgb(176, 0, 0)", "rgb(255, 214, 10)", "rgb(64, 224, 255)"


@pytest.fixture
def stage(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """A room with devices, an alarm system, and a console; in real time unless a test asks for ``SIMULATED``."""
    running = Stage(tmp_path, simulated_clock=getattr(request, "param", None) == SIMULATED)
    wait_until(lambda: running.console.ready, what="the console")
    yield running
    running.close()


@pytest.fixture
def page(stage: Stage, watched: Watched) -> Iterator[Page]:
    """The live page, opened by its login link; a fault in it fails the test, and so does a request that leaves."""
    watched.page.goto(stage.link)
    expect(watched.page.locator(".card.neural .value")).to_have_text("37.4")
    yield watched.page
    assert watched.faults == []
    home = stage.console.url.removeprefix("http://")
    away = [url for url in watched.requests if not url.startswith((f"http://{home}/", f"ws://{home}/"))]
    assert away == []


def flashing(page: Page, selector: str, for_ms: int) -> tuple[float, float, str]:
    """How a background flashes: rate in Hz, share of the time that it is bright, and the bright colour."""
    samples: list[tuple[float, str]] = page.evaluate(SAMPLE_FLASHING, [selector, for_ms])
    colours = [colour for _, colour in samples]
    brightest = max(set(colours), key=lambda colour: sum(map(int, colour[4:-1].split(", "))))
    rises = [at for (at, now), (_, before) in zip(samples[1:], samples, strict=False) if now == brightest != before]
    if len(rises) < 2:
        return 0.0, colours.count(brightest) / len(colours), brightest
    whole = [colour for at, colour in samples if rises[0] <= at < rises[-1]]
    rate_hz = (len(rises) - 1) * 1_000 / (rises[-1] - rises[0])
    return rate_hz, whole.count(brightest) / len(whole), brightest


def fill_and_open(page: Page, **fields: str) -> None:
    page.click("#open-case")
    for name, value in fields.items():
        page.fill(f"#case-form [name={name}]", value)
    page.select_option("[name=profile]", "near")
    page.locator("[name=distance_mm]").first.fill("9")
    page.click("#case-submit")


def alarm(page: Page, rule: str) -> Any:  # noqa: ANN401 - a locator
    return page.locator(".alarm", has_text=f"{rule} ")


def test_a_case_from_its_opening_over_its_alarms_to_its_attached_summary(stage: Stage, page: Page) -> None:
    expect(page.locator("#case-line")).to_have_text("No case")
    fill_and_open(page, procedure="proc-7", level="T8")
    expect(page.locator("#case-line")).to_contain_text("Case open · proc-7 · T8 · bipolar")
    wait_until(lambda: stage.safety.case, what="the case at the alarm system")
    assert stage.safety.case is not None
    assert [sensor.sensor for sensor in stage.safety.case.sensors] == ["gen-1/canal", "gen-1/tip"]
    expect(page.locator(".card.neural .place")).to_have_text("neural · 9 mm")
    expect(page.locator(".no-alarms")).to_have_text("No alarms")

    stage.devices.power_w = 9.8
    expect(page.locator(".rf")).to_have_text("RF ON")
    stage.devices.temperatures_c["canal"] = 42.6
    expect(alarm(page, "R02")).to_contain_text("Warning: canal 42.6 °C")
    stage.devices.temperatures_c["canal"] = 45.3
    expect(page.locator(".alarm.first .symbol")).to_have_text("!!!")
    expect(page.locator(".alarm.first .word")).to_have_text("HIGH")
    expect(page.locator(".alarm.first .guidance")).to_contain_text("Stop RF now.")
    expect(page.locator(".card.neural .value")).to_have_text("45.3")

    stop = alarm(page, "R01")
    stop.get_by_role("button", name="Acknowledge").click()
    expect(stop.locator(".state-words")).to_have_text("ACKNOWLEDGED")
    assert stage.safety.commands[-1].actor == "operator"

    stage.devices.power_w = 0.0
    stage.devices.temperatures_c["canal"] = 39.0
    expect(stop.locator(".state-words")).to_have_text("LATCHED · ACKNOWLEDGED")
    expect(alarm(page, "R02")).to_have_count(0)
    stop.get_by_role("button", name="Reset").click()
    stop.get_by_role("button", name="Confirm reset").click()
    expect(page.locator(".no-alarms")).to_have_text("No alarms")
    assert [command.action for command in stage.safety.commands] == ["acknowledge", "reset"]

    page.click("#close-case")
    page.get_by_role("button", name="Confirm: close case").click()
    expect(page.locator("#summary-state")).to_have_text("preliminary")
    expect(page.locator("#summary-panel")).to_contain_text("45.3 °C")
    expect(page.locator("#summary-panel")).to_contain_text("0.70 min (estimated)")
    stage.do(lambda: stage.safety.summarise(final=True))
    expect(page.locator("#summary-state")).to_have_text("final")
    expect(page.locator("#events li")).to_have_count(6)
    kept = stage.broker.retained(f"cordguard/v1/site/{stage.safety.room}/case")
    assert kept is not None
    assert Case.model_validate_json(kept.payload).state == "closed"


@pytest.mark.parametrize(
    ("priority", "slowest_hz", "fastest_hz", "colour", "for_ms"),
    [("high", 1.4, 2.8, RED, 3_000), ("medium", 0.4, 0.8, YELLOW, 5_000)],
)
def test_a3_alarms_flash_at_the_rate_and_in_the_colour_of_their_priority(
    stage: Stage, page: Page, priority: str, slowest_hz: float, fastest_hz: float, colour: str, for_ms: int
) -> None:
    stage.do(lambda: stage.safety.raise_alarm("R15", priority, "A test"))
    expect(page.locator(".alarm.first")).to_have_attribute("data-priority", priority)
    rate_hz, bright_share, bright = flashing(page, ".alarm.first", for_ms)
    assert slowest_hz <= rate_hz <= fastest_hz
    assert 0.2 <= bright_share <= 0.6
    assert bright == colour


def test_a3_a_low_alarm_is_cyan_and_steady(stage: Stage, page: Page) -> None:
    stage.do(lambda: stage.safety.raise_alarm("R15", "low", "A test"))
    expect(page.locator(".alarm.first .word")).to_have_text("LOW")
    assert flashing(page, ".alarm.first", 2_000) == (0.0, 1.0, CYAN)


def test_a4_three_alarms_take_no_more_than_half_of_a_screen(stage: Stage, page: Page) -> None:
    def three() -> None:
        stage.safety.raise_alarm("R15", "low", "A low one")
        stage.safety.raise_alarm("R01", "high", "A high one")
        stage.safety.raise_alarm("R02", "medium", "A medium one")

    stage.do(three)
    expect(page.locator(".alarm")).to_have_count(3)
    for width, height in ((1920, 1080), (1280, 800)):
        page.set_viewport_size({"width": width, "height": height})
        for row in page.locator(".alarm").all():
            box = row.bounding_box()
            assert box is not None
            assert box["y"] >= 0
            assert box["y"] + box["height"] <= height * 0.5
            assert box["x"] + box["width"] <= width


def test_a6_a_high_alarm_stands_above_all_others_whenever_it_came(stage: Stage, page: Page) -> None:
    stage.do(lambda: stage.safety.raise_alarm("R02", "medium", "A medium one"))
    stage.do(lambda: stage.safety.raise_alarm("R15", "low", "A low one"))
    expect(page.locator(".alarm .word")).to_have_text(["MEDIUM", "LOW"])
    stage.do(lambda: stage.safety.raise_alarm("R01", "high", "A high one"))
    expect(page.locator(".alarm .word")).to_have_text(["HIGH", "MEDIUM", "LOW"])


def test_h26_a_reset_that_is_not_confirmed_sends_nothing(stage: Stage, page: Page) -> None:
    stage.do(lambda: stage.safety.raise_alarm("R01", "high", "A high one"))
    stage.do(lambda: stage.safety.end_alarm("R01"))
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_role("button", name="Confirm reset")).to_be_visible()
    assert stage.safety.commands == []


def test_a_refused_command_is_shown_with_its_reason(stage: Stage, page: Page) -> None:
    stage.do(lambda: stage.safety.raise_alarm("R01", "high", "A high one"))
    button = page.get_by_role("button", name="Acknowledge")
    expect(button).to_be_visible()
    stage.safety.refusing = "That alarm is not present any more."
    button.click()
    expect(page.locator(".answer")).to_contain_text("acknowledge: refused. That alarm is not present any more.")


def test_h5_a_sensor_that_fails_shows_dashes_while_the_others_go_on(stage: Stage, page: Page) -> None:
    stage.devices.temperatures_c["canal"] = None
    card = page.locator(".card.neural")
    expect(card.locator(".value")).to_have_text("---")
    expect(card.locator(".fault")).to_have_text("sensor open")
    expect(page.locator(".card.other .value")).to_have_text("41.0")


def test_h5_devices_that_fall_silent_turn_grey_and_then_to_dashes(stage: Stage, page: Page) -> None:
    stage.devices.speaking = False
    card = page.locator(".card.neural")
    expect(card).to_have_attribute("data-state", "stale", timeout=2_000)
    expect(card).to_have_attribute("data-state", "unknown", timeout=4_000)
    expect(card.locator(".value")).to_have_text("---")


def test_a16_a_silent_alarm_system_is_shown_over_the_whole_width(stage: Stage, page: Page) -> None:
    stage.safety.speaking = False  # it takes the grace time of a console that has just started
    bar = page.locator("#failure")
    expect(bar).to_contain_text("ALARM SYSTEM FAILURE")
    expect(bar).to_contain_text("The safety service does not answer")
    box = bar.bounding_box()
    assert box is not None
    assert box["width"] >= 1_860
    expect(page.locator(".card.neural .value")).to_have_text("---")
    stage.safety.speaking = True
    expect(bar).to_be_hidden()
    expect(page.locator(".card.neural .value")).to_have_text("37.4")


def test_a16_the_watchdogs_word_is_shown_and_taken_back(stage: Stage, page: Page) -> None:
    stage.do(lambda: stage.safety.fail("No answer from safety."))
    expect(page.locator("#failure-what")).to_contain_text("No answer from safety.")
    stage.do(lambda: stage.safety.fail("It answers again.", failed=False))
    expect(page.locator("#failure")).to_be_hidden()


def test_h20_the_page_is_advisory_and_offers_nothing_that_starts_or_stops_rf(page: Page) -> None:
    expect(page.locator("footer")).to_contain_text("Advisory: never controls the generator")
    for label in page.get_by_role("button").all_text_contents():
        assert not any(word in label.lower() for word in ("start", "stop", "rf", "power", "generator"))


def test_a15_the_limits_in_force_are_in_sight_with_profile_and_policy(page: Page) -> None:
    expect(page.locator("#limits-line")).to_contain_text("Limits: near · policy ")
    expect(page.locator(".card.neural .limits")).to_have_text("warn 42.0  stop 45.0")
    expect(page.locator(".dose-text")).to_have_text("CEM43 1.4 of 5.0 min (estimated)")


def test_a15_limits_that_nobody_judges_by_are_not_shown_as_in_force(stage: Stage, page: Page) -> None:
    line = page.locator("#limits-line")
    stage.safety.speaking = False
    expect(line).to_have_text("Limits not in force, last known: near")
    stage.safety.speaking = True
    expect(line).to_contain_text("Limits: near · policy ")


def test_wrong_fields_of_the_form_say_what_is_wrong_where_it_is_wrong(stage: Stage, page: Page) -> None:
    fill_and_open(page, procedure="Mrs Smith", level="the eighth")
    expect(page.locator("[data-field=procedure]")).to_contain_text("No patient names")
    expect(page.locator("[data-field=level]")).to_contain_text("such as T8")
    page.fill("[name=procedure]", "proc-8")
    page.fill("[name=level]", "T8")
    page.click("#case-submit")
    expect(page.locator("#close-case")).to_be_visible()
    assert stage.safety.case is not None


def test_traces_are_drawn_and_the_pointer_reads_them(page: Page) -> None:
    canvas = page.locator("#chart-neural")
    wait_until(lambda: canvas.evaluate(NEWEST_INK) is not None, what="a trace")
    drawn_at = canvas.evaluate(NEWEST_INK)
    box = canvas.bounding_box()
    assert box is not None
    # 37.4 °C lies a quarter of the way up between 34 and 48 °C.
    share = (box["height"] - drawn_at) / box["height"]
    assert 0.1 < share < 0.4
    assert not canvas.evaluate(HAS_POINTER_LINE)
    page.mouse.move(box["x"] + box["width"] - 16, box["y"] + 100)
    wait_until(lambda: canvas.evaluate(HAS_POINTER_LINE), what="the value under the pointer")


def test_a10_a_pause_of_the_sound_is_named_counts_down_and_can_be_ended(stage: Stage, page: Page) -> None:
    stage.safety.paused_until_us = stage.clock.now_us() + 90_000_000
    bar = page.locator("#audio-paused")
    expect(bar).to_contain_text("AUDIO PAUSED")
    expect(bar).to_contain_text(re.compile(r"returns in 1:2\d min"))
    page.get_by_role("button", name="Resume audio").click()
    expect(bar).to_be_hidden()
    assert [command.action for command in stage.safety.commands] == ["resume-audio"]


def tell_time(stage: Stage) -> None:
    """A simulated run says one word, and no more."""
    reading = ClockReading(at_us=stage.clock.now_us())
    topic = topics.CLOCK.at("site", instance="main")
    stage.do(lambda: stage.devices.bus.publish(topic, reading.to_wire()))


@pytest.mark.parametrize("stage", [SIMULATED], indirect=True)
def test_simulated_time_is_said_by_a_page_that_goes_by_it_and_when_it_stands_still(stage: Stage, page: Page) -> None:
    expect(page.locator("#simulated")).to_have_text("SIMULATED TIME")
    expect(page.locator("#stands-still")).to_be_hidden()
    tell_time(stage)
    expect(page.locator("#stands-still")).to_contain_text("STANDS STILL")
    expect(page.locator("#foreign-clock")).to_be_hidden()


def test_a_clock_on_the_broker_is_noted_and_makes_no_time_simulated_on_a_page_in_real_time(
    stage: Stage, page: Page
) -> None:
    note = page.locator("#foreign-clock")
    expect(note).to_be_hidden()
    tell_time(stage)
    expect(note).to_have_text("Simulated clock ignored")
    expect(page.locator("#simulated")).to_be_hidden()
    expect(note).to_be_hidden()  # it has been silent for as long as a simulated run would need to stand still
    expect(page.locator("#stands-still")).to_be_hidden()


def test_a_room_is_chosen_and_its_alarms_come_with_it(stage: Stage, page: Page) -> None:
    other = PresentAlarms(as_of_us=stage.clock.now_us(), audio="on", present=())
    topic = topics.ALARMS.at("site", room="theatre-2")
    stage.do(lambda: stage.devices.bus.publish(topic, other.to_wire()))
    stage.do(lambda: stage.safety.raise_alarm("R01", "high", "A high one"))
    page.get_by_role("button", name="theatre-2").click()
    expect(page.locator(".no-alarms")).to_be_visible()
    expect(page.locator(".card")).to_have_count(0)
    first = page.get_by_role("button", name="theatre-1")
    expect(first.locator(".symbol")).to_have_text("!!!")
    first.click()
    expect(page.locator(".alarm .message")).to_have_text("A high one")
