"""The door: every request from Slack passes here before anything of ours, or of Bolt, looks at it.

Size, header shape, age and HMAC are checked on raw bytes; a refused request is answered 400, 401 or 413 in one line and
its body is never logged (abuse cases 1, 2 and 4). What was let through once and comes again is stopped by the inbox,
whose key is Slack's own id of the event.
"""

import hashlib
import hmac
import logging
import re
import time
from collections.abc import Callable

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.metrics import REFUSED
from bot.shape import plain_to_bolt, understood

MAX_BODY = 512 * 1024  # bytes; Slack's largest payload, a full modal state, is far below
OLDEST = 300  # seconds, Slack's own replay window
AHEAD = 60  # seconds a timestamp may lie in the future: clock skew, no more
_TIMESTAMP = re.compile(rb"[0-9]{1,12}")
_SIGNATURE = re.compile(rb"v0=[0-9a-f]{64}")
log = logging.getLogger("rai.guard")


class Guard:
    """ASGI middleware for one path. `secret` is the signing secret; `clock` gives Unix seconds."""

    def __init__(self, app: ASGIApp, secret: str, clock: Callable[[], float] = time.time) -> None:
        self._app = app
        self._secret = secret.encode()
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a genuine request through with its body replayed; answer all others."""
        headers = dict(scope["headers"])
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            if len(body) > MAX_BODY:
                await self._refuse(413, "The request is too large.", scope, receive, send)
                return
            if not message.get("more_body", False):
                break
        refusal = self._why_not(headers, bytes(body))
        if refusal is not None:
            await self._refuse(*refusal, scope, receive, send)
            return
        sent = False

        async def replay() -> Message:
            nonlocal sent
            if sent:
                return await receive()
            sent = True
            return {"type": "http.request", "body": plain_to_bolt(bytes(body)), "more_body": False}

        await self._app(scope, replay, send)

    def _why_not(self, headers: dict[bytes, bytes], body: bytes) -> tuple[int, str] | None:
        timestamp = headers.get(b"x-slack-request-timestamp", b"")
        signature = headers.get(b"x-slack-signature", b"")
        if not timestamp or not signature:
            return 401, "The request is not signed."
        if not _TIMESTAMP.fullmatch(timestamp):
            return 400, "The timestamp header is not a number."
        if not _SIGNATURE.fullmatch(signature):
            return 401, "The signature header is malformed."
        age = self._clock() - int(timestamp)
        if age > OLDEST or age < -AHEAD:
            return 401, "The timestamp is too old or in the future."
        expected = hmac.new(self._secret, b"v0:" + timestamp + b":" + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), signature[3:]):
            return 401, "The signature does not match."
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            return 400, "The body is not UTF-8."
        content_type = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip()
        return None if understood(text, content_type) else (400, "The body is nothing that Slack sends.")

    async def _refuse(self, status: int, reason: str, scope: Scope, receive: Receive, send: Send) -> None:
        REFUSED.labels(str(status)).inc()
        log.warning("refused a request to %s: %s", scope["path"], reason)
        await PlainTextResponse(reason, status_code=status)(scope, receive, send)
