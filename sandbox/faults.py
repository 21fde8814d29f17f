"""Everything that can go wrong between the bot and the outside, on purpose.

One `Faults` serves all counterparts: each of them runs a call through `apply`, which adds latency, refuses, closes the
connection before or after the work, and writes the call log that the page and the tests read.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any, Final, Literal

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

LOGGED_CALLS: Final = 2000
SERVICES: Final = ("all", "slack", "pagerduty", "jira", "assistant")

Switches = dict[str, Any]
Moment = Literal["arrived", "done"]

_OFF: Final[Switches] = {
    "latency_ms": 0,
    "late_files_ms": 0,
    "service": "all",
    "rate_limit": None,
    "error": None,
    "drop": None,
    "lose_answer": None,
    "refuse_blocks": [],
}
_RULE_FIELDS: Final = {
    "rate_limit": {"service", "method", "retry_after", "times"},
    "error": {"service", "method", "status", "code", "times"},
    "drop": {"service", "method", "times"},
    "lose_answer": {"service", "method", "times", "probability"},
}


class ConnectionClosed(Response):
    """Answers nothing: the TCP (or TLS) connection is torn down, and the client sees a broken connection.

    ASGI has no word for this, so the transport is taken from uvicorn's request cycle, whose bound method `receive` is.
    """

    def __init__(self) -> None:
        super().__init__(status_code=500)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        cycle = getattr(receive, "__self__", None)
        if cycle is None:
            raise RuntimeError("a connection can only be closed under uvicorn, with no middleware around receive()")
        cycle.transport.abort()
        while not cycle.disconnected:
            await asyncio.sleep(0)


class Faults:
    """The switches, what is left of each of them, and the log of calls.

    `switches` holds `latency_ms` (milliseconds before each call of `service`), `late_files_ms` (how long after an
    upload's answer its message is there: Slack takes files in after it has answered), four rules or None
    (`rate_limit`, `error`, `drop`, `lose_answer`), and `refuse_blocks` (block types the workspace answers
    `invalid_blocks` for). A rule matches by `service` ("all" or one) and `method` ("*" or one); with `times` it
    switches itself off after so many calls.

    `on_call` is asked about every call by its number (1 is the first) when it has arrived and when it is done but not
    answered; True closes the connection there. It is how a test acts, or kills, at an exact moment.
    """

    def __init__(self, on_change: Callable[[], None], seed: int = 0) -> None:
        self.switches: Switches = {**_OFF, "refuse_blocks": []}
        self.calls: deque[dict[str, Any]] = deque(maxlen=LOGGED_CALLS)
        self.on_call: Callable[[int, Moment], bool] = lambda number, moment: False
        self._number = 0
        self._on_change = on_change
        self._random = Random(seed)  # noqa: S311 - faults must be repeatable, not unpredictable

    def set(self, patch: Switches) -> None:
        """Merge `patch` into the switches, or change nothing and raise ValueError naming the field and the rule."""
        merged = {**self.switches, **patch}
        _check(merged)
        self.switches = {name: dict(value) if isinstance(value, dict) else value for name, value in merged.items()}
        self._on_change()

    async def apply(
        self, service: str, method: str, do: Callable[[], Awaitable[Response]], *, key: str | None = None
    ) -> Response:
        """Run one outside call under the current switches and log it.

        `key` is whatever identifies the effect to the caller (idempotency key, dedup key, channel). The log's `ms`
        counts injected latency, and its `status` is 0 when the connection was closed without an answer.
        """
        at, start = time.time(), time.perf_counter()
        response: Response = ConnectionClosed()
        try:
            response = await self._run(service, method, do)
        finally:
            closed = isinstance(response, ConnectionClosed)
            self.calls.append(
                {
                    "at": at,
                    "service": service,
                    "method": method,
                    "ms": round((time.perf_counter() - start) * 1000, 2),
                    "status": 0 if closed else response.status_code,
                    "key": key,
                }
            )
        return response

    async def _run(self, service: str, method: str, do: Callable[[], Awaitable[Response]]) -> Response:
        self._number = number = self._number + 1
        if self.on_call(number, "arrived"):
            return ConnectionClosed()
        latency_ms = self.switches["latency_ms"]
        if latency_ms and self.switches["service"] in ("all", service):
            await asyncio.sleep(latency_ms / 1000)
        if self._take("drop", service, method):
            return ConnectionClosed()
        if rule := self._take("rate_limit", service, method):
            headers = {"Retry-After": str(rule.get("retry_after", 1))}
            return JSONResponse({"ok": False, "error": "ratelimited"}, status_code=429, headers=headers)
        if rule := self._take("error", service, method):
            code = rule.get("code", "service_unavailable")
            return JSONResponse({"ok": False, "error": code}, status_code=rule.get("status", 503))
        response = await do()
        lost = self.on_call(number, "done") or self._take("lose_answer", service, method)
        return ConnectionClosed() if lost else response

    def _take(self, name: str, service: str, method: str) -> Switches | None:
        """The rule if it matches this call; counts it down."""
        rule: Switches | None = self.switches[name]
        default_service = "slack" if name == "rate_limit" else "all"
        if (
            rule is None
            or rule.get("service", default_service) not in ("all", service)
            or rule.get("method", "*") not in ("*", method)
            or self._random.random() >= rule.get("probability", 1.0)
        ):
            return None
        if "times" in rule:
            rule["times"] -= 1
            if rule["times"] <= 0:
                self.switches[name] = None
            self._on_change()
        return rule


def _check(switches: Switches) -> None:
    unknown = set(switches) - set(_OFF)
    if unknown:
        raise ValueError(f"no such switch: {', '.join(sorted(unknown))}; there are {', '.join(_OFF)}")
    for name in ("latency_ms", "late_files_ms"):
        if not _is_number(switches[name]) or not 0 <= switches[name] <= 60_000:
            raise ValueError(f"{name}: milliseconds from 0 to 60000")
    if switches["service"] not in SERVICES:
        raise ValueError(f"service: one of {', '.join(SERVICES)}")
    refused = switches["refuse_blocks"]
    if not isinstance(refused, list) or not all(isinstance(block_type, str) for block_type in refused):
        raise ValueError("refuse_blocks: a list of block types")
    for name, fields in _RULE_FIELDS.items():
        _check_rule(name, switches[name], fields)


def _check_rule(name: str, rule: object, fields: set[str]) -> None:
    if rule is None:
        return
    if not isinstance(rule, dict) or not set(rule) <= fields:
        raise ValueError(f"{name}: null or an object with {', '.join(sorted(fields))}")
    if rule.get("service", "all") not in SERVICES:
        raise ValueError(f"{name}.service: one of {', '.join(SERVICES)}")
    if "times" in rule and not (isinstance(rule["times"], int) and rule["times"] > 0):
        raise ValueError(f"{name}.times: a whole number above 0; leave it out for until further notice")
    if not _is_number(rule.get("probability", 1.0)) or not 0 <= rule.get("probability", 1.0) <= 1:
        raise ValueError(f"{name}.probability: from 0 to 1")
    if not isinstance(rule.get("status", 503), int):
        raise ValueError(f"{name}.status: an HTTP status")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
