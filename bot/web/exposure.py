"""`POST /api/exposure`: requests of AI systems by day, pushed by whoever counts them. Off without EXPOSURE_TOKEN."""

import hmac
import json

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.settings import Settings
from incidents import exposure
from incidents.db import writing
from incidents.errors import BadInput

MOST_BYTES = 5_000_000


def exposure_routes(settings: Settings, db: Engine) -> list[Route]:
    """The route, where a token is set."""
    if settings.exposure_token is None:
        return []
    expected = f"Bearer {settings.exposure_token.get_secret_value()}".encode()

    async def push(request: Request) -> Response:
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), expected):
            return _refusal(401, "authorization", "Send the header Authorization: Bearer, with the token set here.")
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MOST_BYTES:
                return _refusal(413, "rows", f"More than {MOST_BYTES:,} bytes. Send fewer rows at once.")
        try:
            sent = json.loads(body)
        except (ValueError, RecursionError):
            return _refusal(400, "body", "The body is not JSON.")
        if not isinstance(sent, dict) or set(sent) != {"rows"}:
            return _refusal(400, "rows", 'The body is {"rows": [{"system", "day", "requests"}, …]}.')
        try:
            count = await run_in_threadpool(_save, db, sent["rows"])
        except BadInput as error:
            return _refusal(422, error.field, f"{error} Nothing was saved.")
        except sa.exc.OperationalError:
            return _refusal(503, "", "The database does not answer. Nothing was saved; send it again.")
        return JSONResponse({"saved": count})

    return [Route("/api/exposure", push, methods=["POST"])]


def _save(db: Engine, rows: object) -> int:
    with writing(db) as session:
        readings = exposure.readings_of(rows, exposure.known_systems(session))
        return exposure.store(session, readings, "api")


def _refusal(status: int, field: str, words: str) -> Response:
    return JSONResponse({"field": field, "error": words}, status_code=status)
