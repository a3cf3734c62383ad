"""Whether anyone is there to hear it: what the page sounds, which page does, and the beat that says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from cordguard.bus.memory import MemoryBroker
from cordguard.bus.port import Connection, Delivery, Handlers, Subscription
from cordguard.contract import topics
from cordguard.contract.commands import AnnunciatorBeat
from cordguard.contract.health import ClockReading
from support.audio import TAP
from support.chromium import ARGUMENTS, EXECUTABLE, Watched
from support.console_stage import Stage
from support.waiting import wait_until

pytestmark = pytest.mark.browser

HIGH, MEDIUM = 523, 392
LOUD = "() => window.loudness() > 0.01"
SILENT_FOR_A_WHILE = """
(forMs) => new Promise((done) => {
  const begin = performance.now();
  const look = () => {
    if (window.loudness() > 0.001) done(false);
    else if (performance.now() - begin > forMs) done(true);
    else setTimeout(look, 20);
  };
  look();
})
"""
FREEZE = "(forMs) => { const end = performance.now() + forMs; while (performance.now() < end); }"
WAIT = "(forMs) => new Promise((done) => setTimeout(done, forMs))"


class Listener:
    """Hears the beats of the room as safety does."""

    def __init__(self, broker: MemoryBroker) -> None:
        """Listen."""
        self.beats: list[AnnunciatorBeat] = []
        topic = Subscription(topics.ANNUNCIATOR.at("site", room="theatre-1"))
        self.bus = broker.open(Connection("listener", clean=True, subscriptions=(topic,)), Handlers(self._hear))
        self.bus.poll(0.0)

    def next(self) -> AnnunciatorBeat:
        """The next beat that comes after now."""
        self.forget()
        wait_until(self.heard, what="a beat")
        return self.beats[0]

    def forget(self) -> None:
        """Beats so far count no more."""
        self.heard().clear()

    def heard(self) -> list[AnnunciatorBeat]:
        """All beats so far."""
        self.bus.poll(0.0)
        return self.beats

    def _hear(self, delivery: Delivery) -> None:
        self.beats.append(AnnunciatorBeat.model_validate_json(delivery.message.payload))
        delivery.acknowledge()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    running = Stage(tmp_path)
    wait_until(lambda: running.console.ready, what="the console")
    yield running
    running.close()


@pytest.fixture
def listener(stage: Stage) -> Iterator[Listener]:
    hearing = Listener(stage.broker)
    yield hearing
    hearing.bus.close()


@pytest.fixture
def page(stage: Stage, watched: Watched) -> Iterator[Page]:
    """The live page, in a browser that lets it sound without a click."""
    watched.page.add_init_script(TAP)
    watched.page.goto(stage.link)
    expect(watched.page.locator("#sound-state")).to_have_text("This page sounds alarms.")
    yield watched.page
    assert watched.faults == []


def second_page(stage: Stage, page: Page) -> Page:
    """Another page of the same browser."""
    other = page.context.new_page()
    other.add_init_script(TAP)
    other.goto(stage.console.url)
    expect(other.locator("#sound-state")).to_have_text("Another page sounds alarms.")
    return other


def test_a6_the_highest_unacknowledged_alarm_sounds_and_no_lower_one_masks_it(stage: Stage, page: Page) -> None:
    assert page.evaluate(SILENT_FOR_A_WHILE, 300)
    stage.do(lambda: stage.safety.raise_alarm("R02", "medium", "A medium one"))
    page.wait_for_function(LOUD)
    stage.do(lambda: stage.safety.raise_alarm("R01", "high", "A high one"))
    page.wait_for_function("() => window.bursts.length === 2")
    stage.do(lambda: stage.safety.raise_alarm("R15", "low", "A low one"))
    page.wait_for_function("() => window.bursts.length === 3")
    assert page.evaluate("window.bursts") == [MEDIUM, HIGH, HIGH]
    page.locator(".alarm", has_text="A high one").get_by_role("button", name="Acknowledge").click()
    page.wait_for_function("() => window.bursts.length === 4")
    assert page.evaluate("window.bursts") == [MEDIUM, HIGH, HIGH, MEDIUM]


@pytest.mark.slow
def test_a16_one_message_of_a_simulated_clock_mutes_nothing_in_real_time(stage: Stage, page: Page) -> None:
    topic = topics.CLOCK.at("site", instance="main")
    reading = ClockReading(at_us=stage.clock.now_us())
    stage.do(lambda: stage.devices.bus.publish(topic, reading.to_wire()))
    expect(page.locator("#foreign-clock")).to_be_visible()
    expect(page.locator("#foreign-clock")).to_be_hidden()  # as long as a simulated run would need to stand still
    assert page.evaluate(SILENT_FOR_A_WHILE, 300)
    stage.do(lambda: stage.safety.raise_alarm("R02", "medium", "A medium one"))
    page.wait_for_function(LOUD)
    stage.do(lambda: setattr(stage.safety, "speaking", False))
    expect(page.locator("#failure-what")).to_contain_text("No word about alarms from the safety service")
    page.wait_for_function(f"() => window.bursts.includes({HIGH})")


def test_a9_an_acknowledged_alarm_is_silent_and_a_new_one_sounds(stage: Stage, page: Page) -> None:
    stage.do(lambda: stage.safety.raise_alarm("R01", "high", "A high one"))
    page.wait_for_function(LOUD)
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator(".state-words")).to_have_text("ACKNOWLEDGED")
    page.wait_for_function("() => window.loudness() < 0.001")
    assert page.evaluate(SILENT_FOR_A_WHILE, 1_000)
    stage.do(lambda: stage.safety.raise_alarm("R02", "medium", "A medium one"))
    page.wait_for_function(LOUD, timeout=1_000)


def test_a10_the_sound_is_paused_by_a_button_counts_down_and_returns(stage: Stage, page: Page) -> None:
    stage.do(lambda: stage.safety.raise_alarm("R01", "high", "A high one"))
    page.wait_for_function(LOUD)
    page.get_by_role("button", name="Pause audio").click()
    expect(page.locator("#audio-paused")).to_contain_text("AUDIO PAUSED")
    expect(page.locator("#audio-left")).to_contain_text("returns in 1:59 min")
    expect(page.locator("#audio-left")).to_contain_text("returns in 1:57 min")
    expect(page.get_by_role("button", name="Pause audio")).to_be_hidden()
    assert page.evaluate(SILENT_FOR_A_WHILE, 1_000)
    expect(page.locator(".alarm.first")).to_have_attribute("data-flash", "fast")
    page.get_by_role("button", name="Resume audio").click()
    page.wait_for_function(LOUD, timeout=2_000)
    assert [command.action for command in stage.safety.commands] == ["pause-audio", "resume-audio"]


def test_a11_in_a_pause_a_reminder_is_heard_once_and_the_pause_goes_on(stage: Stage, page: Page) -> None:
    stage.do(lambda: stage.safety.raise_alarm("R01", "high", "A high one"))
    page.wait_for_function(LOUD)
    page.get_by_role("button", name="Pause audio").click()
    expect(page.locator("#audio-paused")).to_be_visible()
    page.wait_for_function("() => window.loudness() < 0.001")
    begun = page.evaluate("window.bursts.length")
    stage.do(lambda: stage.safety.remind("R01"))
    page.wait_for_function("(begun) => window.bursts.length === begun + 1", arg=begun, timeout=2_000)
    page.evaluate(WAIT, 4_500)  # the burst, and what it is given to begin late
    assert page.evaluate(SILENT_FOR_A_WHILE, 4_000)
    expect(page.locator("#audio-paused")).to_be_visible()
    assert page.evaluate("window.bursts.length") == begun + 1


def test_a16_a_silent_alarm_system_is_heard(stage: Stage, page: Page) -> None:
    stage.safety.speaking = False
    expect(page.locator("#failure")).to_be_visible()
    page.wait_for_function(LOUD, timeout=2_000)
    stage.safety.speaking = True
    expect(page.locator("#failure")).to_be_hidden()
    page.wait_for_function("() => window.loudness() < 0.001")
    assert page.evaluate(SILENT_FOR_A_WHILE, 500)


def test_the_room_beats_while_its_page_sounds_and_stops_when_the_page_is_closed(
    stage: Stage, page: Page, listener: Listener
) -> None:
    first, second = listener.next(), listener.next()
    assert first.audible
    assert 0.8 < (second.at_us - first.at_us) / 1e6 < 1.6
    page.goto("about:blank")
    wait_until(lambda: stage.console.desk.hub.count == 0, what="the page's end")
    listener.forget()
    page.evaluate(WAIT, 1_500)
    assert listener.heard() == []


def test_a20_a_frozen_page_stops_the_beat_until_it_lives_again(stage: Stage, page: Page, listener: Listener) -> None:
    page.evaluate(f"() => setTimeout(() => ({FREEZE})(4_000), 0)")
    frozen_us = stage.clock.now_us()
    wait_until(lambda: stage.clock.now_us() > frozen_us + 2_600_000, what="the end of what a page's word is worth")
    listener.forget()
    wait_until(lambda: stage.clock.now_us() > frozen_us + 3_800_000, what="the time of a beat")
    assert listener.heard() == []
    assert listener.next().audible


def test_a20_another_page_takes_over_within_2_s_from_one_that_freezes(stage: Stage, page: Page) -> None:
    other = second_page(stage, page)
    page.evaluate(f"() => setTimeout(() => ({FREEZE})(5_000), 0)")
    expect(other.locator("#sound-state")).to_have_text("This page sounds alarms.", timeout=2_800)
    expect(page.locator("#sound-state")).to_have_text("Another page sounds alarms.")


def test_a20_one_page_sounds_the_others_say_so_and_one_takes_over_when_it_goes(stage: Stage, page: Page) -> None:
    other = second_page(stage, page)
    stage.do(lambda: stage.safety.raise_alarm("R01", "high", "A high one"))
    page.wait_for_function(LOUD)
    assert other.evaluate("window.bursts") == []
    page.goto("about:blank")
    expect(other.locator("#sound-state")).to_have_text("This page sounds alarms.", timeout=2_500)
    other.wait_for_function(LOUD)
    page.goto(stage.console.url)
    expect(page.locator("#sound-state")).to_have_text("Another page sounds alarms.")


def test_a_mute_page_says_sound_off_until_it_is_clicked_and_does_not_beat_as_audible(
    stage: Stage, chromium: Browser, listener: Listener
) -> None:
    strict = chromium.browser_type.launch(executable_path=EXECUTABLE, args=list(ARGUMENTS))
    try:
        page = strict.new_page()
        page.add_init_script(TAP)
        page.request.get(stage.link)
        page.goto(stage.console.url)  # the driver's looks count as clicks: none before the page is loaded
        off = page.get_by_role("button", name="SOUND OFF – click")
        expect(off).to_be_visible()
        expect(page.locator("#sound-state")).to_have_text("No page sounds alarms.")
        stage.do(lambda: stage.safety.raise_alarm("R01", "high", "A high one"))
        expect(page.locator(".alarm")).to_have_count(1)
        assert not listener.next().audible
        assert page.evaluate(SILENT_FOR_A_WHILE, 1_000)
        off.click()
        expect(off).to_be_hidden()
        page.wait_for_function(LOUD, timeout=2_500)
        expect(page.locator("#sound-state")).to_have_text("This page sounds alarms.")
        wait_until(lambda: listener.next().audible, what="an audible beat")
    finally:
        strict.close()
