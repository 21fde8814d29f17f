"""The assistant's tool for looking up orders: a gateway switches it, on signed orders only.

Signatures are those of Standard Webhooks 1.0 (https://www.standardwebhooks.com). A key is answered as it was the first
time, and an order is compared with what is there before anything changes.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.faults import Faults

SECRET: Final = "the-sandbox-gateway-signs-with-this"
SECRET_VARIABLE: Final = "ASSISTANT_GATEWAY_SECRET"

_TOLERANCE_SECONDS: Final = 300
_WORDS: Final = {"on": True, "off": False}


class ToolSwitch:
    """Whether the assistant may look up orders."""

    def __init__(self, on_change: Callable[[], None], faults: Faults) -> None:
        self.on = True
        self._on_change = on_change
        self._faults = faults
        self._answers: dict[str, tuple[dict[str, Any], int]] = {}

    async def receive(self, request: Request) -> Response:
        """One order: `{"action", "from", "key", "target", "to"}`, signed."""
        body = await request.body()
        key = request.headers.get("webhook-id", "")

        async def do() -> Response:
            if not _rightly_signed(request, key, body):
                return JSONResponse({"error": "this order is not signed rightly, or too old"}, status_code=401)
            if key not in self._answers:
                self._answers[key] = self._carry_out(json.loads(body))
            answer, status = self._answers[key]
            return JSONResponse(answer, status_code=status)

        return await self._faults.apply("assistant", "gateway.order", do, key=key)

    def _carry_out(self, order: dict[str, Any]) -> tuple[dict[str, Any], int]:
        seen = "on" if self.on else "off"
        if order.get("to") not in _WORDS:
            return {"error": "to must be on or off"}, 400
        if order.get("from") != seen:
            return {"seen": seen}, 409
        self.on = _WORDS[order["to"]]
        self._on_change()
        return {"seen": order["to"], "changed": True}, 200


def _rightly_signed(request: Request, key: str, body: bytes) -> bool:
    timestamp = request.headers.get("webhook-timestamp", "")
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > _TOLERANCE_SECONDS:
        return False
    digest = hmac.digest(SECRET.encode(), b".".join((key.encode(), timestamp.encode(), body)), hashlib.sha256)
    signature = "v1," + base64.b64encode(digest).decode()
    return hmac.compare_digest(signature.encode(), request.headers.get("webhook-signature", "").encode())
