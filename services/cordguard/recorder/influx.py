"""InfluxDB behind one function: write these lines, and say what became of them.

influxdb-client carries them, synchronously; its own retries and batching stay off, since both would keep data in memory
only and drop it when they give up. The cursor in our store does both jobs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Protocol

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from cordguard.recorder.settings import RecorderSettings

REQUEST_TIMEOUT_MS: Final = (2_000, 5_000)
"""Longest wait for a connection and for an answer: also the longest that closing can take."""


@dataclass(frozen=True, slots=True)
class Written:
    """All lines are in."""

    expired: int = 0
    """Lines that InfluxDB dropped as older than what it keeps."""


@dataclass(frozen=True, slots=True)
class Refused:
    """At least one line is bad; the good ones may be in. The same lines will never be taken whole."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Nothing was said about the lines; later it may work."""

    reason: str
    retry_after_s: float | None = None
    """When the server wants to be asked again, if it said so."""


Answer = Written | Refused | Unavailable


class LineWriter(Protocol):
    """A place that takes lines of line protocol."""

    def write(self, lines: Sequence[str]) -> Answer:
        """Send the lines and wait for the answer."""

    def close(self) -> None:
        """Close the connection."""


class InfluxWriter:
    """InfluxDB over HTTP, gzipped, one request for each call."""

    def __init__(self, url: str, token: str, *, org: str, bucket: str) -> None:
        """Connects at the first write."""
        self._bucket = bucket
        self._url = url
        self._client = InfluxDBClient(
            url=url, token=token, org=org, timeout=REQUEST_TIMEOUT_MS, enable_gzip=True, retries=False
        )
        self._api = self._client.write_api(write_options=SYNCHRONOUS)

    def write(self, lines: Sequence[str]) -> Answer:
        """Send the lines; their time stamps are nanoseconds, which is what the client says by itself."""
        try:
            self._api.write(bucket=self._bucket, record="\n".join(lines))
        except ApiException as error:
            return self._answer(error)
        except (HTTPError, OSError) as error:
            return Unavailable(f"InfluxDB at {self._url} does not answer ({_name(error)}); see whether it runs")
        return Written()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()  # type: ignore[no-untyped-call]

    def _answer(self, error: ApiException) -> Answer:
        said = _message(error)
        match error.status:
            case HTTPStatus.BAD_REQUEST | HTTPStatus.UNPROCESSABLE_ENTITY if expired := _EXPIRED.search(said):
                return Written(expired=int(expired["dropped"]))
            case HTTPStatus.BAD_REQUEST | HTTPStatus.UNPROCESSABLE_ENTITY | HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                return Refused(said)
            case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
                advice = f"check that the token may write to the bucket {self._bucket!r}"
            case HTTPStatus.NOT_FOUND:
                advice = f"make the bucket {self._bucket!r}, or check its name and the organisation's"
            case _:
                advice = "it is asked again"
        reason = f"InfluxDB at {self._url} answered {error.status} ({said}); {advice}"
        return Unavailable(reason, _retry_after_s(error))


def open_influx(settings: RecorderSettings) -> InfluxWriter:
    """The InfluxDB of the settings.

    Raises:
        ValueError: the settings name none.
    """
    if settings.influx_url is None or settings.influx_token is None:
        msg = "influx_url and influx_token are not set"
        raise ValueError(msg)
    return InfluxWriter(
        settings.influx_url, settings.influx_token, org=settings.influx_org, bucket=settings.influx_bucket
    )


_EXPIRED: Final = re.compile(r"beyond retention policy.*?dropped=(?P<dropped>\d+)")
_SAID_MAX: Final = 300


def _message(error: ApiException) -> str:
    """What the server said, at most 300 characters."""
    body = error.body or error.reason or ""
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body)
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if isinstance(content, dict):
        text = str(content.get("message") or content.get("error") or text)
    return " ".join(text.split())[:_SAID_MAX]


def _name(error: Exception) -> str:
    return type(error).__name__


def _retry_after_s(error: ApiException) -> float | None:
    headers: Mapping[str, str] = error.headers or {}
    value = headers.get("Retry-After", "")
    return float(value) if value.isdigit() else None
