"""The App Home being opened."""

import asyncio
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.listeners import Door
from bot.listeners.forms import Body


def register(app: AsyncApp, door: Door) -> None:
    """Listen to the App Home."""

    @app.event("app_home_opened")
    async def home(event: dict[str, Any], body: Body) -> None:
        if event.get("tab") == "home":
            await asyncio.to_thread(door.homes.open, str(event["user"]), str(body.get("team_id") or ""))
