"""What waits for a commit waits once, and what nobody promised to keep gives way."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from cordguard.bus.port import Message, QoS
from cordguard.recorder import batch as batch_module
from cordguard.recorder.batch import Batch
from cordguard.recorder.rows import MarkRow
from cordguard.runtime.held import HANDLES_MAX, Held


@dataclass
class FakeDelivery:
    message: Message
    acknowledged: int = field(default=0)

    def acknowledge(self) -> None:
        self.acknowledged += 1


def delivery(name: str, qos: QoS = 1) -> FakeDelivery:
    return FakeDelivery(Message("topic", name.encode(), qos=qos))


def row(name: str) -> MarkRow:
    return MarkRow("north", "or1", name, 1, "note", b"")


def test_rows_wait_in_order_and_every_delivery_is_acknowledged() -> None:
    batch = Batch()
    deliveries = [delivery(name) for name in "abc"]
    for one in deliveries:
        batch.add(one, (row(one.message.payload.decode()),))
    assert [one.mark_id for one in batch.rows() if isinstance(one, MarkRow)] == ["a", "b", "c"]
    batch.acknowledge()
    assert [one.acknowledged for one in deliveries] == [1, 1, 1]
    assert len(batch) == 0


def test_a_message_that_comes_again_while_it_waits_waits_once_and_both_are_acknowledged() -> None:
    batch = Batch()
    first, again = delivery("a"), delivery("a")
    batch.add(first, (row("a"),))
    batch.add(again, (row("a"),))
    assert len(batch.rows()) == 1
    batch.acknowledge()
    assert (first.acknowledged, again.acknowledged) == (1, 1)


def test_however_often_a_message_comes_again_its_handles_are_bounded() -> None:
    batch = Batch()
    deliveries = [delivery("a") for _ in range(1_000)]
    for one in deliveries:
        batch.add(one, (row("a"),))
    batch.acknowledge()
    assert [one.acknowledged for one in deliveries[-HANDLES_MAX:]] == [1] * HANDLES_MAX
    assert sum(one.acknowledged for one in deliveries) == HANDLES_MAX


def test_vitals_give_way_when_too_much_waits_and_promised_messages_never_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_module, "VITALS_WAITING_MAX", 2)
    batch = Batch()
    for name in "abc":
        batch.add(delivery(name, qos=0), (row(name),))
    batch.add(delivery("d", qos=1), (row("d"),))
    assert [one.mark_id for one in batch.rows() if isinstance(one, MarkRow)] == ["a", "b", "d"]
    assert batch.dropped == 1


def test_what_was_kept_is_let_go_oldest_first_and_the_rest_waits_on() -> None:
    held = Held[str]()
    deliveries = [delivery(name) for name in "abc"]
    for one in deliveries:
        held.add(one, one.message.payload.decode())
    assert held.oldest(2) == ["a", "b"]
    held.acknowledge(2)
    assert [one.acknowledged for one in deliveries] == [1, 1, 0]
    assert held.oldest() == ["c"]
    assert deliveries[2].message in held
    assert deliveries[0].message not in held
