"""The signed webhook, against a receiver that checks signatures, compares, sets, and remembers keys."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from rollback_contract import Contract, Lever, planned
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

from integrations.errors import OutsideServiceError
from integrations.rollback.base import TargetError

SIGNING_KEY = b"signing-key-of-the-tests-only"


class Receiver(Lever):
    before, after, newer = "v2", "v1", "v3"

    def __init__(self, serve: Callable[[Any], Any], system: Any) -> None:
        self.system = system
        self.answers: dict[str, tuple[dict[str, Any], int]] = {}
        self.orders: list[dict[str, Any]] = []
        self.served = serve(
            Starlette(
                routes=[
                    Route("/rollback", self._order, methods=["POST"]),
                    Route("/elsewhere", lambda _: RedirectResponse("/rollback", 307), methods=["POST"]),
                ]
            )
        )

    def entry(self) -> dict[str, Any]:
        return {
            "id": "endpoint",
            "kind": "webhook",
            "url": f"{self.served.url}/rollback",
            "allow_private": True,
            "secret_env": "LEVER_SECRET",
            "to": "v1",
            **self.system.fields,
        }

    def value(self) -> str:
        return str(self.system.version)

    def move(self, value: str) -> None:
        self.system.version = value

    def changes(self) -> int:
        return len([order for order in self.orders if order["key"].startswith("rollback-1-")])

    def lose(self) -> None:
        self.served.losing = 1

    def refuse(self, status: int, headers: dict[str, str]) -> None:
        self.served.refusing = [(status, headers)]

    async def _order(self, request: Request) -> JSONResponse:
        body = await request.body()
        key, timestamp = request.headers["webhook-id"], request.headers["webhook-timestamp"]
        assert request.headers["idempotency-key"] == key
        digest = hmac.digest(SIGNING_KEY, f"{key}.{timestamp}.".encode() + body, hashlib.sha256)
        if request.headers["webhook-signature"] != "v1," + base64.b64encode(digest).decode():
            return JSONResponse({"error": "bad signature"}, 401)
        assert abs(time.time() - int(timestamp)) < 60
        if key not in self.answers:
            self.answers[key] = self._do(json.loads(body))
        answer, status = self.answers[key]
        return JSONResponse(answer, status)

    def _do(self, order: dict[str, Any]) -> tuple[dict[str, Any], int]:
        if self.system.version != order["from"]:
            return {"seen": self.system.version}, 409
        self.orders.append(order)
        self.system.version = order["to"]
        return {"seen": order["to"]}, 200


class TestWebhook(Contract):
    @pytest.fixture
    def lever(self, serve: Any, system: Any) -> Receiver:
        return Receiver(serve, system)

    # A replayed answer is the first one, so the second call says what the first did.
    def test_the_same_key_changes_the_world_once(self, lever: Lever) -> None:
        target = lever.target()
        plan = planned(target)
        assert target.execute(plan, "rollback-1-aa") == target.execute(plan, "rollback-1-aa")
        assert lever.changes() == 1

    def test_an_undo_puts_it_back_and_a_late_retry_leaves_it_there(self, lever: Lever) -> None:
        target = lever.target()
        plan = planned(target)
        target.execute(plan, "rollback-1-aa")
        target.undo(plan, "rollback-2-bb")
        assert lever.value() == "v2"
        target.execute(plan, "rollback-1-aa")
        assert lever.value() == "v2"


@pytest.fixture
def receiver(serve: Any, system: Any) -> Receiver:
    return Receiver(serve, system)


def test_the_order_says_what_from_where_to_where(receiver):
    target = receiver.target()
    target.execute(planned(target), "rollback-1-aa")
    assert receiver.orders == [
        {"key": "rollback-1-aa", "target": "endpoint", "action": "execute", "from": "v2", "to": "v1"}
    ]


def test_another_secret_is_refused_for_good(receiver, monkeypatch):
    target = receiver.target()
    plan = planned(target)
    monkeypatch.setenv("LEVER_SECRET", "another-secret-of-enough-bytes")
    with pytest.raises(OutsideServiceError, match="credentials") as caught:
        receiver.target().execute(plan, "rollback-1-aa")
    assert caught.value.permanent
    assert receiver.value() == "v2"


@pytest.mark.parametrize("secret", ["tiny-77", "whsec_not base64 at all !!!!!!!!!", "whsec_c2hvcnQ="])
def test_a_weak_secret_is_refused_and_not_shown(receiver, monkeypatch, secret):
    monkeypatch.setenv("LEVER_SECRET", secret)
    with pytest.raises(TargetError, match="at least 24 random bytes") as caught:
        receiver.target()
    assert secret not in str(caught.value)


def test_a_redirect_is_a_refusal_and_is_not_followed(receiver):
    target = receiver.target(url=f"{receiver.served.url}/elsewhere")
    with pytest.raises(OutsideServiceError) as caught:
        target.execute(planned(target), "rollback-1-aa")
    assert caught.value.permanent
    assert receiver.orders == []


def test_a_third_state_is_never_sent(receiver):
    target = receiver.target()
    plan = planned(target)
    receiver.move("v3")
    target.execute(plan, "rollback-1-aa")
    assert ("POST", "/rollback") not in receiver.served.calls


def test_what_the_receiver_saw_when_it_refused_is_told(receiver, monkeypatch):
    target = receiver.target()
    plan = planned(target)
    current = type(target).current

    def raced(asked):
        seen = current(asked)
        receiver.move("v3")
        return seen

    monkeypatch.setattr(type(target), "current", raced)
    assert "v3 is there now" in str(target.execute(plan, "rollback-1-aa"))
