"""The least that can be done in Python: one paho client, one callback, one rule. A program.

Imports nothing of ours but the rule. The account's password is in the environment.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
from typing import Any, Final

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from cordguard_bench.contestants.hysteresis import alarm_topic, judge

PASSWORD: Final = "BENCH_PASSWORD"  # noqa: S105 - the name of a variable

hot: set[str] = set()
"""Topics whose newest temperature crossed the limit and has not come down."""


def on_message(client: Client, _userdata: object, message: MQTTMessage) -> None:
    """Judge every temperature."""
    frame = json.loads(message.payload)
    if "readings" not in frame:
        return
    topic = message.topic
    is_hot, alarm = judge(frame, hot=topic in hot)
    (hot.add if is_hot else hot.discard)(topic)
    if alarm is not None:
        client.publish(alarm_topic(topic), alarm, qos=1)


def send_at_once(_client: Client, _userdata: object, sock: Any) -> None:  # noqa: ANN401 - paho's loose type
    """Switch Nagle's algorithm off."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def main() -> None:
    """See the head of this file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("username")
    parser.add_argument("filters", nargs="+")
    parser.add_argument("--nodelay", action="store_true")
    asked = parser.parse_args()

    def on_connect(client: Client, _u: object, _f: ConnectFlags, _r: ReasonCode, _p: Properties | None) -> None:
        client.subscribe([(topic_filter, 1) for topic_filter in asked.filters])

    def on_subscribe(_c: Client, _u: object, _n: int, reasons: list[ReasonCode], _p: Properties | None) -> None:
        print("refused" if any(reason.is_failure for reason in reasons) else "ready", flush=True)

    client = Client(CallbackAPIVersion.VERSION2, client_id="bench-contestant", clean_session=False)
    client.username_pw_set(asked.username, os.environ[PASSWORD])
    client.on_connect, client.on_subscribe, client.on_message = on_connect, on_subscribe, on_message
    if asked.nodelay:
        client.on_socket_open = send_at_once
    client.connect("127.0.0.1", asked.port)
    client.loop_forever()


if __name__ == "__main__":
    main()
