"""A case counts as open on the page when safety has taken it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from support.chromium import Watched
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


def open_case(page: Page, procedure: str) -> None:
    page.click("#open-case")
    page.fill("[name=procedure]", procedure)
    page.click("#case-submit")


def test_a_case_that_safety_refuses_is_never_called_open_alone_and_can_be_closed(stage: Stage, page: Page) -> None:
    expect(page.locator("#case-pill")).to_be_hidden()
    stage.safety.taking_cases = False
    open_case(page, "proc-7")
    expect(page.locator("#case-line")).to_contain_text("Case open, NOT TAKEN BY SAFETY · proc-7")
    expect(page.locator("#case-pill")).to_have_text("open, NOT TAKEN BY SAFETY")
    expect(page.locator("#case-standing")).to_contain_text("it watches no case")
    expect(page.locator("#case-standing")).to_contain_text("case: a test refuses it")

    stage.safety.taking_cases = True
    page.click("#close-case")
    page.get_by_role("button", name="Confirm: close case").click()
    open_case(page, "proc-8")
    expect(page.locator("#case-line")).to_contain_text("Case open · proc-8")
    expect(page.locator("#case-standing")).to_be_hidden()


def test_an_amendment_that_waits_for_rf_off_is_pending(stage: Stage, page: Page) -> None:
    open_case(page, "proc-7")
    expect(page.locator("#case-pill")).to_have_text("open")
    stage.safety.case_pending = True
    expect(page.locator("#case-line")).to_contain_text("Case open, amendment pending · proc-7")
    expect(page.locator("#case-standing")).to_contain_text("waits for RF off")
    stage.safety.case_pending = False
    expect(page.locator("#case-pill")).to_have_text("open")
