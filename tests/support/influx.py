"""A real InfluxDB for tests: Debian's 1.6.7, behind a shim with the write path and accounts of later versions."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest

from support.waiting import wait_until

HOST: Final = "127.0.0.1"
TOKEN: Final = "write-token"
"""May write; the recorder's."""
READER: Final = base64.b64encode(b"grafana:read-password").decode()
"""May query; an account and its password, as Grafana sends them."""

_MAY_WRITE: Final = f"Token {TOKEN}"
_MAY_QUERY: Final = f"Basic {READER}"

_CONFIG: Final = """
reporting-disabled = true
bind-address = "{host}:{rpc_port}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  index-version = "tsi1"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "{host}:{port}"
  log-enabled = false
[logging]
  level = "error"
"""


class InfluxServer:
    """influxd in a folder, on ports of its own; what it has stays over ``stop`` and ``start``."""

    def __init__(self, folder: Path) -> None:
        """Nothing runs yet."""
        self._folder = folder
        self.port, rpc_port = free_ports(2)
        self._config = folder / "influxdb.conf"
        self._config.write_text(_CONFIG.format(host=HOST, port=self.port, rpc_port=rpc_port, folder=folder))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens; without a token and without ``/api/v2``, as 1.6.7 is."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        program = shutil.which("influxd")
        assert program is not None, "influxd is missing; on Debian: apt-get install influxdb"
        with (self._folder / "influxd.log").open("ab") as log:
            self._process = subprocess.Popen(
                [program, "-config", str(self._config)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_until(self._answers, timeout_s=30, what="InfluxDB to answer")

    def stop(self) -> None:
        """End it in good order."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.wait(20)

    def run(self, query: str, *, database: str | None = None) -> list[dict[str, Any]]:
        """The series that an InfluxQL statement answers with, times in nanoseconds.

        Raises:
            AssertionError: InfluxDB reports an error in it.
        """
        parameters = {"q": query, "epoch": "ns", **({"db": database} if database else {})}
        return series_of(post(f"{self.url}/query", parameters))

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/ping", timeout=1):  # noqa: S310 - http, loopback
                return True
        except OSError:
            return False


class Shim:
    """The write path and the accounts of InfluxDB 2 in front of 1.6.7: ``/api/v2/write``, ``/query`` and ``/ping``."""

    def __init__(self, server_url: str) -> None:
        """Listen on a free port."""
        self.fail_with: HTTPStatus | None = None
        """Answer this to every write, and pass nothing on."""
        self.retry_after_s: int | None = None
        self.lose_answers = False
        """Pass writes on, and break the connection in place of an answer."""
        self.writes = 0
        self.largest_write_lines = 0
        shim = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                shim.handle(self, server_url)

            do_GET = do_POST  # noqa: N815 - the name http.server calls

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        self._server.daemon_threads = False  # server_close then waits for them
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="influx shim")
        self._thread.start()

    @property
    def url(self) -> str:
        """What a recorder is given as ``influx_url``."""
        return f"http://{HOST}:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop listening and end every thread."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def handle(self, request: BaseHTTPRequestHandler, server_url: str) -> None:
        """Answer one request."""
        url = urllib.parse.urlsplit(request.path)
        body = request.rfile.read(int(request.headers.get("Content-Length", "0")))
        credentials = request.headers.get("Authorization", "")
        if url.path == "/ping":
            _answer(request, HTTPStatus.NO_CONTENT, b"")
        elif credentials != (_MAY_WRITE if url.path == "/api/v2/write" else _MAY_QUERY):
            _answer(request, HTTPStatus.UNAUTHORIZED, b'{"code":"unauthorized","message":"unauthorized access"}')
        elif url.path == "/api/v2/write":
            self._write(request, server_url, dict(urllib.parse.parse_qsl(url.query)), body)
        elif url.path == "/query":
            _answer(request, *_forward(f"{server_url}/query?{url.query}", request, body))
        else:
            _answer(request, HTTPStatus.NOT_FOUND, b"{}")

    def _write(self, request: BaseHTTPRequestHandler, server_url: str, parameters: dict[str, str], body: bytes) -> None:
        self.writes += 1
        if self.fail_with is not None:
            _answer(request, self.fail_with, b'{"message":"as told by the test"}', self.retry_after_s)
            return
        database, _, policy = parameters["bucket"].partition("/")
        assert parameters["precision"] == "ns"
        query = urllib.parse.urlencode({"db": database, "precision": "n", **({"rp": policy} if policy else {})})
        status, answer = _forward(f"{server_url}/write?{query}", request, body)
        if status == HTTPStatus.BAD_REQUEST and b"partial write" in answer:
            status = HTTPStatus.UNPROCESSABLE_ENTITY
        if self.lose_answers:
            request.connection.shutdown(socket.SHUT_RDWR)
            return
        _answer(request, status, answer)


def free_ports(count: int) -> list[int]:
    """Ports on loopback that nobody uses now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(closing(socket.socket())) for _ in range(count)]
        for one in sockets:
            one.bind((HOST, 0))
        return [one.getsockname()[1] for one in sockets]


def post(url: str, parameters: dict[str, str], *, reader: str | None = None) -> dict[str, Any]:
    """The JSON answer to a form."""
    request = urllib.request.Request(url, urllib.parse.urlencode(parameters).encode())  # noqa: S310 - http, loopback
    if reader is not None:
        request.add_header("Authorization", f"Basic {reader}")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - http, loopback
            content = answer.read()
    except urllib.error.HTTPError as error:
        with error:
            content = error.read()
    found = json.loads(content)
    assert isinstance(found, dict)
    return found


def series_of(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The series in an answer of ``/query``.

    Raises:
        AssertionError: it reports an error.
    """
    assert "error" not in answer, answer
    results = answer["results"]
    assert all("error" not in result for result in results), answer
    return [series for result in results for series in result.get("series", ())]


def _forward(url: str, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, bytes]:
    names = ("Content-Encoding", "Content-Type")
    headers = {name: value for name in names if (value := request.headers.get(name)) is not None}
    passed_on = urllib.request.Request(url, body, headers, method=request.command)  # noqa: S310 - http, loopback
    try:
        with urllib.request.urlopen(passed_on, timeout=10) as answer:  # noqa: S310 - http, loopback
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except OSError as error:
        return HTTPStatus.SERVICE_UNAVAILABLE, json.dumps({"message": str(error)}).encode()


def _answer(request: BaseHTTPRequestHandler, status: int, body: bytes, retry_after_s: int | None = None) -> None:
    request.send_response(status)
    request.send_header("Content-Type", "application/json")
    request.send_header("Content-Length", str(len(body)))
    if retry_after_s is not None:
        request.send_header("Retry-After", str(retry_after_s))
    request.end_headers()
    request.wfile.write(body)


class Influx:
    """One test's database on a shared server, behind a shim of its own."""

    def __init__(self, server: InfluxServer, shim: Shim, database: str) -> None:
        """Over a running server and shim."""
        self.server = server
        self.shim = shim
        self.database = database

    def run(self, query: str) -> list[dict[str, Any]]:
        """The series that an InfluxQL statement answers with."""
        return self.server.run(query, database=self.database)

    def column(self, query: str, name: str) -> list[Any]:
        """One column of all series of an answer."""
        return [row[series["columns"].index(name)] for series in self.run(query) for row in series["values"]]


@pytest.fixture(scope="session")
def influx_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxServer]:
    """An InfluxDB that tests share."""
    server = InfluxServer(tmp_path_factory.mktemp("influx"))
    server.start()
    yield server
    server.stop()


@contextmanager
def new_database(server: InfluxServer) -> Iterator[Influx]:
    """A new database, and a shim in front of it; both go at the end of the block."""
    database = f"test_{uuid.uuid4().hex}"
    server.run(f'CREATE DATABASE "{database}"')
    with closing(Shim(server.url)) as shim:
        yield Influx(server, shim, database)
    server.run(f'DROP DATABASE "{database}"')


@pytest.fixture
def influx(influx_server: InfluxServer) -> Iterator[Influx]:
    """A database of the test's own."""
    with new_database(influx_server) as influx:
        yield influx
