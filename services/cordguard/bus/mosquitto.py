"""What a mosquitto 2.0 broker is told: configuration, access list and password file, as text.

How it treats an MQTT client that goes beyond its permissions (measured with 2.0.11, held by tests): a publication is
confirmed like any other, then dropped; nobody hears it, nothing is retained, the connection stays. A last will
likewise. A subscription is granted whatever it asks for; of what comes under it only what the client may read is
delivered.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from cordguard.bus.nats import MAX_PAYLOAD_BYTES
from cordguard.bus.permissions import permissions_of
from cordguard.contract.topics import Party

CONFIG_NAME: Final = "mosquitto.conf"
ACCESS_NAME: Final = "mosquitto.acl"
PASSWORDS_NAME: Final = "mosquitto.passwords"

AUTOSAVE_S: Final = 1
"""It writes what it keeps to disk once in so many seconds; what came since is lost when it is killed."""

MAX_INFLIGHT: Final = 200
"""Unacknowledged messages of one client on their way at once; further ones wait in its queue."""

MAX_QUEUED: Final = 10_000_000
"""Messages that wait for one client: more than memory holds, so no limit in practice."""

SALT_BYTES: Final = 12
"""mosquitto 2.0 takes no other length."""

HASH_ROUNDS: Final = 5_000
"""Of PBKDF2. Passwords are long and random; mosquitto counts in the thread that carries alarms, at every connect."""


def mosquitto_files(
    port: int,
    passwords: Mapping[Party, str],
    site: str,
    *,
    folder: Path,
    store: Path,
    salt: Callable[[], bytes],
    host: str = "127.0.0.1",
) -> Mapping[str, str]:
    """The three files it reads, by name: MQTT on loopback, everything kept below ``store``, one account a party.

    Args:
        port: MQTT port.
        passwords: of each party that shall have an account.
        site: the site that the accounts are good for; ``+`` for any.
        folder: where the files will lie.
        store: where it keeps sessions, queues and retained messages.
        salt: gives ``SALT_BYTES`` random bytes, others for each account.
        host: another address than loopback only in a container, whose ports are published by its host.
    """
    hashed = (password_line(party, password, salt()) for party, password in passwords.items())
    return {
        CONFIG_NAME: _config(port, host, folder, store),
        ACCESS_NAME: access_list(passwords, site),
        PASSWORDS_NAME: "".join(f"{line}\n" for line in hashed),
    }


def access_list(parties: Iterable[Party], site: str) -> str:
    """Who may write and read what. Whoever is not named may nothing; a denial wins over what is allowed."""
    return "\n".join(_section(party, site) for party in parties)


def password_line(party: Party, password: str, salt: bytes) -> str:
    """An account as the password file has it: PBKDF2 with SHA-512, in mosquitto's notation ``$7$``.

    Raises:
        ValueError: the salt has another length than mosquitto takes.
    """
    if len(salt) != SALT_BYTES:
        msg = f"the salt has {len(salt)} bytes; mosquitto takes {SALT_BYTES}"
        raise ValueError(msg)
    derived = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, HASH_ROUNDS)
    encoded = "$".join(base64.b64encode(part).decode() for part in (salt, derived))
    return f"{party}:$7${HASH_ROUNDS}${encoded}"


def _section(party: Party, site: str) -> str:
    allowed = permissions_of(party, site)
    lines = [
        f"user {party}",
        *(f"topic deny {topic_filter}" for topic_filter in allowed.publish_never),
        *(f"topic write {topic_filter}" for topic_filter in allowed.publish),
        *(f"topic read {topic_filter}" for topic_filter in allowed.subscribe),
    ]
    return "".join(f"{line}\n" for line in lines)


def _config(port: int, host: str, folder: Path, store: Path) -> str:
    return f"""\
listener {port} {host}
allow_anonymous false
password_file {folder / PASSWORDS_NAME}
acl_file {folder / ACCESS_NAME}

# Sessions, queues and retained messages outlive the broker.
persistence true
persistence_location {store}/
autosave_interval {AUTOSAVE_S}
autosave_on_changes false

# With its default of 1000 it drops what it has confirmed, without a word. With 0, which means no limit, it ends the
# connection of whoever publishes what he may not (2.0.11), and his good messages with it.
max_queued_messages {MAX_QUEUED}
max_queued_bytes 0
max_inflight_messages {MAX_INFLIGHT}

# A longer message is confirmed and dropped. Far more than anybody reads.
message_size_limit {MAX_PAYLOAD_BYTES}

# Without it an alarm waits 20 to 45 ms for an acknowledgement.
set_tcp_nodelay true

log_dest stderr
log_type error
log_type warning
log_type notice
"""
