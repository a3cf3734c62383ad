"""Whatever message the contract allows, the recorder keeps it, and the same message twice changes nothing."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cordguard.contract import topics
from cordguard.contract.lenient import Unreadable
from cordguard.recorder.intake import rows_of
from cordguard.recorder.outbox import SHIPPED
from cordguard.recorder.points import line_of, point_of
from cordguard.recorder.shell import KEPT
from cordguard.recorder.store import Kept, open_store
from support.messages import messages


def concrete(topic: topics.Topic) -> str:
    return topic.at("north", room="or1", **({"source": "gen-1"} if "{source}" in topic.template else {}))


@pytest.mark.parametrize("topic", KEPT, ids=lambda topic: topic.name)
@settings(max_examples=40)
@given(data=st.data())
def test_any_message_of_the_contract_is_kept_once(
    topic: topics.Topic, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    message: dict[str, Any] = data.draw(messages(topic.payload))
    rows = rows_of(concrete(topic), json.dumps(message).encode())
    if isinstance(rows, Unreadable):
        return  # a rule that JSON Schema cannot say, or a number that no 64 bits hold
    with closing(open_store(_folder(tmp_path_factory) / "store.db")) as store:
        first, second = store.keep(rows), store.keep(rows)
    assert isinstance(first, Kept)
    assert second == Kept(new=0, repeated=len(rows) - first.conflicting, conflicting=first.conflicting)
    assert all("\n" not in line_of(point_of(row)) for row in rows if isinstance(row, SHIPPED))


@pytest.mark.parametrize("topic", KEPT, ids=lambda topic: topic.name)
@given(payload=st.binary(max_size=200))
def test_any_bytes_are_rows_or_a_reason(topic: topics.Topic, payload: bytes) -> None:
    rows = rows_of(concrete(topic), payload)
    assert isinstance(rows, Unreadable)
    assert rows.reason


@pytest.mark.parametrize("bad", ["\\ud800", "\\udfff\\ud800"])
def test_half_a_character_is_unreadable_and_kills_nobody(bad: str) -> None:
    payload = f'{{"topic":"x","received_us":4,"reason":"{bad}","count":1}}'.encode()
    assert isinstance(rows_of(topics.REJECTED.at("north", room="or1"), payload), Unreadable)


def test_a_number_that_no_64_bits_hold_is_unreadable_and_kills_nobody() -> None:
    payload = b'{"seq":1,"at_us":%d,"readings":[{"sensor":"a","temperature_c":1.0}]}' % 2**64
    assert isinstance(rows_of(concrete(topics.TEMPERATURE), payload), Unreadable)


def _folder(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("store")
