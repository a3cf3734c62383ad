"""The capture file: what a line looks like, and what is said about a line that is none."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from cordguard.contract.capture import (
    KEPT_OF_OVERSIZED_BYTES,
    CapturedInput,
    CaptureError,
    TornTail,
    decode_line,
    encode_line,
    read_bytes,
    read_lines,
    split_torn_tail,
)
from cordguard.contract.units import PAYLOAD_MAX_BYTES

TOPIC = "cordguard/v1/site/or-1/gen-1/temperature"
GOOD = b'{"received_us":1,"topic":"t","payload":{"a":1}}'


def test_a_line_is_the_one_of_the_specification() -> None:
    entry = CapturedInput(17, TOPIC, b'{ "seq" : 1.50 }')
    assert encode_line(entry) == b'{"received_us":17,"topic":"' + TOPIC.encode() + b'","payload":{ "seq" : 1.50 }}\n'


def test_keys_stand_in_their_order_and_flags_only_when_true() -> None:
    entry = CapturedInput(17, "t", b"1", retained=True, duplicate=True)
    assert encode_line(entry) == b'{"received_us":17,"topic":"t","retained":true,"dup":true,"payload":1}\n'
    assert encode_line(CapturedInput(17, "t", b"1")) == b'{"received_us":17,"topic":"t","payload":1}\n'


@pytest.mark.parametrize("payload", [b"{}", b" [1, 2] ", b'"\xc2\xb0C"', b"null", b'{"a":",\\"payload\\":"}'])
def test_strict_json_on_one_line_stands_verbatim(payload: bytes) -> None:
    line = encode_line(CapturedInput(1, "t", payload))
    assert b'"payload":' + payload + b"}\n" in line
    assert json.loads(line)["topic"] == "t"
    assert decode_line(line).payload == payload


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"not json",
        b"{",
        b'{"t":NaN}',
        b'{"t":Infinity}',
        b'{"a":1\n}',
        b'{"a":\r1}',
        b'"\xff"',
        b"\xef\xbb\xbf{}",
        b"{}{}",
    ],
    ids=repr,
)
def test_anything_else_stands_in_base64(payload: bytes) -> None:
    line = encode_line(CapturedInput(1, "t", payload))
    assert list(json.loads(line)) == ["received_us", "topic", "payload_base64"]
    assert decode_line(line).payload == payload


def test_a_message_of_64_kib_is_kept_whole() -> None:
    entry = CapturedInput(1, "t", b'"' + b"a" * (PAYLOAD_MAX_BYTES - 2) + b'"')
    assert decode_line(encode_line(entry)) == entry


def test_an_input_of_our_own_is_kept_whole_at_any_size() -> None:
    entry = CapturedInput(1, "local/continued", b'"' + b"a" * PAYLOAD_MAX_BYTES * 2 + b'"')
    assert decode_line(encode_line(entry)) == entry


@pytest.mark.parametrize("size", [PAYLOAD_MAX_BYTES + 1, 1_000_000])
def test_of_a_longer_message_the_first_4_kib_and_the_size_are_kept(size: int) -> None:
    payload = b'"' + b"a" * (size - 2) + b'"'
    line = encode_line(CapturedInput(1, "t", payload))
    assert list(json.loads(line)) == ["received_us", "topic", "size", "payload_base64"]
    kept = decode_line(line)
    assert kept == CapturedInput(1, "t", payload[:KEPT_OF_OVERSIZED_BYTES], size=size)
    assert encode_line(kept) == line


@pytest.mark.parametrize(
    "line",
    [
        b"[]",
        b"x",
        b"{",
        b"{}",
        b"\xff",
        b'{"received_us":1,"topic":"t"}',
        b'{"received_us":1,"topic":"t","payload_base64":"?"}',
        b'{"received_us":1,"topic":"t","payload_base64":null}',
        b'{"received_us":1,"topic":"t","payload":{"a":1}',
        b'{"received_us":1,"topic":"t","payload":nonsense}',
        b'{"received_us":"1","topic":"t","payload":1}',
        b'{"received_us":-1,"topic":"t","payload":1}',
        b'{"received_us":true,"topic":"t","payload":1}',
        b'{"received_us":1.5,"topic":"t","payload":1}',
        b'{"received_us":1,"topic":7,"payload":1}',
        b'{"topic":"t","payload":1}',
        b'{"received_us":1,"payload":1}',
        b"[" * 100_000,
    ],
    ids=lambda line: repr(line[:60]),
)
def test_a_bad_line_is_named_with_its_file_and_number(line: bytes) -> None:
    lines = read_lines(GOOD + b"\n\n" + line + b"\n", name="case.capture.jsonl")
    assert next(lines) == CapturedInput(1, "t", b'{"a":1}')
    with pytest.raises(CaptureError, match=r"^case\.capture\.jsonl, line 3: "):
        next(lines)


def test_the_tail_behind_the_last_line_feed_is_torn_off() -> None:
    assert split_torn_tail(b"") == (b"", None)
    assert split_torn_tail(GOOD + b"\n") == (GOOD + b"\n", None)
    assert split_torn_tail(GOOD) == (b"", TornTail(0, len(GOOD)))
    assert split_torn_tail(GOOD + b"\n" + GOOD) == (GOOD + b"\n", TornTail(len(GOOD) + 1, len(GOOD)))


def test_cut_at_every_byte_only_the_torn_line_is_lost() -> None:
    entries = [CapturedInput(n, "t", payload) for n, payload in enumerate((b'{"a":1}', b"\xff\n", b"[ 1 ]"))]
    content = b"".join(map(encode_line, entries))
    for cut in range(len(content) + 1):
        whole, torn = split_torn_tail(content[:cut])
        assert list(read_lines(whole)) == entries[: content[:cut].count(b"\n")]
        assert whole + content[cut - torn.length if torn else cut : cut] == content[:cut]


def test_a_capture_may_be_gzip(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.capture.jsonl", tmp_path / "a.capture.jsonl.gz"
    plain.write_bytes(GOOD + b"\n")
    packed.write_bytes(gzip.compress(GOOD + b"\n"))
    assert read_bytes(plain) == read_bytes(packed) == GOOD + b"\n"


@pytest.mark.parametrize("damage", ["cut", "body", "missing"])
def test_a_capture_that_cannot_be_read_is_named(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "a.capture.jsonl.gz"
    packed = gzip.compress(GOOD * 50)
    if damage == "cut":
        path.write_bytes(packed[:-9])
    if damage == "body":
        path.write_bytes(packed[:12] + b"\xff" * 8 + packed[20:])
    with pytest.raises(CaptureError, match=r"a\.capture\.jsonl\.gz: cannot be read"):
        read_bytes(path)
