"""What people do reaches a real Bolt app, over Socket Mode and over signed HTTP, in Slack's shapes."""

import asyncio
import time
from typing import Any

import aiohttp
import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient
from worldkit import INCIDENTS_CHANNEL, LEAD, ONCALL, SUPPORT_CHANNEL, People, over_http, over_socket, until

from sandbox.delivery import signature
from sandbox.people import APP_ID, BOT_USER, SIGNING_SECRET, TEAM_ID
from sandbox.server import World

COMMAND = {"channel": SUPPORT_CHANNEL, "command": "/rai-incident", "text": "leak"}


def button(action_id: str = "press", **fields: Any) -> dict[str, Any]:
    element = {"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": "Press"}, **fields}
    return {"type": "actions", "block_id": "row", "elements": [element]}


def press(channel: str, ts: str, **element: Any) -> dict[str, Any]:
    container = {"type": "message", "channel": channel, "ts": ts}
    return {"container": container, "block_id": "row", "action_id": "press", "element": element}


async def test_a_command_reaches_the_bot_and_its_answer_the_person(
    world: World, bolt: AsyncApp, people: People, connect: Any
) -> None:
    seen: list[dict[str, Any]] = []

    @bolt.command("/rai-incident")
    async def command(ack: Any, body: dict[str, Any]) -> None:
        seen.append(body)
        await ack("noted")

    async with connect(world, bolt):
        assert await people.act(ONCALL, "command", **COMMAND) == {"ok": True}
    body = seen[0]
    expected = {
        "team_id": TEAM_ID,
        "team_domain": "sandbox",
        "channel_id": SUPPORT_CHANNEL,
        "channel_name": "support",
        "user_id": ONCALL,
        "user_name": "oncall",
        "command": "/rai-incident",
        "text": "leak",
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
    }
    assert {name: body[name] for name in expected} == expected
    assert set(body) - set(expected) == {"token", "response_url", "trigger_id"}
    answer = (await people.messages(ONCALL, SUPPORT_CHANNEL))[-1]
    assert (answer["text"], answer["ephemeral"]) == ("noted", True)
    assert await people.messages(LEAD, SUPPORT_CHANNEL) == []


async def test_an_answer_in_channel_is_for_everybody(
    world: World, bolt: AsyncApp, people: People, connect: Any
) -> None:
    @bolt.command("/rai-incident")
    async def command(ack: Any) -> None:
        await ack(text="declared", response_type="in_channel")

    async with connect(world, bolt):
        await people.act(ONCALL, "command", **COMMAND)
    assert [one["text"] for one in await people.messages(LEAD, SUPPORT_CHANNEL)] == ["declared"]


async def test_a_button_sends_its_value_message_and_state(
    world: World, bolt: AsyncApp, slack: AsyncWebClient, people: People, connect: Any
) -> None:
    seen: list[dict[str, Any]] = []

    @bolt.action("press")
    async def pressed(ack: Any, body: dict[str, Any]) -> None:
        seen.append(body)
        await ack()

    posted = await slack.chat_postMessage(channel=INCIDENTS_CHANNEL, text="card", blocks=[button(value="7")])
    async with connect(world, bolt):
        assert (await people.act(ONCALL, "block_action", **press(INCIDENTS_CHANNEL, posted["ts"])))["ok"]
    body = seen[0]
    assert body["container"] == {
        "type": "message",
        "message_ts": posted["ts"],
        "channel_id": INCIDENTS_CHANNEL,
        "is_ephemeral": False,
    }
    assert body["user"] == {"id": ONCALL, "username": "oncall", "name": "oncall", "team_id": TEAM_ID}
    assert body["team"] == {"id": TEAM_ID, "domain": "sandbox"}
    assert (body["enterprise"], body["is_enterprise_install"]) == (None, False)
    assert body["channel"] == {"id": INCIDENTS_CHANNEL, "name": "incidents"}
    assert body["message"]["blocks"] == posted["message"]["blocks"]
    assert body["state"] == {"values": {}}
    (action,) = body["actions"]
    assert {name: action[name] for name in ("type", "block_id", "action_id", "value")} == {
        "type": "button",
        "block_id": "row",
        "action_id": "press",
        "value": "7",
    }
    assert float(action["action_ts"]) > 0


async def test_a_hostile_client_may_send_another_value(
    world: World, bolt: AsyncApp, slack: AsyncWebClient, people: People
) -> None:
    values: list[str] = []

    @bolt.action("press")
    async def pressed(ack: Any, action: dict[str, Any]) -> None:
        values.append(action["value"])
        await ack()

    posted = await slack.chat_postMessage(channel=INCIDENTS_CHANNEL, text="card", blocks=[button(value="7")])
    async with over_socket(world, bolt):
        await people.act(ONCALL, "block_action", **press(INCIDENTS_CHANNEL, posted["ts"], value="8"))
    assert values == ["8"]


async def test_an_element_that_is_gone_cannot_be_used(slack: AsyncWebClient, people: People) -> None:
    posted = await slack.chat_postMessage(channel=INCIDENTS_CHANNEL, text="card", blocks=[button("other")])
    answer = await people.act(ONCALL, "block_action", **press(INCIDENTS_CHANNEL, posted["ts"]))
    assert answer["error"] == "element_not_found"


async def test_the_response_url_replaces_deletes_and_runs_out(
    world: World, bolt: AsyncApp, slack: AsyncWebClient, people: People
) -> None:
    urls: list[str] = []

    @bolt.action("press")
    async def pressed(ack: Any, body: dict[str, Any]) -> None:
        urls.append(body["response_url"])
        await ack()

    posted = await slack.chat_postMessage(channel=INCIDENTS_CHANNEL, text="card", blocks=[button()])
    async with over_socket(world, bolt):
        await people.act(ONCALL, "block_action", **press(INCIDENTS_CHANNEL, posted["ts"]))
    webhook = AsyncWebhookClient(urls[0])

    async def texts(who: str) -> list[str]:
        return [message["text"] for message in await people.messages(who, INCIDENTS_CHANNEL)]

    assert (await webhook.send(text="only you")).status_code == 200
    assert (await webhook.send(text="all of you", response_type="in_channel")).status_code == 200
    assert (await texts(ONCALL), await texts(LEAD)) == (["card", "only you", "all of you"], ["card", "all of you"])
    await webhook.send(text="new card", replace_original=True, blocks=[])
    assert await texts(LEAD) == ["new card", "all of you"]
    await webhook.send(delete_original=True)
    assert await texts(LEAD) == ["all of you"]
    assert (await webhook.send(text="fifth")).status_code == 200
    sixth = await webhook.send(text="sixth")
    assert (sixth.status_code, sixth.body) == (404, "used_url")


async def test_an_unknown_response_url_has_expired(world: World) -> None:
    answer = await AsyncWebhookClient(f"{world.url}/response/nothing").send(text="x")
    assert (answer.status_code, answer.body) == (404, "expired_url")


async def test_shortcuts_carry_what_they_were_used_on(
    world: World, bolt: AsyncApp, slack: AsyncWebClient, people: People, connect: Any
) -> None:
    seen: list[dict[str, Any]] = []

    async def shortcut(ack: Any, body: dict[str, Any]) -> None:
        seen.append(body)
        await ack()

    bolt.shortcut({"type": "message_action", "callback_id": "report_ai_harm"})(shortcut)
    bolt.shortcut({"type": "shortcut", "callback_id": "declare_incident"})(shortcut)
    posted = await slack.chat_postMessage(channel=INCIDENTS_CHANNEL, text="odd")
    where = {"channel": INCIDENTS_CHANNEL, "ts": posted["ts"]}
    async with connect(world, bolt):
        assert (await people.act(ONCALL, "message_shortcut", callback_id="report_ai_harm", **where))["ok"]
        assert (await people.act(ONCALL, "global_shortcut", callback_id="declare_incident"))["ok"]
    assert (seen[0]["message_ts"], seen[0]["message"]["text"]) == (posted["ts"], "odd")
    assert {"trigger_id", "action_ts", "response_url", "channel"} <= set(seen[0])
    assert "channel" not in seen[1] and seen[1]["trigger_id"]


async def test_events_are_for_channels_the_bot_is_in(
    world: World, bolt: AsyncApp, people: People, connect: Any
) -> None:
    seen: list[dict[str, Any]] = []

    for kind in ("message", "app_mention", "reaction_added", "app_home_opened"):

        @bolt.event(kind)
        async def event(event: dict[str, Any], body: dict[str, Any]) -> None:
            seen.append(event | {"event_id": body["event_id"]})

    async with connect(world, bolt):
        said = await people.act(ONCALL, "message", channel=SUPPORT_CHANNEL, text="@rai-incident odd answer")
        await people.act(ONCALL, "message", channel="C0GENERAL1", text="not for the bot")
        await people.act(LEAD, "react", channel=SUPPORT_CHANNEL, ts=said["ts"], name="eyes")
        await people.act(LEAD, "open_home")

        async def all_there() -> bool:
            return len(seen) == 4

        await until(all_there)
    by_type = {event["type"]: event for event in seen}
    assert by_type["message"]["channel_type"] == "channel"
    assert f"<@{BOT_USER}>" in by_type["app_mention"]["text"]
    assert by_type["reaction_added"]["item"] == {"type": "message", "channel": SUPPORT_CHANNEL, "ts": said["ts"]}
    assert by_type["app_home_opened"]["tab"] == "home"
    assert len({event["event_id"] for event in seen}) == 4


async def test_joining_is_told_with_the_inviter(world: World, bolt: AsyncApp, slack: AsyncWebClient) -> None:
    seen: list[dict[str, Any]] = []

    @bolt.event("member_joined_channel")
    async def joined(event: dict[str, Any]) -> None:
        seen.append(event)

    async with over_socket(world, bolt):
        channel = (await slack.conversations_create(name="inc-9"))["channel"]["id"]
        await slack.conversations_invite(channel=channel, users=ONCALL)

        async def told() -> bool:
            return bool(seen)

        await until(told)
    assert (seen[0]["user"], seen[0]["channel"], seen[0]["inviter"]) == (ONCALL, channel, BOT_USER)


# not acknowledged


async def test_without_a_bot_the_person_reads_slacks_words(people: People) -> None:
    answer = await people.act(ONCALL, "command", **COMMAND)
    words = "/rai-incident failed because the app did not respond"
    assert (answer["error"], answer["message"]) == ("dispatch_failed", words)
    shown = (await people.messages(ONCALL, SUPPORT_CHANNEL))[-1]
    assert (shown["text"], shown["ephemeral"]) == (words, True)


async def test_an_acknowledgement_after_three_seconds_is_too_late(
    world: World, bolt: AsyncApp, people: People, connect: Any
) -> None:
    released = asyncio.Event()

    @bolt.command("/rai-incident")
    async def command(ack: Any) -> None:
        await released.wait()
        await ack("too late")

    async with connect(world, bolt):
        start = time.monotonic()
        assert (await people.act(ONCALL, "command", **COMMAND))["error"] == "dispatch_failed"
        assert 2.9 < time.monotonic() - start < 4
        released.set()


async def test_commands_are_not_retried_and_events_are(world: World, people: People, http: Any) -> None:
    seen: list[tuple[str | None, str | None]] = []
    bolt = AsyncApp(client=AsyncWebClient("xoxb-sandbox", base_url=f"{world.url}/api/"), signing_secret="wrong")
    async with over_http(world, bolt) as requests:
        await people.act(ONCALL, "command", **COMMAND)
        await people.act(ONCALL, "message", channel=SUPPORT_CHANNEL, text="hello")

        async def twice_more() -> bool:
            return len(requests) >= 4

        await until(twice_more)
        seen = [(one.get("x-slack-retry-num"), one.get("x-slack-retry-reason")) for one in requests]
    assert seen[:4] == [(None, None), (None, None), ("1", "http_error"), ("2", "http_error")]


async def test_requests_are_signed_as_slack_signs(world: World, bolt: AsyncApp, people: People) -> None:
    async with over_http(world, bolt):
        await people.act(ONCALL, "command", **COMMAND)
    sent = world.delivery.last["slash_commands"]
    assert SignatureVerifier(SIGNING_SECRET).is_valid_request(sent.body, sent.headers)
    assert not SignatureVerifier("other").is_valid_request(sent.body, sent.headers)
    assert signature(sent.headers["X-Slack-Request-Timestamp"], sent.body) == sent.headers["X-Slack-Signature"]


async def test_a_payload_is_redelivered_byte_for_byte(
    world: World, bolt: AsyncApp, people: People, connect: Any
) -> None:
    seen: list[dict[str, Any]] = []

    @bolt.command("/rai-incident")
    async def command(ack: Any, body: dict[str, Any]) -> None:
        seen.append(body)
        await ack()

    async with connect(world, bolt):
        await people.act(ONCALL, "command", **COMMAND)
        replayed = await people.act(ONCALL, "emulate", action="redeliver", kind="slash_commands")
    assert replayed["status"] == 200
    assert len(seen) == 2 and seen[0] == seen[1]


async def test_nothing_can_be_redelivered_before_something_was(people: People) -> None:
    answer = await people.act(ONCALL, "emulate", action="redeliver")
    assert answer["error"] == "nothing_delivered"


# Socket Mode


async def test_a_ticket_opens_one_link(world: World, http: aiohttp.ClientSession) -> None:
    client = AsyncWebClient(base_url=f"{world.url}/api/")
    address = (await client.apps_connections_open(app_token="xapp-sandbox"))["url"]
    async with http.ws_connect(address) as link:
        hello = await link.receive_json()
        assert (hello["type"], hello["connection_info"]) == ("hello", {"app_id": APP_ID})
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(address)


async def test_the_bot_token_opens_no_link(slack: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError) as caught:
        await slack.apps_connections_open(app_token="xoxb-sandbox")
    assert caught.value.response["error"] == "not_allowed_token_type"


async def test_a_bot_told_to_disconnect_comes_back(world: World, bolt: AsyncApp, people: People) -> None:
    @bolt.command("/rai-incident")
    async def command(ack: Any) -> None:
        await ack()

    async with over_socket(world, bolt):
        await people.act(ONCALL, "emulate", action="disconnect")

        async def back() -> bool:
            return bool(world.delivery.links)

        await until(back)
        assert (await people.act(ONCALL, "command", **COMMAND))["ok"]
