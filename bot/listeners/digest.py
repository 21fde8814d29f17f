"""`/rai-incident digest`: the form, its buttons, and the words that act at once."""

import asyncio
import re
from typing import Any
from zoneinfo import ZoneInfo

from slack_bolt.async_app import AsyncApp
from sqlalchemy.orm import Session

from bot.acts.digest import shown
from bot.inbox import Item
from bot.listeners import Ack, Door, carried, team_of, user_of
from bot.listeners.buttons import channel_of, say
from bot.listeners.forms import Body, Where, metadata
from bot.listeners.submits import PAYLOADS, Payload, Values, choice_of, text_of
from bot.views import digest_forms as views
from bot.views.blocks import Block, spoken
from incidents import access, subscriptions
from incidents.access import Action
from incidents.errors import BadInput, Conflict
from incidents.periods import EVERY
from integrations.slack import Message

WORDS = {"preview": "digest_preview", "now": "digest_now", "pause": "digest_pause", "resume": "digest_resume"}
SAID = {
    "digest_preview": "Received: the preview comes in a moment, only for you.",
    "digest_now": "Received: the digest is being sent.",
    "digest_pause": "Received.",
    "digest_resume": "Received.",
}


def register(app: AsyncApp, door: Door) -> None:
    """Listen to the form's buttons; the form itself is submitted like all others."""

    @app.action(re.compile("^(" + "|".join(SAID) + ")$"))
    async def pressed(ack: Ack, body: Body, action: dict[str, Any]) -> None:
        """A button in the form, which knows its channel."""
        view, kind, value = body["view"], str(action["action_id"]), str(action.get("value") or "")
        where = carried(view)
        named: Payload = {"every": value} if kind == "digest_preview" else {"subscription": _number(value)}
        refused = await door.save(_item(body, f"act:{body['trigger_id']}", kind, str(where.get("channel")), named))
        await ack()
        await door.replace_modal(body, views.done_modal(refused or SAID[kind]))

    @app.action("digest_open")
    async def open_form(ack: Ack, body: Body) -> None:
        """The form of the channel that a digest stands in."""
        trouble = await door.open_modal(body["trigger_id"], await form(door, body, channel_of(body)))
        await ack()
        if trouble:
            await say(door, body, Message(spoken(trouble)))


async def typed(door: Door, ack: Ack, body: Body, rest: str) -> None:
    """`digest`, `digest preview`, `digest now monthly`, …"""
    word, every = (*rest.lower().split(), "", "")[:2]
    channel = str(body["channel_id"])
    if not word:
        trouble = await door.open_modal(body["trigger_id"], await form(door, body, channel))
        await ack(**({"text": trouble} if trouble else {}))
        return
    if word not in WORDS or every not in ("", *EVERY):
        raise Conflict(
            f"`digest` alone opens the form; or one of {', '.join(WORDS)}, and one of {', '.join(EVERY)}. "
            "Nothing was changed."
        )
    kind = WORDS[word]
    item = _item(body, f"cmd:{body['trigger_id']}", kind, channel, {"every": every or None})
    refused = await door.save(item)
    await ack(text=refused or SAID[kind])


async def form(door: Door, body: Body, channel: str) -> Block:
    """The form for a channel. Raises NotAllowed, or Conflict in a direct message."""
    who = await asyncio.to_thread(door.parts.directory.person, user_of(body), team_of(body))
    access.check(Action.DECLARE, who)
    if not channel.startswith(("C", "G")):
        raise Conflict("A digest belongs into a channel: type this there.")
    zone = await asyncio.to_thread(door.parts.directory.zone, user_of(body))

    def look(session: Session) -> Block:
        rows = [row for row in subscriptions.of_channel(session, channel) if row.team_id == who.team_id]
        return views.digest_form(
            [shown(row) for row in rows],
            [(system.id, system.name) for system in door.parts.systems],
            zone,
            door.parts.settings.digest_min_cell,
            metadata({"channel": channel}),
        )

    return await door.read(look)


def _subscribe(values: Values, where: Where) -> tuple[str, Payload]:
    zone = text_of(values, "zone").strip()
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, KeyError):
        raise BadInput("zone", "That is no time zone. Zones look like Europe/Berlin or UTC.") from None
    at = str((values.get("at", {}).get("value") or {}).get("selected_time") or "")
    if not at:
        raise BadInput("at", "Choose a time.")
    systems, classes = _several(values, "systems"), _several(values, "harm_classes")
    audience = choice_of(values, "audience") or "team"
    if audience == "organisation" and (systems or classes):
        raise BadInput("audience", "A digest for the organisation covers everything: leave both lists empty.")
    return "digest_subscribe", {
        "channel": where.get("channel"),
        "every": choice_of(values, "every") or "weekly",
        "weekday": choice_of(values, "weekday") or "0",
        "at": at,
        "zone": zone,
        "systems": systems,
        "harm_classes": classes,
        "audience": audience,
    }


PAYLOADS[views.CALLBACK] = _subscribe


def _several(values: Values, block: str) -> list[str]:
    chosen = (values.get(block, {}).get("value") or {}).get("selected_options") or []
    return [str(option["value"]) for option in chosen]


def _item(body: Body, key: str, kind: str, channel: str, named: Payload) -> Item:
    payload = {"channel": channel, "response_url": body.get("response_url"), **named}
    return Item(key=key, kind=kind, team_id=team_of(body), user=user_of(body), payload=payload)


def _number(value: str) -> int:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0
