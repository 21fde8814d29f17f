"""The App Home: it is opened, and a question is asked from it."""

import asyncio
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.listeners import Ack, Door, user_of
from bot.listeners.forms import Body, Where, metadata
from bot.listeners.messages import direct
from bot.listeners.officehours import question_text
from bot.listeners.submits import PAYLOADS, Payload, Values, text_of
from bot.views import home as views
from incidents.errors import BadInput


def register(app: AsyncApp, door: Door) -> None:
    """Listen to the App Home; its form is submitted like all others."""

    @app.event("app_home_opened")
    async def home(event: dict[str, Any], body: Body) -> None:
        if event.get("tab") == "home":
            await asyncio.to_thread(door.homes.open, str(event["user"]), str(body.get("team_id") or ""))

    @app.action("ask_open")
    async def ask(ack: Ack, body: Body) -> None:
        """The form for a question."""
        view = views.ask_modal(metadata({"thread": f"home:{user_of(body)}"}))
        refused = await door.open_modal(body["trigger_id"], view)
        await ack()
        if refused:
            await direct(door, body, refused)


def _asked(values: Values, where: Where) -> tuple[str, Payload]:
    text = question_text(text_of(values, "question"))
    if not text:
        raise BadInput("question", "Ask in your own words, for example: Who may approve an exception?")
    # Without a channel the answer is a direct message.
    asked = {"place": "command", "channel": "", "text": text, "loose": True, "asked": True}
    return "ask", {**asked, "thread": str(where["thread"])}


PAYLOADS[views.ASK] = _asked
