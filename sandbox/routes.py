"""The sandbox's HTTP and websocket addresses: Slack's for the bot, `/sandbox/...` for the page and for tests."""

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from sandbox.errors import SlackError
from sandbox.webapi import api
from sandbox.webapi.call import Arguments, Call

if TYPE_CHECKING:
    from sandbox.server import World

_UPLOAD_HEADERS = {"Content-Security-Policy": "sandbox", "X-Content-Type-Options": "nosniff"}


def build(world: "World") -> Starlette:
    """The one application of the sandbox."""
    doors = Doors(world)
    routes: list[BaseRoute] = [
        Route("/api/{method}", doors.web_api, methods=["GET", "POST"]),
        WebSocketRoute("/link/{ticket}", world.delivery.serve_link),
        Route("/response/{address}", doors.response_url, methods=["POST"]),
        Route("/upload/{file}", doors.upload, methods=["POST", "PUT"]),
        Route("/files/{file}/{name}", doors.file),
        WebSocketRoute("/sandbox/live", doors.live),
        Route("/sandbox/state", doors.state),
        Route("/sandbox/act", doors.act, methods=["POST"]),
        Route("/sandbox/bot", doors.bot, methods=["POST"]),
        Route("/sandbox/pagerduty", doors.pagerduty, methods=["POST"]),
        Route("/sandbox/faults", doors.faults, methods=["POST"]),
        Route("/sandbox/calls", doors.calls),
        Mount("/assistant", world.assistant.app),
    ]
    static = world.static_dir
    if (static / "index.html").exists():
        routes.append(Route("/", lambda request: FileResponse(static / "index.html")))
        routes.append(Mount("/static", StaticFiles(directory=static)))
    return Starlette(routes=routes)


class Doors:
    """One method per address."""

    def __init__(self, world: "World") -> None:
        self._world = world

    # for the bot

    async def web_api(self, request: Request) -> Response:
        name = request.path_params["method"]
        try:
            given = await api.read_arguments(request)
        except SlackError as refusal:
            return api.respond(refusal.answer())

        async def do() -> Response:
            try:
                api.check_token(name, given, request.headers.get("authorization", ""))
            except SlackError as refusal:
                return api.respond(refusal.answer())
            return api.respond(api.run(name, self._call(given)))

        return await self._world.faults.apply("slack", name, do, key=api.effect_key(given))

    def _call(self, given: dict[str, Any]) -> Call:
        world = self._world
        switches, open_link = world.faults.switches, world.delivery.open_link
        refused, late = switches["refuse_blocks"], switches["late_files_ms"] / 1000
        return Call(Arguments(given), world.workspace, world.triggers, refused, late, world.url, open_link)

    async def response_url(self, request: Request) -> Response:
        address, content = request.path_params["address"], await _json_object(request)

        async def do() -> Response:
            if content is None:
                return PlainTextResponse("invalid_payload", status_code=400)
            try:
                self._world.response_urls.use(address, content, self._world.faults.switches["refuse_blocks"])
            except SlackError as refusal:
                gone = refusal.code in ("expired_url", "used_url")
                return PlainTextResponse(refusal.code, status_code=404 if gone else 400)
            return PlainTextResponse("ok")

        return await self._world.faults.apply("slack", "response_url", do, key=address)

    async def upload(self, request: Request) -> Response:
        file = self._world.workspace.files.get(request.path_params["file"])
        content = await _uploaded(request)

        async def do() -> Response:
            if file is None:
                return PlainTextResponse("file not found", status_code=404)
            file.content = content
            return PlainTextResponse(f"OK - {len(content)}")

        return await self._world.faults.apply("slack", "upload", do, key=request.path_params["file"])

    async def file(self, request: Request) -> Response:
        file = self._world.workspace.files.get(request.path_params["file"])
        if file is None:
            return PlainTextResponse("file not found", status_code=404)
        return Response(file.content, media_type=file.mimetype, headers=_UPLOAD_HEADERS)

    # for the page and for tests

    async def live(self, socket: WebSocket) -> None:
        me = socket.query_params.get("as", "")
        if not _same_site(socket) or me not in self._world.workspace.people:
            await socket.close(code=1008)
            return
        await self._world.live.serve(socket, me)

    async def state(self, request: Request) -> Response:
        me = request.query_params.get("as", "")
        if me not in self._world.workspace.people:
            return _refused("user_not_found", "as: the id of a person of this workspace", 404)
        return JSONResponse(self._world.state(me))

    async def act(self, request: Request) -> Response:
        if not _same_site(request):
            return _refused("not_allowed", "Acts come from the sandbox's own page.", 403)
        return JSONResponse(await self._world.acts.act(await _json_object(request)))

    async def bot(self, request: Request) -> Response:
        if not _same_site(request):
            return _refused("not_allowed", "The bot is steered from the sandbox's own page.", 403)
        action = (await _json_object(request) or {}).get("action")
        if action == "kill":
            self._world.kill_bot()
        elif action == "start":
            await self._world.start_bot()
        else:
            return _refused("unknown_action", "action: kill or start", 400)
        return JSONResponse({"ok": True})

    async def pagerduty(self, request: Request) -> Response:
        """A person answers their pager: `{"as": user id, "incident": id, "action": "acknowledge" or "resolve"}`."""
        if not _same_site(request):
            return _refused("not_allowed", "Pages are answered from the sandbox's own page.", 403)
        body = await _json_object(request) or {}
        person = self._world.workspace.people.get(str(body.get("as")))
        answer = {"acknowledge": self._world.pagerduty.ack, "resolve": self._world.pagerduty.resolve}.get(
            str(body.get("action"))
        )
        if person is None or answer is None:
            return _refused("malformed_act", "as: a person's id; action: acknowledge or resolve", 400)
        if not await answer(str(body.get("incident")), person.handle):
            return _refused("nothing_to_do", "There is no such open page, or this person is not in PagerDuty.", 409)
        return JSONResponse({"ok": True})

    async def faults(self, request: Request) -> Response:
        if not _same_site(request):
            return _refused("not_allowed", "Faults are set from the sandbox's own page.", 403)
        patch = await _json_object(request)
        try:
            if patch is None:
                raise ValueError("send a JSON object with the switches to change")
            self._world.faults.set(patch)
        except ValueError as fault:
            return _refused("invalid_switch", str(fault), 400)
        return JSONResponse({"ok": True, "faults": self._world.faults.switches})

    async def calls(self, request: Request) -> Response:
        return JSONResponse(list(self._world.faults.calls))


def _refused(code: str, message: str, status: int) -> Response:
    return JSONResponse({"ok": False, "error": code, "message": message}, status_code=status)


def _same_site(connection: HTTPConnection) -> bool:
    """No page of another site may act for the people here: browsers send Origin, and it must be this machine's."""
    origin = connection.headers.get("origin")
    if origin is None:
        return True
    return urlsplit(origin).netloc in {f"{host}:{connection.url.port}" for host in ("127.0.0.1", "localhost")}


async def _json_object(request: Request) -> dict[str, Any] | None:
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


async def _uploaded(request: Request) -> bytes:
    """The bytes of an upload: the body itself, or the file of a multipart form."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await request.body()
    async with request.form() as form:
        for part in form.values():
            if not isinstance(part, str):
                return await part.read()
    return b""
