"""The Web API answers both SDK clients as Slack does, refusals included."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from worldkit import GENERAL_CHANNEL, GUEST, INCIDENTS_CHANNEL, LEAD, ONCALL, SUPPORT_CHANNEL, People

from sandbox.people import APP_TOKEN, BOT_SCOPES, BOT_TOKEN, BOT_USER
from sandbox.server import World


async def refusal(call: Any) -> str:
    """The code a call is refused with."""
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


async def raw(world: World, http: aiohttp.ClientSession, method: str, **request: Any) -> dict[str, Any]:
    async with http.post(f"{world.url}/api/{method}", **request) as response:
        return await response.json()


async def test_the_synchronous_client_posts_and_reads_back(world: World) -> None:
    client = WebClient(BOT_TOKEN, base_url=f"{world.url}/api/")

    def post_and_read() -> list[str]:
        client.chat_postMessage(channel=INCIDENTS_CHANNEL, text="hello")
        return [message["text"] for message in client.conversations_history(channel=INCIDENTS_CHANNEL)["messages"]]

    assert await asyncio.to_thread(post_and_read) == ["hello"]


async def test_auth_test_names_the_bot_and_its_scopes(slack: AsyncWebClient) -> None:
    answer = await slack.auth_test()
    assert answer["user_id"] == BOT_USER
    assert answer.headers["x-oauth-scopes"].split(",") == list(BOT_SCOPES)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "not_authed"),
        ({"Authorization": "Bearer xoxb-other"}, "invalid_auth"),
        ({"Authorization": f"Bearer {APP_TOKEN}"}, "not_allowed_token_type"),
    ],
)
async def test_a_wrong_token_is_refused(
    world: World, http: aiohttp.ClientSession, headers: dict[str, str], code: str
) -> None:
    assert (await raw(world, http, "auth.test", headers=headers))["error"] == code


@pytest.mark.parametrize(
    "request_body",
    [
        {"data": {"token": BOT_TOKEN, "channel": SUPPORT_CHANNEL}},
        {"json": {"token": BOT_TOKEN, "channel": SUPPORT_CHANNEL}},
        {
            "data": b"",
            "params": {"channel": SUPPORT_CHANNEL},
            "headers": {"Content-Type": "application/json", "Authorization": f"Bearer {BOT_TOKEN}"},
        },
    ],
)
async def test_arguments_come_as_form_json_or_query_with_an_empty_body(
    world: World, http: aiohttp.ClientSession, request_body: dict[str, Any]
) -> None:
    assert (await raw(world, http, "conversations.info", **request_body))["channel"]["name"] == "support"


async def test_an_unknown_method_is_named(slack: AsyncWebClient) -> None:
    assert await refusal(slack.api_call("chat.shout")) == "unknown_method"


# channels


async def test_a_channel_name_is_taken_once(slack: AsyncWebClient) -> None:
    await slack.conversations_create(name="inc-1")
    assert await refusal(slack.conversations_create(name="inc-1")) == "name_taken"


@pytest.mark.parametrize(
    ("name", "code"),
    [("Upper", "invalid_name_specials"), ("a b", "invalid_name_specials"), ("x" * 81, "invalid_name_maxlength")],
)
async def test_a_malformed_channel_name_is_refused(slack: AsyncWebClient, name: str, code: str) -> None:
    assert await refusal(slack.conversations_create(name=name)) == code


async def test_inviting_is_refused_for_whoever_cannot_be_invited(slack: AsyncWebClient) -> None:
    channel = (await slack.conversations_create(name="inc-2"))["channel"]["id"]
    await slack.conversations_invite(channel=channel, users=[ONCALL, LEAD])
    assert await refusal(slack.conversations_invite(channel=channel, users=ONCALL)) == "already_in_channel"
    assert await refusal(slack.conversations_invite(channel=channel, users=BOT_USER)) == "cant_invite_self"
    assert await refusal(slack.conversations_invite(channel=channel, users="U0NOBODY00")) == "user_not_found"
    members = (await slack.conversations_members(channel=channel))["members"]
    assert members == [BOT_USER, ONCALL, LEAD]


async def test_one_bad_invitation_keeps_all_out_unless_forced(slack: AsyncWebClient) -> None:
    channel = (await slack.conversations_create(name="inc-3"))["channel"]["id"]
    users = [ONCALL, "U0NOBODY00"]
    assert await refusal(slack.conversations_invite(channel=channel, users=users)) == "user_not_found"
    assert (await slack.conversations_members(channel=channel))["members"] == [BOT_USER]
    await slack.conversations_invite(channel=channel, users=users, force=True)
    assert (await slack.conversations_members(channel=channel))["members"] == [BOT_USER, ONCALL]


async def test_an_archived_channel_takes_no_messages(slack: AsyncWebClient) -> None:
    channel = (await slack.conversations_create(name="inc-4"))["channel"]["id"]
    await slack.conversations_archive(channel=channel)
    assert await refusal(slack.chat_postMessage(channel=channel, text="late")) == "is_archived"
    assert await refusal(slack.conversations_archive(channel=channel)) == "already_archived"


async def test_a_private_channel_is_seen_only_by_its_members(slack: AsyncWebClient, people: People) -> None:
    channel = (await slack.conversations_create(name="inc-secret", is_private=True))["channel"]["id"]
    seen = await people.state(ONCALL)
    assert channel not in [one["id"] for one in seen["channels"] + seen["joinable"]]
    assert (await people.act(ONCALL, "join", channel=channel))["error"] == "channel_not_found"


async def test_history_pages_backwards_and_stops(slack: AsyncWebClient) -> None:
    stamps = [(await slack.chat_postMessage(channel=INCIDENTS_CHANNEL, text=str(n)))["ts"] for n in range(5)]
    seen: list[str] = []
    cursor = None
    while True:
        page = await slack.conversations_history(channel=INCIDENTS_CHANNEL, limit=2, cursor=cursor)
        seen += [message["ts"] for message in page["messages"]]
        cursor = page["response_metadata"]["next_cursor"]
        assert page["has_more"] == bool(cursor)
        if not cursor:
            break
    assert seen == stamps[::-1]


async def test_history_is_bounded_by_oldest_and_latest(slack: AsyncWebClient) -> None:
    first, second, third = [
        (await slack.chat_postMessage(channel=INCIDENTS_CHANNEL, text=str(n)))["ts"] for n in range(3)
    ]

    async def between(inclusive: bool) -> list[str]:
        page = await slack.conversations_history(
            channel=INCIDENTS_CHANNEL, oldest=first, latest=third, inclusive=inclusive
        )
        return [message["ts"] for message in page["messages"]]

    assert await between(inclusive=False) == [second]
    assert await between(inclusive=True) == [third, second, first]


# messages


async def test_a_post_to_a_channel_the_bot_is_not_in_is_refused(slack: AsyncWebClient) -> None:
    assert await refusal(slack.chat_postMessage(channel=GENERAL_CHANNEL, text="x")) == "not_in_channel"
    assert await refusal(slack.chat_postMessage(channel="C0NOWHERE1", text="x")) == "channel_not_found"


async def test_text_is_needed_and_bounded(slack: AsyncWebClient) -> None:
    assert await refusal(slack.chat_postMessage(channel=INCIDENTS_CHANNEL, text="")) == "no_text"
    assert await refusal(slack.chat_postMessage(channel=INCIDENTS_CHANNEL, text="x" * 40_001)) == "msg_too_long"


async def test_faulty_blocks_are_named_by_pointer(slack: AsyncWebClient) -> None:
    blocks = [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]
    with pytest.raises(SlackApiError) as caught:
        await slack.chat_postMessage(channel=INCIDENTS_CHANNEL, text="x", blocks=blocks)
    assert caught.value.response["error"] == "invalid_blocks"
    words = "[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]"
    assert caught.value.response["response_metadata"]["messages"] == [words]


async def test_metadata_is_kept_and_returned_when_asked_for(slack: AsyncWebClient) -> None:
    metadata = {"event_type": "rai_incident", "event_payload": {"key": "declare:1"}}
    await slack.chat_postMessage(channel=INCIDENTS_CHANNEL, text="x", metadata=metadata)
    plain = await slack.conversations_history(channel=INCIDENTS_CHANNEL)
    whole = await slack.conversations_history(channel=INCIDENTS_CHANNEL, include_all_metadata=True)
    assert "metadata" not in plain["messages"][0]
    assert whole["messages"][0]["metadata"] == metadata


async def test_a_message_is_edited_in_place(slack: AsyncWebClient) -> None:
    block = {"type": "divider", "block_id": "line"}
    posted = await slack.chat_postMessage(channel=INCIDENTS_CHANNEL, text="one", blocks=[block])
    edited = await slack.chat_update(channel=INCIDENTS_CHANNEL, ts=posted["ts"], text="two")
    assert (edited["ts"], edited["text"]) == (posted["ts"], "two")
    history = await slack.conversations_history(channel=INCIDENTS_CHANNEL)
    assert [message["text"] for message in history["messages"]] == ["two"]
    assert history["messages"][0]["blocks"] == [block]
    assert "edited" in history["messages"][0]


async def test_only_the_bots_own_messages_can_be_changed(slack: AsyncWebClient, people: People) -> None:
    said = await people.act(ONCALL, "message", channel=SUPPORT_CHANNEL, text="mine")
    channel, ts = SUPPORT_CHANNEL, said["ts"]
    assert await refusal(slack.chat_update(channel=channel, ts=ts, text="x")) == "cant_update_message"
    assert await refusal(slack.chat_delete(channel=channel, ts=ts)) == "cant_delete_message"
    assert await refusal(slack.chat_update(channel=channel, ts="1.000000", text="x")) == "message_not_found"


async def test_an_ephemeral_message_is_seen_by_one_person(slack: AsyncWebClient, people: People) -> None:
    await slack.chat_postEphemeral(channel=SUPPORT_CHANNEL, user=ONCALL, text="for you")
    assert [one["text"] for one in await people.messages(ONCALL, SUPPORT_CHANNEL)] == ["for you"]
    assert await people.messages(LEAD, SUPPORT_CHANNEL) == []
    assert (await slack.conversations_history(channel=SUPPORT_CHANNEL))["messages"] == []
    refused = slack.chat_postEphemeral(channel=SUPPORT_CHANNEL, user=GUEST, text="x")
    assert await refusal(refused) == "user_not_in_channel"


async def test_a_thread_is_read_with_its_root(slack: AsyncWebClient) -> None:
    root = (await slack.chat_postMessage(channel=INCIDENTS_CHANNEL, text="root"))["ts"]
    await slack.chat_postMessage(channel=INCIDENTS_CHANNEL, text="reply", thread_ts=root)
    replies = await slack.conversations_replies(channel=INCIDENTS_CHANNEL, ts=root)
    assert [message["text"] for message in replies["messages"]] == ["root", "reply"]
    history = await slack.conversations_history(channel=INCIDENTS_CHANNEL)
    assert [message["reply_count"] for message in history["messages"]] == [1]


async def test_a_reply_sent_to_the_channel_too_stands_in_both(slack: AsyncWebClient) -> None:
    root = (await slack.chat_postMessage(channel=INCIDENTS_CHANNEL, text="root"))["ts"]
    await slack.chat_postMessage(channel=INCIDENTS_CHANNEL, text="resolved", thread_ts=root, reply_broadcast=True)
    history = await slack.conversations_history(channel=INCIDENTS_CHANNEL)
    replies = await slack.conversations_replies(channel=INCIDENTS_CHANNEL, ts=root)
    assert [message["text"] for message in history["messages"]] == ["resolved", "root"]
    assert [message["text"] for message in replies["messages"]] == ["root", "resolved"]
    assert history["messages"][0]["subtype"] == "thread_broadcast"


async def test_pins_and_reactions_are_set_once(slack: AsyncWebClient) -> None:
    where = {
        "channel": INCIDENTS_CHANNEL,
        "timestamp": (await slack.chat_postMessage(channel=INCIDENTS_CHANNEL, text="x"))["ts"],
    }
    await slack.pins_add(**where)
    assert await refusal(slack.pins_add(**where)) == "already_pinned"
    assert len((await slack.pins_list(channel=INCIDENTS_CHANNEL))["items"]) == 1
    await slack.pins_remove(**where)
    assert await refusal(slack.pins_remove(**where)) == "no_pin"
    await slack.reactions_add(name="eyes", **where)
    assert await refusal(slack.reactions_add(name="eyes", **where)) == "already_reacted"
    await slack.reactions_remove(name="eyes", **where)
    assert await refusal(slack.reactions_remove(name="eyes", **where)) == "no_reaction"


async def test_bookmarks_are_added_changed_and_removed(slack: AsyncWebClient) -> None:
    added = await slack.bookmarks_add(
        channel_id=INCIDENTS_CHANNEL, title="Ticket", type="link", link="https://jira.invalid/1"
    )
    bookmark = added["bookmark"]["id"]
    await slack.bookmarks_edit(channel_id=INCIDENTS_CHANNEL, bookmark_id=bookmark, title="RAI-1")
    listed = await slack.bookmarks_list(channel_id=INCIDENTS_CHANNEL)
    assert [one["title"] for one in listed["bookmarks"]] == ["RAI-1"]
    await slack.bookmarks_remove(channel_id=INCIDENTS_CHANNEL, bookmark_id=bookmark)
    again = slack.bookmarks_remove(channel_id=INCIDENTS_CHANNEL, bookmark_id=bookmark)
    assert await refusal(again) == "not_found"


async def test_a_file_is_uploaded_shared_and_served(
    slack: AsyncWebClient, people: People, world: World, http: aiohttp.ClientSession
) -> None:
    uploaded = await slack.files_upload_v2(
        channel=INCIDENTS_CHANNEL, filename="trend.csv", content="week,incidents\n", initial_comment="the week"
    )
    file = (await slack.files_info(file=uploaded["file"]["id"]))["file"]
    assert (file["name"], file["size"]) == ("trend.csv", 15)
    message = (await people.messages(ONCALL, INCIDENTS_CHANNEL))[-1]
    assert (message["text"], message["files"][0]["name"]) == ("the week", "trend.csv")
    async with http.get(world.url + message["files"][0]["url"]) as response:
        assert await response.text() == "week,incidents\n"


async def test_a_channel_has_one_canvas(slack: AsyncWebClient) -> None:
    content = {"type": "markdown", "markdown": "# Postmortem"}
    await slack.conversations_canvases_create(channel_id=INCIDENTS_CHANNEL, document_content=content)
    again = slack.conversations_canvases_create(channel_id=INCIDENTS_CHANNEL, document_content=content)
    assert await refusal(again) == "channel_canvas_already_exists"


async def test_the_assistant_pane_belongs_to_direct_messages(slack: AsyncWebClient, people: People) -> None:
    channel = (await people.act(ONCALL, "open_dm", user=BOT_USER))["channel"]
    ts = (await people.act(ONCALL, "message", channel=channel, text="which tier?"))["ts"]
    thread = {"channel_id": channel, "thread_ts": ts}
    await slack.assistant_threads_setStatus(**thread, status="reads the handbook")
    await slack.assistant_threads_setTitle(**thread, title="Tiering")
    prompts = [{"title": "Tier", "message": "Which tier?"}]
    await slack.assistant_threads_setSuggestedPrompts(**thread, prompts=prompts)
    elsewhere = slack.assistant_threads_setStatus(channel_id=INCIDENTS_CHANNEL, thread_ts=ts, status="x")
    assert await refusal(elsewhere) == "channel_not_supported"


async def test_a_permalink_names_channel_and_message(slack: AsyncWebClient) -> None:
    posted = await slack.chat_postMessage(channel=INCIDENTS_CHANNEL, text="x")
    link = (await slack.chat_getPermalink(channel=INCIDENTS_CHANNEL, message_ts=posted["ts"]))["permalink"]
    assert link.endswith(f"/archives/{INCIDENTS_CHANNEL}/p{posted['ts'].replace('.', '')}")


# people


async def test_guests_and_groups_are_told_apart(slack: AsyncWebClient) -> None:
    assert (await slack.users_info(user=GUEST))["user"]["is_restricted"] is True
    assert (await slack.users_info(user=ONCALL))["user"]["is_restricted"] is False
    groups = (await slack.usergroups_list(include_users=True))["usergroups"]
    assert [group["handle"] for group in groups] == ["rai-responders", "rai-admins"]
    assert ONCALL in (await slack.usergroups_users_list(usergroup=groups[0]["id"]))["users"]
    assert GUEST not in groups[0]["users"]


async def test_whoever_is_deactivated_leaves_the_group_and_the_directory(slack: AsyncWebClient, people: People) -> None:
    await people.act(LEAD, "deactivate", user=ONCALL)
    assert (await slack.users_info(user=ONCALL))["user"]["deleted"] is True
    assert ONCALL not in (await slack.usergroups_users_list(usergroup="S0RESPOND1"))["users"]
    assert await refusal(slack.users_lookupByEmail(email="oncall@sandbox.invalid")) == "users_not_found"


async def test_a_direct_message_is_opened_once(slack: AsyncWebClient) -> None:
    opened = [(await slack.conversations_open(users=ONCALL))["channel"]["id"] for _ in range(2)]
    assert opened[0] == opened[1]
    posted = await slack.chat_postMessage(channel=ONCALL, text="psst")
    assert posted["channel"] == opened[0]


# whom a text notifies


@pytest.mark.parametrize(
    ("text", "notified", "links"),
    [
        ("<!channel> look", 5, 0),
        ("<!here> look", 5, 0),
        (f"<@{ONCALL}> look", 1, 0),
        ("<!subteam^S0RESPOND1> look", 4, 0),
        ("<https://jira.invalid/1|the ticket>", 0, 1),
        (f"&lt;!channel&gt; &lt;@{ONCALL}&gt; &lt;https://evil.invalid|Approve&gt;", 0, 0),
        ("&amp;lt;!channel&amp;gt;", 0, 0),
        ("@channel @oncall", 0, 0),
    ],
)
async def test_only_real_control_sequences_notify_or_link(
    slack: AsyncWebClient, people: People, text: str, notified: int, links: int
) -> None:
    section = {"type": "section", "text": {"type": "mrkdwn", "text": text}}
    await slack.chat_postMessage(channel=INCIDENTS_CHANNEL, text=text)
    await slack.chat_postMessage(channel=INCIDENTS_CHANNEL, text="fallback", blocks=[section])
    for message in await people.messages(LEAD, INCIDENTS_CHANNEL):
        assert (len(message["notified"]), len(message["links"])) == (notified, links)


async def test_rich_text_notifies_by_element_and_never_by_text(slack: AsyncWebClient, people: People) -> None:
    elements = [{"type": "text", "text": "<!channel>"}, {"type": "user", "user_id": ONCALL}]
    block = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}
    await slack.chat_postMessage(channel=INCIDENTS_CHANNEL, text="fallback", blocks=[block])
    assert (await people.messages(LEAD, INCIDENTS_CHANNEL))[0]["notified"] == [ONCALL]


async def test_link_names_turns_words_into_notifications(slack: AsyncWebClient, people: People) -> None:
    await slack.chat_postMessage(channel=INCIDENTS_CHANNEL, text="@oncall", link_names=True)
    assert (await people.messages(LEAD, INCIDENTS_CHANNEL))[0]["notified"] == [ONCALL]


async def test_what_people_type_is_escaped_as_the_composer_does(people: People) -> None:
    await people.act(ONCALL, "message", channel=SUPPORT_CHANNEL, text="<b> & @rai-lead #support")
    assert (await people.messages(LEAD, SUPPORT_CHANNEL))[0]["text"] == (
        f"&lt;b&gt; &amp; <@{LEAD}> <#{SUPPORT_CHANNEL}>"
    )


async def test_form_encoded_blocks_are_read_as_json(world: World, http: aiohttp.ClientSession) -> None:
    form = {"token": BOT_TOKEN, "channel": INCIDENTS_CHANNEL, "text": "x", "blocks": json.dumps([{"type": "divider"}])}
    answer = await raw(world, http, "chat.postMessage", data=form)
    assert [block["type"] for block in answer["message"]["blocks"]] == ["divider"]
