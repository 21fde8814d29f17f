"""Listeners: Slack's payloads in, inbox items out. They validate, save, acknowledge, and do nothing else that matters.

Opening a modal is not work: it happens at once, from one indexed read. What a modal submits goes through the inbox.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.orm import Session

from bot.acts import meant, not_rehearsed
from bot.homes import Homes
from bot.inbox import Full, Inbox, Item
from bot.parts import Parts
from bot.rehearsal import bannered, bannered_modal
from bot.views.blocks import Block
from incidents.access import Action
from incidents.db import reading
from incidents.models import Incident
from integrations.slack import Message

R = TypeVar("R")
Ack = Callable[..., Awaitable[Any]]
log = logging.getLogger("rai.listeners")

ALREADY = "That was received already and is being done. Nothing was done twice."
BUSY = "More is arriving than can be saved right now. Nothing was saved; please try again in a minute."


@dataclass
class Door:
    """What listeners need: the inbox, the parts, a client for opening modals, and the App Homes."""

    parts: Parts
    inbox: Inbox
    web: AsyncWebClient
    homes: Homes

    async def save(self, item: Item) -> str | None:
        """Save an item; None when it was new, else words for the person."""
        try:
            return None if await self.inbox.put(item) else ALREADY
        except Full:
            return BUSY

    async def read(self, look: Callable[[Session], R]) -> R:
        """One read of the record, in a thread."""

        def run() -> R:
            with reading(self.parts.db) as session:
                return look(session)

        return await asyncio.to_thread(run)

    def in_exercise(self, channel: str, message: Message) -> Message:
        """The message as it is shown in a channel: in an exercise's, under its banner."""
        number = self.parts.exercise_rooms.get(channel)
        return message if number is None else bannered(number, message)

    def as_shown(self, view: Block, where: dict[str, Any] | None = None) -> Block:
        """A form as it is shown: one of an exercise's channel under its banner. `where` is what the form that it
        follows carried, for one that carries nothing itself."""
        where = carried(view) or where or {}
        number = self.parts.exercise_rooms.get(str(where.get("channel") or ""))
        return view if number is None else bannered_modal(number, view)

    async def open_modal(self, trigger_id: str, view: Block) -> str | None:
        """Open a modal; words for the person when Slack refused."""
        try:
            await self.web.views_open(trigger_id=trigger_id, view=self.as_shown(view))
        except SlackApiError as error:
            code = error.response.get("error")
            log.warning("a modal was refused: %s %s", code, error.response.get("response_metadata"))
            if code in ("expired_trigger_id", "exchanged_trigger_id", "trigger_expired"):
                return "Slack gave us too little time to open the form. Nothing was saved; please press again."
            return "Slack refused to open the form. Nothing was saved; please try again."
        return None

    async def replace_modal(self, body: dict[str, Any], page: Block) -> None:
        """Show another page in the modal that somebody acted in."""
        view = body["view"]
        await self.web.views_update(view_id=view["id"], hash=view["hash"], view=self.as_shown(page, carried(view)))


def carried(view: Block) -> dict[str, Any]:
    """What a form carries back about where it was opened; its ids are looked up and checked again."""
    try:
        found = json.loads(view.get("private_metadata") or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def team_of(body: dict[str, Any]) -> str:
    """The workspace of the person who acted, from the signed payload. A guest from elsewhere carries their own."""
    user = body.get("user")
    if isinstance(user, dict) and user.get("team_id"):
        return str(user["team_id"])
    return str(body.get("team_id") or (body.get("team") or {}).get("id") or "")


def user_of(body: dict[str, Any]) -> str:
    """The person who acted, from the signed payload."""
    user = body.get("user")
    return str(user["id"] if isinstance(user, dict) else body.get("user_id") or "")


def visible_incident(
    session: Session, parts: Parts, body: dict[str, Any], number: str | None, channel: str, action: Action
) -> Incident:
    """The incident somebody means, checked before a form shows any of it. Raises NotFound or NotAllowed."""
    who = parts.directory.person(user_of(body), team_of(body))
    incident = meant(session, who, number or None, channel, action)
    not_rehearsed(session, incident, str(body.get("channel_id") or ""))  # `channel` is empty where a number is typed
    return incident
