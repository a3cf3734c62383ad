"""What docs/explanations/brokers.md states of settings and times is what the code ships."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from cordguard.bus.mosquitto import AUTOSAVE_S, HASH_ROUNDS, MAX_INFLIGHT, MAX_QUEUED, mosquitto_files
from cordguard.bus.nats import ACK_WAIT_S, MAX_ACK_PENDING, MAX_PAYLOAD_BYTES, server_config
from cordguard.bus.outbox import FIRST_PAUSE_S, LAST_PAUSE_S, WINDOW
from cordguard.bus.paho import SUBSCRIBE_ATTEMPTS
from cordguard.bus.port import Connection
from cordguard.console.failures import SILENT_MS
from cordguard.contract.topics import Party
from cordguard.contract.units import OWN_MAX_BYTES
from cordguard.engine.streams import GRACE_US
from cordguard.engine.timers import OFFLINE_US
from cordguard.safety.shell import HOUSEKEEPING_US
from support.traceability import ROOT

PAGE = re.sub(r"\s+", " ", (ROOT / "docs" / "explanations" / "brokers.md").read_text(encoding="utf-8"))
PASSWORDS: Final[dict[Party, str]] = {"safety": "x" * 24, "device": "y" * 24}
OF_A_PLACE = ("listener", "persistence_location", "log_dest", "log_type", "password_file", "acl_file")
"""Settings that say where, and not how."""


def mosquitto_settings() -> list[str]:
    files = mosquitto_files(1883, PASSWORDS, "+", folder=Path("folder"), store=Path("store"), salt=lambda: b"0" * 12)
    lines = files["mosquitto.conf"].splitlines()
    return [line for line in lines if line and not line.startswith(("#", *OF_A_PLACE))]


@pytest.mark.parametrize("setting", mosquitto_settings())
def test_every_setting_that_mosquitto_is_told_stands_on_the_page(setting: str) -> None:
    assert f"`{setting}`" in PAGE


def test_every_limit_that_nats_is_told_stands_on_the_page() -> None:
    config = server_config(1883, Path("store"), PASSWORDS, "+")
    for setting in (
        f'ack_wait: "{ACK_WAIT_S}s"',
        f"max_ack_pending: {MAX_ACK_PENDING}",
        f"max_payload: {MAX_PAYLOAD_BYTES}",
    ):
        assert setting in config
        assert f"`{setting}`" in PAGE
    assert "sync_interval" not in config
    told = {line.split(":")[0].strip() for line in config.splitlines() if re.match(r" *(ack|max)_\w+:", line)}
    assert told == {"ack_wait", "max_ack_pending", "max_payload"}


@pytest.mark.parametrize(
    "stated",
    [
        f"after {ACK_WAIT_S} s, and after a reconnect",
        f"what is older than {AUTOSAVE_S} s",
        f"{MAX_PAYLOAD_BYTES // 2**20} MiB, four times the longest message",
        f"at most {WINDOW:,} publications with the broker at once",
        f"above our own window of {WINDOW:,} publications",
        f"hashed with {HASH_ROUNDS:,} rounds",
        f"keepalive {Connection('x').keepalive_s} s",
        f"with our keepalive of {Connection('x').keepalive_s} s",
        f"| 1.5 × keepalive | {1.5 * Connection('x').keepalive_s:g} s |",
        f"| {1.5 * Connection('x').keepalive_s:g} to {1.5 * Connection('x').keepalive_s + 5:g} s |",
        f"{FIRST_PAUSE_S:g} s apart at first, {LAST_PAUSE_S:g} s in the end",
        f"ends after {['', 'one', 'two', 'three'][SUBSCRIBE_ATTEMPTS]} times",
        f"calls a source offline after {OFFLINE_US / 1e6:g} s",
        f"call safety dead after {SILENT_MS / 1e3:g} s",
        f"A missing number counts as lost after {GRACE_US / 1e6:g} s",
        f"| up to {HOUSEKEEPING_US / 1e6:g} s (fsync every second) |",
        f"`max_inflight_messages {MAX_INFLIGHT}`",
        f"`max_queued_messages {MAX_QUEUED}`",
    ],
)
def test_every_figure_on_the_page_is_the_codes(stated: str) -> None:
    assert stated in PAGE


def test_the_longest_message_that_a_broker_takes_is_four_times_what_anybody_reads() -> None:
    assert MAX_PAYLOAD_BYTES == 4 * OWN_MAX_BYTES


def test_a_missing_number_waits_longer_than_a_redelivery() -> None:
    assert GRACE_US > ACK_WAIT_S * 1_000_000
    assert WINDOW < MAX_ACK_PENDING
