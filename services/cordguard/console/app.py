"""The web application: the page, its socket, and what its buttons and forms post."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Annotated, Final

from fastapi import FastAPI, Path, Request, WebSocket, WebSocketDisconnect
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response

from cordguard.console import caseform, commands
from cordguard.console.caseform import CaseFields, FormErrors
from cordguard.console.commands import Person, Refusal
from cordguard.console.desk import Desk
from cordguard.console.fanout import Viewer
from cordguard.console.guard import Guard
from cordguard.console.pages import load_pages
from cordguard.contract.case import Case
from cordguard.contract.topics import RESERVED_ROOMS
from cordguard.contract.units import LEVEL_PATTERN
from cordguard.runtime.clock import MICROS_PER_S

SPENT: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Cordguard</title>
<p>This login link was used already, or is not right. Each link works once.
Restart Cordguard to get a new one.</p></html>"""

WELCOME: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/">
<title>Cordguard</title><p><a href="/">Open Cordguard</a></p></html>"""
"""No redirect: a strict cookie does not travel along a redirect that another site's link began."""

NOT_CONNECTED: Final = (
    "There is no connection to the message broker: nothing was sent. Try again when LINK LOST is gone."
)

RoomPath = Annotated[str, Path(pattern=LEVEL_PATTERN)]


def is_room(name: str) -> bool:
    """Whether a procedure room may have this name."""
    return re.fullmatch(LEVEL_PATTERN.rstrip("$"), name) is not None and name not in RESERVED_ROOMS


def build_app(desk: Desk, first_person: Person, *, failed: Callable[[], None] = lambda: None) -> Guard:
    """The application behind its door; ``failed`` is called if its own loop ends by a bug."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        turning = asyncio.create_task(desk.run())
        turning.add_done_callback(lambda task: None if task.cancelled() else failed())
        yield
        turning.cancel()
        with suppress(asyncio.CancelledError):
            await turning

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    _add_pages(app, desk, first_person)
    _add_socket(app, desk)
    _add_commands(app, desk)
    _add_case_form(app, desk)
    app.exception_handler(RequestValidationError)(_unreadable)
    return Guard(app, desk.access)


def _add_pages(app: FastAPI, desk: Desk, first_person: Person) -> None:
    pages = load_pages()

    @app.get("/login")
    async def login(token: str = "") -> Response:
        secret = desk.access.log_in(token, first_person)
        if secret is None:
            return Response(SPENT, 403, media_type="text/html")
        answer = Response(WELCOME, media_type="text/html")
        answer.set_cookie(desk.access.cookie, secret, httponly=True, samesite="strict", path="/")
        return answer

    @app.get("/")
    async def live_page() -> Response:
        page = pages["index.html"]
        return Response(page.content, media_type=page.media_type)

    @app.get("/favicon.ico")
    async def icon() -> Response:
        return RedirectResponse("/static/icon.svg")

    @app.get("/static/{name}")
    async def static(name: str) -> Response:
        page = pages.get(name)
        return (
            Response(page.content, media_type=page.media_type) if page is not None else Response("No such file.\n", 404)
        )


def _add_socket(app: FastAPI, desk: Desk) -> None:
    @app.websocket("/ws")
    async def live(socket: WebSocket, room: str | None = None) -> None:
        await socket.accept()
        waiting = asyncio.Event()
        with desk.hub.viewer(room if room is not None and is_room(room) else None, waiting.set) as viewer:
            sending = asyncio.create_task(_send(socket, viewer, waiting))
            while (said := await socket.receive())["type"] != "websocket.disconnect":
                desk.hear_page(viewer, said.get("text"))
            sending.cancel()
            with suppress(asyncio.CancelledError, WebSocketDisconnect):
                await sending


async def _send(socket: WebSocket, viewer: Viewer, waiting: asyncio.Event) -> None:
    """Send what waits, at this viewer's own pace."""
    while True:
        await waiting.wait()
        waiting.clear()
        for frame in viewer.take():
            await socket.send_text(frame.decode())


def _add_commands(app: FastAPI, desk: Desk) -> None:
    @app.post("/api/rooms/{room}/commands")
    async def command(request: Request, room: RoomPath, wanted: commands.Request) -> Response:
        known = desk.live.rooms.get(room)
        if known is None:
            return _refused(404, f"Room {room} is not known.")
        if not desk.exchange.connected:
            return _refused(503, NOT_CONNECTED)
        person = _person(request, desk)
        made = commands.command_for(wanted, person, command_id=str(uuid.uuid4()), now=desk.now())
        if isinstance(made, Refusal):
            return _refused(409, made.reason)
        desk.publish_command(known, made)
        return JSONResponse({"command_id": made.command_id}, 202)

    @app.get("/api/person")
    async def person(request: Request) -> Person:
        return _person(request, desk)

    @app.post("/api/person")
    async def rename(request: Request, wanted: Person) -> Person:
        known = desk.access.person(request.headers.get("cookie", ""))
        if known is not None:
            desk.access.rename(known[0], wanted)
        return wanted


def _add_case_form(app: FastAPI, desk: Desk) -> None:
    def answer(room: str, made: Case | FormErrors) -> Response:
        if isinstance(made, FormErrors):
            return JSONResponse({"errors": made.errors}, 422)
        desk.publish_case(room, made)
        return JSONResponse({"session": made.session, "revision": made.revision}, 202)

    @app.post("/api/rooms/{room}/case")
    async def open_case(request: Request, room: RoomPath, fields: CaseFields) -> Response:
        if not desk.exchange.connected:
            return _refused(503, NOT_CONNECTED)
        if not is_room(room):
            return _refused(422, f"{room} is a reserved name: choose another for the room.")
        actor, now_us = _person(request, desk).actor, desk.now().clock_us
        session = f"{now_us // MICROS_PER_S}-{uuid.uuid4().hex[:12]}"
        return answer(room, caseform.open_case(fields, desk.case_of(room), session=session, actor=actor, now_us=now_us))

    @app.post("/api/rooms/{room}/case/close")
    async def close_case(request: Request, room: RoomPath) -> Response:
        if not desk.exchange.connected:
            return _refused(503, NOT_CONNECTED)
        actor, now_us = _person(request, desk).actor, desk.now().clock_us
        return answer(room, caseform.close_case(desk.case_of(room), actor=actor, now_us=now_us))


async def _unreadable(request: Request, error: RequestValidationError) -> Response:
    del request
    return JSONResponse({"errors": caseform.sentences(error.errors())}, 422)


def _person(request: Request, desk: Desk) -> Person:
    known = desk.access.person(request.headers.get("cookie", ""))
    if known is None:
        msg = "the door let a request in without a session"
        raise RuntimeError(msg)
    return known[1]


def _refused(status: int, reason: str) -> Response:
    return JSONResponse({"errors": {"form": reason}}, status)
