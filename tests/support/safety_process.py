"""Safety as a process of its own on a broker, with a device in real time and a recorder that misses nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from cordguard.bus.paho import open_paho
from cordguard.contract import topics
from cordguard.contract.alarms import Transition
from cordguard.contract.capture import CapturedInput, read_lines
from cordguard.contract.health import Health
from cordguard.contract.topics import Party
from cordguard.safety.journal import journal_files
from support.broker import Client, NetworkRig, Server, poll_until
from support.processes import Marked, cordguard, start

ROOM: Final = "or-1"
PERIOD_S: Final = 0.1
RECEIVED_AFTER_US: Final = 2_000


class World:
    """One room: its broker is given, its safety can be killed."""

    def __init__(self, broker: Server, data_dir: Path, site: str, stack: ExitStack) -> None:
        """Connect everybody but safety."""
        self.broker = broker
        self.data_dir = data_dir
        self.site = site
        self.sent: list[CapturedInput] = []
        """All that devices and people said, as it would be received without delay."""
        self.number = 0
        self.stalled_s = 0.0
        """By how much the worst tick came late: our own doing, and more than an engine forgives a device."""
        self._stack = stack
        self._next_s = self._ticked_s = 0.0
        self.device = self._client("device")
        self.gateway = self._client("gateway")
        transition = topics.TRANSITION.filter(site, room=ROOM)
        self.recorder = self._client("recorder", transition, clean=False)
        self.page = self._client("console", topics.HEALTH.filter(site, service="safety"))
        clients = (self.device, self.gateway, self.recorder, self.page)
        poll_until(lambda: all(client.connects for client in clients), *clients, what="everybody to connect")

    def _client(self, party: Party, *filters: str, clean: bool = True) -> Client:
        client = Client(open_paho, NetworkRig(self.broker).connection(party, *filters, clean=clean))
        self._stack.callback(client.bus.close)
        return client

    def run_safety(self, *, wait: bool = True, **variables: str) -> Marked:
        """Start the service, with more in its environment; ready on return, if waited for."""
        place = ("--site", self.site, "--data-dir", self.data_dir, "--broker-port", str(self.broker.port))
        account = {
            "CORDGUARD_BROKER_USERNAME": "safety",
            "CORDGUARD_BROKER_PASSWORD": self.broker.credentials["safety"],
        }
        safety = self._stack.enter_context(
            start(cordguard("service", "safety", *place), environment=account | variables)
        )
        if wait:
            assert safety.process.stdout is not None
            assert safety.process.stdout.readline() == "ready\n", safety.end()
        return safety

    def say(self, client: Client, row: topics.Topic, message: dict[str, Any], **levels: str) -> None:
        """Publish now."""
        now_us = time.time_ns() // 1_000
        payload = json.dumps(message).encode()
        topic = row.at(self.site, room=ROOM, **levels)
        client.bus.publish(topic, payload, retain=row.retained)
        self.sent.append(CapturedInput(now_us + RECEIVED_AFTER_US, topic, payload))

    def open_case(self) -> None:
        """Open a case that knows the canal's sensor; safety has it on return."""
        now_us = time.time_ns() // 1_000
        case = {"session": "s-1", "revision": 1, "state": "open", "opened_us": now_us, "profile": "standard"}
        sensors = [{"sensor": "gen-1/canal", "role": "neural"}]
        self.say(self.gateway, topics.CASE, {**case, "posterior_wall": "intact", "sensors": sensors})
        case_topic = topics.CASE.at(self.site, room=ROOM)
        known = lambda: any(entry.topic == case_topic for entry in self.journal())  # noqa: E731 - said once
        poll_until(known, self.gateway, what="safety to have the case")

    def tick(self, canal_c: float, *, rf_on: bool = True) -> None:
        """The device's next tenth of a second: waits until it is there, and says what it measures."""
        self._next_s = max(self._next_s + PERIOD_S, time.monotonic() - PERIOD_S)
        while (left_s := self._next_s - time.monotonic()) > 0:
            self.device.bus.poll(min(left_s, 0.01))
        now_s = time.monotonic()
        if self.number:
            self.stalled_s = max(self.stalled_s, now_s - self._ticked_s - PERIOD_S)
        self._ticked_s = now_s
        self.number += 1
        at_us = time.time_ns() // 1_000
        head = {"seq": self.number, "at_us": at_us}
        if self.number % 10 == 1:
            self.say(self.device, topics.STATUS, {"state": "online", "at_us": at_us}, source="gen-1")
        power_w = 10.0 if rf_on else 0.0
        generator = head | {"rf_on": rf_on, "power_w": power_w, "impedance_ohm": 100.0}
        self.say(self.device, topics.GENERATOR, generator, source="gen-1")
        readings = [{"sensor": "canal", "temperature_c": round(canal_c, 3)}]
        self.say(self.device, topics.TEMPERATURE, head | {"readings": readings}, source="gen-1")
        for client in (self.gateway, self.recorder, self.page):
            client.bus.poll(0)

    def tick_until(
        self, condition: Callable[[], object], *, ticks: int = 150, canal_c: float = 37.0, rf_on: bool = False
    ) -> None:
        """Let the device measure on until something is true."""
        for _ in range(ticks):
            self.tick(canal_c, rf_on=rf_on)
            if condition():
                return
        msg = f"not true after {ticks} more frames"
        raise AssertionError(msg)

    def all_kept(self) -> bool:
        """Whether all but the newest second of what was said stands in the journal."""
        said = {entry.payload for entry in self.sent[:-25]}
        return said <= {entry.payload for entry in self.journal()}

    def journal(self) -> list[CapturedInput]:
        """The lines that are whole; raises CaptureError if one is damaged."""
        lines = []
        for path in journal_files(self.data_dir / "journal" / ROOM):
            content = path.read_bytes()
            lines += list(read_lines(content[: content.rfind(b"\n") + 1], name=path.name))
        return lines

    def transitions(self) -> list[Transition]:
        """What the recorder heard so far, each change once; a repeat must be identical."""
        heard: dict[tuple[str, int], bytes] = {}
        for payload in self.recorder.payloads:
            transition = Transition.model_validate_json(payload)
            assert heard.setdefault((transition.alarm_id, transition.step), payload) == payload
        return [Transition.model_validate_json(payload) for payload in heard.values()]

    def health(self) -> Health | None:
        """Safety's newest word on itself."""
        return Health.model_validate_json(self.page.payloads[-1]) if self.page.payloads else None
