"""The hash of an entry, and the canonical form of its content."""

from __future__ import annotations

import hashlib

import pytest

from cordguard.audit.entry import GENESIS, Draft, NotCanonicalError, canonical, hash_of, seal

DRAFT = Draft(
    site="site",
    room="room-1",
    procedure="p-1",
    session=None,
    kind="mark",
    key="m-1",
    at_us=5,
    content='{"note":"45 °C"}'.encode(),
)


def test_the_hash_is_the_documented_one_byte_for_byte() -> None:
    entry = seal(DRAFT, number=7, recorded_us=6, previous_hash=GENESIS)
    hashed = (
        f'["cordguard-ledger-1",7,6,5,"site","room-1","p-1",null,"mark","m-1","{GENESIS}"]\n' + '{"note":"45 °C"}'
    ).encode()
    assert entry.hash == hashlib.sha256(hashed).hexdigest() == hash_of(entry)


def test_canonical_json_sorts_keys_drops_spaces_and_keeps_utf8() -> None:
    assert canonical(b'{ "b": [1, 2.50, null], "a": {"z": "\\u00b0C", "y": true} }') == (
        '{"a":{"y":true,"z":"°C"},"b":[1,2.5,null]}'.encode()
    )


@pytest.mark.parametrize(
    "payload", [b"", b"{", b'{"a":NaN}', b'{"a":1e999}', b'{"a":"\\ud800"}', b"\xff", b"[" * 100_000]
)
def test_what_has_no_canonical_form_is_refused_with_a_sentence(payload: bytes) -> None:
    with pytest.raises(NotCanonicalError, match="message: no canonical JSON"):
        canonical(payload)


@pytest.mark.parametrize(
    "payload", [b'{"a":1.0}', b'{"a":-0.0,"b":1e300}', b'{"a":"\\u0000\\n"}', b"12345678901234567890123"]
)
def test_canonical_form_is_a_fixed_point(payload: bytes) -> None:
    once = canonical(payload)
    assert canonical(once) == once
    assert b"\n" not in once
