"""What a person is about to press stays where it is, however much happens meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cordguard.contract import topics
from cordguard.contract.health import Health
from support.chromium import NOTE_LIVE_CHANGES, Watched
from support.console_stage import Stage
from support.waiting import wait_until

pytestmark = pytest.mark.browser


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


def test_closing_a_case_is_not_disarmed_by_an_alarm_that_comes_between_the_two_presses(
    stage: Stage, page: Page
) -> None:
    page.click("#open-case")
    page.fill("[name=procedure]", "proc-7")
    page.click("#case-submit")
    page.click("#close-case")
    expect(page.locator("#close-case")).to_have_text("Confirm: close case")
    stage.do(lambda: stage.safety.raise_alarm("R01", "high", "A high one"))
    expect(page.locator("#events li")).to_have_count(1)
    page.get_by_role("button", name="Confirm: close case").click(timeout=2_000)
    expect(page.locator("#case-line")).to_contain_text("Case closed")


def test_a_form_pressed_twice_is_sent_once(page: Page, watched: Watched) -> None:
    page.click("#open-case")
    page.fill("[name=procedure]", "proc-7")
    page.evaluate(
        "() => { const form = document.getElementById('case-form'); form.requestSubmit(); form.requestSubmit(); }"
    )
    expect(page.locator("#case-line")).to_contain_text("proc-7")
    assert len([url for url in watched.requests if url.endswith("/case")]) == 1
    expect(page.locator("#case-dialog")).to_be_hidden()


def test_a_form_that_was_refused_can_be_sent_again_and_keeps_its_place(stage: Stage, page: Page) -> None:
    page.click("#open-case")
    page.fill("[name=procedure]", "Mrs Smith")
    page.press("[name=procedure]", "Enter")
    expect(page.locator("[data-field=procedure]")).to_contain_text("No patient names")
    expect(page.locator("[name=procedure]")).to_be_focused()
    page.fill("[name=procedure]", "proc-7")
    page.press("[name=procedure]", "Enter")
    wait_until(lambda: stage.safety.case, what="the case at the alarm system")


def test_a_screen_reader_is_told_of_an_alarm_once_and_not_of_every_second_it_lasts(stage: Stage, page: Page) -> None:
    stage.do(lambda: stage.safety.raise_alarm("R01", "high", "A high one"))
    facts = page.locator(".alarm .facts")
    expect(page.locator("#spoken-alarms")).to_have_text("HIGH. A high one. Stop RF now. Irrigate if possible.")
    expect(page.locator("#sound-state")).to_have_text("This page sounds alarms.")  # said once, whenever it is known
    page.evaluate(NOTE_LIVE_CHANGES)
    expect(facts).to_contain_text("for 2 s")
    expect(facts).to_contain_text("for 3 s")
    assert page.evaluate("window.heard") == []
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator(".state-words")).to_have_text("ACKNOWLEDGED")
    said = [words for words in page.evaluate("window.heard") if words.startswith("spoken-alarms: ")]
    assert said == ["spoken-alarms: HIGH. ACKNOWLEDGED. A high one. Stop RF now. Irrigate if possible."]


def test_two_instances_of_a_service_are_two_words_and_do_not_multiply(stage: Stage, page: Page) -> None:
    words = page.locator("#services span")
    expect(words).to_have_text(["Services", "✓ console", "✓ safety", "✓ watchdog"])
    health = Health(state="ok", at_us=stage.clock.now_us(), version="1")
    topic = topics.HEALTH.at("site", service="safety", instance="standby")
    stage.do(lambda: stage.devices.bus.publish(topic, health.to_wire()))
    expect(words).to_have_text(["Services", "✓ console", "✓ safety", "✓ safety standby", "✓ watchdog"])
    page.wait_for_function("() => { window.looks = (window.looks ?? 0) + 1; return window.looks > 60; }")
    expect(words).to_have_count(5)
