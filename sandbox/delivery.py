"""How what happens in the workspace reaches the bot: Socket Mode while a connection is open, signed HTTP otherwise.

Three seconds to acknowledge. Events are sent again up to three times; commands and interactions never.
"""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any, Final, Literal
from urllib.parse import urlencode
from uuid import uuid4

import aiohttp
from starlette.websockets import WebSocket, WebSocketDisconnect

from sandbox import payloads
from sandbox.people import APP_ID, SIGNING_SECRET
from sandbox.workspace import Json

ACK_SECONDS: Final = 3.0
# Slack waits next to nothing, then 1 minute, then 5 minutes. Here a minute is a second.
RETRY_WAITS_SECONDS: Final = (0.0, 1.0, 5.0)

Kind = Literal["slash_commands", "interactive", "events_api"]
Reason = Literal["http_timeout", "http_error", "connection_failed"]


@dataclass(frozen=True)
class Ack:
    """The bot's acknowledgement: `ok` when it came in time with status 200; `body` is JSON, text, or None."""

    ok: bool
    body: Any = None
    status: int = 0
    reason: Reason | None = None


@dataclass(frozen=True)
class Delivered:
    """A payload exactly as it went out, so that it can be sent again byte for byte."""

    kind: Kind
    envelope: str
    body: bytes
    headers: dict[str, str]


@dataclass
class Link:
    """One open Socket Mode connection and the envelopes it has not acknowledged."""

    socket: WebSocket
    waiting: dict[str, list[asyncio.Future[Any]]] = field(default_factory=dict)


class Delivery:
    """Sends to the bot. `events_url` is where HTTP goes; `base_url` begins the addresses of Socket Mode links."""

    def __init__(self, events_url: str, base_url: str, on_change: Callable[[], None]) -> None:
        self.events_url = events_url
        self.last: dict[Kind, Delivered] = {}
        self.links: list[Link] = []
        self._base_url = base_url
        self._on_change = on_change
        self._tickets: set[str] = set()
        self._next_link = 0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._http: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ACK_SECONDS))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.disconnect()
        if self._http is not None:
            await self._http.close()

    # sending

    async def send(self, kind: Kind, payload: Json, *, attempt: int = 0, reason: Reason | None = None) -> Ack:
        """Deliver one payload once and wait for its acknowledgement, at most three seconds."""
        delivered = _prepare(kind, payload, attempt, reason)
        self.last[kind] = delivered
        return await self._transmit(delivered)

    async def redeliver(self, kind: Kind | None = None) -> Ack:
        """Send the last payload (of this kind) again, byte for byte, old timestamp and signature included."""
        delivered = self.last[kind] if kind else list(self.last.values())[-1]
        return await self._transmit(delivered)

    def emit(self, event: Json) -> asyncio.Task[Ack]:
        """Send an event, with retries in the background. The task ends with the first attempt's acknowledgement."""
        payload = payloads.event_callback(event, f"Ev{token_hex(5).upper()}")
        first = self._background(self.send("events_api", payload))
        self._background(self._retry(payload, first))
        return first

    async def _retry(self, payload: Json, first: asyncio.Task[Ack]) -> None:
        ack = await first
        for attempt, wait in enumerate(RETRY_WAITS_SECONDS, start=1):
            if ack.ok:
                return
            await asyncio.sleep(wait)
            ack = await self.send("events_api", payload, attempt=attempt, reason=ack.reason)

    def _background(self, work: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _transmit(self, delivered: Delivered) -> Ack:
        if self.links:
            self._next_link = (self._next_link + 1) % len(self.links)
            return await self._send_envelope(self.links[self._next_link], delivered)
        return await self._post(delivered)

    async def _send_envelope(self, link: Link, delivered: Delivered) -> Ack:
        envelope_id = json.loads(delivered.envelope)["envelope_id"]
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        link.waiting.setdefault(envelope_id, []).append(answer)
        try:
            async with asyncio.timeout(ACK_SECONDS):
                await link.socket.send_text(delivered.envelope)
                return Ack(True, await answer, 200)
        except TimeoutError:
            return Ack(False, reason="http_timeout")
        except (WebSocketDisconnect, RuntimeError, ConnectionError):
            return Ack(False, reason="connection_failed")

    async def _post(self, delivered: Delivered) -> Ack:
        assert self._http is not None
        try:
            async with self._http.post(self.events_url, data=delivered.body, headers=delivered.headers) as response:
                text = await response.text()
                body = json.loads(text) if response.content_type == "application/json" and text else text or None
                if response.status == 200:
                    return Ack(True, body, 200)
                return Ack(False, body, response.status, "http_error")
        except TimeoutError:
            return Ack(False, reason="http_timeout")
        except (aiohttp.ClientError, ValueError, OSError):
            return Ack(False, reason="connection_failed")

    # Socket Mode

    def open_link(self) -> str:
        """A new address for one Socket Mode connection (`apps.connections.open`)."""
        ticket = token_hex(16)
        self._tickets.add(ticket)
        return f"{self._base_url.replace('http', 'ws', 1)}/link/{ticket}"

    async def serve_link(self, socket: WebSocket) -> None:
        """Hold one Socket Mode connection until the bot leaves."""
        ticket = socket.path_params["ticket"]
        if ticket not in self._tickets:
            await socket.close(code=4004)
            return
        self._tickets.discard(ticket)
        await socket.accept()
        link = Link(socket)
        self.links.append(link)
        self._on_change()
        try:
            await socket.send_json(
                {
                    "type": "hello",
                    "num_connections": len(self.links),
                    "debug_info": {"host": "sandbox", "build_number": 1, "approximate_connection_time": 18060},
                    "connection_info": {"app_id": APP_ID},
                }
            )
            while True:
                _acknowledge(link, await socket.receive_text())
        except (WebSocketDisconnect, RuntimeError):
            pass
        finally:
            if link in self.links:
                self.links.remove(link)
            _fail_waiting(link)
            self._on_change()

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask every connection to come back on a new address, as Slack does now and then."""
        for link in list(self.links):
            self.links.remove(link)
            try:
                await link.socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}})
            except (WebSocketDisconnect, RuntimeError):
                continue


def signature(timestamp: str, body: bytes) -> str:
    """Slack's request signature, v0 (https://docs.slack.dev/authentication/verifying-requests-from-slack)."""
    digest = hmac.new(SIGNING_SECRET.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256)
    return "v0=" + digest.hexdigest()


def _prepare(kind: Kind, payload: Json, attempt: int, reason: Reason | None) -> Delivered:
    envelope: Json = {
        "envelope_id": str(uuid4()),
        "type": kind,
        "payload": payload,
        "accepts_response_payload": kind != "events_api",
    }
    if kind == "events_api":
        envelope |= {"retry_attempt": attempt, "retry_reason": _socket_reason(reason)}
        body = json.dumps(payload).encode()
    elif kind == "interactive":
        body = urlencode({"payload": json.dumps(payload)}).encode()
    else:
        body = urlencode(payload).encode()
    timestamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json" if kind == "events_api" else "application/x-www-form-urlencoded",
        "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": signature(timestamp, body),
    }
    if attempt and reason:
        headers |= {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason}
    return Delivered(kind, json.dumps(envelope), body, headers)


def _socket_reason(reason: Reason | None) -> str:
    return "" if reason is None else "timeout" if reason == "http_timeout" else reason


def _acknowledge(link: Link, text: str) -> None:
    try:
        message = json.loads(text)
    except ValueError:
        return
    if not isinstance(message, dict):
        return
    waiting = link.waiting.get(str(message.get("envelope_id")), [])
    while waiting:
        answer = waiting.pop(0)
        if not answer.done():
            answer.set_result(message.get("payload"))
            return


def _fail_waiting(link: Link) -> None:
    for answers in link.waiting.values():
        for answer in answers:
            if not answer.done():
                answer.set_exception(ConnectionError("the bot left"))
