"""What the page is fed with: the live state, the bot's process, and acts that are refused."""

import json
import ssl
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
import yaml
from slack_sdk.web.async_client import AsyncWebClient
from worldkit import GUEST, INCIDENTS_CHANNEL, LEAD, ONCALL, SUPPORT_CHANNEL, People, until

from sandbox.counterparts import paging
from sandbox.server import World
from sandbox.supervisor import NotReady

READY_BOT = """
import http.server, os, sys
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *args): pass
local = os.environ["SLACK_API_URL"].startswith("http://127.0.0.1")
print("hello from the bot,", local, "SLACK_APP_TOKEN" in os.environ)
sys.stdout.flush()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Ready).serve_forever()
"""


@pytest.fixture
async def bot_world(tmp_path: Path) -> AsyncIterator[World]:
    command = (sys.executable, "-c", READY_BOT, "{port}")
    async with World(tmp_path, port=0, bot_command=command, bot_env={}, socket_mode=False) as world:
        yield world


async def next_state(live: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    return json.loads(await live.receive_str(timeout=5))


async def test_the_page_gets_the_state_at_once_and_after_each_change(
    world: World, people: People, slack: AsyncWebClient
) -> None:
    async with people.http.ws_connect(f"{world.url}/sandbox/live?as={ONCALL}") as live:
        first = await next_state(live)
        assert first["me"] == ONCALL
        await slack.chat_postMessage(channel=INCIDENTS_CHANNEL, text="news")
        second = await next_state(live)
    assert second["rev"] > first["rev"]
    incidents = next(channel for channel in second["channels"] if channel["id"] == INCIDENTS_CHANNEL)
    assert (incidents["messages"][-1]["text"], incidents["unread"], incidents["mention"]) == ("news", 1, False)


async def test_the_state_has_every_part_of_the_contract(people: People) -> None:
    state = await people.state(ONCALL)
    shown = "rev me team people bot channels modals home shortcuts commands"
    panels = "pagerduty jira assistant faults appearance"
    assert {*shown.split(), *panels.split()} <= set(state)
    assert {"user_id", "name", "running", "pid", "started_at", "restarts", "connected", "log_tail"} <= set(state["bot"])


async def test_a_guest_sees_only_their_own_channels(people: People) -> None:
    state = await people.state(GUEST)
    assert [channel["name"] for channel in state["channels"]] == ["general"]
    assert state["joinable"] == []
    read = await people.act(GUEST, "read", channel=SUPPORT_CHANNEL)
    assert read["error"] == "channel_not_found"


async def test_reading_clears_unread_and_mention(people: People, slack: AsyncWebClient) -> None:
    await slack.chat_postMessage(channel=SUPPORT_CHANNEL, text=f"<@{ONCALL}>")

    async def badge() -> tuple[int, bool]:
        channels = (await people.state(ONCALL))["channels"]
        return next((one["unread"], one["mention"]) for one in channels if one["id"] == SUPPORT_CHANNEL)

    assert await badge() == (1, True)
    await people.act(ONCALL, "read", channel=SUPPORT_CHANNEL)
    assert await badge() == (0, False)


async def test_people_join_react_and_upload(people: People, slack: AsyncWebClient) -> None:
    channel = (await slack.conversations_create(name="inc-7"))["channel"]["id"]
    assert (await people.act(LEAD, "message", channel=channel, text="x"))["error"] == "not_in_channel"
    assert (await people.act(LEAD, "join", channel=channel))["ok"]
    said = await people.act(LEAD, "message", channel=channel, text="here")
    await people.act(LEAD, "react", channel=channel, ts=said["ts"], name="eyes")
    await people.act(LEAD, "upload", channel=channel, name="a.txt", content_base64="aGk=")
    message, upload = (await people.messages(LEAD, channel))[-2:]
    assert message["reactions"] == [{"name": "eyes", "users": [LEAD]}]
    assert upload["files"][0]["name"] == "a.txt"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ([], "unknown_act"),
        ({"as": ONCALL, "type": "dance"}, "unknown_act"),
        ({"as": "U0NOBODY00", "type": "read", "channel": SUPPORT_CHANNEL}, "user_not_found"),
        ({"as": "U0RAIBOT01", "type": "read", "channel": SUPPORT_CHANNEL}, "user_not_found"),
        ({"as": ONCALL, "type": "message"}, "malformed_act"),
        ({"as": ONCALL, "type": "block_action", "container": 7, "block_id": "", "action_id": ""}, "malformed_act"),
    ],
)
async def test_a_malformed_act_is_refused_with_words(people: People, body: Any, error: str) -> None:
    async with people.http.post(f"{people.url}/sandbox/act", json=body) as response:
        answer = await response.json()
    assert (response.status, answer["ok"], answer["error"]) == (200, False, error)
    assert answer["message"]


async def test_another_sites_page_cannot_act(people: People) -> None:
    body = {"as": ONCALL, "type": "read", "channel": SUPPORT_CHANNEL}
    for path in ("act", "faults", "bot"):
        async with people.http.post(
            f"{people.url}/sandbox/{path}", json=body, headers={"Origin": "https://evil.invalid"}
        ) as response:
            assert response.status == 403
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await people.http.ws_connect(f"{people.url}/sandbox/live?as={ONCALL}", origin="https://evil.invalid")


async def test_the_bots_inventory_points_at_the_assistant(world: World) -> None:
    (system,) = yaml.safe_load((world.home / "config" / "systems.yaml").read_text(encoding="utf-8"))["systems"]
    assert system["endpoint"] == f"{world.url}/assistant"
    kinds = {target["id"]: target["kind"] for target in system["rollback_targets"]}
    assert kinds == {
        "model-version": "openfeature",
        "prompt-version": "mlflow",
        "guardrail-policy": "gitfile",
        "tool-permissions": "webhook",
        "kill-switch": "openfeature",
    }
    files = {target["file"] for target in system["rollback_targets"] if target["kind"] == "openfeature"}
    assert files == {str(world.flags_file)}


async def test_a_person_answers_their_pager(world: World, people: People) -> None:
    body = {"as": ONCALL, "incident": "Q0NOTHING", "action": "acknowledge"}
    async with people.http.post(f"{world.url}/sandbox/pagerduty", json=body) as response:
        assert (response.status, (await response.json())["error"]) == (409, "nothing_to_do")
    page: dict[str, Any] = {"routing_key": paging.ROUTING_KEY, "event_action": "trigger", "dedup_key": "INC-1"}
    page["payload"] = {"summary": "leak", "source": "support-assistant", "severity": "critical"}
    trust = ssl.create_default_context(cafile=world.ca_file)
    async with people.http.post(f"{world.pagerduty_url}/v2/enqueue", json=page, ssl=trust) as response:
        assert response.status == 202
    (incident,) = (await people.state(ONCALL))["pagerduty"]["incidents"]
    body["incident"] = incident["id"]
    async with people.http.post(f"{world.url}/sandbox/pagerduty", json=body) as response:
        assert response.status == 200
    (incident,) = (await people.state(ONCALL))["pagerduty"]["incidents"]
    assert incident["status"] == "acknowledged"


# the bot's process


async def test_a_command_that_does_not_exist_leaves_nothing_running(tmp_path: Path) -> None:
    world = World(tmp_path, port=0, bot_command=("no-such-command",), bot_env={})
    with pytest.raises(FileNotFoundError):
        await world.__aenter__()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{world.url}/sandbox/calls")


async def test_the_bot_is_started_with_its_addresses_and_its_words_are_shown(
    bot_world: World, http: aiohttp.ClientSession
) -> None:
    await bot_world.bot_ready(10)
    bot = (await People(bot_world.url, http).state(ONCALL))["bot"]
    assert bot["running"] and bot["pid"] and bot["restarts"] == 0
    assert bot["log_tail"] == ["hello from the bot, True False"]


async def test_a_killed_bot_stays_down_until_somebody_starts_it(bot_world: World, http: aiohttp.ClientSession) -> None:
    people = People(bot_world.url, http)

    async def bot() -> dict[str, Any]:
        return (await people.state(ONCALL))["bot"]

    async def steer(action: str) -> int:
        async with http.post(f"{bot_world.url}/sandbox/bot", json={"action": action}) as response:
            return response.status

    await bot_world.bot_ready(10)
    first = (await bot())["pid"]
    assert await steer("kill") == 200

    async def down() -> bool:
        return not (await bot())["running"]

    await until(down)

    async def told() -> bool:
        return "killed by signal 9" in (await bot())["log_tail"][-1]

    await until(told)
    assert await steer("start") == 200
    await bot_world.bot_ready(10)
    again = await bot()
    assert (again["restarts"], again["pid"] != first) == (1, True)
    assert await steer("dance") == 400


async def test_a_bot_that_ends_is_not_ready_and_says_why(tmp_path: Path) -> None:
    command = (sys.executable, "-c", "raise SystemExit('no token')")
    async with World(tmp_path, port=0, bot_command=command, bot_env={}) as world:
        with pytest.raises(NotReady, match="no token"):
            await world.bot_ready(10)
