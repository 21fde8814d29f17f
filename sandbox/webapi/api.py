"""The door of the Web API: reads a request, checks its token, runs the method, and answers as Slack does."""

import json
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.errors import SlackError
from sandbox.people import APP_TOKEN, BOT_SCOPES, BOT_TOKEN
from sandbox.webapi import (  # noqa: F401 - each module registers its methods
    assistant,
    auth,
    bookmarks,
    canvases,
    chat,
    conversations,
    files,
    pins,
    reactions,
    usergroups,
    users,
    views,
)
from sandbox.webapi.call import METHODS, Call

_APP_TOKEN_METHODS = frozenset({"apps.connections.open"})
_OPEN_METHODS = frozenset({"api.test"})


async def read_arguments(request: Request) -> dict[str, Any]:
    """Arguments from the query and a body that is a form, JSON, or empty whatever its content type says."""
    given: dict[str, Any] = dict(request.query_params)
    body = await request.body()
    content_type = request.headers.get("content-type", "")
    if not body.strip():
        return given
    if content_type.startswith("multipart/form-data"):
        async with request.form() as form:
            return given | {name: value for name, value in form.items() if isinstance(value, str)}
    if content_type.startswith("application/json"):
        try:
            parsed = json.loads(body)
        except ValueError:
            raise SlackError("invalid_json") from None
        if not isinstance(parsed, dict):
            raise SlackError("json_not_object")
        return given | parsed
    return given | dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def check_token(name: str, given: dict[str, Any], authorization: str) -> None:
    token = authorization.removeprefix("Bearer ").strip() or str(given.get("token") or "")
    if name in _OPEN_METHODS:
        return
    if not token:
        raise SlackError("not_authed")
    if token not in (BOT_TOKEN, APP_TOKEN):
        raise SlackError("invalid_auth")
    if token != (APP_TOKEN if name in _APP_TOKEN_METHODS else BOT_TOKEN):
        raise SlackError("not_allowed_token_type")


def run(name: str, call: Call) -> dict[str, Any]:
    """Run a method and return Slack's answer, refusals included."""
    try:
        if name not in METHODS:
            raise SlackError("unknown_method", req_method=name)
        return {"ok": True, **METHODS[name](call)}
    except SlackError as refusal:
        return refusal.answer()


def respond(answer: dict[str, Any]) -> Response:
    return JSONResponse(answer, headers={"x-oauth-scopes": ",".join(BOT_SCOPES), "x-slack-req-id": "sandbox"})


def effect_key(given: dict[str, Any]) -> str | None:
    """What identifies a call's effect in the call log: the message's own key if it has one, else what it acts on."""
    metadata = given.get("metadata")
    if isinstance(metadata, str):
        try:
            metadata = json.loads(metadata)
        except ValueError:
            metadata = None
    payload = metadata.get("event_payload") if isinstance(metadata, dict) else None
    if isinstance(payload, dict) and payload.get("key"):
        return str(payload["key"])
    for name in ("channel", "name", "trigger_id", "view_id", "user", "users", "channel_id", "usergroup"):
        if given.get(name):
            return str(given[name])
    return None
