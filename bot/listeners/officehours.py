"""Office hours in Slack: typed, mentioned, written to the bot, in its pane, or said in an office-hours channel."""

import asyncio
import logging
import re
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from sqlalchemy.orm import Session

from bot import shown_questions
from bot.inbox import Item
from bot.listeners import Ack, Door, buttons, forms, team_of, tier, user_of
from bot.listeners.commands import subcommand
from bot.listeners.forms import Body, metadata
from bot.listeners.messages import plain_words
from bot.views import queue
from bot.views.blocks import Block, spoken
from bot.views.officehours import EMPTY_QUESTION
from incidents import access, handoffs, questions
from incidents.access import Action
from incidents.errors import Conflict, NotAllowed
from integrations.redact import redact
from integrations.slack import Message
from severity.errors import RaiIncidentError
from severity.officehours.search import MAX_QUESTION

log = logging.getLogger("rai.listeners")
PROMPTS_TITLE = "Ask about tiers, severity and policy"
ORDINARY = (None, "thread_broadcast", "file_share")  # subtypes of messages that a person wrote

_MENTION = re.compile(r"<[@!][^<>]*>")
_LABELLED = re.compile(r"<(?:[#!]|https?:|mailto:)[^<>|]*\|([^<>]*)>")
_BARE = re.compile(r"<(?:#|mailto:)?([^<>|@!]*)>")


def register(app: AsyncApp, door: Door) -> None:
    """Listen to messages, mentions, the assistant pane, and the buttons that open something."""

    @app.event("message")
    async def on_message(body: Body, event: dict[str, Any]) -> None:
        """A question in a direct message, or said in an office-hours channel. Any other channel is for people."""
        item = said(event, body, door.parts.bot_user, door.parts.office_hours.channels)
        if item is not None:
            await door.inbox.put(item)

    @app.event("app_mention")
    async def on_mention(body: Body, event: dict[str, Any]) -> None:
        """Asked by name: in an office-hours channel for everybody, anywhere else for the asker alone."""
        item = mentioned(event, body, door.parts.bot_user, door.parts.office_hours.channels)
        if item is not None:
            await door.inbox.put(item)

    @app.event("assistant_thread_started")
    async def pane_opened(event: dict[str, Any]) -> None:
        """Offer what people ask most."""
        thread = event.get("assistant_thread") or {}
        prompts = [{"title": each, "message": each} for each in door.parts.office_hours.schedule.prompts]
        try:
            await door.web.assistant_threads_setSuggestedPrompts(
                channel_id=str(thread.get("channel_id")),
                thread_ts=str(thread.get("thread_ts")),
                title=PROMPTS_TITLE,
                prompts=prompts,
            )
        except SlackApiError as error:
            log.warning("the suggested prompts were refused: %s", error.response.get("error"))

    @app.event("assistant_thread_context_changed")
    async def ignore_context() -> None:
        """An answer does not depend on which channel somebody looks at."""

    @app.action("question_declare")
    async def declare(ack: Ack, body: Body, action: dict[str, Any]) -> None:
        """The form, prefilled with what they asked."""
        await _open(door, ack, body, _declare_form(door, body, _number(action)))

    @app.action("question_tier")
    async def walk(ack: Ack, body: Body, action: dict[str, Any]) -> None:
        """The tier questions, for the system they named."""
        named = str(action.get("value") or "")
        system = "" if named == "choose" else named
        await _open(door, ack, body, tier.first_page(door, body, system, buttons.channel_of(body)))

    @app.action("handoff_answer_open")
    async def answer(ack: Ack, body: Body, action: dict[str, Any]) -> None:
        """The expert's form."""
        await _open(door, ack, body, _answer_form(door, body, _number(action)))


@subcommand("ask")
async def ask(door: Door, ack: Ack, body: Body, rest: str) -> None:
    """A question, answered to the asker alone."""
    text = question_text(rest)
    if not text:
        await ack(text=EMPTY_QUESTION)
        return
    channel, user = str(body["channel_id"]), user_of(body)
    refused = await door.save(
        Item(
            f"cmd:{body['trigger_id']}",
            "ask",
            team_of(body),
            user,
            _payload("command", channel, f"{channel}:{user}", text, response_url=body.get("response_url")),
        )
    )
    await ack(**({"text": refused} if refused else {}))


@subcommand("officehours", "office-hours", "hours")
async def show_hours(door: Door, ack: Ack, body: Body, rest: str) -> None:
    """When people are there, and how many questions wait for them."""
    who = await asyncio.to_thread(door.parts.directory.person, user_of(body), team_of(body))
    access.check(Action.ASK, who)
    open_, taken = await door.read(lambda session: handoffs.waiting(session, who.team_id))
    schedule = door.parts.office_hours.schedule
    slots = [f"{slot.day.capitalize()} {slot.from_}–{slot.to}, {slot.zone or schedule.zone}" for slot in schedule.slots]
    names = [name.lstrip("#") for name in door.parts.settings.office_hours_channels]
    message = queue.schedule_message(slots, shown_questions.duty_now(), open_, taken, names)
    await ack(text=message.text, blocks=message.blocks)


def said(event: dict[str, Any], body: Body, bot_user: str, channels: frozenset[str]) -> Item | None:
    """The question in a message, if it is meant for us."""
    if event.get("subtype") not in ORDINARY or event.get("bot_id") or not event.get("user"):
        return None
    channel, ts, thread_ts = str(event.get("channel")), str(event.get("ts")), event.get("thread_ts")
    text = question_text(str(event.get("text") or ""))
    if not text:
        return None
    if event.get("channel_type") == "im":
        # Without a thread, the next message follows up for a while; in the pane every conversation is a thread.
        payload = _payload("direct", channel, f"{channel}:{thread_ts or ''}", text, thread_ts=thread_ts)
        return _item(event, body, payload)
    if channel in channels and thread_ts in (None, ts):
        asked = f"<@{bot_user}>" in str(event.get("text"))
        return _item(event, body, _payload("channel", channel, f"{channel}:{ts}", text, thread_ts=ts, asked=asked))
    return None


def mentioned(event: dict[str, Any], body: Body, bot_user: str, channels: frozenset[str]) -> Item | None:
    """The question in a mention. The message itself may have come already: both are one item."""
    if event.get("bot_id") or not event.get("user"):
        return None
    channel, ts = str(event.get("channel")), str(event.get("ts"))
    thread_ts = event.get("thread_ts")
    text = question_text(str(event.get("text") or ""))
    thread = f"{channel}:{thread_ts or ts}"
    if channel in channels:
        return _item(event, body, _payload("channel", channel, thread, text, thread_ts=thread_ts or ts))
    return _item(event, body, _payload("mention", channel, thread, text, thread_ts=thread_ts))


def _item(event: dict[str, Any], body: Body, payload: dict[str, Any]) -> Item:
    team = event.get("user_team") or event.get("source_team") or event.get("team") or body.get("team_id")
    return Item(f"ask:{event.get('channel')}:{event.get('ts')}", "ask", str(team), str(event["user"]), payload)


def _payload(place: str, channel: str, thread: str, text: str, **more: Any) -> dict[str, Any]:
    """An item's payload. `loose`: the thread is no thread of Slack's, so what was said long ago is not followed up."""
    loose = place == "command" or (place == "direct" and not more.get("thread_ts"))
    return {"place": place, "channel": channel, "thread": thread, "text": text, "loose": loose, "asked": True, **more}


def question_text(text: str) -> str:
    """The words of a message, without markup, personal data and secrets."""
    shown = _LABELLED.sub(r"\1", _MENTION.sub(" ", text))
    words = plain_words(_BARE.sub(r"\1", shown))
    return redact(" ".join(words.split()))[:MAX_QUESTION].strip()


def _number(action: dict[str, Any]) -> int:
    value = str(action.get("value") or "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0


async def _declare_form(door: Door, body: Body, question_id: int) -> Block:
    who = await asyncio.to_thread(door.parts.directory.person, user_of(body), team_of(body))
    access.check(Action.DECLARE, who)
    channel = buttons.channel_of(body)

    def look(session: Session) -> str:
        row = questions.get(session, question_id, who.team_id)
        return row.text if row.user == who.user_id or (row.public and row.channel == channel) else ""

    return await forms.declare_form(door, await door.read(look), {"channel": channel})


async def _answer_form(door: Door, body: Body, handoff_id: int) -> Block:
    who = await asyncio.to_thread(door.parts.directory.person, user_of(body), team_of(body))
    experts = door.parts.office_hours.schedule.experts

    def look(session: Session) -> Block:
        row = session.get(handoffs.Handoff, handoff_id)
        if row is None or row.team_id != who.team_id or not access.may_answer(who, experts):
            raise NotAllowed("Only experts of the office hours and responders can answer. Nothing was changed.")
        if row.state == "answered" or (row.taken_by not in (None, who.user_id)):
            raise Conflict(f"<@{row.taken_by}> has this question. Press *Take it over* if they cannot answer it.")
        text = questions.get(session, row.question_id, who.team_id).text
        where = metadata({"handoff": row.id, "channel": buttons.channel_of(body)})
        return queue.answer_modal(text, row.asked_by, where)

    return await door.read(look)


async def _open(door: Door, ack: Ack, body: Body, form: Any) -> None:
    """Open the form that is being made; a refusal is told to whoever pressed."""
    try:
        refused = await door.open_modal(body["trigger_id"], await form)
    except RaiIncidentError as error:
        refused = str(error)
    await ack()
    if refused:
        await buttons.say(door, body, Message(spoken(refused)))
