"""Each fault switch does to real clients what the outside world does."""

import asyncio
import time
from typing import Any

import aiohttp
import httpx
import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from worldkit import INCIDENTS_CHANNEL, ONCALL, People

from sandbox.faults import Faults
from sandbox.people import BOT_TOKEN
from sandbox.server import World

POST = {"service": "slack", "method": "chat.postMessage"}


async def texts(people: People) -> list[str]:
    return [message["text"] for message in await people.messages(ONCALL, INCIDENTS_CHANNEL)]


async def post(slack: AsyncWebClient, text: str = "x") -> Any:
    return await slack.chat_postMessage(channel=INCIDENTS_CHANNEL, text=text)


async def calls(people: People) -> list[dict[str, Any]]:
    async with people.http.get(f"{people.url}/sandbox/calls") as response:
        return await response.json()


async def test_latency_is_added_to_each_call_but_calls_do_not_wait_for_each_other(
    people: People, slack: AsyncWebClient
) -> None:
    await people.set_faults(latency_ms=200, service="slack")
    start = time.monotonic()
    await asyncio.gather(*(post(slack, str(n)) for n in range(20)))
    assert 0.2 <= time.monotonic() - start < 1.0
    assert len(await texts(people)) == 20


async def test_latency_of_one_service_leaves_others_alone(
    world: World, people: People, http: aiohttp.ClientSession
) -> None:
    await people.set_faults(latency_ms=5000, service="jira")
    start = time.monotonic()
    async with http.get(f"{world.url}/assistant/status") as response:
        assert response.status == 200
    assert time.monotonic() - start < 1


async def test_a_rate_limit_says_how_long_to_wait_and_ends(people: People, slack: AsyncWebClient) -> None:
    await people.set_faults(rate_limit={"method": "chat.postMessage", "retry_after": 7, "times": 2})
    for _ in range(2):
        with pytest.raises(SlackApiError) as caught:
            await post(slack)
        assert caught.value.response.status_code == 429
        assert caught.value.response["error"] == "ratelimited"
        assert caught.value.response.headers["Retry-After"] == "7"
    await post(slack, "third")
    assert await texts(people) == ["third"]
    assert (await people.state(ONCALL))["faults"]["rate_limit"] is None


async def test_an_error_leaves_nothing_done(people: People, slack: AsyncWebClient) -> None:
    await people.set_faults(error={**POST, "status": 503, "times": 1})
    with pytest.raises(SlackApiError) as caught:
        await post(slack)
    assert caught.value.response.status_code == 503
    assert await texts(people) == []


async def test_an_error_may_be_one_of_slacks_own_codes(people: People, slack: AsyncWebClient) -> None:
    rule = {"service": "slack", "method": "usergroups.users.list", "status": 200, "code": "fatal_error", "times": 1}
    await people.set_faults(error=rule)
    with pytest.raises(SlackApiError) as caught:
        await slack.usergroups_users_list(usergroup="S0RESPOND1")
    assert caught.value.response["error"] == "fatal_error"


async def test_a_dropped_call_is_not_done(people: People, slack: AsyncWebClient) -> None:
    await people.set_faults(drop={**POST, "times": 1})
    with pytest.raises(aiohttp.ClientError):
        await post(slack)
    assert await texts(people) == []
    await post(slack, "again")
    assert await texts(people) == ["again"]


async def test_a_lost_answer_is_done_all_the_same(people: People, slack: AsyncWebClient) -> None:
    await people.set_faults(lose_answer={**POST, "times": 1})
    with pytest.raises(aiohttp.ClientError):
        await post(slack, "done")
    assert await texts(people) == ["done"]


async def test_every_client_sees_a_broken_connection(world: World, people: People) -> None:
    await people.set_faults(drop={"service": "slack", "method": "*"})
    address, headers = f"{world.url}/api/auth.test", {"Authorization": f"Bearer {BOT_TOKEN}"}

    def try_all() -> None:
        with pytest.raises(requests.ConnectionError):
            requests.post(address, headers=headers, timeout=5)
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.post(address, headers=headers)
        with pytest.raises(ConnectionError):
            WebClient(BOT_TOKEN, base_url=f"{world.url}/api/", retry_handlers=[]).auth_test()

    await asyncio.to_thread(try_all)


async def test_a_refused_block_is_unknown_here_at_any_depth(people: People, slack: AsyncWebClient) -> None:
    await people.set_faults(refuse_blocks=["task_card"])
    task = {"type": "task_card", "task_id": "1", "title": "Stop it", "status": "pending"}
    plan = {"type": "plan", "title": "Contain", "tasks": [task]}
    with pytest.raises(SlackApiError) as caught:
        await slack.chat_postMessage(channel=INCIDENTS_CHANNEL, text="plan", blocks=[plan])
    assert caught.value.response["error"] == "invalid_blocks"
    words = "[ERROR] unsupported type: task_card [json-pointer:/blocks]"
    assert caught.value.response["response_metadata"]["messages"] == [words]
    await people.set_faults(refuse_blocks=[])
    await slack.chat_postMessage(channel=INCIDENTS_CHANNEL, text="plan", blocks=[plan])


@pytest.mark.parametrize(
    ("patch", "word"),
    [
        ({"latency": 1}, "no such switch: latency"),
        ({"latency_ms": -1}, "latency_ms"),
        ({"service": "github"}, "service"),
        ({"drop": {"service": "slack", "speed": 1}}, "drop"),
        ({"error": {"service": "slack", "times": 0}}, "error.times"),
        ({"lose_answer": {"probability": 2}}, "lose_answer.probability"),
        ({"refuse_blocks": "plan"}, "refuse_blocks"),
    ],
)
async def test_a_malformed_switch_is_named_and_changes_nothing(people: People, patch: Any, word: str) -> None:
    before = (await people.state(ONCALL))["faults"]
    status, answer = await people.set_faults(**{"latency_ms": 5, **patch})
    assert status == 400 and word in answer["message"]
    assert (await people.state(ONCALL))["faults"] == before


async def test_the_call_log_names_method_key_and_status(people: People, slack: AsyncWebClient) -> None:
    metadata = {"event_type": "rai_incident", "event_payload": {"key": "declare:1"}}
    await slack.chat_postMessage(channel=INCIDENTS_CHANNEL, text="x", metadata=metadata)
    await people.set_faults(drop={**POST, "times": 1})
    with pytest.raises(aiohttp.ClientError):
        await post(slack)
    done, dropped = await calls(people)
    assert (done["service"], done["method"], done["key"], done["status"]) == (
        "slack",
        "chat.postMessage",
        "declare:1",
        200,
    )
    assert (dropped["status"], dropped["key"]) == (0, INCIDENTS_CHANNEL)


def test_a_probability_is_repeatable() -> None:
    def taken() -> list[bool]:
        faults = Faults(lambda: None)
        faults.set({"lose_answer": {"service": "slack", "method": "*", "probability": 0.5}})
        return [faults._take("lose_answer", "slack", "x") is not None for _ in range(50)]

    assert taken() == taken()
    assert 10 < sum(taken()) < 40
