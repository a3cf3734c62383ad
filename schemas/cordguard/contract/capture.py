"""The capture file: every input in arrival order, one line each; journal, recording and evidence at once.

A line is ``{"received_us":…,"topic":"…"[,"retained":true][,"dup":true],"payload":…}`` without spaces. The payload
stands there verbatim, byte for byte, if it is strict JSON in UTF-8 without line breaks; else as ``payload_base64``.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from pydantic_core import SchemaValidator, core_schema, from_json

from cordguard.contract.units import PAYLOAD_MAX_BYTES

KEPT_OF_OVERSIZED_BYTES: Final = 4 * 1024
"""How much of a message over 64 KiB is kept; its true size stands beside it."""

LOCAL_PREFIX: Final = "local/"
"""Topics of inputs that safety makes itself: started, continued, tick, policy, self-check."""

_PAYLOAD: Final = b',"payload":'
_PLAIN_LINE: Final = re.compile(
    rb'\{"received_us":(0|[1-9]\d{0,18}),"topic":"([a-z0-9/-]+)"(,"retained":true)?(,"dup":true)?,"payload":(.*)\}\n?\Z'
)
"""A line as ``encode_line`` makes it of nearly every message: nothing in its head has to be unquoted."""
_SKIM: Final = SchemaValidator(core_schema.typed_dict_schema({}, extra_behavior="ignore"))
"""Reads an object to its end and keeps nothing of it, at half the price of ``from_json``; it lets NaN pass."""
_GZIP_MAGIC: Final = b"\x1f\x8b"


@dataclass(slots=True)  # not frozen: one is made for every message, and that would take four times as long
class CapturedInput:
    """One input, as it arrived. Never changed once it is made."""

    received_us: int
    topic: str
    payload: bytes
    retained: bool = False
    duplicate: bool = False
    size: int | None = None
    """True size in bytes of a message of which only the beginning was kept; None if it is whole."""


class CaptureError(ValueError):
    """A line that is no capture line: says where, what was expected and what to do."""


@dataclass(frozen=True, slots=True)
class TornTail:
    """An incomplete last line, cut off: what a crash leaves behind."""

    offset: int
    """Where the complete lines end, in bytes."""
    length: int
    """How many bytes were cut off."""


def encode_line(entry: CapturedInput) -> bytes:
    """The line for an input, with its line feed. Our own (``local/…``, states among them) are never cut."""
    head = f'{{"received_us":{entry.received_us},"topic":{_quoted(entry.topic)}'
    if entry.retained:
        head += ',"retained":true'
    if entry.duplicate:
        head += ',"dup":true'
    size = entry.size if entry.size is not None else len(entry.payload)
    if size > PAYLOAD_MAX_BYTES and not entry.topic.startswith(LOCAL_PREFIX):
        kept = base64.b64encode(entry.payload[:KEPT_OF_OVERSIZED_BYTES]).decode()
        return f'{head},"size":{size},"payload_base64":"{kept}"}}\n'.encode()
    if _is_verbatim(entry.payload):
        return head.encode() + _PAYLOAD + entry.payload + b"}\n"
    return f'{head},"payload_base64":"{base64.b64encode(entry.payload).decode()}"}}\n'.encode()


def decode_line(line: bytes, *, where: str = "capture") -> CapturedInput:
    """The input of a line (with or without its line feed).

    Raises:
        CaptureError: it is no capture line; ``where`` names it in the message.
    """
    plain = _PLAIN_LINE.match(line)
    if plain is not None and _is_verbatim(payload := plain[5]):
        return CapturedInput(int(plain[1]), plain[2].decode(), payload, plain[3] is not None, plain[4] is not None)
    text = line.rstrip(b"\n")
    head, found, rest = text.partition(_PAYLOAD)
    verbatim = bool(found) and rest.endswith(b"}") and b'"payload_base64"' not in head
    try:
        fields = json.loads(head + b"}" if verbatim else text)
        received_us, topic = fields["received_us"], fields["topic"]
        payload = rest[:-1] if verbatim else base64.b64decode(fields["payload_base64"], validate=True)
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error) as error:
        msg = f"{where}: not a capture line ({error}); expected received_us, topic and payload or payload_base64"
        raise CaptureError(msg) from None
    if type(received_us) is not int or received_us < 0 or not isinstance(topic, str):
        msg = f"{where}: received_us must be a whole number of microseconds and topic a string"
        raise CaptureError(msg)
    if verbatim and not _is_verbatim(payload):
        msg = f'{where}: what stands behind "payload": is not JSON on one line'
        raise CaptureError(msg)
    size = fields.get("size")
    return CapturedInput(
        received_us,
        topic,
        payload,
        fields.get("retained") is True,
        fields.get("dup") is True,
        size if type(size) is int else None,
    )


def split_torn_tail(content: bytes) -> tuple[bytes, TornTail | None]:
    """The complete lines of a file's bytes, and what stands behind the last line feed."""
    end = content.rfind(b"\n") + 1
    return content[:end], (TornTail(end, len(content) - end) if end < len(content) else None)


def read_bytes(path: Path) -> bytes:
    """The bytes of a capture, unpacked if it is gzip.

    Raises:
        CaptureError: it cannot be read or unpacked.
    """
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content.startswith(_GZIP_MAGIC) else content
    except (OSError, EOFError, zlib.error) as error:
        msg = f"{path}: cannot be read ({error})"
        raise CaptureError(msg) from None


def read_lines(content: bytes, *, name: str = "capture") -> Iterator[CapturedInput]:
    """The inputs of complete lines, in order; empty lines are passed over.

    Raises:
        CaptureError: at the first line that is none, naming its number.
    """
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line:
            yield decode_line(line, where=f"{name}, line {number}")


@lru_cache(maxsize=4_096)
def _quoted(topic: str) -> str:
    return json.dumps(topic, ensure_ascii=False)


def _is_verbatim(payload: bytes) -> bool:
    """Whether a payload may stand in a line as it is: strict JSON, UTF-8, no CR or LF, no NaN."""
    if b"\n" in payload or b"\r" in payload:
        return False
    try:
        if b"NaN" in payload or b"Infinity" in payload or not payload.startswith(b"{"):
            from_json(payload, allow_inf_nan=False)
        else:
            _SKIM.validate_json(payload)
    except ValueError:
        return False
    return True
