"""Modals and the Home tab: opening, submitting, stacking and closing, as Slack does them."""

from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from worldkit import INCIDENTS_CHANNEL, LEAD, ONCALL, SUPPORT_CHANNEL, People, over_socket

from sandbox.server import World
from sandbox.triggers import LIFETIME_SECONDS, Triggers


def plain(words: str) -> dict[str, str]:
    return {"type": "plain_text", "text": words}


def modal(callback_id: str = "declare", **fields: Any) -> dict[str, Any]:
    element = {"type": "plain_text_input", "action_id": "text", "max_length": 20}
    summary = {"type": "input", "block_id": "summary", "label": plain("Summary"), "element": element}
    view = {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain("Declare"),
        "submit": plain("Declare"),
        "blocks": [summary],
        "private_metadata": "state",
    }
    return view | fields


def typed(text: str) -> dict[str, Any]:
    return {"summary": {"text": {"type": "plain_text_input", "value": text}}}


async def opened(world: World, slack: AsyncWebClient, **fields: Any) -> dict[str, Any]:
    answer = await slack.views_open(trigger_id=world.triggers.issue(ONCALL), view=modal(**fields))
    return dict(answer["view"])


async def modals(people: People) -> list[dict[str, Any]]:
    return list((await people.state(ONCALL))["modals"])


async def refusal(call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


# opening


async def test_an_opened_modal_is_shown_to_its_person_only(world: World, slack: AsyncWebClient, people: People) -> None:
    view = await opened(world, slack)
    assert [shown["id"] for shown in await modals(people)] == [view["id"]]
    assert (await people.state(LEAD))["modals"] == []
    assert view["state"] == {"values": {}}
    assert (view["private_metadata"], view["callback_id"], view["root_view_id"]) == ("state", "declare", view["id"])


async def test_a_trigger_opens_one_view(world: World, slack: AsyncWebClient) -> None:
    trigger = world.triggers.issue(ONCALL)
    await slack.views_open(trigger_id=trigger, view=modal())
    assert await refusal(slack.views_open(trigger_id=trigger, view=modal())) == "exchanged_trigger_id"


async def test_a_trigger_expires_after_three_seconds() -> None:
    now = 100.0
    triggers = Triggers(clock=lambda: now)
    trigger = triggers.issue(ONCALL)
    now += LIFETIME_SECONDS
    assert triggers.fault(trigger) is None
    now += 0.001
    assert triggers.fault(trigger) == "expired_trigger_id"


async def test_an_invented_trigger_opens_nothing(slack: AsyncWebClient) -> None:
    assert await refusal(slack.views_open(trigger_id="1.2.abc", view=modal())) == "invalid_trigger_id"


async def test_a_faulty_view_is_named_by_pointer_and_leaves_the_trigger_unused(
    world: World, slack: AsyncWebClient
) -> None:
    trigger = world.triggers.issue(ONCALL)
    with pytest.raises(SlackApiError) as caught:
        await slack.views_open(trigger_id=trigger, view=modal(title=plain("x" * 25)))
    assert caught.value.response["error"] == "invalid_arguments"
    words = "[ERROR] must be less than 25 characters [json-pointer:/view/title/text]"
    assert caught.value.response["response_metadata"]["messages"] == [words]
    await slack.views_open(trigger_id=trigger, view=modal())


async def test_an_update_with_an_old_hash_conflicts(world: World, slack: AsyncWebClient) -> None:
    view = await opened(world, slack)
    newer = (await slack.views_update(view_id=view["id"], hash=view["hash"], view=modal()))["view"]
    assert newer["hash"] != view["hash"]
    assert await refusal(slack.views_update(view_id=view["id"], hash=view["hash"], view=modal())) == "hash_conflict"
    assert await refusal(slack.views_update(view_id="V0", view=modal())) == "not_found"


async def test_three_modals_fit_on_the_stack(world: World, slack: AsyncWebClient, people: People) -> None:
    first = await opened(world, slack)
    for _ in range(2):
        pushed = await slack.views_push(trigger_id=world.triggers.issue(ONCALL), view=modal())
    assert pushed["view"]["root_view_id"] == first["id"]
    fourth = slack.views_push(trigger_id=world.triggers.issue(ONCALL), view=modal())
    assert await refusal(fourth) == "push_limit_reached"
    assert len(await modals(people)) == 3


# submitting


async def test_a_submit_closes_the_modal_and_carries_the_values(
    world: World, slack: AsyncWebClient, bolt: AsyncApp, people: People, connect: Any
) -> None:
    seen: list[dict[str, Any]] = []

    @bolt.view("declare")
    async def submitted(ack: Any, body: dict[str, Any]) -> None:
        seen.append(body)
        await ack()

    view = await opened(world, slack)
    async with connect(world, bolt):
        answer = await people.act(ONCALL, "view_submit", view_id=view["id"], values=typed("leak"))
    assert answer["ok"] and await modals(people) == []
    body = seen[0]
    assert (body["type"], body["user"]["id"], body["response_urls"]) == ("view_submission", ONCALL, [])
    assert body["view"]["state"]["values"] == typed("leak")
    assert (body["view"]["id"], body["view"]["hash"]) == (view["id"], view["hash"])
    assert "channel" not in body and "response_url" not in body and body["trigger_id"]


async def test_errors_stand_beside_their_inputs_until_the_next_submit(
    world: World, slack: AsyncWebClient, bolt: AsyncApp, people: People, connect: Any
) -> None:
    answers = [{"response_action": "errors", "errors": {"summary": "Say what happened."}}, {}]

    @bolt.view("declare")
    async def submitted(ack: Any) -> None:
        await ack(**answers.pop(0))

    view = await opened(world, slack)
    async with connect(world, bolt):
        submit = {"view_id": view["id"], "values": typed("?")}
        first = await people.act(ONCALL, "view_submit", **submit)
        (shown,) = await modals(people)
        assert (first["response_action"], shown["errors"]) == ("errors", {"summary": "Say what happened."})
        assert shown["hash"] == view["hash"]
        await people.act(ONCALL, "view_submit", **submit)
    assert await modals(people) == []


async def test_an_acknowledgement_pushes_updates_and_clears(
    world: World, slack: AsyncWebClient, bolt: AsyncApp, people: People
) -> None:
    answers: list[dict[str, Any]] = [
        {"response_action": "push", "view": modal("second")},
        {"response_action": "update", "view": modal("third")},
        {"response_action": "clear"},
    ]

    async def submitted(ack: Any) -> None:
        await ack(**answers.pop(0))

    for callback_id in ("declare", "second", "third"):
        bolt.view(callback_id)(submitted)
    await opened(world, slack)
    stacks = []
    async with over_socket(world, bolt):
        for _ in range(3):
            top = (await modals(people))[-1]
            await people.act(ONCALL, "view_submit", view_id=top["id"], values=typed("leak"))
            stacks.append([shown["callback_id"] for shown in await modals(people)])
    assert stacks == [["declare", "second"], ["declare", "third"], []]


async def test_slacks_client_checks_inputs_before_the_bot_hears_of_them(
    world: World, slack: AsyncWebClient, people: People
) -> None:
    view = await opened(world, slack)
    empty = await people.act(ONCALL, "view_submit", view_id=view["id"], values={})
    assert (empty["error"], world.delivery.last) == ("invalid_input", {})
    long = await people.act(ONCALL, "view_submit", view_id=view["id"], values=typed("x" * 21))
    assert long["message"] == "Please enter no more than 20 characters."
    assert (await modals(people))[0]["errors"] == {"summary": long["message"]}


async def test_without_a_bot_a_submitted_modal_stays_with_its_input(
    world: World, slack: AsyncWebClient, people: People
) -> None:
    view = await opened(world, slack)
    answer = await people.act(ONCALL, "view_submit", view_id=view["id"], values=typed("leak"))
    assert answer["message"] == "We had some trouble connecting. Try again?"
    (shown,) = await modals(people)
    assert (shown["hash"], shown["state"]) == (view["hash"], typed("leak"))


async def test_another_persons_modal_cannot_be_submitted(world: World, slack: AsyncWebClient, people: People) -> None:
    view = await opened(world, slack)
    answer = await people.act(LEAD, "view_submit", view_id=view["id"], values=typed("leak"))
    assert answer["error"] == "view_not_found"


async def test_response_urls_come_only_where_an_input_asks(
    world: World, slack: AsyncWebClient, bolt: AsyncApp, people: People
) -> None:
    seen: list[list[dict[str, Any]]] = []

    @bolt.view("declare")
    async def submitted(ack: Any, body: dict[str, Any]) -> None:
        seen.append(body["response_urls"])
        await ack()

    select = {"type": "conversations_select", "action_id": "where", "response_url_enabled": True}
    block = {"type": "input", "block_id": "channel", "label": plain("Channel"), "element": select}
    view = await opened(world, slack, blocks=[block])
    picked = {"channel": {"where": {"type": "conversations_select", "selected_conversation": INCIDENTS_CHANNEL}}}
    async with over_socket(world, bolt):
        await people.act(ONCALL, "view_submit", view_id=view["id"], values=picked)
    ((asked,),) = seen
    expected = {"block_id": "channel", "action_id": "where", "channel_id": INCIDENTS_CHANNEL}
    assert {name: asked[name] for name in expected} == expected and asked["response_url"]


# using and closing


async def test_an_element_of_a_modal_sends_the_view_with_all_values(
    world: World, slack: AsyncWebClient, bolt: AsyncApp, people: People
) -> None:
    seen: list[dict[str, Any]] = []

    @bolt.action("pick")
    async def picked(ack: Any, body: dict[str, Any]) -> None:
        seen.append(body)
        await ack()

    options = [{"text": plain(word), "value": word} for word in ("yes", "no")]
    radio = {"type": "radio_buttons", "action_id": "pick", "options": options, "initial_option": options[1]}
    question = {"type": "actions", "block_id": "question", "elements": [radio]}
    view = await opened(world, slack, blocks=[question, *modal()["blocks"]])
    act = {"container": {"type": "view", "view_id": view["id"]}, "block_id": "question", "action_id": "pick"}
    async with over_socket(world, bolt):
        await people.act(
            ONCALL, "block_action", **act, element={"selected_option": options[0]}, state=typed("half a sen")
        )
    body = seen[0]
    assert body["container"] == {"type": "view", "view_id": view["id"]}
    assert body["actions"][0]["selected_option"] == options[0]
    assert body["view"]["state"]["values"] == {
        "question": {"pick": {"type": "radio_buttons", "selected_option": options[0]}},
        **typed("half a sen"),
    }
    assert "response_url" not in body and "message" not in body


async def test_closing_is_told_only_where_asked(
    world: World, slack: AsyncWebClient, bolt: AsyncApp, people: People
) -> None:
    seen: list[dict[str, Any]] = []

    @bolt.view_closed("declare")
    async def closed(ack: Any, body: dict[str, Any]) -> None:
        seen.append(body)
        await ack()

    async with over_socket(world, bolt):
        for asked in (False, True):
            view = await opened(world, slack, notify_on_close=asked)
            await people.act(ONCALL, "view_close", view_id=view["id"])
    assert [body["view"]["id"] for body in seen] == [view["id"]]
    assert seen[0]["is_cleared"] is False
    assert await modals(people) == []


async def test_the_home_tab_is_published_and_seen_by_its_person(slack: AsyncWebClient, people: People) -> None:
    home = {"type": "home", "blocks": [{"type": "divider"}]}
    first = (await slack.views_publish(user_id=ONCALL, view=home))["view"]
    second = (await slack.views_publish(user_id=ONCALL, view=home, hash=first["hash"]))["view"]
    assert first["id"] == second["id"]
    assert await refusal(slack.views_publish(user_id=ONCALL, view=home, hash=first["hash"])) == "hash_conflict"
    assert (await people.state(ONCALL))["home"]["view"]["id"] == first["id"]
    assert (await people.state(LEAD))["home"]["view"] is None


async def test_a_command_opens_a_modal_whose_submit_posts_and_edits(
    world: World, bolt: AsyncApp, people: People, connect: Any
) -> None:
    @bolt.command("/rai-incident")
    async def command(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=modal())
        await ack()

    @bolt.view("declare")
    async def submitted(ack: Any, view: dict[str, Any], client: AsyncWebClient) -> None:
        words = view["state"]["values"]["summary"]["text"]["value"]
        posted = await client.chat_postMessage(channel=INCIDENTS_CHANNEL, text="declaring")
        await client.chat_update(channel=INCIDENTS_CHANNEL, ts=posted["ts"], text=f"declared: {words}")
        await ack()

    async with connect(world, bolt):
        await people.act(ONCALL, "command", channel=SUPPORT_CHANNEL, command="/rai-incident", text="")
        (shown,) = await modals(people)
        await people.act(ONCALL, "view_submit", view_id=shown["id"], values=typed("leak"))
    (message,) = await people.messages(ONCALL, INCIDENTS_CHANNEL)
    assert (message["text"], message["edited"]) == ("declared: leak", True)
