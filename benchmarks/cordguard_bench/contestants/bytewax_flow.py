"""One rule as a Bytewax dataflow, as its documentation has it: a source that never blocks, state by key, a sink.

Runs in an environment of its own (``python -m bytewax.run``); Bytewax brings no MQTT, so source and sink
are a paho client with the same socket option as everybody else's best.
"""

from __future__ import annotations

import json
import os
import socket
from collections import deque
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.inputs import DynamicSource, StatelessSourcePartition
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from cordguard_bench.contestants.hysteresis import alarm_topic, judge

arrived: deque[tuple[str, bytes]] = deque()
"""What the network thread has received and the dataflow has not taken yet."""


def connect() -> Client:
    """The one client, with its network thread."""
    filters = [(topic_filter, 1) for topic_filter in os.environ["BENCH_FILTERS"].split()]
    client = Client(CallbackAPIVersion.VERSION2, client_id="bench-contestant", clean_session=False)
    client.username_pw_set(os.environ["BENCH_USERNAME"], os.environ["BENCH_PASSWORD"])
    client.on_socket_open = send_at_once
    client.on_connect = lambda client, *_: client.subscribe(filters)
    client.on_subscribe = lambda *_: print("ready", flush=True)
    client.on_message = on_message
    client.connect("127.0.0.1", int(os.environ["BENCH_PORT"]))
    client.loop_start()
    return client


def send_at_once(_client: Client, _userdata: object, sock: Any) -> None:  # noqa: ANN401 - paho's loose type
    """Switch Nagle's algorithm off."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def on_message(_client: Client, _userdata: object, message: MQTTMessage) -> None:
    """In the network thread."""
    arrived.append((message.topic, bytes(message.payload)))


class Telemetry(StatelessSourcePartition[tuple[str, bytes]]):
    """Everything that has arrived; Bytewax asks again at once, or after 1 ms if there was nothing."""

    def next_batch(self) -> list[tuple[str, bytes]]:
        """Take it."""
        return [arrived.popleft() for _ in range(len(arrived))]


class TelemetrySource(DynamicSource[tuple[str, bytes]]):
    """For the one worker."""

    def build(self, _step_id: str, _worker_index: int, _worker_count: int) -> Telemetry:
        """Its partition."""
        return Telemetry()


class Alarms(StatelessSinkPartition[tuple[str, bytes]]):
    """Publishes."""

    def write_batch(self, items: list[tuple[str, bytes]]) -> None:
        """Each with QoS 1."""
        for topic, payload in items:
            mqtt.publish(alarm_topic(topic), payload, qos=1)


class AlarmSink(DynamicSink[tuple[str, bytes]]):
    """For the one worker."""

    def build(self, _step_id: str, _worker_index: int, _worker_count: int) -> Alarms:
        """Its partition."""
        return Alarms()


def frame_of(item: tuple[str, bytes]) -> tuple[str, dict[str, Any]]:
    """By topic: the key of the state."""
    return item[0], json.loads(item[1])


def keep(hot: bool | None, frame: dict[str, Any]) -> tuple[bool, list[bytes]]:  # noqa: FBT001 - Bytewax's way
    """The rule with its state as Bytewax keeps it."""
    is_hot, alarm = judge(frame, hot=bool(hot))
    return is_hot, [] if alarm is None else [alarm]


mqtt = connect()
flow = Dataflow("alarms")
telemetry = op.input("telemetry", flow, TelemetrySource())
frames = op.map("frames", telemetry, frame_of)
temperatures = op.filter("temperatures", frames, lambda item: "readings" in item[1])
alarms = op.stateful_flat_map("judge", temperatures, keep)
op.output("alarms", alarms, AlarmSink())
