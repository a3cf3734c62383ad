"""Whatever order messages come in and however often: the same record, and a whole chain."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from cordguard.audit.entry import Draft, Entry
from cordguard.audit.intake import read
from cordguard.audit.ledger import open_ledger
from cordguard.audit.verify import verify
from support.audit_messages import (
    OPENED_US,
    SITE,
    Sent,
    case,
    command,
    mark,
    summary,
    transition,
    whole_session,
)

NEXT_US = OPENED_US + 1_000

MESSAGES: list[Sent] = [
    *whole_session(),
    case("s-2", opened_us=NEXT_US, procedure="p-2"),
    mark("of-2", at_us=NEXT_US + 1),
    mark("elsewhere", room="room-2"),
    command("late", at_us=NEXT_US + 2, action="reset"),
    transition(3, change="reset", command_id="late"),
    transition(4, message="The same step, in other words"),
    transition(4),
    summary("s-2", 1, opened_us=NEXT_US, procedure="p-2"),
    ("cordguard/v1/site/room-1/mark", b"not JSON"),
]

orders = st.permutations(MESSAGES).flatmap(
    lambda order: st.lists(st.sampled_from(order), max_size=len(order)).map(lambda again: [*order, *again])
)


def facts(entries: tuple[Entry, ...]) -> set[tuple[str, str, bytes]]:
    """What entries say, whichever of two contradicting ones came first."""
    said: set[tuple[str, str, bytes]] = set()
    for entry in entries:
        kind, key = str(entry.kind), entry.key
        if kind == "conflict":
            kind, key = key.split(":")[0], key.split(":")[1]
        said.add((kind, key, entry.content))
    return said


def drafts(sent: list[Sent]) -> list[Draft]:
    return [draft for topic, payload in sent if (draft := read(SITE, topic, payload, received_us=0)) is not None]


def recorded(folder: str, order: list[Sent], batch: int) -> dict[str, set[tuple[str, str, bytes]]]:
    """Keep the messages in this order, in transactions of so many, in runs of one transaction each."""
    path = Path(folder) / "ledger.db"
    kept = drafts(order)
    for start in range(0, len(kept), batch):
        ledger = open_ledger(path)
        ledger.append(kept[start : start + batch], 1)
        ledger.close()
    ledger = open_ledger(path)
    found = {
        "all": facts(ledger.entries()),
        "s-1": facts(ledger.of_session("s-1")),
        "s-2": facts(ledger.of_session("s-2")),
        "p-1": facts(ledger.of_procedure("p-1")),
    }
    assert len(ledger.entries()) == len(found["all"]), "each once"
    ledger.close()
    verification = verify(path)
    assert verification.good, verification.problems
    return found


@cache
def in_order() -> dict[str, set[tuple[str, str, bytes]]]:
    """The record of the messages as they happened, in one go."""
    with TemporaryDirectory() as folder:
        return recorded(folder, MESSAGES, len(MESSAGES))


@settings(max_examples=40)
@given(order=orders, batch=st.integers(min_value=5, max_value=30))
def test_a13_h16_any_order_and_any_repetition_give_the_same_record(order: list[Sent], batch: int) -> None:
    with TemporaryDirectory() as folder:
        assert recorded(folder, order, batch) == in_order()
