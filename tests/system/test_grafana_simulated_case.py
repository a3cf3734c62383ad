"""A whole simulated case, judged by the real safety and kept by the real recorder, on every panel of the dashboards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from cordguard.bus.memory import MemoryBroker
from cordguard.bus.port import Bus, Connection, Handlers, Publication, QoS
from cordguard.recorder.influx import InfluxWriter
from cordguard.recorder.outbox import Outbox
from cordguard.recorder.settings import RecorderSettings
from cordguard.recorder.shell import build as build_recorder
from cordguard.recorder.shipper import Shipper
from cordguard.runtime.service import Service
from cordguard.safety.settings import SafetySettings
from cordguard.safety.shell import build as build_safety
from cordguard.simulators.player import simulate
from cordguard.simulators.simulation import SimulateSettings
from support.grafana import DASHBOARDS, Page, Target, load, targets
from support.influx import READER, TOKEN, Influx, InfluxServer, new_database, post, series_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

SITE, ROOM = "north", "or1"
START_US = 1_790_000_000_000_000
TARGETS = [target for path in DASHBOARDS for target in targets(load(path))]


@dataclass
class SteppingBus:
    """The simulator's bus; whenever it is polled, the services get their turn: one thread for the whole system."""

    inner: Bus
    services: tuple[Service, ...]

    @property
    def connected(self) -> bool:
        return self.inner.connected

    @property
    def unconfirmed(self) -> int:
        return self.inner.unconfirmed

    def publish(self, topic: str, payload: bytes, *, qos: QoS = 1, retain: bool = False) -> Publication:
        return self.inner.publish(topic, payload, qos=qos, retain=retain)

    def poll(self, timeout_s: float) -> None:
        del timeout_s
        self.inner.poll(0)
        for service in self.services:
            service.step(0)

    def close(self) -> None:
        self.inner.close()


def play(folder: Path) -> None:
    """The overheating case, as fast as this machine can."""
    broker = MemoryBroker()
    safety = build_safety(SafetySettings(site=SITE, data_dir=folder, simulated_clock=True), broker.open)
    recorder = build_recorder(RecorderSettings(site=SITE, data_dir=folder, simulated_clock=True), broker.open)
    services: tuple[Service, ...] = (safety, recorder)
    for service in services:
        service.step(0)

    def open_bus(connection: Connection, handlers: Handlers) -> SteppingBus:
        return SteppingBus(broker.open(connection, handlers), services)

    settings = SimulateSettings(scenario="overheating-near-canal", site=SITE, room=ROOM, speed=1_000, start_us=START_US)
    result = simulate(settings, open_bus, lambda _progress: None)
    for service in services:
        service.step(0)
        service.close()
    assert result.ok, result.ending.message


@pytest.fixture(scope="module")
def case(influx_server: InfluxServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx]:
    """An InfluxDB that has the case."""
    folder = tmp_path_factory.mktemp("case")
    play(folder)
    with new_database(influx_server) as influx:
        writer = InfluxWriter(influx.shim.url, TOKEN, org="-", bucket=influx.database)
        with closing(Shipper(Outbox(folder / "store.db", "test"), writer)) as shipper:
            while shipper.step() == 0:
                pass
            assert (shipper.state.backlog, shipper.state.quarantined) == (0, 0)
        yield influx


@pytest.fixture(scope="module")
def page(case: Influx) -> Page:
    """The room, from its first frame to its last."""
    first, last = (
        case.column(f'SELECT {end}("seq") FROM "temperature"', "time")[0] // 1_000_000  # noqa: S608 - our own words
        for end in ("first", "last")
    )
    return Page({"site": SITE, "room": ROOM}, first, last)


def rows(influx: Influx, query: str) -> list[dict[str, object]]:
    found = series_of(
        post(f"{influx.shim.url}/query", {"q": query, "db": influx.database, "epoch": "ms"}, reader=READER)
    )
    return [dict(zip(one["columns"], row, strict=True)) for one in found for row in one["values"]]


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_every_query_gives_data_after_a_simulated_case(case: Influx, page: Page, target: Target) -> None:
    found = rows(case, page.fill_in(target.query, target.panel))
    assert any(value is not None for row in found for name, value in row.items() if name != "time")


def test_the_alarms_of_the_case_stand_in_its_history(case: Influx, page: Page) -> None:
    (target,) = [one for one in TARGETS if one.panel["title"] == "Alarm history"]
    changes = {(row["rule"], row["change"]) for row in rows(case, page.fill_in(target.query, target.panel))}
    assert {("R04", "raised"), ("R01", "raised"), ("R01", "ended")} <= changes


def test_the_traces_cross_the_limit_that_they_are_drawn_with(case: Influx, page: Page) -> None:
    traces = [one for one in TARGETS if one.panel["title"] == "Temperatures"]
    canal_c = max(
        case.column('SELECT max("temperature_c") FROM "temperature" WHERE "sensor" = \'canal\'', "max"), default=0.0
    )
    stop_c = [
        row["min"] for row in rows(case, page.fill_in(traces[1].query, traces[1].panel)) if row["min"] is not None
    ]
    assert canal_c >= 45.0
    assert set(stop_c) == {43.0, 45.0}, "without a case nothing is known of the room: as strict as breached"
