"""How long it takes from the sample that makes an alarm HIGH to the first pulse of its sound, measured in a browser.

Safety, watchdog, console and page as they are, in one process with the bus in memory; a broker adds a few milliseconds.
By hand: ``PYTHONPATH=tests .venv/bin/python -m support.sound_delay --times 30``
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, sync_playwright

from cordguard.bus.memory import MemoryBroker
from cordguard.bus.port import Connection, Delivery, Handlers, OpenBus, Subscription
from cordguard.contract import topics
from cordguard.contract.alarms import Transition
from cordguard.contract.case import Case, CaseSensor
from cordguard.runtime.service import Service
from cordguard.runtime.settings import ServiceSettings
from cordguard.safety import shell as safety
from cordguard.safety.settings import SafetySettings
from cordguard.watchdog import shell as watchdog
from support.chromium import ARGUMENTS, EXECUTABLE, SOUND_UNASKED
from support.console_stage import Stage
from support.waiting import wait_until

NOTE_STARTS: Final = """
(() => {
  window.starts = [];
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (at) {
    window.starts.push(performance.timeOrigin + performance.now() + 1000 * (at - this.context.currentTime));
    return start.call(this, at);
  };
})()
"""


class Listener:
    """Hears what safety says."""

    def __init__(self, broker: MemoryBroker) -> None:
        """Listen."""
        self.said: list[Transition] = []
        wanted = (Subscription(topics.TRANSITION.filter("site")),)
        self.bus = broker.open(Connection("listener", clean=True, subscriptions=wanted), Handlers(self._hear))
        self.bus.poll(0.0)

    def raised(self) -> Transition | None:
        """The R08 that was raised, if one was."""
        self.bus.poll(0.0)
        return next((each for each in self.said if (each.rule, each.change) == ("R08", "raised")), None)

    def is_over(self) -> bool:
        """Whether every R08 that was raised has ended."""
        self.bus.poll(0.0)
        changes = [each.change for each in self.said if each.rule == "R08"]
        return bool(changes) and changes[-1] == "ended"

    def _hear(self, delivery: Delivery) -> None:
        self.said.append(Transition.model_validate_json(delivery.message.payload))
        delivery.acknowledge()


def build_safety(data_dir: Path, open_bus: OpenBus) -> Service:
    """Safety as it is."""
    return safety.build(SafetySettings(data_dir=data_dir), open_bus)


def build_watchdog(data_dir: Path, open_bus: OpenBus) -> Service:
    """The watchdog as it is: without it the page would sound a failed alarm system."""
    return watchdog.build(ServiceSettings(data_dir=data_dir), open_bus)


def case(now_us: int) -> Case:
    """A case that lists the sensor that will fail."""
    sensors = (CaseSensor(sensor="gen-1/canal", role="neural"), CaseSensor(sensor="gen-1/tip", role="probe"))
    return Case(
        session="s-1",
        revision=1,
        state="open",
        opened_us=now_us,
        profile="standard",
        posterior_wall="intact",
        sensors=sensors,
    )


def measure_ms(stage: Stage, page: Page, listener: Listener) -> float:
    """One HIGH alarm (a thermocouple that opens under RF): from the sample that raised it to the first pulse."""
    listener.said.clear()
    page.evaluate("window.starts.length = 0")
    stage.devices.temperatures_c["canal"] = None
    wait_until(lambda: listener.raised() is not None, what="a HIGH alarm")
    raised = listener.raised()
    assert raised is not None
    assert raised.priority == "high"
    page.wait_for_function("() => window.starts.length > 0")
    first_ms: float = page.evaluate("window.starts[0]")
    stage.devices.temperatures_c["canal"] = 37.4
    wait_until(listener.is_over, what="the alarm's end")
    page.wait_for_function("""() => !document.querySelector('.alarm[data-priority="high"]')""")
    return first_ms - raised.event_us / 1_000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=30, help="how many alarms to measure")
    times: int = parser.parse_args().times
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        stage = Stage(Path(folder), build_safety, build_watchdog)
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=[*ARGUMENTS, SOUND_UNASKED])
        try:
            wait_until(lambda: stage.console.ready, what="the console")
            listener = Listener(stage.broker)
            page = browser.new_page()
            page.add_init_script(NOTE_STARTS)
            page.goto(stage.link)
            page.wait_for_function("() => document.querySelector('#sound-state').textContent.startsWith('This page')")
            topic = topics.CASE.at("site", room=stage.devices.room)
            stage.do(lambda: stage.devices.bus.publish(topic, case(stage.clock.now_us()).to_wire(), retain=True))
            stage.devices.power_w = 10.0
            wait_until(lambda: stage.devices.seq > 20, what="some frames")
            found = sorted(measure_ms(stage, page, listener) for _ in range(times))
        finally:
            browser.close()
            stage.close()
    worst = found[-1]
    sys.stdout.write(
        f"{times} alarms: median {statistics.median(found):.0f} ms, most {worst:.0f} ms, least {found[0]:.0f} ms\n"
    )


if __name__ == "__main__":
    main()
