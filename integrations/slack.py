"""Slack's Web API as the durable steps use it: find-or-create, no blind retries, errors that say what to do.

Synchronous on purpose: each call runs inside one durable step, and the engine decides about trying again.
"""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from integrations.errors import OutsideServiceError
from integrations.http import ssl_context

EVENT_TYPE = "rai_incident"
PICTURE_TRIES, PICTURE_PAUSE = 10, 0.5  # seconds between looks whether a picture is ready
SHARE_TRIES, SHARE_PAUSE = 10, 0.5  # seconds between looks whether a file of an earlier try has come
HISTORY = 200  # messages looked through for a key on recovery
Blocks = list[dict[str, Any]]

# Slack's own trouble: the same request may succeed later.
_TRANSIENT = {
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "ratelimited",
    "team_added_to_org",
}


class SlackRefused(OutsideServiceError):
    """Slack answered with an error code; `code` is Slack's own word."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__("Slack", f"it refused with “{code}”{detail}.", permanent=True)
        self.args = (code, detail)
        self.code = code


@dataclass(frozen=True)
class Message:
    """What is posted: complete fallback text, and blocks.

    `plain` says the same in blocks that every workspace takes. It is needed where `blocks` holds kinds that Slack is
    still rolling out.
    """

    text: str
    blocks: Blocks | None = None
    plain: Blocks | None = None


class Slack:
    """One workspace through its bot token. Safe to use from several threads."""

    def __init__(self, token: str, api_url: str, ca_file: Path | None = None) -> None:
        self._ssl = ssl_context(ca_file)
        self._client = WebClient(token=token, base_url=api_url, timeout=10, ssl=self._ssl, retry_handlers=[])
        # Slack's answer addresses are on its hooks host; a workspace elsewhere (GovSlack, the sandbox) keeps its own.
        parts = urlsplit(api_url)
        host = f"hooks.{parts.netloc}" if parts.netloc.startswith("slack") else parts.netloc
        self._answers_at = f"{parts.scheme}://{host}/"
        self._refused: frozenset[str] = frozenset()  # kinds of blocks that this workspace has refused

    def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """One call. Raises SlackRefused for Slack's error codes, OutsideServiceError for everything in between."""
        # As a form, because Slack's reading methods take no JSON body; nested values travel as JSON text.
        form = {
            name: json.dumps(value) if isinstance(value, dict | list) else value
            for name, value in arguments.items()
            if value is not None
        }
        with _errors():
            response = self._client.api_call(method, data=form)
        data = response.data
        return data if isinstance(data, dict) else {}

    def identity(self) -> tuple[dict[str, Any], list[str]]:
        """`auth.test`'s answer and the token's scopes."""
        with _errors():
            response = self._client.auth_test()
        scopes = response.headers.get("x-oauth-scopes") or response.headers.get("X-OAuth-Scopes") or ""
        data = response.data
        return (data if isinstance(data, dict) else {}), [scope.strip() for scope in scopes.split(",") if scope.strip()]

    def find_or_create_channel(self, name: str, *, private: bool) -> str:
        """The id of the channel `name`, made if there is none. The name is the idempotency key."""
        try:
            return str(self.call("conversations.create", name=name, is_private=private)["channel"]["id"])
        except SlackRefused as error:
            if error.code != "name_taken":
                raise
        found = self.channel_named(name)
        if found is None:
            raise OutsideServiceError("Slack", f"#{name} exists but cannot be found yet.", retry_after=1.0)
        return found

    def channel_named(self, name: str) -> str | None:
        """The id of a channel by its name without the hash, or None."""
        for page in self._pages("conversations.list", types="public_channel,private_channel", limit=1000):
            for channel in page["channels"]:
                if channel["name"] == name:
                    return str(channel["id"])
        return None

    def channels_named(self, names: set[str]) -> dict[str, str]:
        """Name -> id of those channels that the bot is in: one pass over the workspace's channels."""
        found: dict[str, str] = {}
        for page in self._pages("conversations.list", types="public_channel,private_channel", limit=1000):
            found |= {c["name"]: str(c["id"]) for c in page["channels"] if c["name"] in names and c.get("is_member")}
            if len(found) == len(names):
                break
        return found

    def invite(self, channel: str, users: Sequence[str]) -> None:
        """Bring people into a channel; who is in already is no error, who cannot be is left out."""
        if not users:
            return
        try:
            self.call("conversations.invite", channel=channel, users=",".join(users), force=True)
        except SlackRefused as error:
            if error.code in ("already_in_channel", "cant_invite_self"):
                return
            if len(users) == 1:
                raise
            for user in users:
                self.invite(channel, [user])

    def post(
        self,
        channel: str,
        message: Message,
        *,
        key: str,
        again: bool,
        thread_ts: str | None = None,
        broadcast: bool = False,
    ) -> str:
        """Post once per `key`; the message's ts. `again` says that an earlier try may have posted: then look first."""
        if again:
            found = self.find_message(channel, key, thread_ts)
            if found is not None:
                return found
        arguments: dict[str, Any] = {
            "channel": channel,
            "metadata": {"event_type": EVENT_TYPE, "event_payload": {"key": key}},
            "unfurl_links": False,
            "unfurl_media": False,
        }
        if thread_ts:
            arguments["thread_ts"] = thread_ts
            arguments["reply_broadcast"] = broadcast
        return str(self._show("chat.postMessage", message, **arguments)["ts"])

    def _show(self, method: str, message: Message, **arguments: Any) -> dict[str, Any]:
        """One call that shows a message: in its plain blocks where this workspace refuses the other ones."""
        if message.plain is None:
            return self.call(method, text=message.text, blocks=message.blocks, **arguments)
        new = _kinds(message.blocks) - _kinds(message.plain)
        if not new & self._refused:
            try:
                return self.call(method, text=message.text, blocks=message.blocks, **arguments)
            except SlackRefused as error:
                if error.code != "invalid_blocks":
                    raise
        answer = self.call(method, text=message.text, blocks=message.plain, **arguments)
        # Only now is it known that the new kinds were the trouble, and not something that both variants hold.
        self._refused |= new
        return answer

    def refuses(self, message: Message) -> bool:
        """Whether this workspace has refused kinds of blocks that only the message's first variant holds."""
        return bool((_kinds(message.blocks) - _kinds(message.plain)) & self._refused)

    def post_direct(self, user: str, message: Message, *, key: str, again: bool) -> str:
        """A direct message, once per `key`; its ts. Slack takes the person's id for their channel, which saves a call;
        only looking for an earlier try needs the channel's own."""
        return self.post(self.direct_channel(user) if again else user, message, key=key, again=again)

    def find_message(self, channel: str, key: str, thread_ts: str | None = None) -> str | None:
        """The ts of our message with this key among the newest ones, or None."""
        arguments: dict[str, Any] = {"channel": channel, "limit": HISTORY, "include_all_metadata": True}
        method = "conversations.history"
        if thread_ts:
            method, arguments = "conversations.replies", {**arguments, "ts": thread_ts}
        for message in self.call(method, **arguments)["messages"]:
            payload = (message.get("metadata") or {}).get("event_payload") or {}
            if payload.get("key") == key:
                return str(message["ts"])
        return None

    def message(self, channel: str, ts: str) -> dict[str, str]:
        """The text and author of one message, in a channel or one of its threads."""
        for found in self.call("conversations.replies", channel=channel, ts=ts, limit=1)["messages"]:
            if found["ts"] == ts:
                return {"text": str(found.get("text") or "(no text)"), "author": str(found.get("user") or "")}
        raise SlackRefused("message_not_found")

    def update(self, channel: str, ts: str, message: Message) -> None:
        """Replace a message's content: the same twice is the same."""
        shown = message if message.blocks is not None else Message(message.text, [])
        self._show("chat.update", shown, channel=channel, ts=ts)

    def tell(self, channel: str, user: str, message: Message, *, thread_ts: str | None = None) -> None:
        """Words for one person only, in a channel they look at, or in a thread of it."""
        self._show("chat.postEphemeral", message, channel=channel, user=user, thread_ts=thread_ts)

    def respond(self, response_url: str, message: Message, *, thread_ts: str | None = None) -> bool:
        """Answer a command where it was typed, to that person only. False when the address is used up or expired."""
        if not response_url.startswith(self._answers_at):
            return False  # only Slack's own addresses, whatever a payload says
        body: dict[str, Any] = {"response_type": "ephemeral", "text": message.text, "replace_original": False}
        if thread_ts:
            body["thread_ts"] = thread_ts
        # This address does not say what it refuses, so only blocks that every workspace takes go there.
        blocks = message.blocks if message.plain is None else message.plain
        if blocks is not None:
            body["blocks"] = blocks
        try:
            answer = WebhookClient(response_url, timeout=10, ssl=self._ssl, retry_handlers=[]).send_dict(body)
        except Exception:
            return False
        return answer.status_code == 200

    def show_modal(self, view_id: str, view: dict[str, Any]) -> None:
        """Replace the content of a modal that is still open; closed meanwhile is fine."""
        try:
            self.call("views.update", view_id=view_id, view=view)
        except SlackRefused as error:
            if error.code not in ("not_found", "view_not_found"):
                raise

    def direct_channel(self, user: str) -> str:
        """The direct message with a person."""
        return str(self.call("conversations.open", users=user)["channel"]["id"])

    def name_thread(self, channel: str, thread_ts: str, title: str) -> None:
        """Name a conversation of the assistant pane; any other thread has no name, and that is fine."""
        try:
            self.call("assistant.threads.setTitle", channel_id=channel, thread_ts=thread_ts, title=title)
        except SlackRefused:
            return

    def set_status(self, channel: str, thread_ts: str, status: str) -> None:
        """What the bot is doing, beside its name in the assistant pane; empty when it has finished."""
        with suppress(OutsideServiceError):  # nobody needs it
            self.call("assistant.threads.setStatus", channel_id=channel, thread_ts=thread_ts, status=status)

    def pin(self, channel: str, ts: str) -> None:
        """Pin a message; pinned already is fine."""
        try:
            self.call("pins.add", channel=channel, timestamp=ts)
        except SlackRefused as error:
            if error.code != "already_pinned":
                raise

    def bookmark(self, channel: str, title: str, link: str, *, emoji: str, again: bool) -> None:
        """A bookmark in the channel's header; its title is the key, looked for `again`."""
        existing = self.call("bookmarks.list", channel_id=channel)["bookmarks"] if again else []
        if not any(bookmark["title"] == title for bookmark in existing):
            self.call("bookmarks.add", channel_id=channel, title=title, type="link", link=link, emoji=emoji)

    def permalink(self, channel: str, ts: str) -> str:
        """The address of a message."""
        return str(self.call("chat.getPermalink", channel=channel, message_ts=ts)["permalink"])

    def upload(self, channel: str, *, name: str, title: str, content: str | bytes, comment: str, again: bool) -> None:
        """Share a file; its name is the idempotency key. `again` says that an earlier try may have shared it: Slack
        shows a file some seconds after it took it, so that the file is waited for before it is sent again."""
        if again and self._file_comes(channel, name):
            return
        with _errors():
            self._client.files_upload_v2(
                filename=name, title=title, content=content, channel=channel, initial_comment=comment
            )

    def upload_direct(
        self, user: str, *, name: str, title: str, content: str | bytes, comment: str, again: bool
    ) -> None:
        """A file for one person, in their direct messages; its name is the idempotency key."""
        self.upload(self.direct_channel(user), name=name, title=title, content=content, comment=comment, again=again)

    def picture(self, name: str, content: bytes, alt_text: str) -> str | None:
        """Upload a picture for an image block, shared nowhere by itself; its address, or None where Slack has not
        finished taking it in after a few seconds: a block that names it before would be refused."""
        with _errors():
            answer = self._client.files_upload_v2(filename=name, title=name, content=content, alt_txt=alt_text)
        file = str((answer.get("files") or [answer["file"]])[0]["id"])
        for _ in range(PICTURE_TRIES):
            found = self.call("files.info", file=file)["file"]
            if found.get("mimetype") and found.get("url_private"):
                return str(found["url_private"])
            time.sleep(PICTURE_PAUSE)
        return None

    def share_picture(self, channel: str, thread_ts: str, *, name: str, content: bytes, alt_text: str) -> None:
        """Share a picture in a thread; its name is the idempotency key."""
        replies = self.call("conversations.replies", channel=channel, ts=thread_ts, limit=HISTORY)["messages"]
        if any(file.get("name") == name for message in replies for file in message.get("files", [])):
            return
        with _errors():
            self._client.files_upload_v2(
                filename=name, title=name, content=content, alt_txt=alt_text, channel=channel, thread_ts=thread_ts
            )

    def _file_comes(self, channel: str, name: str) -> bool:
        for look in range(SHARE_TRIES):
            if look:
                time.sleep(SHARE_PAUSE)
            if self._file_shared(channel, name):
                return True
        return False

    def _file_shared(self, channel: str, name: str) -> bool:
        messages = self.call("conversations.history", channel=channel, limit=HISTORY)["messages"]
        return any(file.get("name") == name for message in messages for file in message.get("files", []))

    def people(self) -> Iterator[dict[str, Any]]:
        """Every user of the workspace, as Slack describes them."""
        for page in self._pages("users.list", limit=200):
            yield from page["members"]

    def person(self, user: str) -> dict[str, Any]:
        """One user, as Slack describes them."""
        return dict(self.call("users.info", user=user)["user"])

    def group_members(self, handle: str) -> list[str]:
        """The members of the user group with this handle. Raises SlackRefused('no_such_group') when it is absent."""
        for group in self.call("usergroups.list", include_users=False)["usergroups"]:
            if group["handle"] == handle:
                return [str(user) for user in self.call("usergroups.users.list", usergroup=group["id"])["users"]]
        raise SlackRefused("no_such_group", f" (@{handle})")

    def _pages(self, method: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        cursor = ""
        while True:
            page = self.call(method, **arguments, **({"cursor": cursor} if cursor else {}))
            yield page
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return


def _kinds(blocks: Blocks | None) -> frozenset[str]:
    return frozenset(str(block["type"]) for block in blocks or ())


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except SlackApiError as error:
        raise _understood(error) from None
    except OutsideServiceError:
        raise
    except Exception as error:  # slack_sdk lets urllib's and http.client's errors through
        raise OutsideServiceError(
            "Slack", f"the connection broke ({type(error).__name__}); the call may have been done.", maybe_done=True
        ) from None


def _understood(error: SlackApiError) -> OutsideServiceError:
    response = error.response
    status = getattr(response, "status_code", 200)
    if status == 429:
        wait = response.headers.get("Retry-After") or response.headers.get("retry-after") or "1"
        return OutsideServiceError("Slack", "it limits how often we may call.", retry_after=float(wait))
    if status >= 500:
        return OutsideServiceError("Slack", f"it has trouble of its own (it answered {status}).", maybe_done=True)
    code = str(response.get("error", "unknown_error"))
    if code in _TRANSIENT:
        return OutsideServiceError("Slack", f"it has trouble of its own (“{code}”).", maybe_done=True)
    messages = (response.get("response_metadata") or {}).get("messages") or []
    return SlackRefused(code, f" ({'; '.join(map(str, messages))[:300]})" if messages else "")
