"""response_url: an address that lets the bot answer where a person acted, five times within thirty minutes.

https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_hex
from typing import Final

from sandbox.errors import SlackError
from sandbox.posting import edit_as_bot, write_as_bot
from sandbox.workspace import Channel, Json, Message, Workspace

USES: Final = 5
LIFETIME_SECONDS: Final = 30 * 60


@dataclass
class _Address:
    user: str
    channel: Channel
    message: Message | None
    issued: float
    uses: int = 0


class ResponseUrls:
    """Issues the addresses and does what is sent to them. `clock` counts seconds."""

    def __init__(self, workspace: Workspace, base_url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._workspace = workspace
        self._base_url = base_url
        self._clock = clock
        self._issued: dict[str, _Address] = {}

    def issue(self, user: str, channel: Channel, message: Message | None = None) -> str:
        """An address for answers to `user` in `channel`; `message` is what it may replace or delete."""
        address_id = token_hex(12)
        self._issued[address_id] = _Address(user, channel, message, self._clock())
        return f"{self._base_url}/response/{address_id}"

    def use(self, address_id: str, content: Json, refused: list[str]) -> None:
        """Do what the bot sent. Raises SlackError with Slack's code (`expired_url`, `used_url`, `no_text`, ...)."""
        address = self._issued.get(address_id)
        if address is None or self._clock() - address.issued > LIFETIME_SECONDS:
            raise SlackError("expired_url")
        if address.uses >= USES:
            raise SlackError("used_url")
        answer(self._workspace, address.user, address.channel, content, refused, original=address.message)
        address.uses += 1


def answer(
    workspace: Workspace,
    user: str,
    channel: Channel,
    content: Json,
    refused: list[str],
    *,
    original: Message | None = None,
) -> None:
    """Answer a person as a response_url or a command's acknowledgement does: for them alone unless `in_channel`."""
    if content.get("delete_original"):
        if original is not None:
            workspace.remove_message(original)
        return
    if _is_true(content.get("replace_original")) and original is not None:
        edit_as_bot(workspace, original, {"text": "", **content}, refused)
        return
    alone = content.get("response_type", "ephemeral") != "in_channel"
    write_as_bot(workspace, channel, {**content, "ephemeral_to": user if alone else None}, refused)


def _is_true(value: object) -> bool:
    return str(value).lower() in ("true", "1")
