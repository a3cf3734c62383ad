from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cordguard.audit import shell as audit
from cordguard.audit.reader import read_ledger
from cordguard.bus.port import OpenBus
from cordguard.contract import topics
from cordguard.contract.capture import read_bytes, read_lines, split_torn_tail
from cordguard.contract.commands import AnnunciatorBeat
from cordguard.runtime.service import Service
from cordguard.runtime.settings import ServiceSettings
from cordguard.safety import shell as safety
from cordguard.safety.settings import SafetySettings
from cordguard.watchdog import shell as watchdog
from support.audio import TAP
from support.chromium import Watched
from support.console_stage import Stage
from support.waiting import wait_until

pytestmark = pytest.mark.browser


def build_safety(data_dir: Path, open_bus: OpenBus) -> Service:
    return safety.build(SafetySettings(data_dir=data_dir), open_bus)


def build_audit(data_dir: Path, open_bus: OpenBus) -> Service:
    return audit.build(ServiceSettings(data_dir=data_dir), open_bus)


def build_watchdog(data_dir: Path, open_bus: OpenBus) -> Service:
    return watchdog.build(ServiceSettings(data_dir=data_dir), open_bus)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Devices and console, and between them safety, audit and watchdog as they are."""
    running = Stage(tmp_path, build_safety, build_audit, build_watchdog)
    wait_until(lambda: running.console.ready, what="the console")
    yield running
    running.close()


def open_the_case(page: Page) -> str:
    """Fill the form in; the session that was made."""
    page.click("#open-case")
    page.fill("[name=procedure]", "proc-7")
    page.fill("[name=level]", "T8")
    page.select_option("[name=profile]", "near")
    page.locator("[name=distance_mm]").first.fill("9")
    page.click("#case-submit")
    expect(page.locator("#case-line")).to_contain_text("Case open · proc-7")
    session = page.locator("#case-panel dd").nth(1).text_content()
    assert session is not None
    return session


def test_from_opened_case_over_an_alarm_to_a_summary_on_the_procedures_record(
    stage: Stage, watched: Watched, tmp_path: Path
) -> None:
    page = watched.page
    page.goto(stage.link)
    expect(page.locator(".card .value").first).to_have_text("37.4")
    session = open_the_case(page)
    expect(page.locator("#limits-line")).to_contain_text("Limits: near")

    stage.devices.power_w = 9.8
    stage.devices.temperatures_c["canal"] = 45.3
    stop = page.locator('.alarm[data-priority="high"]', has_text="R01 ")
    expect(stop).to_contain_text("45")
    expect(page.locator(".alarm.first .symbol")).to_have_text("!!!")
    stop.get_by_role("button", name="Acknowledge").click()
    expect(stop.locator(".state-words")).to_have_text("ACKNOWLEDGED")

    stage.devices.power_w = 0.0
    stage.devices.temperatures_c["canal"] = 39.0
    expect(stop.locator(".state-words")).to_have_text("LATCHED · ACKNOWLEDGED")
    stop.get_by_role("button", name="Reset").click()
    stop.get_by_role("button", name="Confirm reset").click()
    expect(stop).to_have_count(0)

    page.click("#close-case")
    page.get_by_role("button", name="Confirm: close case").click()
    expect(page.locator("#summary-state")).to_have_text("preliminary")
    expect(page.locator("#summary-panel")).to_contain_text("45.3 °C")
    expect(page.locator("#failure")).to_be_hidden()
    assert watched.faults == []

    ledger = read_ledger(tmp_path / "ledger.db")
    wait_until(lambda: ledger.latest_summary(session), what="the summary in the ledger")
    kinds = {entry.kind for entry in ledger.of_procedure("proc-7")}
    ledger.close()
    assert {"case", "command", "transition", "summary"} <= kinds


def journalled_beats(data_dir: Path) -> list[AnnunciatorBeat]:
    """The beats that safety took in, by its journal."""
    return [
        AnnunciatorBeat.model_validate_json(entry.payload)
        for path in (data_dir / "journal").rglob("*.capture.jsonl")
        for entry in read_lines(split_torn_tail(read_bytes(path))[0])
        if (parsed := topics.parse(entry.topic)) is not None and parsed.topic is topics.ANNUNCIATOR
    ]


def test_a12_a_pause_is_ended_by_a_new_condition_which_is_heard_and_safety_knows_that_somebody_hears_it(
    stage: Stage, watched: Watched, tmp_path: Path
) -> None:
    page = watched.page
    page.add_init_script(TAP)
    page.goto(stage.link)
    expect(page.locator("#sound-state")).to_have_text("This page sounds alarms.")
    open_the_case(page)
    wait_until(lambda: any(beat.audible for beat in journalled_beats(tmp_path)), what="an audible beat at safety")

    page.get_by_role("button", name="Pause audio").click()
    expect(page.locator("#audio-paused")).to_contain_text("AUDIO PAUSED")
    page.wait_for_function("() => window.loudness() < 0.001")
    stage.devices.power_w = 9.8
    stage.devices.temperatures_c["canal"] = 45.3
    expect(page.locator('.alarm[data-priority="high"]', has_text="R01 ")).to_be_visible()
    expect(page.locator("#audio-paused")).to_be_hidden()
    page.wait_for_function("() => window.loudness() > 0.01")
    assert page.evaluate("window.bursts").count(523) >= 1
    assert watched.faults == []
