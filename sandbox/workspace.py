"""The workspace's memory: channels, messages, views, files. Plain data with the few verbs that keep it consistent.

Who may do what is decided where the request comes in (`webapi/` for the bot, `acts.py` for people).
"""

import itertools
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from secrets import randbits
from typing import Any, Final

from sandbox import mrkdwn
from sandbox.people import APP_ID, BOT_ID, BOT_NAME, BOT_USER, TEAM_ID, Person, Usergroup, people, usergroups

Json = dict[str, Any]

GENERAL: Final = "C0GENERAL1"
SUPPORT: Final = "C0SUPPORT1"
INCIDENTS: Final = "C0INCIDEN1"
OFFICE_HOURS: Final = "C0OFFICEH1"


@dataclass
class File:
    id: str
    name: str
    mimetype: str
    user: str
    content: bytes = b""
    title: str = ""
    shared_in: list[str] = field(default_factory=list)


@dataclass
class Message:
    """One message. `notified` and `links` are what its text really did, decided when it was written."""

    ts: str
    channel: str
    user: str
    text: str
    blocks: list[Json] | None = None
    thread_ts: str | None = None
    subtype: str | None = None
    metadata: Json | None = None
    attachments: list[Json] | None = None
    from_bot: bool = False
    ephemeral_to: str | None = None
    edited_ts: str | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)
    files: list[File] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    notified: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    @property
    def is_reply(self) -> bool:
        return self.thread_ts is not None and self.thread_ts != self.ts

    @property
    def in_channel(self) -> bool:
        """Whether it stands in the channel itself: no reply, or one that was also sent to the channel."""
        return not self.is_reply or self.subtype == "thread_broadcast"


@dataclass
class Channel:
    id: str
    name: str
    creator: str
    created: int
    members: list[str] = field(default_factory=list)
    is_private: bool = False
    is_im: bool = False
    is_archived: bool = False
    topic: str = ""
    purpose: str = ""
    messages: dict[str, Message] = field(default_factory=dict)
    ephemeral: list[Message] = field(default_factory=list)
    pins: list[str] = field(default_factory=list)
    bookmarks: list[Json] = field(default_factory=list)
    read_ts: dict[str, str] = field(default_factory=dict)

    def partner(self, user: str) -> str:
        """The other one in a direct message."""
        return next((member for member in self.members if member != user), user)


@dataclass
class View:
    """A modal or Home tab as the bot last gave it, and what the person has put into it."""

    id: str
    hash: str
    user: str
    definition: Json
    previous_id: str | None = None
    root_id: str | None = None
    state: Json = field(default_factory=dict)
    errors: dict[str, str] | None = None

    @property
    def blocks(self) -> list[Json]:
        return list(self.definition.get("blocks", []))


class Workspace:
    """The state of this Slack. `on_change` is called after every change; `emit` takes each event for the bot."""

    def __init__(self, on_change: Callable[[], None], emit: Callable[[Json], object]) -> None:
        self.on_change = on_change
        self.emit = emit
        self.people: dict[str, Person] = people()
        self.usergroups: dict[str, Usergroup] = usergroups()
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, File] = {}
        self.stacks: dict[str, list[View]] = {}
        self.homes: dict[str, View] = {}
        self.threads: dict[tuple[str, str], Json] = {}
        # Begins anywhere, so that a record kept from one world to the next never meets the same id twice.
        self._serial = itertools.count(randbits(30))
        self._last_micros = 0
        staff = [person.id for person in self.people.values() if not person.guest and not person.is_bot]
        guests = [person.id for person in self.people.values() if person.guest]
        self._found(GENERAL, "general", [*staff, *guests])
        self._found(SUPPORT, "support", [*staff, BOT_USER])
        self._found(INCIDENTS, "incidents", [*staff, BOT_USER])
        self._found(OFFICE_HOURS, "office-hours", [*staff, BOT_USER])

    def _found(self, channel_id: str, name: str, members: list[str]) -> None:
        self.channels[channel_id] = Channel(channel_id, name, members[0], int(time.time()), members)

    # identifiers

    def new_id(self, prefix: str) -> str:
        """An id of Slack's shape, never given before in this workspace."""
        return f"{prefix}0{next(self._serial):08X}"

    def next_ts(self) -> str:
        """Now, as Slack's message timestamp: seconds with six decimals, strictly increasing."""
        self._last_micros = max(int(time.time() * 1_000_000), self._last_micros + 1)
        return f"{self._last_micros // 1_000_000}.{self._last_micros % 1_000_000:06d}"

    # channels

    def create_channel(self, name: str, creator: str, *, is_private: bool) -> Channel:
        channel = Channel(self.new_id("C"), name, creator, int(time.time()), [creator], is_private)
        self.channels[channel.id] = channel
        self.on_change()
        return channel

    def channel_named(self, name: str) -> Channel | None:
        return next((channel for channel in self.channels.values() if channel.name == name), None)

    def direct_channel(self, one: str, other: str) -> Channel:
        """The direct message between two people; created when they first need it."""
        for channel in self.channels.values():
            if channel.is_im and set(channel.members) == {one, other}:
                return channel
        channel = Channel(self.new_id("D"), "", one, int(time.time()), [one, other], is_private=True, is_im=True)
        self.channels[channel.id] = channel
        self.on_change()
        return channel

    def add_members(self, channel: Channel, users: Iterable[str], *, inviter: str | None) -> None:
        """Let people in, with the line everybody sees and the event the bot gets."""
        for user in users:
            if user in channel.members:
                continue
            channel.members.append(user)
            words = f"<@{user}> has joined the channel"
            self.write(Message(self.next_ts(), channel.id, user, words, subtype="channel_join"))
            event: Json = {
                "type": "member_joined_channel",
                "user": user,
                "channel": channel.id,
                "channel_type": "G" if channel.is_private else "C",
                "team": TEAM_ID,
                "event_ts": self.next_ts(),
            }
            if BOT_USER in channel.members:
                self.emit(event | ({"inviter": inviter} if inviter else {}))

    # messages

    def write(self, message: Message) -> Message:
        """Put a message where it belongs, work out whom it notified, and tell the page."""
        channel = self.channels[message.channel]
        self.reread(message)
        if message.ephemeral_to is not None:
            channel.ephemeral.append(message)
        else:
            channel.messages[message.ts] = message
            channel.read_ts[message.user] = message.ts
            parent = channel.messages.get(message.thread_ts or "")
            if message.is_reply and parent is not None:
                parent.replies.append(message.ts)
        self.on_change()
        return message

    def reread(self, message: Message) -> None:
        """Work out afresh what the message's text does."""
        channel = self.channels[message.channel]
        if message.ephemeral_to is not None:
            message.notified = [message.ephemeral_to]
        elif channel.is_im:
            message.notified = [member for member in channel.members if member != message.user]
        else:
            called = mrkdwn.notified(message.text, message.blocks, channel.members, self.group_users)
            message.notified = [user for user in called if user != message.user]
        message.links = mrkdwn.links(message.text, message.blocks)

    def remove_message(self, message: Message) -> None:
        channel = self.channels[message.channel]
        channel.messages.pop(message.ts, None)
        channel.ephemeral = [other for other in channel.ephemeral if other is not message]
        if message.ts in channel.pins:
            channel.pins.remove(message.ts)
        parent = channel.messages.get(message.thread_ts or "")
        if parent is not None and message.ts in parent.replies:
            parent.replies.remove(message.ts)
        self.on_change()

    def group_users(self, usergroup: str) -> list[str]:
        group = self.usergroups.get(usergroup)
        return group.users if group else []

    def names(self) -> dict[str, str]:
        """What a typed @handle or #channel stands for, for `mrkdwn.compose`."""
        named = {f"@{person.handle}": f"<@{person.id}>" for person in self.people.values()}
        named |= {f"@{group.handle}": f"<!subteam^{group.id}>" for group in self.usergroups.values()}
        named |= {f"#{channel.name}": f"<#{channel.id}>" for channel in self.channels.values() if channel.name}
        return named | {f"@{broadcast}": f"<!{broadcast}>" for broadcast in mrkdwn.BROADCASTS}

    # views

    def find_view(self, view_id: str) -> View | None:
        open_views = itertools.chain(self.homes.values(), *self.stacks.values())
        return next((view for view in open_views if view.id == view_id), None)

    def new_hash(self) -> str:
        return f"{int(time.time())}.{next(self._serial):08x}"

    def blocks_with_ids(self, blocks: list[Json] | None) -> list[Json] | None:
        """The blocks as Slack keeps them: every block has an id, given by the bot or by Slack."""
        if blocks is None:
            return None
        return [{**block, "block_id": block.get("block_id") or f"b{next(self._serial):04x}"} for block in blocks]


def message_object(message: Message, channel: Channel, *, with_metadata: bool = False) -> Json:
    """A message as the Web API and the events show it (https://docs.slack.dev/reference/events/message)."""
    shown: Json = {"type": "message", "user": message.user, "ts": message.ts, "text": message.text, "team": TEAM_ID}
    if message.from_bot:
        shown |= {"bot_id": BOT_ID, "app_id": APP_ID, "bot_profile": bot_profile()}
    if message.subtype:
        shown["subtype"] = message.subtype
    if message.blocks:
        shown["blocks"] = message.blocks
    if message.attachments:
        shown["attachments"] = message.attachments
    if message.edited_ts:
        shown["edited"] = {"user": message.user, "ts": message.edited_ts}
    if message.thread_ts:
        shown["thread_ts"] = message.thread_ts
    if message.is_reply and (parent := channel.messages.get(message.thread_ts or "")):
        shown["parent_user_id"] = parent.user
    if message.replies:
        writers = list(dict.fromkeys(channel.messages[ts].user for ts in message.replies))
        shown |= {
            "thread_ts": message.ts,
            "reply_count": len(message.replies),
            "reply_users": writers,
            "reply_users_count": len(writers),
            "latest_reply": message.replies[-1],
        }
    if message.reactions:
        shown["reactions"] = [{"name": n, "users": u, "count": len(u)} for n, u in message.reactions.items()]
    if message.files:
        shown["files"] = [file_object(file) for file in message.files]
    if message.ts in channel.pins:
        shown["pinned_to"] = [channel.id]
    if with_metadata and message.metadata:
        shown["metadata"] = message.metadata
    return shown


def bot_profile() -> Json:
    return {
        "id": BOT_ID,
        "app_id": APP_ID,
        "user_id": BOT_USER,
        "name": BOT_NAME,
        "deleted": False,
        "updated": 1700000000,
        "team_id": TEAM_ID,
        "icons": {},
    }


def file_object(file: File) -> Json:
    """A file as `files.info` shows it; `url_private` is completed by whoever knows the server's address."""
    return {
        "id": file.id,
        "created": 1700000000,
        "name": file.name,
        "title": file.title or file.name,
        "mimetype": file.mimetype,
        "filetype": file.name.rsplit(".", 1)[-1] if "." in file.name else "binary",
        "user": file.user,
        "size": len(file.content),
        "mode": "hosted",
        "is_external": False,
        "is_public": True,
        "channels": file.shared_in,
        "url_private": f"/files/{file.id}/{file.name}",
        "permalink": f"https://sandbox.slack.com/files/{file.user}/{file.id}/{file.name}",
    }
