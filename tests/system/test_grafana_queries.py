"""The queries of the committed dashboards, as Grafana sends them, on a real InfluxDB after a case that was recorded."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cordguard.bus.memory import MemoryBroker
from cordguard.bus.port import Connection, Handlers
from cordguard.contract import topics
from cordguard.recorder.influx import InfluxWriter
from cordguard.recorder.outbox import Outbox
from cordguard.recorder.settings import RecorderSettings
from cordguard.recorder.shell import build
from cordguard.recorder.shipper import Shipper
from support.grafana import DASHBOARDS, Page, Target, load, targets
from support.influx import READER, TOKEN, Influx, InfluxServer, new_database, post, series_of
from support.recorder_messages import AT_US, transition, vitals

SITE, ROOM = "north", "or1"
CASE_S = 120
LOST_S = 110
"""From here on the canal sensor is lost: safety has no temperature for it any more."""
PEAK_S = 60
SPIKE_C = 52.5
"""One frame of the tip, in the middle of a minute."""

START_MS = AT_US // 1_000
END = Page({"site": SITE, "room": ROOM}, START_MS - 480_000, START_MS + CASE_S * 1_000)
TARGETS = [target for path in DASHBOARDS for target in targets(load(path))]
VARIABLES = [variable for path in DASHBOARDS for variable in load(path)["templating"]["list"]]


class Case:
    """Two minutes near the canal: devices, safety and recorder over a broker in memory."""

    def __init__(self, folder: Path) -> None:
        broker = MemoryBroker()
        self.recorder = build(RecorderSettings(site=SITE, data_dir=folder), broker.open)
        self.recorder.step(0)
        self.sender = broker.open(Connection("sender", clean=True), Handlers(lambda _delivery: None))
        self.sender.poll(0)

    def play(self) -> None:
        """Publish and record everything."""
        for number in range(CASE_S * 10):
            self._frame(number, AT_US + number * 100_000)
        for step, after_s in enumerate((PEAK_S, PEAK_S + 10), start=1):
            changed = transition(step=step, event_us=AT_US + after_s * 1_000_000)
            self.sender.publish(topics.TRANSITION.at(SITE, room=ROOM), changed.to_wire())
        self.recorder.step(0)
        self.recorder.close()

    def _frame(self, number: int, at_us: int) -> None:
        canal_c = 37.0 + 8.5 * math.sin(math.pi * number / (PEAK_S * 20))
        lost = number >= LOST_S * 10
        canal = {"sensor": "canal", **({"fault": "open"} if lost else {"temperature_c": canal_c})}
        tip = {"sensor": "tip", "temperature_c": SPIKE_C if number == 333 else 48.0}
        self._send(topics.TEMPERATURE, {"seq": number, "at_us": at_us, "readings": [canal, tip]})
        power = {"seq": number, "at_us": at_us, "rf_on": True, "power_w": 9.8, "impedance_ohm": 110.0 + number / 100}
        self._send(topics.GENERATOR, power)
        if number % 2 == 0:
            seen = vitals(as_of_us=at_us, temperature_c=None if lost else canal_c)
            self.sender.publish(topics.VITALS.at(SITE, room=ROOM), seen.to_wire(), qos=0)
        self.recorder.step(0)

    def _send(self, topic: topics.Topic, content: dict[str, Any]) -> None:
        self.sender.publish(topic.at(SITE, room=ROOM, source="gen-1"), json.dumps(content).encode())


@pytest.fixture(scope="module")
def case(influx_server: InfluxServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx]:
    """An InfluxDB that has the case."""
    folder = tmp_path_factory.mktemp("case")
    Case(folder).play()
    with new_database(influx_server) as influx:
        writer = InfluxWriter(influx.shim.url, TOKEN, org="-", bucket=influx.database)
        with closing(Shipper(Outbox(folder / "store.db", "test"), writer)) as shipper:
            shipper.step()
            assert (shipper.state.backlog, shipper.state.quarantined) == (0, 0)
        yield influx


def rows(influx: Influx, query: str) -> list[dict[str, Any]]:
    """The rows of the answer, got as Grafana gets them: by a form, with an account that may only read."""
    form = {"q": query, "db": influx.database, "epoch": "ms"}
    found = series_of(post(f"{influx.shim.url}/query", form, reader=READER))
    return [dict(zip(one["columns"], row, strict=True)) for one in found for row in one["values"]]


def values(influx: Influx, target: Target, page: Page) -> list[dict[str, Any]]:
    """The rows that hold a value, times apart."""
    found = rows(influx, page.fill_in(target.query, target.panel))
    return [row for row in found if any(value is not None for name, value in row.items() if name != "time")]


def target(title: str, measurement: str = "") -> Target:
    return next(one for one in TARGETS if one.panel["title"] == title and measurement in one.query)


def at(after_s: float) -> Page:
    return replace(END, to_ms=START_MS + int(after_s * 1_000))


@pytest.mark.parametrize("each", TARGETS, ids=lambda each: each.name)
def test_every_query_of_every_panel_gives_data(case: Influx, each: Target) -> None:
    assert values(case, each, at(PEAK_S + 20))


def test_the_variables_offer_the_sites_and_the_rooms_of_a_site(case: Influx) -> None:
    offered = {one["name"]: [row["value"] for row in rows(case, END.fill_in(one["query"]))] for one in VARIABLES}
    assert offered == {"site": [SITE], "room": [ROOM]}
    elsewhere = Page({"site": "south"}, END.from_ms, END.to_ms)
    assert rows(case, elsewhere.fill_in(VARIABLES[1]["query"])) == []


@pytest.mark.parametrize("room", ["or2", "or", "or.", ".*", "or1|or2", "or1/"])
def test_another_room_shows_nothing_whatever_its_name_means_in_a_pattern(case: Influx, room: str) -> None:
    other = replace(at(PEAK_S), variables={"site": SITE, "room": room})
    assert not [each.name for each in TARGETS if values(case, each, other)]


def test_the_margin_is_to_the_limit_that_was_in_force(case: Influx) -> None:
    (row,) = values(case, target("Margin to the stop limit"), at(PEAK_S))
    assert row["min"] == pytest.approx(45.0 - 45.5, abs=0.05)


def test_the_hottest_neural_sensor_is_shown_and_not_the_hotter_tip(case: Influx) -> None:
    (row,) = values(case, target("Hottest neural sensor"), at(PEAK_S))
    assert row["max"] == pytest.approx(45.5, abs=0.05)


@pytest.mark.parametrize("interval", ["1s", "10s", "60s"])
def test_a_peak_of_one_frame_stays_visible_at_any_zoom(case: Influx, interval: str) -> None:
    page = replace(END, interval=interval)
    found = values(case, target("Temperatures", "temperature_c"), page)
    assert max(row["max"] for row in found if row["max"] is not None) == SPIKE_C


def test_h5_when_data_stop_the_numbers_go_and_do_not_stay(case: Influx) -> None:
    for title in ("Hottest neural sensor", "Margin to the stop limit"):
        assert values(case, target(title), at(LOST_S - 1))
        assert not values(case, target(title), at(CASE_S + 6)), "nothing comes any more"


def test_h9_a_lost_sensor_takes_its_number_along_and_leaves_its_alarm(case: Influx) -> None:
    lost = at(LOST_S + 6)
    assert not values(case, target("Hottest neural sensor"), lost)
    assert not values(case, target("Margin to the stop limit"), lost)
    newest = values(case, target("Alarm history"), lost)[0]
    assert (newest["rule"], newest["priority"], newest["condition"]) == ("R01", "high", True)
    (canal, tip) = values(case, target("Age of data"), lost)
    assert (canal["fault"], tip["fault"], tip["temperature_c"]) == ("open", None, 48.0)


def test_a_hole_in_the_data_is_a_hole_in_the_traces(case: Influx) -> None:
    page = replace(END, to_ms=END.to_ms + 60_000)
    newest = max(row["time"] for row in values(case, target("Temperatures", "temperature_c"), page))
    assert newest <= END.to_ms
