"""Whatever comes in is kept to the byte, and a cut costs the last line only."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from cordguard.contract.capture import (
    CapturedInput,
    CaptureError,
    decode_line,
    encode_line,
    read_lines,
    split_torn_tail,
)

JSON_TEXTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
).map(lambda value: json.dumps(value, ensure_ascii=False).encode(errors="surrogatepass"))

ENTRIES = st.builds(
    CapturedInput,
    received_us=st.integers(0, 9_000_000_000_000_000),
    topic=st.text(max_size=40),
    payload=JSON_TEXTS | st.binary(max_size=200),
    retained=st.booleans(),
    duplicate=st.booleans(),
)


@given(ENTRIES)
def test_every_input_is_kept_to_the_byte(entry: CapturedInput) -> None:
    assert decode_line(encode_line(entry)) == entry


@given(ENTRIES)
def test_a_line_is_one_line_of_json_with_its_payload_last(entry: CapturedInput) -> None:
    line = encode_line(entry)
    assert (line.count(b"\n"), line.count(b"\r"), line[-1:]) == (1, 0, b"\n")
    keys = list(json.loads(line))
    allowed = ["received_us", "topic", "retained", "dup", "payload", "payload_base64"]
    assert keys == [key for key in allowed if key in keys]
    assert keys[-1] in ("payload", "payload_base64")


@given(st.lists(ENTRIES, min_size=1, max_size=4), st.data())
def test_a_cut_at_any_byte_costs_the_torn_line_only(entries: list[CapturedInput], data: st.DataObject) -> None:
    lines = [encode_line(entry) for entry in entries]
    content = b"".join(lines)
    cut = data.draw(st.integers(0, len(content)))
    whole, torn = split_torn_tail(content[:cut])
    kept = list(read_lines(whole))
    assert kept == entries[: len(kept)]
    ends = [sum(map(len, lines[:number])) for number in range(len(lines) + 1)]
    assert len(whole) == max(end for end in ends if end <= cut)
    assert (torn.length if torn else 0) == cut - len(whole)


@given(st.binary(max_size=120) | JSON_TEXTS)
def test_any_bytes_are_a_line_or_a_capture_error(line: bytes) -> None:
    try:
        decode_line(line)
    except CaptureError as error:
        assert str(error).startswith("capture: ")  # noqa: PT017 - bytes that are a line are fine too
