"""The switch of the assistant's tool takes signed orders only, and the guardrails follow their branch."""

import asyncio
import base64
import hashlib
import hmac
import json
import subprocess
import time
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette
from starlette.routing import Route

from sandbox.faults import Faults
from sandbox.levers.policy import Policy
from sandbox.levers.switch import SECRET, ToolSwitch

OFF = {"action": "execute", "from": "on", "key": "k1", "target": "tool-permissions", "to": "off"}


def signed(order: dict[str, str], *, key: str = "k1", at: float | None = None, secret: str = SECRET) -> dict[str, str]:
    timestamp = str(int(at or time.time()))
    digest = hmac.digest(secret.encode(), f"{key}.{timestamp}.{json.dumps(order)}".encode(), hashlib.sha256)
    signature = "v1," + base64.b64encode(digest).decode()
    return {"webhook-id": key, "webhook-timestamp": timestamp, "webhook-signature": signature}


class Gateway:
    def __init__(self) -> None:
        self.changes: list[bool] = []
        self.switch = ToolSwitch(lambda: self.changes.append(self.switch.on), Faults(lambda: None))
        app = Starlette(routes=[Route("/", self.switch.receive, methods=["POST"])])
        self.http = AsyncClient(transport=ASGITransport(app=app), base_url="http://gateway.invalid")

    async def order(self, order: dict[str, str], headers: dict[str, str]) -> int:
        return (await self.http.post("/", content=json.dumps(order), headers=headers)).status_code


async def test_an_order_that_is_not_signed_rightly_or_is_old_changes_nothing() -> None:
    gateway = Gateway()
    bad = [signed(OFF, secret="another secret"), signed(OFF, at=time.time() - 600), signed({**OFF, "to": "on"}), {}]
    assert [await gateway.order(OFF, headers) for headers in bad] == [401] * 4
    assert gateway.switch.on
    assert not gateway.changes


async def test_a_key_is_answered_as_the_first_time_and_changes_once() -> None:
    gateway = Gateway()
    assert [await gateway.order(OFF, signed(OFF)) for _ in range(3)] == [200] * 3
    assert gateway.changes == [False]


async def test_where_another_state_is_in_force_nothing_changes() -> None:
    gateway = Gateway()
    await gateway.order(OFF, signed(OFF))
    assert await gateway.order(OFF, signed(OFF, key="k2")) == 409
    assert gateway.changes == [False]


async def test_the_guardrails_follow_their_branch(tmp_path: Path) -> None:
    seen = asyncio.Event()
    policy = Policy(tmp_path / "config.git", seen.set)
    assert (policy.version, policy.withholds) == ("4", False)
    before = policy.digest
    git = ["git", f"--git-dir={policy.repository}"]
    subprocess.run([*git, "update-ref", "refs/heads/main", "refs/heads/main~1"], check=True)
    async with asyncio.timeout(5):
        await seen.wait()
    assert (policy.version, policy.withholds) == ("3", True)
    assert policy.digest != before
    policy.close()


async def test_without_git_there_is_no_policy_and_nothing_is_withheld(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    policy = Policy(tmp_path / "config.git", lambda: None)
    assert (policy.here, policy.withholds) == (False, False)
    policy.close()
