"""The web app: Slack's events behind the guard, health, readiness, metrics."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.engine import Engine
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.guard import Guard


@dataclass
class Health:
    """What the probes say."""

    ready: bool = False
    last_minute: str = ""


def web_app(
    bolt: Any,
    signing_secret: str | None,
    health: Health,
    db: Engine,
    lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]],
    more: Sequence[Route] = (),
) -> Starlette:
    """The routes, and `more` of other subjects. Without a signing secret (Socket Mode) Slack has no way in by HTTP."""
    from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler

    handler = AsyncSlackRequestHandler(bolt)

    async def slack_events(request: Request) -> Response:
        answer: Response = await handler.handle(request)
        return answer

    async def healthz(request: Request) -> Response:
        return PlainTextResponse("ok")

    async def readyz(request: Request) -> Response:
        if not health.ready:
            return JSONResponse({"ready": False, "why": "starting or stopping"}, status_code=503)
        try:
            await run_in_threadpool(_ping, db)
        except sa.exc.SQLAlchemyError:
            return JSONResponse({"ready": False, "why": "the database does not answer"}, status_code=503)
        return JSONResponse({"ready": True})

    async def metrics(request: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    routes = [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
        *more,
    ]
    app = Starlette(routes=routes, lifespan=lifespan)
    if signing_secret is not None:
        app.mount("/slack", Guard(Starlette(routes=[Route("/events", slack_events, methods=["POST"])]), signing_secret))
    return app


def _ping(db: Engine) -> None:
    with db.connect() as connection:
        connection.execute(sa.text("SELECT 1"))
