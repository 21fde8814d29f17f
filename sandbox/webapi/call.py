"""One call of a Web API method: its arguments, what it may use, and the registry of methods.

A method is a plain function `Call -> dict`; the dict is the answer without `ok`. It refuses by raising `SlackError`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.errors import SlackError, invalid
from sandbox.people import BOT_USER
from sandbox.triggers import Triggers
from sandbox.workspace import Channel, Json, Message, Workspace


class Arguments:
    """Arguments of a call, whether they came as a form (all text), as JSON, or not at all."""

    def __init__(self, given: Json) -> None:
        self._given = given

    def __contains__(self, name: str) -> bool:
        return self._given.get(name) is not None

    def text(self, name: str, default: str = "") -> str:
        value = self._given.get(name)
        return default if value is None else str(value)

    def required(self, name: str) -> str:
        if not self.text(name):
            raise invalid(name, f"missing required field: {name}")
        return self.text(name)

    def flag(self, name: str, default: bool = False) -> bool:
        value = self._given.get(name)
        return default if value is None else str(value).lower() in ("1", "true")

    def number(self, name: str, default: int) -> int:
        try:
            return int(self._given.get(name) or default)
        except (TypeError, ValueError):
            raise invalid(name, "must be a valid integer") from None

    def listed(self, name: str) -> list[str]:
        """Ids or words, comma separated or as a JSON list."""
        value = self._given.get(name)
        if isinstance(value, str):
            value = json.loads(value) if value.startswith("[") else value.split(",")
        return [str(item).strip() for item in value or [] if str(item).strip()]

    def structure(self, name: str) -> Any:
        """A list or object, given as JSON or as text holding JSON. None when absent."""
        value = self._given.get(name)
        if not isinstance(value, str) or value == "":
            return value or None
        try:
            return json.loads(value)
        except ValueError:
            raise invalid(name, "must be valid JSON") from None


@dataclass(frozen=True)
class Call:
    """`url` is the sandbox's own address, for the links an answer carries; `late` is how many seconds after its answer
    an uploaded file is shown."""

    args: Arguments
    workspace: Workspace
    triggers: Triggers
    refused_blocks: list[str]
    late: float
    url: str
    open_link: Callable[[], str]

    def channel(self, name: str = "channel") -> Channel:
        """The channel the bot named. Private ones and direct messages exist for it only while it is in them."""
        channel = self.workspace.channels.get(self.args.text(name))
        if channel is None or (channel.is_private and BOT_USER not in channel.members):
            raise SlackError("channel_not_found")
        return channel

    def own_channel(self, name: str = "channel") -> Channel:
        """The same, where the bot has to be a member and the channel must be in use."""
        channel = self.channel(name)
        if BOT_USER not in channel.members:
            raise SlackError("not_in_channel")
        if channel.is_archived:
            raise SlackError("is_archived")
        return channel

    def message(self, channel: Channel, name: str = "ts", missing: str = "message_not_found") -> Message:
        message = channel.messages.get(self.args.text(name))
        if message is None:
            raise SlackError(missing)
        return message

    def page(self, items: list[Any], default_limit: int = 100) -> tuple[list[Any], Json]:
        """One page of items and the `response_metadata` that leads to the next; the cursor is an offset."""
        cursor = self.args.text("cursor").removeprefix("next:")
        if cursor and not cursor.isdigit():
            raise SlackError("invalid_cursor")
        start = int(cursor or 0)
        limit = self.args.number("limit", default_limit)
        if not 1 <= limit <= 1000:
            raise SlackError("invalid_limit")
        end = start + limit
        return items[start:end], {"next_cursor": f"next:{end}" if end < len(items) else ""}


Method = Callable[[Call], Json]
METHODS: dict[str, Method] = {}


def method(name: str) -> Callable[[Method], Method]:
    """Register a function as a Web API method."""

    def register(function: Method) -> Method:
        METHODS[name] = function
        return function

    return register
