"""People who act in the world, and two ways to connect a Bolt app to it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import uvicorn
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.app.async_app import AsyncApp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.people import APP_TOKEN
from sandbox.server import World

ONCALL, SUPPORT, LEAD, GUEST = "U0ONCALL01", "U0SUPPORT1", "U0RAILEAD1", "U0GUEST001"
GENERAL_CHANNEL, SUPPORT_CHANNEL, INCIDENTS_CHANNEL = "C0GENERAL1", "C0SUPPORT1", "C0INCIDEN1"
DEADLINE_SECONDS = 10


class People:
    """What the page does, over the same addresses."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self.url = url
        self.http = http

    async def act(self, who: str, what: str, /, **fields: Any) -> dict[str, Any]:
        async with self.http.post(f"{self.url}/sandbox/act", json={"as": who, "type": what, **fields}) as response:
            return await response.json()

    async def state(self, who: str) -> dict[str, Any]:
        async with self.http.get(f"{self.url}/sandbox/state", params={"as": who}) as response:
            return await response.json()

    async def messages(self, who: str, channel: str) -> list[dict[str, Any]]:
        channels = (await self.state(who))["channels"]
        return next(one["messages"] for one in channels if one["id"] == channel)

    async def set_faults(self, **patch: Any) -> tuple[int, dict[str, Any]]:
        async with self.http.post(f"{self.url}/sandbox/faults", json=patch) as response:
            return response.status, await response.json()


async def until(look: Callable[[], Awaitable[Any]]) -> Any:
    """The first true thing `look` sees before the deadline."""
    end = time.monotonic() + DEADLINE_SECONDS
    while not (seen := await look()):
        assert time.monotonic() < end, "it did not happen before the deadline"
        await asyncio.sleep(0.01)
    return seen


@asynccontextmanager
async def over_http(world: World, bolt: AsyncApp) -> AsyncIterator[list[dict[str, str]]]:
    """Serve the app where the world delivers to; yields the headers of each request as they come in."""
    handler, seen = AsyncSlackRequestHandler(bolt), []

    async def events(request: Request) -> Response:
        seen.append(dict(request.headers))
        return await handler.handle(request)

    app = Starlette(routes=[Route("/slack/events", events, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, port=world.bot_port, log_level="error", lifespan="off"))
    task = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await until(started)
    try:
        yield seen
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def over_socket(world: World, bolt: AsyncApp) -> AsyncIterator[AsyncSocketModeHandler]:
    """Connect the app with Socket Mode."""
    handler = AsyncSocketModeHandler(bolt, APP_TOKEN, web_client=bolt.client)
    await handler.connect_async()

    async def connected() -> bool:
        return bool(world.delivery.links)

    await until(connected)
    try:
        yield handler
    finally:
        await handler.close_async()
