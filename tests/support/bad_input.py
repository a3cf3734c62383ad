"""Everything that should not come over the bus, and comes."""

from __future__ import annotations

import json
from typing import Final

from hypothesis import strategies as st

from cordguard.contract import topics as table
from cordguard.contract.capture import CapturedInput
from cordguard.contract.units import PAYLOAD_MAX_BYTES
from cordguard.engine.alarms import Emission
from cordguard.engine.room import RoomEngine
from support.messages import messages as messages_of
from support.room import ROOM, SITE, SOURCE, START_US, shipped_policy

TIME_MAX_US: Final = 9_000_000_000_000_000
SEQ_MAX: Final = 2**63 - 1
BEGINNING: Final = f"cordguard/v1/{SITE}/{ROOM}"

NOT_READABLE: Final[dict[str, bytes]] = {
    "empty": b"",
    "torn": b'{"seq":1,"at_us":2,"readings":[{"sens',
    "no JSON": b"hello",
    "NaN alone": b"NaN",
    "null": b"null",
    "a list": b"[]",
    "another's message": b'{"alarm":"R01"}',
    "invalid UTF-8": b'{"seq":1,"at_us":2,"rf_on":true,"power_w":1,"readings":[{"sensor":"\xff"}],"state":"\xff"}',
    "line feeds": b"\n\r\n\x00",
    "deeply nested": b"[" * 15_000 + b"]" * 15_000,
    "a number of 10,000 digits": b'{"seq":' + b"9" * 10_000 + b"}",
    "a byte over 64 KiB": b"{" + b" " * PAYLOAD_MAX_BYTES,
    "1 MB": b'{"seq":1}' + b" " * 1_000_000,
}
"""Nothing in these can be used, on any topic."""

WORDS: Final = ("generator", "temperature", "status")
PEOPLE: Final = ("case", "mark", "command", "annunciator")
UNKNOWN_TOPICS: Final = (
    "gen-1/pressure",
    "gen-1/temperature/raw",
    "gen-1/Temperature",
    "GEN-1/temperature",
    "gen 1/generator",
    "gen_1/status",
    f"{'x' * 64}/temperature",
    "-gen/temperature",
    "gén/temperature",
    "case/extra",
    "Case",
)
"""Below the room, and none of the table's."""


def unreadable_messages() -> list[tuple[str, bytes]]:
    """Every kind of unreadable payload on every topic that safety hears, below the room."""
    topics = [*(f"{SOURCE}/{word}" for word in WORDS), *PEOPLE]
    good = b'{"seq":1,"at_us":2,"rf_on":true,"power_w":1.0}'
    return [(topic, payload) for topic in topics for payload in NOT_READABLE.values()] + [
        (topic, good) for topic in UNKNOWN_TOPICS
    ]


def engine() -> RoomEngine:
    """An empty room."""
    return RoomEngine(SITE, ROOM, shipped_policy())


def play(inputs: list[CapturedInput], room: RoomEngine | None = None) -> list[Emission]:
    """Everything that a room says to these inputs."""
    room = room or engine()
    return [emission for entry in inputs for emission in room.feed(entry)]


def said(emissions: list[Emission], *words: str) -> list[bytes]:
    """What was said on these topics, byte for byte."""
    return [emission.message.to_wire() for emission in emissions if emission.topic.name in words]


_TIMES = st.one_of(
    st.sampled_from([0, 1, TIME_MAX_US, TIME_MAX_US - 1, START_US]),
    st.integers(0, TIME_MAX_US),
    st.integers(START_US - 4_000_000_000, START_US + 4_000_000_000),
)
_SEQS = st.one_of(st.sampled_from([0, SEQ_MAX]), st.integers(0, 200), st.integers(0, SEQ_MAX))
_NUMBERS = st.one_of(
    st.floats(), st.integers(), st.floats(20.0, 60.0), st.none(), st.booleans(), st.sampled_from([10**400, "45"])
)
_SENSORS = st.sampled_from(["canal", "tip", "root", "x", "A b", "", None, 3])


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """Frames as a device out of its mind would send them: all of the right shape, or nearly."""
    readings = draw(
        st.lists(
            st.one_of(
                st.fixed_dictionaries({"sensor": _SENSORS, "temperature_c": _NUMBERS}),
                st.fixed_dictionaries({"sensor": _SENSORS, "fault": st.sampled_from(["open", "short", "odd", 1])}),
                st.none(),
            ),
            max_size=4,
        )
    )
    body: dict[str, object] = {
        "readings": readings,
        "rf_on": draw(st.booleans()),
        "power_w": draw(_NUMBERS),
        "impedance_ohm": 1.0,
    }
    extra: dict[str, object] = draw(st.sampled_from([{}, {"session": "s-9"}, {"session": 1}, {"firmware": {"a": [1]}}]))
    return json.dumps({"seq": draw(_SEQS), "at_us": draw(_TIMES)} | body | extra).encode()


@st.composite
def torn(draw: st.DrawFn) -> bytes:
    """A frame with a few bytes wrong."""
    payload = bytearray(draw(frames()))
    for _ in range(draw(st.integers(1, 4))):
        payload[draw(st.integers(0, len(payload) - 1))] = draw(st.integers(0, 255))
    return bytes(payload[: draw(st.integers(0, len(payload)))] if draw(st.booleans()) else payload)


def payloads() -> st.SearchStrategy[bytes]:
    """Any bytes at all, with a liking for those that nearly mean something."""
    return st.one_of(frames(), torn(), st.binary(max_size=200), st.sampled_from([*NOT_READABLE.values()]))


def topics() -> st.SearchStrategy[str]:
    """Topics below a room that a filter of safety's matches, well formed or not."""
    level = st.one_of(st.sampled_from([SOURCE, "other", "canary", "services"]), st.text(min_size=1, max_size=5))
    known = st.sampled_from([f"{SOURCE}/{word}" for word in WORDS] + [*PEOPLE])
    built = st.builds(lambda source, word: f"{source.replace('/', '')}/{word}", level, st.sampled_from(WORDS))
    return st.one_of(known, built, st.sampled_from(UNKNOWN_TOPICS))


def valid_messages() -> st.SearchStrategy[tuple[str, bytes]]:
    """Messages that the contract allows, however absurd, on their own topics."""
    rows = [table.GENERATOR, table.TEMPERATURE, table.STATUS, table.CASE, table.MARK, table.COMMAND]
    return st.one_of(
        *(
            st.tuples(
                st.just(row.template.format(room=ROOM, source=SOURCE).removeprefix(f"{ROOM}/")),
                messages_of(row.payload).map(lambda content: json.dumps(content).encode()),
            )
            for row in rows
        )
    )
