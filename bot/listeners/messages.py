"""Shortcuts on messages, and reactions."""

import asyncio
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.inbox import Item
from bot.listeners import Ack, Door, forms, team_of, user_of
from bot.listeners.forms import Body
from bot.views.blocks import spoken
from incidents import access, lifecycle
from incidents.access import Action
from integrations.errors import OutsideServiceError
from integrations.slack import Message
from severity.errors import RaiIncidentError

PIN = "pushpin"


def register(app: AsyncApp, door: Door) -> None:
    """Listen to the shortcuts and reactions."""

    @app.shortcut("report_ai_harm")
    async def report_message(ack: Ack, body: Body) -> None:
        """The form, prefilled with the message somebody reports."""
        message = body.get("message") or {}
        channel = str((body.get("channel") or {}).get("id") or "")
        where = {"channel": channel}
        if message.get("ts"):
            where["reported_at"] = message["ts"]
            where["source_url"] = f"{door.parts.channel_url(channel)}/p{str(message['ts']).replace('.', '')}"
        await _declare(door, ack, body, plain_words(str(message.get("text") or "")), where)

    @app.shortcut("keep_failing_prompt")
    async def keep_prompt(ack: Ack, body: Body) -> None:
        """The words of a message that made an AI system fail, to be replayed."""
        message = body.get("message") or {}
        channel = str((body.get("channel") or {}).get("id") or "")
        where = {"source_url": f"{door.parts.channel_url(channel)}/p{str(message.get('ts') or '').replace('.', '')}"}
        try:
            words = plain_words(str(message.get("text") or ""))
            view = await forms.keep_prompt_form(door, body, channel, words, where)
            refused = await door.open_modal(body["trigger_id"], view)
        except RaiIncidentError as error:
            refused = str(error)
        await ack()
        if refused:
            await direct(door, body, refused)

    @app.shortcut("declare_incident")
    async def declare(ack: Ack, body: Body) -> None:
        """The form, empty, from anywhere."""
        await _declare(door, ack, body, "", {})

    @app.action("declare_open")
    async def declare_button(ack: Ack, body: Body) -> None:
        """The form, from the App Home."""
        await _declare(door, ack, body, "", {})

    @app.event("reaction_added")
    async def pinned(body: Body, event: dict[str, Any]) -> None:
        """A pushpin in an incident's channel puts the message on the timeline."""
        if event.get("reaction") != PIN or (event.get("item") or {}).get("type") != "message":
            return
        channel, ts = str(event["item"]["channel"]), str(event["item"]["ts"])
        team = str(body.get("team_id") or "")
        known = await door.read(lambda session: lifecycle.in_channel(session, team, channel) is not None)
        if not known:
            return
        payload = {
            "channel": channel,
            "ts": ts,
            "permalink": f"{door.parts.channel_url(channel)}/p{ts.replace('.', '')}",
        }
        await door.inbox.put(Item(str(body["event_id"]), "pin", team, str(event["user"]), payload))

    @app.event("member_joined_channel")
    async def ignore_joins() -> None:
        """Joining needs no answer."""


async def _declare(door: Door, ack: Ack, body: Body, prefill: str, where: dict[str, Any]) -> None:
    try:
        who = await asyncio.to_thread(door.parts.directory.person, user_of(body), team_of(body))
        access.check(Action.DECLARE, who)
        refused = await door.open_modal(body["trigger_id"], await forms.declare_form(door, prefill, where))
    except RaiIncidentError as error:
        refused = str(error)
    await ack()
    if refused:
        await direct(door, body, refused)


async def direct(door: Door, body: Body, words: str) -> None:
    """Words in a direct message; a best effort, since nothing was saved."""
    message = door.in_exercise(str((body.get("channel") or {}).get("id") or ""), Message(spoken(words)))
    user = user_of(body)

    def send() -> None:
        slack = door.parts.slack
        slack.call("chat.postMessage", channel=slack.direct_channel(user), text=message.text, blocks=message.blocks)

    try:
        await asyncio.to_thread(send)
    except OutsideServiceError:
        return


def plain_words(text: str) -> str:
    """A message's mrkdwn as the words it shows, for an input field (which takes no markup)."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
