"""The door in front of the application: judges every request, and puts the security headers on every answer."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from cordguard.console.access import Access, Attempt, Verdict

HEADERS: Final[dict[str, str]] = {
    "content-security-policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}

REFUSALS: Final[dict[Verdict, tuple[int, str]]] = {
    "foreign-host": (421, "This page is served under its own host name only.\n"),
    "foreign-origin": (403, "Only Cordguard's own page may do this.\n"),
    "no-session": (401, "Open the one-time login link that was printed when Cordguard started.\n"),
}


class Guard:
    """ASGI middleware around the application."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        """Stand before ``app``."""
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        verdict = self._access.judge(_attempt(scope))
        if verdict == "allowed":
            await self._app(scope, receive, send_with_headers)
        elif scope["type"] == "websocket":
            await WebSocket(scope, receive, send).close(code=1008, reason=verdict)
        else:
            status, text = REFUSALS[verdict]
            await PlainTextResponse(text, status)(scope, receive, send_with_headers)


def _attempt(scope: Scope) -> Attempt:
    headers = Headers(scope=scope)
    method = "WEBSOCKET" if scope["type"] == "websocket" else str(scope["method"])
    path = str(scope["path"])
    return Attempt(method, path, headers.get("host", ""), headers.get("origin"), headers.get("cookie", ""))
