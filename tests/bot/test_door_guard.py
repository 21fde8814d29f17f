"""The door for Slack over HTTP: what is let through, what is refused, and that a refusal says nothing to the log."""

import hashlib
import hmac
import logging
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from slack_bolt.request.internals import parse_body
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.guard import MAX_BODY, Guard

NOW = 1_790_000_000
SECRET = "a-signing-secret"
BODY = (
    b"command=%2Frai-incident&user_id=U0ONCALL01&team_id=T0SANDBOX1&channel_id=C0SUPPORT1&trigger_id=1.2.3"
    b"&text=a+customer+saw+an+order"
)


@pytest.fixture
def let_through() -> list[bytes]:
    return []


@pytest.fixture
def door(let_through: list[bytes]) -> httpx.AsyncClient:
    async def inside(request: Request) -> PlainTextResponse:
        let_through.append(await request.body())
        return PlainTextResponse("inside")

    app = Guard(Starlette(routes=[Route("/events", inside, methods=["POST"])]), SECRET, clock=lambda: NOW)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bot.invalid")


def _headers(body: bytes = BODY, timestamp: str = str(NOW), **changed: Any) -> dict[str, Any]:
    digest = hmac.new(SECRET.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()
    headers = {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}
    return {**headers, **changed}


async def test_a_genuine_request_passes_with_its_body(door: httpx.AsyncClient, let_through: list[bytes]) -> None:
    answer = await door.post("/events", content=BODY, headers=_headers())
    assert (answer.status_code, answer.text) == (200, "inside")
    assert let_through == [BODY]


async def test_a_body_in_pieces_passes_whole(door: httpx.AsyncClient, let_through: list[bytes]) -> None:
    async def pieces() -> Any:
        yield BODY[:10]
        yield b""
        yield BODY[10:]

    assert (await door.post("/events", content=pieces(), headers=_headers())).status_code == 200
    assert let_through == [BODY]


@pytest.mark.parametrize(("seconds", "status"), [(0, 200), (-300, 200), (60, 200), (-301, 401), (61, 401)])
async def test_abuse_02_a_request_too_old_or_from_the_future_is_refused(
    door: httpx.AsyncClient, let_through: list[bytes], seconds: int, status: int
) -> None:
    answer = await door.post("/events", content=BODY, headers=_headers(timestamp=str(NOW + seconds)))
    assert answer.status_code == status
    assert len(let_through) == (status == 200)


def _bent(signature: str) -> str:
    return signature[:-1] + ("0" if signature[-1] != "0" else "1")


SIGNATURE = _headers()["X-Slack-Signature"]
BENT = {
    "one digit wrong": (_headers(**{"X-Slack-Signature": _bent(SIGNATURE)}), 401),
    "another secret": (_headers(**{"X-Slack-Signature": "v0=" + "0" * 64}), 401),
    "another version": (_headers(**{"X-Slack-Signature": SIGNATURE.replace("v0=", "v1=")}), 401),
    "capital digits": (_headers(**{"X-Slack-Signature": SIGNATURE.upper().replace("V0", "v0")}), 401),
    "no signature": ({"X-Slack-Request-Timestamp": str(NOW)}, 401),
    "empty signature": (_headers(**{"X-Slack-Signature": ""}), 401),
    "signature beyond ASCII": (_headers(**{"X-Slack-Signature": "v0=ä€".encode()}), 401),
    "long signature": (_headers(**{"X-Slack-Signature": "v0=" + "a" * 10_000}), 401),
    "no timestamp": ({"X-Slack-Signature": SIGNATURE}, 401),
    "timestamp abc": (_headers(timestamp="abc"), 400),
    "timestamp with a sign": (_headers(timestamp=f"-{NOW}"), 400),
    "timestamp with a point": (_headers(timestamp=f"{NOW}.5"), 400),
    "timestamp of other digits": (_headers(**{"X-Slack-Request-Timestamp": "१७९०००००००".encode()}), 400),
    "timestamp without end": (_headers(timestamp="9" * 400), 400),
    "no headers": ({}, 401),
}


@pytest.mark.parametrize("name", BENT)
async def test_abuse_04_a_bent_header_is_refused_in_one_line(
    door: httpx.AsyncClient, let_through: list[bytes], name: str
) -> None:
    headers, status = BENT[name]
    answer = await door.post("/events", content=BODY, headers=headers)
    assert answer.status_code == status
    assert answer.text
    assert "\n" not in answer.text
    assert let_through == []


async def test_abuse_04_a_signed_body_that_is_not_utf_8_is_refused(
    door: httpx.AsyncClient, let_through: list[bytes]
) -> None:
    body = b"text=\xff\xfe\xc3"
    assert (await door.post("/events", content=body, headers=_headers(body))).status_code == 400
    assert let_through == []


async def test_abuse_04_a_body_of_ten_megabytes_is_refused_before_it_is_read_to_its_end(
    door: httpx.AsyncClient, let_through: list[bytes]
) -> None:
    read = 0

    async def endless() -> Any:
        nonlocal read
        for _ in range(160):
            read += 65_536
            yield b"x" * 65_536

    answer = await door.post("/events", content=endless(), headers=_headers())
    assert answer.status_code == 413
    assert read <= MAX_BODY + 2 * 65_536
    assert let_through == []


async def test_the_largest_body_fits(door: httpx.AsyncClient) -> None:
    body = BODY + b"x" * (MAX_BODY - len(BODY))
    assert (await door.post("/events", content=body, headers=_headers(body))).status_code == 200


async def test_abuse_01_a_refused_body_is_never_logged(
    door: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for headers, _ in BENT.values():
        await door.post("/events", content=b"text=customer-secret-4711", headers=headers)
    assert "customer-secret-4711" not in caplog.text
    assert caplog.text.count("refused a request to /events") == len(BENT)


@pytest.mark.parametrize("text", [b"the+payload+of+the+prompt", b"payload", b"payload%3D%7B%7D"])
async def test_the_word_payload_in_a_command_reaches_bolt_as_a_word(
    door: httpx.AsyncClient, let_through: list[bytes], text: bytes
) -> None:
    body = BODY + b"+" + text
    assert (await door.post("/events", content=body, headers=_headers(body))).status_code == 200
    (passed,) = let_through
    assert b"payload" not in passed
    assert parse_qs(passed.decode()) == parse_qs(body.decode())
    assert parse_body(passed.decode(), "application/x-www-form-urlencoded")["command"] == "/rai-incident"
